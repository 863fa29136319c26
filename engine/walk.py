"""The manual tests of the original write-up on an engine that is running: write rows, wait, compare.

What must be is worked out from the rows that were there and the changes made, by sorting them all:
nothing here knows how the engine does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from engine.clock import SystemClock
from engine.core.changes import Row
from engine.errors import ServiceAway, StoreRefused, WrongSetting
from engine.ports import BoardStore, Clock, PracticeGround
from engine.published import PublishedBoard, published_board, row_json
from engine.runtime_api import RunningEngine
from engine.sample import SampleRow
from engine.tasks import finished
from engine.told import listed, told
from engine.walkthrough_steps import SIZE, STEPS, Change, Outcome

POLL_MS = 50
"""How often the published board is looked at."""

PATIENCE_MS = 60_000
"""How long a step may take until the board is EXACT and shows it."""

T = TypeVar("T")


class Walk:
    """One walkthrough: :meth:`begin`, each step in turn, :meth:`put_back`, :meth:`close`.

    Args:
        engine: running, or about to. It need not be the one that publishes.
        ground: the table.
        board: where it is published; only read here.
        field_names: key, columns, score: the published fields, all columns of the sample.
        clock: time; the machine's where none is given.
        patience_ms: how long a step may take.
    """

    def __init__(
        self,
        engine: RunningEngine,
        ground: PracticeGround,
        board: BoardStore,
        *,
        field_names: Sequence[str],
        clock: Clock | None = None,
        patience_ms: int = PATIENCE_MS,
    ) -> None:
        self._engine, self._ground, self._board = engine, ground, board
        self._field_names, self._clock = field_names, clock or SystemClock()
        self.patience_ms = patience_ms
        self._rows: dict[int, SampleRow] = {}

    @property
    def as_found(self) -> bool:
        """Whether nothing of ours is in the table: not yet written, or put back."""
        return self._ground.as_found

    @property
    def theirs(self) -> tuple[int, ...]:
        """The keys of rows that were not put back, as somebody else wrote them meanwhile."""
        return self._ground.theirs

    @property
    def put_back_ms(self) -> int:
        """How long putting the table back may take at most."""
        return self._ground.table.patience_ms

    async def begin(self) -> None:
        """Make the table ready.

        Raises:
            WrongSetting: somebody may need its rows, or its account may not write it.
            ServiceAway: it cannot be read or written; `as_found` says how it was left.
        """
        self._rows = dict(await self._ground.prepare())

    async def step(self, number: int) -> Outcome:
        """Make the changes of a step, the first being 1, each once the board has followed the last.

        Raises:
            ServiceAway: the table cannot be written.
            TopnError: somebody else wrote the row that the step would.
        """
        step = STEPS[number - 1]
        board, trouble = await self._seen({})
        for change in step.changes:
            if trouble is None:
                board, trouble = await self._make(change)
        await self._shown()
        rows = () if board is None else board.rows
        return Outcome(number=number, step=step, rows=rows, trouble=trouble)

    async def put_back(self) -> None:
        """The table as it was found; whoever has begun must come here, whatever happened between.

        Once begun it goes on to its end, at most :attr:`put_back_ms`, also where it is cancelled.

        Raises:
            ServiceAway: it cannot be read or written; trying again may help.
        """
        await self._ground.put_back()

    async def close(self) -> None:
        """Let go of table and board. Never raises, never hangs."""
        await asyncio.gather(self._ground.table.close(), self._board.close())

    # ── one change ────────────────────────────────────────────────────────────────────────────

    async def _make(self, change: Change) -> tuple[PublishedBoard | None, str | None]:
        """Make one change and wait until the board has followed; the board, and what is wrong."""
        number = self._engine.status.events_total
        await finished(self._write(change))
        passed = await self._wait_for(lambda: self._delivered(change.key, after=number))
        if passed is None:
            away = told("the feed did not deliver it; {standing}", standing=self._standing)
            return await self._looked(), told("{what}: {reason}", what=str(change), reason=away)
        board, trouble = await self._seen(passed)
        if trouble is None:
            return board, None
        return board, told("{what}: {reason}", what=str(change), reason=trouble)

    async def _write(self, change: Change) -> None:
        await self._ground.write(change)
        row = change.after(self._rows.pop(change.key, None))
        if row is not None:
            self._rows[change.key] = row

    async def _delivered(self, key: int, *, after: int) -> Mapping[int, int] | None:
        """Where the feed stood once the engine had applied the change of this key."""
        status = self._engine.status
        if not any(e.number > after and e.explained.key == key for e in status.events):
            return None
        return {p.partition: p.position for p in status.partitions}

    async def _shown(self) -> None:
        """Wait until whoever looks at the engine sees what its readers see: a status follows later."""
        before = self._engine.status

        async def newer() -> bool | None:
            return self._engine.status is not before or None

        await self._wait_for(newer)

    # ── the board ─────────────────────────────────────────────────────────────────────────────

    async def _seen(self, passed: Mapping[int, int]) -> tuple[PublishedBoard | None, str | None]:
        """Wait until the published board has followed that far, is EXACT and as it must be."""
        expected = self._expected()
        seen: list[PublishedBoard] = []

        async def right() -> PublishedBoard | None:
            board = await self._looked()
            seen[:] = [board] if board else seen
            if board is None or not board.exact or board.rows != expected:
                return None
            far = all(board.positions.get(p, -1) >= at for p, at in passed.items())
            return board if far else None

        board = await self._wait_for(right)
        if board is not None:
            return board, None
        if not seen:
            return None, told("no board was published; {standing}", standing=self._standing)
        if not seen[0].exact:
            return seen[0], told(
                "the board is not exact: {state}; {standing}",
                state=seen[0].describe(),
                standing=self._standing,
            )
        return seen[0], _difference(seen[0], expected)

    async def _wait_for(self, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """What `look` finds, as soon as it finds something; None where it does not in time."""
        # Not a timeout around it all: on Python 3.11 a driver may swallow its cancellation.
        until_ms = self._clock.monotonic_ms() + self.patience_ms
        while True:
            found = await look()
            over = self._clock.monotonic_ms() >= until_ms
            if found is not None or over or self._engine.status.ended is not None:
                return found
            await self._clock.sleep(POLL_MS)

    async def _looked(self) -> PublishedBoard | None:
        try:
            stored = await self._board.read()
        except (ServiceAway, StoreRefused):
            return None  # the engine says so too, see `_standing`
        return None if stored is None else published_board(stored)

    def _expected(self) -> tuple[str, ...]:
        ranked = sorted(
            (row for row in self._rows.values() if row.like_cnt is not None),
            key=lambda row: (row.like_cnt, row.id),
            reverse=True,
        )
        names = self._field_names
        texts = []
        for row in ranked[:SIZE]:
            values = [row._asdict()[name] for name in names]
            published = Row(key=values[0], score=values[-1], columns=tuple(values[1:-1]))
            texts.append(row_json(published, names))
        return tuple(texts)

    @property
    def _standing(self) -> str:
        """What the engine says about itself and the services, for a person who must act."""
        status = self._engine.status
        if status.ended is not None:
            return told("the engine ended: {why}", why=status.ended)
        services = listed(
            [
                told(
                    "{service} {health}: {detail}",
                    service=s.name,
                    health=told(s.health),
                    detail=s.detail,
                )
                for s in status.services
            ],
            "; ",
        )
        why = status.exactness.reason
        return told(
            "the engine is {state}{reason}; {services}",
            state=status.exactness.state,
            reason=told(" ({reason})", reason=why) if why else "",
            services=services,
        )


def check_size(size: int) -> None:
    """Raises:
    WrongSetting: a board of `size` rows is none that the steps' conclusions are about.
    """
    if size != SIZE:
        raise WrongSetting(
            told(
                "board.size = {size}: the walkthrough is about a top {most}; add --set "
                "board.size={most}",
                size=size,
                most=SIZE,
            )
        )


def _difference(board: PublishedBoard, expected: Sequence[str]) -> str:
    for rank, wanted in enumerate(expected, start=1):
        there = board.rows[rank - 1] if rank <= len(board.rows) else told("nothing")
        if there != wanted:
            return told(
                "at rank {rank} there must be {wanted}, the board has {there}",
                rank=rank,
                wanted=wanted,
                there=there,
            )
    return told(
        "the board has {rows} rows, {expected} were expected",
        rows=len(board.rows),
        expected=len(expected),
    )
