"""The board's store in memory, with the rules of the one in Redis: one owner, one step a write."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.core.changes import Row
from engine.core.rank import Key
from engine.errors import NotOwner, ServiceAway
from engine.ports import Acquired, BoardState, Clock, StoredBoard
from engine.published import FORGOTTEN, differing, member, row_json
from engine.told import told


@dataclass(slots=True)
class _Stored:
    """One board, as the three keys of Redis hold it."""

    rows: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int:
        return int(self.meta.get(name) or 0)


class MemoryStore:
    """What a Redis server is to the engine: boards by name, and a clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.boards: dict[str, _Stored] = {}

    def flush(self) -> None:
        """Forget everything, as a Redis without persistence does at a restart."""
        self.boards.clear()


class EmbeddedBoard:
    """A :class:`~engine.ports.BoardStore` in a :class:`MemoryStore`.

    Args:
        store: where; shared by all engines and readers of this process.
        board_name: the board's name.
        engine_id: who we are; "" for a reader.
        lease_ms: how long the board stays ours without a sign of life.
        timeout_ms: what is carried out later than this after it was asked for is not done.
    """

    def __init__(
        self,
        store: MemoryStore,
        board_name: str,
        *,
        engine_id: str = "",
        lease_ms: int = 5000,
        timeout_ms: int = 2000,
    ) -> None:
        self._store, self._name, self._engine_id = store, board_name, engine_id
        self._lease_ms, self._timeout_ms = lease_ms, timeout_ms
        self._epoch = self._version = 0
        self._written = False
        self._request = 0
        self._asked_ms = 0

    async def acquire(self, *, at_least_epoch: int, warm: bool = True) -> Acquired:
        """See :meth:`engine.ports.BoardStore.acquire`."""
        if not self._engine_id:
            raise ValueError("a board opened without an engine id is for reading")
        self._ask()
        self._in_time()
        stored = self._store.boards.get(self._name) or _Stored()
        meta, now_ms = stored.meta, self._store.clock.wall_ms()
        other = meta.get("owner", "")
        before_us = not (warm and meta.get("warm") == "0")
        if other not in ("", self._engine_id) and meta.get("state") != "STOPPED" and before_us:
            left = stored.number("updated_at_ms") + stored.number("lease_ms") - now_ms
            # More than a whole lease left: that time stamp is of another clock, nobody renews it.
            if 0 < left <= stored.number("lease_ms"):
                self._version = max(self._version, stored.number("version"))
                return Acquired(
                    owned=False, owner=other, epoch=stored.number("epoch"), free_in_ms=left
                )
        known = stored.number("version")
        forgotten = known < self._version or stored.number("epoch") < at_least_epoch
        self._epoch = max(stored.number("epoch"), at_least_epoch) + 1
        self._version = max(known, self._version) + 1 + FORGOTTEN * forgotten
        self._written = False
        meta |= {
            "epoch": str(self._epoch),
            "owner": self._engine_id,
            "version": str(self._version),
            "state": "LOADING",
            "reason": "",
            "provisional": "0",
            "updated_at_ms": str(self._since_ms),
            "lease_ms": str(self._lease_ms),
            "size": str(len(stored.scores)),
            "warm": str(int(warm)),
            "request": "0",
        }
        self._store.boards[self._name] = stored
        return Acquired(owned=True, epoch=self._epoch, owner=self._engine_id)

    async def publish(
        self,
        state: BoardState,
        *,
        entered: Sequence[Row],
        left: Sequence[Key],
        moved: Sequence[Row],
    ) -> int:
        """See :meth:`engine.ports.BoardStore.publish`."""
        self._ask()
        stored = self._mine(state.size - len(entered) + len(left))
        for key in left:
            stored.rows.pop(member(key), None)
            stored.scores.pop(member(key), None)
        self._put(stored, (*entered, *moved), state)
        return self._told(stored, state, changed=True)

    async def rewrite(self, state: BoardState, rows: Sequence[Row]) -> int:
        """See :meth:`engine.ports.BoardStore.rewrite`."""
        self._ask()
        stored = self._mine(None)
        stored.rows.clear()
        stored.scores.clear()
        self._put(stored, rows, state)
        stored.meta["warm"] = "1"
        self._written = True
        return self._told(stored, state, changed=True)

    async def heartbeat(self, state: BoardState) -> int:
        """See :meth:`engine.ports.BoardStore.heartbeat`."""
        self._ask()
        stored = self._mine(state.size if self._written else -1)
        told = _told_fields(state, stored)
        changed = any(stored.meta.get(name) != value for name, value in told.items())
        return self._told(stored, state, changed=changed)

    async def read(self) -> StoredBoard | None:
        """See :meth:`engine.ports.BoardStore.read`."""
        stored = self._store.boards.get(self._name)
        if stored is None:
            return None
        return StoredBoard(
            rows=dict(stored.rows),
            scores=dict(stored.scores),
            meta=dict(stored.meta),
            store_clock_ms=self._store.clock.wall_ms(),
        )

    async def differences(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """See :meth:`engine.ports.BoardStore.differences`."""
        stored = await self.read()
        if stored is None:
            return (told("the whole board is gone"),)
        names = json.loads(stored.meta.get("fields") or "[]")
        return differing(stored, rows, names) if names else (told("the field names are gone"),)

    async def release(self, state: BoardState) -> None:
        """See :meth:`engine.ports.BoardStore.release`."""
        self._ask()
        with contextlib.suppress(NotOwner):
            stored = self._owned()
            self._version = stored.number("version")
            self._told(stored, state, changed=True)
            stored.meta |= {"state": "STOPPED", "owner": ""}

    async def close(self) -> None:
        """See :meth:`engine.ports.BoardStore.close`. The boards stay in the store."""

    # ── inside ────────────────────────────────────────────────────────────────────────────

    def _ask(self) -> None:
        """A request is made: from now on its time runs, and those of before are older."""
        self._request += 1
        self._asked_ms = self._store.clock.wall_ms()

    @property
    def _since_ms(self) -> int:
        """From when the lease runs. A clock that was set back must not push it into the future."""
        return min(self._asked_ms, self._store.clock.wall_ms())

    def _in_time(self) -> None:
        """A request that is carried out late vouches for nothing: who asked has gone on, or is gone.

        Raises:
            ServiceAway: it is too late.
        """
        if self._store.clock.wall_ms() - self._asked_ms > self._timeout_ms:
            raise ServiceAway(
                "Redis",
                told(
                    "{where} gets to a request later than {timeout_ms} ms after it was made",
                    where=self._name,
                    timeout_ms=self._timeout_ms,
                ),
            )

    def _in_order(self, stored: _Stored) -> None:
        """An older board must not come after a newer one.

        Raises:
            NotOwner: a request made after this one has been carried out before it.
        """
        if self._request <= stored.number("request"):
            late = told("an earlier request of this engine was carried out late")
            raise NotOwner("", self._epoch, late)

    def _owned(self) -> _Stored:
        """The board, if it is ours.

        Raises:
            NotOwner: it is another's, or the store's memory is older than ours.
        """
        stored = self._store.boards.get(self._name) or _Stored()
        epoch = stored.number("epoch")
        if epoch < self._epoch or not epoch:
            raise NotOwner("", epoch)
        if epoch != self._epoch or stored.meta.get("owner") != self._engine_id:
            raise NotOwner(stored.meta.get("owner", ""), epoch)
        return stored

    def _mine(self, size_before: int | None) -> _Stored:
        """The board, if it is ours and as we left it. None: as it may be; below 0: of any size."""
        self._in_time()
        stored = self._owned()
        self._in_order(stored)
        if size_before is None:
            return stored
        if stored.number("version") != self._version:
            raise NotOwner("", self._epoch)
        if size_before >= 0 and {len(stored.rows), len(stored.scores)} != {size_before}:
            raise NotOwner("", self._epoch)
        return stored

    def _put(self, stored: _Stored, rows: Sequence[Row], state: BoardState) -> None:
        for row in rows:
            stored.rows[member(row.key)] = row_json(row, state.field_names)
            stored.scores[member(row.key)] = float(row.score)

    def _told(self, stored: _Stored, state: BoardState, *, changed: bool) -> int:
        """Write what is told beside the rows, and renew the lease; the version."""
        self._version = max(stored.number("version"), self._version) + changed
        stored.meta |= _told_fields(state, stored)
        stored.meta |= {
            "as_of_ms": "" if state.as_of_ms is None else str(state.as_of_ms),
            "offsets": json.dumps({str(p): o for p, o in sorted(state.positions.items())}),
            "version": str(self._version),
            "updated_at_ms": str(self._since_ms),
            "lease_ms": str(self._lease_ms),
            "request": str(self._request),
        }
        return self._version


def _told_fields(state: BoardState, stored: _Stored) -> dict[str, str]:
    """The meta fields whose change makes a new version; the size is that of the board as it is."""
    return {
        "state": state.state,
        "reason": state.reason or "",
        "provisional": str(int(state.provisional)),
        "size": str(len(stored.scores)),
        "limit": str(state.limit),
        "score_exact": str(int(state.score_exact)),
        "fields": json.dumps(state.field_names, ensure_ascii=False, separators=(",", ":")),
        "members": "plain",
    }
