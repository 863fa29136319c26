"""Whatever goes on all the while, there is a way back: no state may need the feed to fall silent."""

from __future__ import annotations

from itertools import count

import pytest

from engine.core.loading import Why
from engine.core.rank import Key
from engine.core.states import State
from tests.core.stage import TICK_MS, Stage, started

ROWS: dict[Key, int | None] = {key: 1000 - key for key in range(1, 60)}


class Movers:
    """Rows that get another key all the while, on a feed of several partitions.

    Args:
        gap_ms: between two key changes.
        query_ms: how long the table takes to answer; it answers with what it has at the end.
    """

    def __init__(self, stage: Stage, *, gap_ms: float, query_ms: float = 0) -> None:
        self._stage, self._gap_ms, self._query_ms = stage, gap_ms, query_ms
        self._fresh, self._row = count(1000), 1
        self._due_ms = stage.now_ms
        self._asked_ms: float | None = None
        stage.holding = query_ms > 0

    def run(self, duration_ms: float) -> None:
        stage = self._stage
        until_ms = stage.now_ms + duration_ms
        while stage.now_ms < until_ms:
            stage.now_ms += TICK_MS
            if stage.now_ms >= self._due_ms:
                self._due_ms += self._gap_ms
                self._move()
            stage.tick()
            self._answer()

    def _move(self) -> None:
        stage, key = self._stage, next(self._fresh)
        partitions = len(stage.positions)
        stage.deliver(stage.move(self._row, key), partition=key % partitions)
        stage.deliver(stage.other(), partition=(key + 1) % partitions)  # of a later batch
        self._row = key

    def _answer(self) -> None:
        stage = self._stage
        if not stage.holding or not stage.topn.query_wanted:
            self._asked_ms = None
        elif self._asked_ms is None:
            self._asked_ms = stage.now_ms
        elif stage.now_ms - self._asked_ms >= self._query_ms:
            stage.answer()


STEADY = [(200, 0), (400, 50), (600, 500), (3000, 3000), (5000, 5000)]
"""A key change each so many ms, and a query of so many."""


def assert_calm_is_exact(stage: Stage) -> None:
    stage.holding = False
    stage.settle().assert_exact()


@pytest.mark.parametrize(("gap_ms", "query_ms"), STEADY)
def test_a_start_under_steady_key_changes_is_left(gap_ms: float, query_ms: float) -> None:
    stage = Stage(ROWS, size=3, reserve=3, partitions=3)
    Movers(stage, gap_ms=gap_ms, query_ms=query_ms).run(2000 + 2 * query_ms)
    assert stage.topn.totals.loads > 0
    assert (stage.state, stage.reason) == (State.CATCHING_UP, "key change")
    assert_calm_is_exact(stage)


@pytest.mark.parametrize(("gap_ms", "query_ms"), STEADY)
def test_a_loss_under_steady_key_changes_is_healed(gap_ms: float, query_ms: float) -> None:
    stage = started(ROWS, size=3, reserve=3, partitions=3)
    stage.deliver(stage.undecodable(), partition=1)
    assert stage.state is State.INEXACT
    Movers(stage, gap_ms=gap_ms, query_ms=query_ms).run(3000 + 3 * query_ms)
    assert stage.state is State.CATCHING_UP
    assert_calm_is_exact(stage)


@pytest.mark.parametrize(("gap_ms", "query_ms"), STEADY)
def test_a_short_board_under_steady_key_changes_is_filled(gap_ms: float, query_ms: float) -> None:
    stage = started(ROWS, size=3, reserve=3, partitions=3)
    movers = Movers(stage, gap_ms=gap_ms, query_ms=query_ms)
    stage.deliver(*(stage.delete(key) for key in range(2, 8)))
    assert stage.state is State.DEFICIT
    movers.run(3000 + 3 * query_ms)
    assert stage.state is State.CATCHING_UP
    assert len(stage.keys) == 3
    assert_calm_is_exact(stage)


