"""What may be in the store: kept beside it, from outside, by other rules than the store's own.

The laws about what readers see are here; each has a name, and :data:`LAWS` lists them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.adapters.embedded.store import EmbeddedBoard, MemoryStore
from engine.core.rank import RankKey
from engine.ports import Acquired, BoardState, StoredBoard
from engine.published import inconsistencies, lease_alive, order_rows, parse_row
from tests.core.oracle import Complaint, best_of
from tests.simulator.loop import finished
from tests.simulator.process import Process, SimClock
from tests.simulator.wire import TABLE

LEASE_MS = 5_000

CLIENT_TIMEOUT_MS = 2_000


@dataclass(frozen=True)
class Claimed:
    """What an engine says of a board that it writes."""

    engine_id: str
    epoch: int
    asked_ms: float
    """When the write was sent."""
    positions: Mapping[int, int]
    incarnation: int
    """Of the topic: positions of another one cannot be compared with these."""
    exact: list[RankKey] | None
    """What an EXACT board must be: worked out by the oracle, not taken from the engine."""

    def is_before(self, other: Claimed) -> bool:
        """Whether these positions of the same ownership are behind the other's on some partition."""
        mine, others = ((c.engine_id, c.epoch, c.incarnation) for c in (self, other))
        return mine == others and any(
            at < other.positions.get(partition, at) for partition, at in self.positions.items()
        )


@dataclass
class Memory:
    """What a dump of the store would hold, and what is known of it."""

    boards: dict[str, Any] = field(default_factory=dict)
    holder: tuple[str, int] | None = None
    """Engine and epoch of the last acquisition."""
    served_ms: float = float("-inf")
    """When the holder asked for what it wrote last."""
    claimed: Claimed | None = None
    """With the last write since it was acquired."""
    meddled: bool = False
    """Somebody has changed members by hand, and the board was not written whole since."""


class Ledger:
    """A store and its judge.

    Args:
        size: N.
        wrong: told of every broken law.
    """

    def __init__(self, size: int, wrong: Complaint) -> None:
        self.store = MemoryStore(SimClock())
        self.known = Memory(self.store.boards)
        self.follower = NewsFollower(wrong)
        self.writes = 0
        self._size, self._wrong = size, wrong
        self._reader = EmbeddedBoard(self.store, TABLE)
        self._dump: Memory | None = None

    # ── what people and power cuts do to it ───────────────────────────────────────────────

    def dump(self) -> None:
        self._dump = copy.deepcopy(self.known)

    def restore(self) -> bool:
        """Back to the last dump, if there is one."""
        if self._dump is not None:
            self._become(copy.deepcopy(self._dump))
        return self._dump is not None

    def empty(self) -> None:
        self._become(Memory())

    def meddle(self, name: str, *, remove: bool) -> None:
        """ZADD or ZREM by hand."""
        stored = self.store.boards.get(TABLE)
        if stored is None:
            return
        self.known.meddled = True
        if remove:
            stored.scores.pop(name, None)
        else:
            stored.scores[name] = 1.0

    def _become(self, memory: Memory) -> None:
        self.known = memory
        self.store.boards = memory.boards

    # ── laws about writing ────────────────────────────────────────────────────────────────

    def photograph(self) -> StoredBoard | None:
        return finished(self._reader.read())

    def claim(self, process: Process, epoch: int, state: BoardState) -> Claimed:
        """A write is about to be sent: what it claims, judged at this moment."""
        for partition, offset in state.positions.items():
            if offset > process.applied.get(partition, offset):
                self._wrong("positions run ahead of what was applied", state, process.applied)
        exact = None
        if state.state == "EXACT":
            assert process.topn is not None
            oracle = process.oracle
            oracle.look_at_exact(process.topn, resting=process.resting())
            exact = best_of(oracle.sigma, self._size)
        return Claimed(
            process.engine_id,
            epoch,
            self.store.clock.monotonic_ms(),
            state.positions,
            process.feed.incarnation,
            exact,
        )

    def refused(self, process: Process, before: StoredBoard | None) -> None:
        after = self.photograph()
        if _contents(after) != _contents(before):
            self._wrong("a refused write left something behind", process.engine_id, before, after)

    def served(
        self,
        process: Process,
        result: object,
        before: StoredBoard | None,
        claimed: Claimed | None,
        news: Any,
        *,
        asked_ms: float,
    ) -> None:
        """A request that was sent at `asked_ms` has just been served."""
        known = self.known
        if isinstance(result, Acquired):
            if result.owned:
                self._judge_taking(process, before)
                known.holder, known.served_ms = (process.engine_id, result.epoch), asked_ms
                known.claimed = None
                self.follower.hear(self.photograph(), None)
        elif claimed is not None:
            self.writes += 1
            self._judge_writing(claimed)
            known.served_ms, known.claimed = asked_ms, claimed
            if news is None:
                known.meddled = False
            self.follower.hear(self.photograph(), news, changed=_version(before) != result)
        self.look()

    def _judge_writing(self, claimed: Claimed) -> None:
        writer, last = (claimed.engine_id, claimed.epoch), self.known.claimed
        if self.known.holder != writer:
            self._wrong(
                "an engine that does not own the board has written", writer, self.known.holder
            )
        if self.store.clock.monotonic_ms() - claimed.asked_ms > CLIENT_TIMEOUT_MS + 1:
            self._wrong("a write that its sender has given up was carried out", claimed)
        if last is not None and claimed.is_before(last):
            self._wrong("positions have gone back within an epoch", claimed, last)

    def _judge_taking(self, process: Process, before: StoredBoard | None) -> None:
        holder, meta = self.known.holder, before.meta if before else {}
        now_ms = self.store.clock.monotonic_ms()
        if holder is None or holder[0] == process.engine_id or meta.get("state") == "STOPPED":
            return
        cold = meta.get("warm") == "0"
        if now_ms - self.known.served_ms < LEASE_MS - 1 and not cold:
            self._wrong("a lease was taken from a living owner", process.engine_id, holder)

    # ── laws about reading ────────────────────────────────────────────────────────────────

    def look(self) -> None:
        """All that a reader may rely on, at any moment."""
        stored = self.photograph()
        if stored is None:
            return
        if not self.known.meddled:
            if len(stored.scores) > self._size:
                self._wrong("the ZSET has more than N members", sorted(stored.scores))
            if stored.scores.keys() != stored.rows.keys():
                self._wrong("the ZSET is not the rows", stored.scores, stored.rows)
        if not reads_exact(stored):
            return
        known, meta = self.known, stored.meta
        if self.store.clock.monotonic_ms() - known.served_ms > LEASE_MS:
            self._wrong("EXACT outlives its engine's lease", known.holder)
        claimed, owner = known.claimed, (meta["owner"], meta["epoch"])
        if (
            claimed is None
            or (claimed.engine_id, str(claimed.epoch)) != owner
            or claimed.exact is None
        ):
            self._wrong("EXACT that its owner has not claimed", claimed, meta)
        elif ranking(stored) != claimed.exact:
            self._wrong(
                "the EXACT board on show is not that of its positions", ranking(stored), claimed
            )
        self.follower.look(stored)

    def shows(self, rows: list[RankKey]) -> bool:
        """Whether a reader sees this board, EXACT."""
        stored = self.photograph()
        return stored is not None and reads_exact(stored) and ranking(stored) == rows

    @property
    def exact(self) -> bool:
        stored = self.photograph()
        return stored is not None and reads_exact(stored)

    def story(self) -> str:
        stored = self.photograph()
        if stored is None:
            return "no board"
        meta = stored.meta
        alive = "" if lease_alive(stored) else " (lease over)"
        return (
            f"{meta['state']}{alive} of {meta['owner'] or 'nobody'} epoch {meta['epoch']} "
            f"v{meta['version']}: {ranking(stored)} {meta.get('reason', '')}"
        )


