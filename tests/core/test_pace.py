"""How often the table is asked, whatever happens; and what a load does at its buffer's limit."""

from __future__ import annotations

import pytest

from engine.core.loading import Why
from engine.core.rank import Key
from engine.core.states import State
from tests.core.stage import TICK_MS, Stage, started

LADDER: dict[Key, int | None] = {1: 50, 2: 40, 3: 30, 4: 20, 5: 10}
GAP_MS, OVERLAP_MS = 1000.0, 100.0


def opening_times(stage: Stage, count: int, *, within_ms: float) -> list[float]:
    """When the next loads open; somebody asks for one all the time."""
    opened: list[float] = []
    until_ms = stage.now_ms + within_ms
    before = stage.topn.load
    while len(opened) < count and stage.now_ms < until_ms:
        stage.topn.want(Why.REFILL)
        stage.nudge()
        stage.run(TICK_MS)
        load = stage.topn.load
        if load is not None and load is not before:
            opened.append(load.opened_ms)
        before = load
    assert len(opened) == count
    return opened


def gaps(jitter: float, *, query_ms: float = 1) -> list[float]:
    """From the end of one load, some 1,200 ms after its opening, to the next one's opening."""
    stage = started(
        LADDER, size=1, reserve=1, jitter=lambda: jitter, load_gap_ms=GAP_MS, overlap_ms=OVERLAP_MS
    )
    stage.query_ms = query_ms
    ends: list[float] = []
    found: list[float] = []
    for _ in range(4):
        (opened,) = opening_times(stage, 1, within_ms=60_000)
        if ends:
            found.append(opened - ends[-1])
        while stage.topn.load is not None:
            stage.nudge()
            stage.run(TICK_MS)
        assert stage.topn.last_load is not None
        ends.append(stage.topn.last_load.ended_ms)
    return found


@pytest.mark.parametrize(
    ("jitter", "gap_ms"), [(0.0, GAP_MS), (0.5, 1.5 * GAP_MS), (1.0, 2 * GAP_MS)]
)
def test_the_gap_between_loads_is_drawn_from_once_to_twice_the_setting(
    jitter: float, gap_ms: float
) -> None:
    for gap in gaps(jitter):
        assert gap_ms <= gap <= gap_ms + 2 * TICK_MS


def test_a_slow_query_is_followed_by_a_rest_as_long_as_it_took() -> None:
    for gap in gaps(0.0, query_ms=8000):
        assert 8000 <= gap <= 8000 + 2 * TICK_MS


def test_audits_come_a_little_later_by_chance() -> None:
    def first_audit(jitter: float) -> float:
        stage = started(LADDER, jitter=lambda: jitter, audit_ms=60_000)
        stage.run(59_000)
        while stage.topn.load is None or stage.topn.load.why is not Why.AUDIT:
            stage.nudge()
            stage.run(TICK_MS)
        return stage.now_ms

    assert 5500 <= first_audit(1.0) - first_audit(0.0) <= 6500


def test_a_query_that_fails_is_tried_again_after_the_callers_wait_and_no_sooner() -> None:
    stage = started(LADDER, size=1, reserve=1, jitter=lambda: 1.0)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    stage.run(20_000)  # it hangs; the driver's deadline ends it
    assert stage.topn.load is not None
    stage.topn.failed(stage.topn.load, "no answer", stage.now_ms, retry_in_ms=3000)
    failed_ms = stage.now_ms
    stage.assert_exact()
    stage.topn.want(Why.AUDIT)
    while stage.topn.load is None:
        stage.run(TICK_MS)
    assert 3000 <= stage.topn.load.opened_ms - failed_ms <= 3000 + TICK_MS


def test_at_the_buffers_limit_a_load_is_given_up_told_and_made_good_once_it_is_calm() -> None:
    stage = started(LADDER, size=1, reserve=1, buffer_limit=10)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    load = stage.topn.load
    assert load is not None
    for key in range(100, 110):
        stage.deliver(stage.upsert(key, 1))
    assert (load.buffered, load.spoilt) == (10, None), "full, and not beyond"
    for key in range(110, 10_110):
        stage.deliver(stage.upsert(key, 1))
        assert load.buffered <= 10, "nothing more is remembered for an answer that is lost"
    stage.assert_exact()
    assert stage.notices == []
    stage.holding = False
    stage.run(200)
    assert stage.topn.last_load is not None
    assert stage.topn.last_load.outcome == "discarded: more than 10 rows changed while it was open"
    ((level, text),) = stage.notices
    assert level == "warning"
    assert "more than 10 rows changed while it was open" in text
    assert "engine.buffer_rows" in text
    stage.topn.want(Why.AUDIT)
    stage.settle()
    stage.run(3000)
    assert stage.topn.verified_ms is not None
    stage.assert_exact()


def test_a_start_under_too_many_changes_is_loading_until_it_is_calm() -> None:
    stage = Stage(LADDER, size=1, reserve=1, buffer_limit=10)
    for _ in range(5):
        stage.hold_at_query()
        for key in range(200, 220):
            stage.deliver(stage.upsert(key, 1))
        stage.answer()
        stage.run(200)
        assert stage.state is State.LOADING
        assert stage.topn.last_load is not None
        assert stage.topn.last_load.outcome.startswith("discarded: more than 10 rows")
    stage.holding = False
    stage.settle().assert_exact()


def test_an_audit_whose_query_did_not_answer_comes_again_after_ten_times_its_deadline() -> None:
    stage = started(LADDER, size=1, reserve=1, audit_ms=1000)
    stage.hold_at_query()
    stage.run(700)
    assert stage.topn.load is not None
    assert stage.topn.load.why is Why.AUDIT
    stage.topn.failed(stage.topn.load, "no answer", stage.now_ms, retry_in_ms=50)
    failed_ms = stage.now_ms
    while stage.topn.load is None:
        stage.run(TICK_MS)
    assert 7000 <= stage.now_ms - failed_ms <= 7000 + 3 * TICK_MS
