"""The core as a state machine: hypothesis chooses what happens next, and shortens what goes wrong.

One table, its feed of one or two partitions, and a :class:`TopN`. After each step memory must be what
was delivered above the floor, and the differences replayed into an empty store must give the board;
whatever has happened, once the feed is read to its end the board is EXACT and is the table.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engine.core.changes import (
    Answer,
    BoardChange,
    Delete,
    Delivery,
    Event,
    Kind,
    LogPosition,
    Row,
    RowChange,
    Upsert,
)
from engine.core.evidence import EndOffsets
from engine.core.loading import Load, Why
from engine.core.rank import Key, above
from engine.core.reports import Timing
from engine.core.states import State
from engine.core.topn import TopN
from tests.core.mutants import MUTANTS, Mutant, applied
from tests.core.oracle import best_of
from tests.core.world_database import Rows

KEYS, SCORES = st.integers(0, 8), st.one_of(st.none(), st.integers(0, 5))
SELDOM = st.sampled_from([False, False, False, True])
SETTINGS = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Machine(RuleBasedStateMachine):
    """What is written is at once in the table and in the feed; it is delivered when a rule says so."""

    @initialize(
        size=st.integers(1, 3),
        reserve=st.integers(0, 3),
        partitions=st.integers(1, 2),
        table=st.dictionaries(KEYS, SCORES),
        loaded=st.booleans(),
    )
    def start(self, size: int, reserve: int, partitions: int, table: Rows, loaded: bool) -> None:
        self.now_ms = 0.0
        self.table = dict(table)
        self.written = 0
        self.feed: list[list[Event]] = [[] for _ in range(partitions)]
        self.positions = [0] * partitions
        self.delivered: Rows = {}
        """Every delivered image in order of arrival, with each load taken in whole."""
        self.store: dict[Key, Row] = {}
        """What a reader has who sees only the differences."""
        self.load: Load | None = None
        self.touched: Rows = {}
        """What was delivered since the load was opened."""
        self.snapshot: Rows | None = None
        """The whole table as its query saw it."""
        self.answer: Answer | None = None
        self.stale: tuple[Load, Answer] | None = None
        """A load that has failed, and the answer that came after all."""
        timing = Timing(audit_ms=1e12, load_factor=0)
        self.topn = TopN(size, reserve, partitions=partitions, now_ms=0, timing=timing)
        if loaded:
            self.load_quickly()

    # ── the table ─────────────────────────────────────────────────────────────────────────

    def _log(self, key: int, *changes: RowChange, kind: Kind = Kind.ROWS) -> None:
        self.written += 1
        place = LogPosition(number=1, offset=self.written)
        event = Event(
            kind, kind.name, changes=changes, batch=self.written, position=place, server_id=1
        )
        self.feed[key % len(self.feed)].append(event)

    @rule(rows=st.lists(st.tuples(KEYS, SCORES), min_size=1, max_size=6), at_once=st.booleans())
    def write(self, rows: list[tuple[int, int | None]], at_once: bool) -> None:
        for key, score in rows:
            self.table[key] = score
            self._log(key, Upsert(key, score))
        if at_once:
            self.deliver_all()

    @rule(key=KEYS)
    def delete(self, key: int) -> None:
        self.table.pop(key, None)
        self._log(key, Delete(key))

    @rule(old=KEYS, key=KEYS)
    def change_the_key(self, old: int, key: int) -> None:
        """Some row gets this key, unless another has it."""
        if self.table and key not in self.table:
            old_key = sorted(self.table)[old % len(self.table)]
            self.table[key] = score = self.table.pop(old_key)
            self._log(key, Upsert(key, score, old_key=old_key))

    @rule(really=SELDOM)
    def truncate(self, really: bool) -> None:
        if really:
            self.table.clear()
            self._log(0, kind=Kind.CLEAR)

    @rule(key=KEYS, score=SCORES, really=SELDOM)
    def write_what_cannot_be_decoded(self, key: int, score: int | None, really: bool) -> None:
        if really:
            self.table[key] = score
            self._log(key, kind=Kind.DEAD)

    # ── the feed ──────────────────────────────────────────────────────────────────────────

    @rule(partition=st.integers(0, 1), last=st.integers(1, 6))
    def send_again(self, partition: int, last: int) -> None:
        """Canal has crashed: the last messages come once more, in order."""
        log = self.feed[partition % len(self.feed)]
        log += log[-last:]

    @rule(partition=st.integers(0, 1), most=st.integers(1, 6))
    def deliver(self, partition: int, most: int) -> None:
        partition %= len(self.feed)
        first = self.positions[partition]
        events = self.feed[partition][first : first + most]
        deliveries = [Delivery(partition, first + i, (event,)) for i, event in enumerate(events)]
        self.positions[partition] += len(events)
        for event in events:
            self._arrive(event)
        self._follow(self.topn.receive(deliveries, self._time())[0])

    @rule()
    def deliver_all(self) -> None:
        for partition in range(len(self.feed)):
            self.deliver(partition, 1000)

    def _arrive(self, event: Event) -> None:
        for rows in (self.delivered, self.touched):
            if event.kind is Kind.CLEAR:
                rows.clear()
            for change in event.changes:
                if isinstance(change, Upsert) and change.old_key is not None:
                    rows[change.old_key] = None  # type: ignore[index]  # keys are numbers here
                rows[change.key] = change.score if isinstance(change, Upsert) else None  # type: ignore[index, assignment]  # the same

    def _follow(self, change: BoardChange) -> None:
        for eviction in change.left:
            del self.store[eviction.row.key]
        assert not self.store.keys() & {row.key for row in change.entered}
        assert self.store.keys() >= {row.key for row in change.moved}
        self.store.update({row.key: row for row in (*change.entered, *change.moved)})

    # ── loads ─────────────────────────────────────────────────────────────────────────────

    def _time(self) -> float:
        self.now_ms += 1
        return self.now_ms

    @rule(duration_ms=st.sampled_from([1, 100, 600, 2500, 6000]))
    def wait(self, duration_ms: int) -> None:
        """Let time pass: a load may be opened, its answer taken in or thrown away."""
        self.now_ms += duration_ms
        loads = self.topn.totals.loads
        ends = EndOffsets([len(log) for log in self.feed], self._time())
        self.topn.tick(self._time(), list(self.positions), ends)
        if self.topn.totals.loads > loads:
            assert self.snapshot is not None, "a load was taken in that nobody answered"
            self.delivered = {**self.snapshot, **self.touched}
        self._follow(self.topn.take_change())
        self._look_at_load()

    def _look_at_load(self) -> None:
        if self.topn.load is not self.load:
            self.load, self.touched = self.topn.load, {}
            self.snapshot = self.answer = None

    @rule(why=st.sampled_from([Why.AUDIT, Why.REFILL]))
    def ask_for_a_load(self, why: Why) -> None:
        self.topn.want(why)

    @precondition(lambda self: self.topn.query_wanted and self.answer is None)
    @rule()
    def query(self) -> None:
        """The table is read now; the answer may come much later."""
        self.snapshot = dict(self.table)
        rows = [Row(key, score) for score, key in best_of(self.table, self.topn.query_limit)]
        place = LogPosition(number=1, offset=self.written + 1)
        self.answer = Answer(rows=tuple(rows), clock_ms=0, position=place, server_id=1)

    @precondition(lambda self: self.answer is not None and self.topn.query_wanted)
    @rule()
    def answered(self) -> None:
        assert self.load is not None
        assert self.answer is not None
        self.topn.answered(self.load, self.answer, self._time())

    @rule()
    def load_quickly(self) -> None:
        """As it mostly is: nothing happens between the steps of a load."""
        for _ in range(3):
            self.wait(600)
            if self.topn.query_wanted:
                if self.answer is None:
                    self.query()
                self.answered()

    @precondition(lambda self: self.topn.query_wanted)
    @rule()
    def failed(self) -> None:
        """The connection was cut; an answer that was on its way comes after the next load opens."""
        assert self.load is not None
        if self.answer is not None:
            self.stale = self.load, self.answer
        self.topn.failed(self.load, "cut", self._time(), retry_in_ms=50)
        self._look_at_load()

    @precondition(lambda self: self.stale is not None)
    @rule()
    def answered_too_late(self) -> None:
        assert self.stale is not None
        self.topn.answered(*self.stale, self._time())
        self.stale = None

    @rule(really=SELDOM)
    def start_anew_at_the_end(self, really: bool) -> None:
        """The offset was out of range; what lies between is never delivered."""
        if not really:
            return
        self.positions = [len(log) for log in self.feed]
        self.topn.resync(self._time(), len(self.feed), "out of range")
        self._look_at_load()

    # ── laws ──────────────────────────────────────────────────────────────────────────────

    @invariant()
    def memory_is_what_was_delivered_above_the_floor(self) -> None:
        self.topn.check()
        if self.topn.loaded:
            board = self.topn.board
            ranked = best_of(self.delivered, len(self.delivered))
            assert board.known(None) == {rank for rank in ranked if above(rank, board.floor)}

    @invariant()
    def the_differences_give_the_board(self) -> None:
        assert self.store == {row.key: row for row in self.topn.board.board_rows()}

    @invariant()
    def exact_is_the_top_n_of_what_was_delivered_and_at_rest_of_the_table(self) -> None:
        if self.topn.claim().state is not State.EXACT:
            return
        size = self.topn.board.size
        shown = [row.rank_key for row in self.topn.board.best(size)]
        assert shown == best_of(self.delivered, size)
        if self.positions == [len(log) for log in self.feed]:
            assert shown == best_of(self.table, size)

    def teardown(self) -> None:
        """Progress: from wherever this has led there is a way back."""
        for _ in range(8):
            for partition in range(len(self.feed)):
                self._log(partition, kind=Kind.IGNORED)
            self.deliver_all()
            self.load_quickly()
            self.memory_is_what_was_delivered_above_the_floor()
            self.exact_is_the_top_n_of_what_was_delivered_and_at_rest_of_the_table()
        claim = self.topn.claim()
        assert claim.state is State.EXACT, claim
        assert not claim.provisional, claim


def test_the_laws_hold_whatever_happens_next() -> None:
    run_state_machine_as_test(Machine, settings=SETTINGS)


SEEN_HERE = (
    "no floor raise",
    "no buffer",
    "cut answer is whole",
    "eviction with a successor untold",
    "answer over the buffer",
    "insert where there is room",
    "keep the fallen",
    "NULL keeps its place",
    "lagging replica",
    "old row stays",
    "drop what is not beyond",
    "barrier crossed",
)


@pytest.mark.parametrize(
    "mutant", [m for m in MUTANTS if m.name in SEEN_HERE], ids=lambda mutant: mutant.name
)
def test_the_machine_has_teeth(mutant: Mutant) -> None:
    # It ends with the first failure, mostly long before the last of so many.
    quick = settings(
        SETTINGS, phases=[Phase.generate], report_multiple_bugs=False, max_examples=1000
    )
    with applied(mutant), pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=quick)