class NewsFollower:
    """A subscriber: follows the published differences as long as no version is missing."""

    def __init__(self, wrong: Complaint) -> None:
        self._wrong = wrong
        self._version: int | None = None
        self._rows: dict[Any, Any] = {}
        self.lose_next = False

    def hear(self, stored: StoredBoard | None, news: Any, *, changed: bool = True) -> None:
        """The channel has a message, if it is not lost."""
        if self.lose_next:
            self.lose_next = False
            return
        if stored is None or not changed:
            return
        version = _version(stored)
        if self._version is None or version != self._version + 1 or news is None:
            self._rows = {fields["id"]: fields for fields in map(parse_row, stored.rows.values())}
        else:
            entered, left, moved = news
            for key in left:
                self._rows.pop(key, None)
            for row in (*entered, *moved):
                self._rows[row.key] = {"id": row.key, "name": row.columns[0], "score": row.score}
        self._version = version

    def look(self, stored: StoredBoard) -> None:
        if self._version == _version(stored):
            rows = {fields["id"]: fields for fields in map(parse_row, stored.rows.values())}
            if rows != self._rows:
                self._wrong("who follows the differences has another board", rows, self._rows)


def reads_exact(stored: StoredBoard) -> bool:
    """As :class:`engine.reader.PublishedBoard` sees it."""
    return (
        stored.meta.get("state") == "EXACT" and lease_alive(stored) and not inconsistencies(stored)
    )


def ranking(stored: StoredBoard) -> list[RankKey]:
    fields = [json.loads(text) for text in order_rows(stored)]
    return [(row["score"], row["id"]) for row in fields]


def _contents(stored: StoredBoard | None) -> Any:
    return None if stored is None else (stored.rows, stored.scores, stored.meta)


def _version(stored: StoredBoard | None) -> int | None:
    return None if stored is None else int(stored.meta.get("version") or 0)
