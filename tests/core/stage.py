"""A stage for hand-written histories: the real core, a table, a binlog, and a clock moved by hand.

What is *written* is in the table and has a place in the binlog; it counts for the core only when it
is *delivered*, in whatever order the story wants. Queries are answered at once from the table, unless
the story holds them back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from engine.core.changes import (
    Answer,
    BoardChange,
    Delete,
    Delivery,
    Event,
    Explained,
    Kind,
    LogPosition,
    Row,
    RowChange,
    Upsert,
)
from engine.core.evidence import EndOffsets
from engine.core.placement import Placer
from engine.core.rank import Key, RankKey, Score
from engine.core.reports import Timing
from engine.core.states import State
from engine.core.topn import TopN

EPOCH_MS = 1_700_000_000_000
TICK_MS = 100
SERVER_ID = 1
"""Of the one server that there is."""


class Stage:
    """See the module's text.

    Args:
        table: the rows at the beginning, key to score.
        evidence: ``position`` or ``es``, what events and answers carry.
        place, jitter: as for :class:`TopN`.
        timing: fields of :class:`Timing`; audits never come by themselves unless asked for.
    """

    def __init__(
        self,
        table: Mapping[Key, Score | None] | None = None,
        *,
        size: int = 1,
        reserve: int = 1,
        partitions: int = 1,
        evidence: str = "position",
        buffer_limit: int = 1000,
        place: Placer | None = None,
        jitter: Callable[[], float] = lambda: 0.0,
        **timing: float,
    ) -> None:
        self.table: dict[Key, Score | None] = dict(table or {})
        self.now_ms = 0.0
        self.clock_error_ms = 0
        """By how much the database's clock is ahead of what it was."""
        self.log = 10
        """Where the next event will stand in the binlog."""
        self.files_ahead = 0
        """How many files the log of the table's server has more than the one that Canal tails, a replica's."""
        self.batch = 0
        self.positions = [0] * partitions
        self.unread = [0] * partitions
        """By partition, how many messages the broker has that were not yet delivered."""
        self.holding = False
        """Queries are left waiting."""
        self.query_ms = 1.0
        """How long queries say that they took."""
        self.notices: list[tuple[str, str]] = []
        self.trace: list[tuple[float, State, bool, list[Key]]] = []
        """Time, state, provisional and the board's keys, whenever one of the last three changed."""
        self._evidence = evidence
        self.topn = TopN(
            size,
            reserve,
            partitions=partitions,
            now_ms=0,
            timing=Timing(**({"audit_ms": 1e12} | timing)),
            ranked=True,
            notify=lambda level, text: self.notices.append((level, text)),
            buffer_limit=buffer_limit,
            place=place,
            jitter=jitter,
        )

    # ── the database ──────────────────────────────────────────────────────────────────────

    @property
    def clock_ms(self) -> int:
        return EPOCH_MS + int(self.now_ms) + self.clock_error_ms

    def upsert(self, key: Key, score: Score | None) -> Event:
        self.table[key] = score
        return self.logged(Upsert(key, score))

    def delete(self, key: Key) -> Event:
        self.table.pop(key, None)
        return self.logged(Delete(key))

    def move(self, old_key: Key, key: Key) -> Event:
        """The row gets another key."""
        score = self.table.pop(old_key)
        self.table[key] = score
        return self.logged(Upsert(key, score, old_key=old_key))

    def truncate(self) -> Event:
        self.table.clear()
        return self._event(Kind.CLEAR, "TRUNCATE")

    def alter(self) -> Event:
        return self._event(Kind.RESHAPE, "ALTER")

    def rename(self, table: Mapping[Key, Score | None]) -> Event:
        """Another table takes this one's name."""
        self.table.clear()
        self.table.update(table)
        return self._event(Kind.RESHAPE, "RENAME")

    def other(self) -> Event:
        """Something that is not about our rows, but evidence like anything else."""
        return self._event(Kind.IGNORED, "QUERY", reason="QUERY")

    def undecodable(self) -> Event:
        return self._event(Kind.DEAD, "", reason="cannot be decoded")

    def logged(self, *changes: RowChange, op: str = "UPDATE") -> Event:
        return self._event(Kind.ROWS, op, changes=changes)

    def _event(
        self, kind: Kind, op: str, *, changes: tuple[RowChange, ...] = (), reason: str = ""
    ) -> Event:
        event = Event(
            kind,
            op,
            es_ms=self.clock_ms // 1000 * 1000,
            changes=changes,
            position=self._place(),
            reason=reason,
            server_id=SERVER_ID,
        )
        self.log += 1
        return event

    def _place(self, files_ahead: int = 0) -> LogPosition | None:
        if self._evidence == "es":
            return None
        return LogPosition(number=1 + files_ahead, offset=self.log, base="binlog")

    # ── the feed ──────────────────────────────────────────────────────────────────────────

    def deliver(self, *events: Event, partition: int = 0, batch: int | None = None) -> BoardChange:
        """One message an event, all in one call; a batch of their own unless it is named."""
        return self.explain(*events, partition=partition, batch=batch, last=0)[0]

    def explain(
        self, *events: Event, partition: int = 0, batch: int | None = None, last: int = 10
    ) -> tuple[BoardChange, list[Explained]]:
        """:meth:`deliver`, with the verdicts on the last changes."""
        self.now_ms += 1
        if batch is None:
            batch = self.batch + 1
        self.batch = max(self.batch, batch)
        deliveries = []
        for event in events:
            # What nobody can read has no number that anybody could read.
            known = None if event.kind is Kind.DEAD else batch
            numbered = msgspec.structs.replace(event, batch=known)
            deliveries.append(Delivery(partition, self.positions[partition], (numbered,)))
            self.positions[partition] += 1
        change, verdicts = self.topn.receive(deliveries, self.now_ms, explain_last=last)
        self._look()
        return change, [explained for explained, _ in verdicts]

    # ── time ──────────────────────────────────────────────────────────────────────────────

    def run(self, duration_ms: float) -> None:
        """Let time pass, a tick each tenth of a second."""
        until_ms = self.now_ms + duration_ms
        while self.now_ms < until_ms:
            self.now_ms += TICK_MS
            self.tick()

    def run_to(self, until_ms: float) -> None:
        self.run(until_ms - self.now_ms)

    def tick(self) -> None:
        ends = [at + more for at, more in zip(self.positions, self.unread, strict=True)]
        self.topn.tick(self.now_ms, list(self.positions), EndOffsets(ends, self.now_ms))
        self.topn.take_change()
        if self.topn.query_wanted and not self.holding:
            self.answer()
        self._look()

    def answer(self, snapshot: Answer | None = None) -> None:
        """Answer the open load's query, by default with the table as it is now."""
        assert self.topn.load is not None
        self.topn.answered(self.topn.load, snapshot or self.snapshot(), self.now_ms)

    def snapshot(self) -> Answer:
        ranked = rank_keys(self.table.items())[: self.topn.query_limit]
        rows = tuple(Row(key, score) for score, key in ranked)
        return Answer(
            rows=rows,
            clock_ms=self.clock_ms,
            position=self._place(self.files_ahead),
            query_ms=self.query_ms,
            server_id=SERVER_ID,
        )

    def hold_at_query(self) -> None:
        """Hold queries back, and let time pass until one is wanted."""
        self.holding = True
        for _ in range(100):
            if self.topn.query_wanted:
                return
            self.run(TICK_MS)
        raise AssertionError("no load was opened")

    def settle(self) -> Stage:
        """Traffic on every partition until the board is EXACT by evidence."""
        for _ in range(40):
            if self.claim == (State.EXACT, False):
                return self
            self.nudge()
            self.run(500)
        raise AssertionError(f"never EXACT: {self.topn.claim()}")

    def nudge(self) -> None:
        """A message on every partition that proves how far the log has come."""
        for partition in range(len(self.positions)):
            self.deliver(self.other(), partition=partition)

    # ── looking ───────────────────────────────────────────────────────────────────────────

    def _look(self) -> None:
        self.topn.check()
        now = (*self.claim, self.keys)
        if not self.trace or self.trace[-1][1:] != now:
            self.trace.append((self.now_ms, *now))

    @property
    def claim(self) -> tuple[State, bool]:
        claim = self.topn.claim()
        return claim.state, claim.provisional

    @property
    def state(self) -> State:
        return self.topn.claim().state

    @property
    def reason(self) -> str:
        return self.topn.claim().reason or ""

    @property
    def keys(self) -> list[Key]:
        """The board, best first."""
        return [row.key for row in self.topn.board.best(self.topn.board.size)]

    @property
    def truth(self) -> list[Key]:
        """What the table would answer now."""
        return [key for _, key in rank_keys(self.table.items())[: self.topn.board.size]]

    def assert_exact(self) -> None:
        assert self.state is State.EXACT, self.topn.claim()
        assert self.keys == self.truth


def rank_keys(rows: Iterable[tuple[Key, Score | None]]) -> list[RankKey]:
    """Highest rank first, without NULL scores."""
    ranked: list[RankKey] = [(score, key) for key, score in rows if score is not None]
    return sorted(ranked, reverse=True)


def started(table: Mapping[Key, Score | None], **options: object) -> Stage:
    """A stage whose board is EXACT by evidence."""
    return Stage(table, **options).settle()  # type: ignore[arg-type]  # Stage's own keywords
