"""Wrong stores and publishers, a few lines each; the table is in :mod:`tests.simulator.mutants`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.adapters.embedded.store import EmbeddedBoard
from engine.core.changes import Row
from engine.core.rank import Key
from engine.ports import Acquired, BoardState
from engine.publisher import Publisher
from engine.runtime import Engine
from engine.status import Publication
from tests.core.mutants.mutant import Original


def commit_before_publish(step: Original) -> Original:
    """Positions are committed before the board at them is in the store."""

    async def wrong(self: Publisher) -> Any:
        if self.is_owner:
            self._committed(self._snapshot()[0].positions)
        return await step(self)

    return wrong


def evicted_stay(publish: Original) -> Original:
    """A publish puts in who entered and leaves in who left."""

    async def wrong(
        self: EmbeddedBoard,
        state: BoardState,
        *,
        entered: Sequence[Row],
        left: Sequence[Key],
        moved: Sequence[Row],
    ) -> int:
        stored = self._mine(state.size - len(entered) + len(left))
        self._put(stored, (*entered, *moved), state)
        return self._told(stored, state, changed=True)

    return wrong


def owner_checked_afterwards(publish: Original) -> Original:
    """The rows are written, and then it is looked whose board this is."""

    async def wrong(self: EmbeddedBoard, state: BoardState, **rows: Any) -> Any:
        stored = self._store.boards.get(self._name)
        if stored is not None:
            self._put(stored, (*rows["entered"], *rows["moved"]), state)
        return await publish(self, state, **rows)

    return wrong


def lease_without_epoch(heartbeat: Original) -> Original:
    """The lease is renewed by whoever asks."""

    async def wrong(self: EmbeddedBoard, state: BoardState) -> Any:
        stored = self._store.boards.get(self._name)
        if stored is None:
            return await heartbeat(self, state)
        return self._told(stored, state, changed=False)

    return wrong


def older_after_newer(in_order: Original) -> Original:
    """A write that was overtaken by a newer one is carried out all the same."""
    return lambda self, stored: None


def late_is_carried_out(in_time: Original) -> Original:
    """A request that a slow server gets to when nobody waits for it any more is carried out."""
    return lambda self: None


def not_loading_at_first(acquire: Original) -> Original:
    """The new owner leaves the state of the last one standing."""

    async def wrong(self: EmbeddedBoard, **options: Any) -> Acquired:
        stored = self._store.boards.get(self._name)
        state = stored.meta.get("state") if stored is not None else None
        acquired: Acquired = await acquire(self, **options)
        if acquired.owned and stored is not None and state is not None:
            stored.meta["state"] = state
        return acquired

    return wrong


def no_rewrite_after_a_restore(acquire: Original) -> Original:
    """Who has owned the board before goes on with differences after acquiring it again."""

    async def wrong(self: Publisher) -> Any:
        before, owned = self._epoch > 0, await acquire(self)
        self._whole = self._whole and not (owned and before)
        return owned

    return wrong


def standby_for_ever(acquire: Original) -> Original:
    """Who has once found the board taken never looks again."""

    async def wrong(self: Publisher) -> Any:
        if self.standing.publication is Publication.STANDBY:
            return False
        return await acquire(self)

    return wrong


def positions_ahead(board_state: Original) -> Original:
    """What the feed has handed out is published as followed."""

    def wrong(self: Engine, claim: Any) -> BoardState:
        return msgspec.structs.replace(
            board_state(self, claim), positions=dict(self._feed.positions())
        )

    return wrong
