"""Recorded messages through the real decoder and core: offline, deterministic, no service asked.

Loads are answered, between two batches, from a full replica of the table that is kept beside the
core: every usable row image in the order of arrival. Time is virtual: it stands still within a
batch and passes only where a load or silence needs it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from engine.core.changes import Answer, BoardChange, Delete, Delivery, Event, Kind, Row, Upsert
from engine.core.evidence import EndOffsets
from engine.core.loading import Load, Phase
from engine.core.rank import NOTHING_KNOWN, Floor, Key
from engine.core.reports import LoadReport, Timing, Totals
from engine.core.states import Claim, State
from engine.core.topn import TopN
from engine.ports import Message
from engine.told import told

STEP_MS = 50.0
"""How far virtual time goes at each look."""

PATIENCE_MS = 120_000.0
"""How much virtual silence the end may take: far more than any load, cure or settling needs."""

Decode = Callable[[bytes | None], tuple[Event, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One eviction, load or dead letter, as it happened."""

    batch: int
    """The number of the batch after which it was seen, from 1; 0: before the first."""
    change: BoardChange | None = None
    load: LoadReport | None = None
    dead: tuple[Message, str] | None = None
    """A message that cannot be used, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a replay ended."""

    rows: tuple[Row, ...]
    """The board, highest rank first."""
    claim: Claim
    totals: Totals
    tracked: int
    floor: Floor
    spilled: int
    positions: tuple[int, ...]
    cleared: int
    """How often a statement left the table without rows: TRUNCATE, DROP."""


@dataclass(slots=True)
class Replica:
    """The whole table as delivered."""

    rows: dict[Key, Row] = field(default_factory=dict)
    clock_ms: int = 0
    """The latest binlog time delivered."""

    def take(self, events: Iterable[Event]) -> None:
        """Apply the events of one message."""
        for event in events:
            if event.es_ms is not None and event.es_ms > self.clock_ms:
                self.clock_ms = event.es_ms
            if event.kind is Kind.CLEAR:
                self.rows.clear()
            elif event.kind is Kind.ROWS:
                for change in event.changes:
                    self._apply(change)

    def best(self, limit: int) -> tuple[Row, ...]:
        """The best `limit` rows, as a load's query would find them."""
        return tuple(heapq.nlargest(limit, self.rows.values(), key=lambda row: row.rank_key))

    def _apply(self, change: Upsert | Delete) -> None:
        if isinstance(change, Delete):
            self.rows.pop(change.key, None)
            return
        if change.old_key is not None:
            self.rows.pop(change.old_key, None)
        if change.score is None:
            self.rows.pop(change.key, None)  # never ranked, so no load would find it
        else:
            self.rows[change.key] = Row(change.key, change.score, change.columns)


class Replay:
    """One replay.

    Args:
        size: N.
        reserve: R.
        partitions: how many the recorded topic has.
        rows: the table at the start.
        decode: the decoder for that table.
        seen: called with each step as it happens.
    """

    def __init__(
        self,
        size: int,
        reserve: int,
        *,
        partitions: int,
        rows: Iterable[Row],
        decode: Decode,
        seen: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self._decode, self._seen = decode, seen
        self._replica = Replica({row.key: row for row in rows})
        self._now_ms = 0.0
        self._positions = [0] * partitions
        self._batch = self._cleared = 0
        self._lost = False
        """Whether a message could not be used, and what it changed may still be so."""
        self._loads_seen: LoadReport | None = None
        # No audits: the replica is what the core was given, so there is nothing to find out.
        timing = Timing(overlap_ms=0, load_gap_ms=0, audit_ms=float("inf"))
        self._topn = TopN(
            size, reserve, partitions=partitions, now_ms=0.0, timing=timing, ranked=True
        )
        self._answer_loads()

    def feed(self, messages: Sequence[Message]) -> None:
        """One batch; the loads that it makes necessary are answered after it."""
        self._batch += 1
        deliveries = []
        for message in messages:
            events = self._decode(message.value)
            self._replica.take(events)
            for event in events:
                if event.kind is Kind.CLEAR:
                    self._cleared += 1
                    # Whatever was lost before it is gone; with several partitions nobody knows what was.
                    self._lost = self._lost and len(self._positions) > 1
                elif event.kind is Kind.DEAD:
                    self._lost = True
                    self._seen(Step(batch=self._batch, dead=(message, event.reason)))
            deliveries.append(Delivery(message.partition, message.offset, events))
            self._positions[message.partition] = message.offset + 1
        change, _ = self._topn.receive(deliveries, self._now_ms)
        self._note(change)
        self._answer_loads()

    def finish(self) -> Outcome:
        """Let silence pass until the board is EXACT, loading it if it is short."""
        until_ms = self._now_ms + PATIENCE_MS
        while self._now_ms < until_ms:
            self._look()
            if self._topn.claim().state is State.EXACT and self._topn.load is None:
                break
        board = self._topn.board
        return Outcome(
            rows=tuple(board.best(board.size)),
            claim=self._claim(),
            totals=self._topn.totals,
            tracked=board.tracked,
            floor=None if board.floor == NOTHING_KNOWN else board.floor,
            spilled=board.spilled,
            positions=tuple(self._positions),
            cleared=self._cleared,
        )

    def _claim(self) -> Claim:
        """The core's, which trusts a load; but here the table itself was made from the messages."""
        claim = self._topn.claim()
        if self._lost and claim.state is State.EXACT:
            return Claim(
                State.INEXACT, told("nobody knows what the messages changed that cannot be used")
            )
        return claim

    def _answer_loads(self) -> None:
        """Between two batches: open what is due and answer it; a held answer stays held."""
        before = None
        while before != (now := self._progress()):
            before = now
            self._look()

    def _progress(self) -> tuple[LoadReport | None, Load | None, Phase | None]:
        """What a look at the core may change as long as there is something to answer."""
        load = self._topn.load
        return self._topn.last_load, load, load.phase if load else None

    def _look(self) -> None:
        topn = self._topn
        self._now_ms += STEP_MS
        # Everything that was ever written has been read: a replay knows of nothing else.
        topn.tick(self._now_ms, self._positions, EndOffsets(tuple(self._positions), self._now_ms))
        if topn.query_wanted and topn.load is not None:
            rows = self._replica.best(topn.query_limit)
            answer = Answer(rows=rows, clock_ms=self._replica.clock_ms)
            topn.answered(topn.load, answer, self._now_ms)
        self._note(topn.take_change())

    def _note(self, change: BoardChange) -> None:
        if change.left:
            self._seen(Step(batch=self._batch, change=change))
        report = self._topn.last_load
        if report is not None and report is not self._loads_seen:
            self._loads_seen = report
            self._seen(Step(batch=self._batch, load=report))