def test_a_cure_is_taken_in_although_the_next_one_is_due_and_only_the_next_one_ends_it() -> None:
    """Each lays the ghosts of the key changes that it covers."""
    stage = started(ROWS, size=2, reserve=1, partitions=2)
    older, first = stage.upsert(1, 1999), stage.move(1, 100)
    stage.deliver(first, batch=50)
    stage.deliver(older, partition=1, batch=50)
    assert 1 in stage.keys, "a ghost"
    stage.nudge()
    stage.hold_at_query()
    assert stage.topn.load is not None
    assert stage.topn.load.why is Why.CURE
    stage.deliver(stage.move(100, 101))
    stage.nudge()
    stage.run(100)
    stage.answer()
    stage.run(100)
    assert 1 not in stage.keys
    assert (stage.state, stage.reason) == (State.CATCHING_UP, "key change")
    assert_calm_is_exact(stage)


# ── the log begins anew ───────────────────────────────────────────────────────────────────────


def begin_anew(stage: Stage) -> None:
    """RESET MASTER, or a failover to a server with a lower file number and the same base name."""
    stage.log = 1


@pytest.mark.parametrize("gap_ms", [300, 1000, 3000, 4500, 6000])
def test_a_log_begun_anew_is_exact_again_under_any_traffic(gap_ms: float) -> None:
    """All places are below the old mark from now on, and perhaps for weeks."""
    stage = Stage(ROWS, size=3, reserve=3)
    stage.log = 100_000
    stage.settle()
    begin_anew(stage)
    told = set()
    for score in range(int(20_000 // gap_ms)):
        stage.deliver(stage.upsert(6, 900 + score))
        stage.run(gap_ms)
        told.add(stage.reason)
    assert "resend: partition 0 delivers older messages again" in told
    stage.assert_exact()
    assert stage.topn.totals.loads == 2, "one load is enough"
    assert stage.topn.totals.audit_mismatches == 0


def test_an_answer_held_while_the_log_is_begun_anew_is_given_up() -> None:
    """Its place is one of the old log: nothing would ever pass it, and no other load be opened."""
    stage = Stage(ROWS, size=3, reserve=3)
    stage.log = 100_000
    stage.settle()
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    assert stage.topn.load is not None
    assert stage.topn.load.answer is not None
    begin_anew(stage)
    for score in range(20):
        stage.deliver(stage.upsert(6, 900 + score))
        stage.run(1000)
    stage.assert_exact()


def test_a_resend_longer_than_anyone_waits_is_not_exact_before_its_end() -> None:
    """The other side of it: a true resend is below the mark as well, and every image in it is old."""
    stage = started(ROWS, size=1, reserve=3, audit_ms=3000)
    old = [stage.upsert(6, 2000 + score) for score in range(40)]
    last = stage.upsert(6, 6)
    stage.deliver(*old, last)
    stage.assert_exact()
    for event in (*old, last):
        stage.deliver(event)
        if event is not last:
            assert stage.state is State.CATCHING_UP
        stage.run(500)
    stage.settle().assert_exact()
    assert stage.topn.totals.audit_mismatches == 0


def test_a_clock_set_back_an_hour_is_exact_again_under_traffic() -> None:
    """The same where messages carry no place: all of them are behind for an hour."""
    stage = started(ROWS, size=3, reserve=3, evidence="es")
    stage.clock_error_ms = -3_600_000
    for score in range(20):
        stage.deliver(stage.upsert(6, 900 + score))
        stage.run(1000)
    stage.assert_exact()


def test_the_mark_after_a_log_begun_anew_is_what_has_come_of_it_not_what_the_load_saw() -> None:
    """The load is passed by a message beyond it; a resend that begins between the two is one all the same."""
    stage = Stage(ROWS, size=3, reserve=3)
    stage.log = 100_000
    stage.settle()
    begin_anew(stage)
    stage.deliver(stage.upsert(6, 900))
    stage.run(5200)
    stage.hold_at_query()
    stage.answer()
    stage.holding = False
    events = [stage.upsert(6, 2000 + score) for score in range(9)]
    stage.deliver(*events)
    stage.run(200)
    stage.assert_exact()
    stage.deliver(*events[4:6])
    assert stage.state is State.CATCHING_UP
    stage.deliver(*events[6:])
    stage.assert_exact()
