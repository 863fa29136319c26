"""One short history a rule. The name tells the rule; a mutant of the rule makes its story fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.core.changes import Answer, Delete, Event, Kind, LogPosition, Row, Upsert
from engine.core.loading import Why
from engine.core.rank import NOTHING_KNOWN, Key, RankKey
from engine.core.states import State
from tests.core.stage import SERVER_ID, Stage, started

LADDER: dict[Key, int | None] = {1: 50, 2: 40, 3: 30, 4: 20, 5: 10}

# ── the three wrongs of a map and a heap of N rows ────────────────────────────────────────────


@pytest.mark.parametrize("reserve", [0, 1, 3])
def test_when_a_member_falls_the_row_that_was_forgotten_takes_its_place(reserve: int) -> None:
    stage = started(LADDER, size=2, reserve=reserve)
    stage.deliver(stage.upsert(1, 5))
    if stage.state is State.EXACT:
        stage.assert_exact()
    stage.settle().assert_exact()
    assert stage.keys == [2, 3]


@pytest.mark.parametrize("reserve", [0, 1, 3])
def test_when_a_member_is_deleted_the_next_one_comes_up(reserve: int) -> None:
    stage = started(LADDER, size=2, reserve=reserve)
    stage.deliver(stage.delete(1))
    assert stage.state is not State.EXACT or stage.keys == stage.truth
    stage.settle().assert_exact()
    assert stage.keys == [2, 3]


@pytest.mark.parametrize("reserve", [0, 1, 3])
def test_when_a_members_score_becomes_null_the_next_one_comes_up(reserve: int) -> None:
    stage = started(LADDER, size=2, reserve=reserve)
    stage.deliver(stage.upsert(2, None))
    assert stage.state is not State.EXACT or stage.keys == stage.truth
    stage.settle().assert_exact()
    assert stage.keys == [1, 3]


# ── the floor ─────────────────────────────────────────────────────────────────────────────────


def test_a_row_below_the_floor_stays_out_even_if_there_is_room() -> None:
    stage = started(LADDER, size=1, reserve=1)
    assert stage.topn.board.floor == (30, 3)
    stage.holding = True
    stage.deliver(stage.delete(1))
    stage.deliver(stage.upsert(9, 29))
    stage.deliver(stage.delete(2))
    assert stage.keys == [], "row 3 is better than row 9, and nobody remembers it"
    assert stage.state is State.DEFICIT


def test_a_tracked_row_that_falls_below_the_floor_is_forgotten() -> None:
    stage = started(LADDER, size=1, reserve=1)
    stage.holding = True
    stage.deliver(stage.upsert(2, 5))
    stage.deliver(stage.delete(1))
    assert stage.keys == []
    assert stage.state is State.DEFICIT


def test_a_spill_raises_the_floor() -> None:
    stage = started(LADDER, size=1, reserve=1)
    stage.deliver(stage.upsert(9, 60))
    assert stage.topn.board.floor == (40, 2)
    stage.holding = True
    for event in (stage.upsert(8, 35), stage.delete(9), stage.delete(1)):
        stage.deliver(event)
    assert stage.keys == [], "row 2 is better than row 8, and it was spilled"
    assert stage.state is State.DEFICIT


def test_a_table_of_at_most_n_and_r_rows_is_wholly_known() -> None:
    stage = started({1: 10, 2: 20}, size=1, reserve=1)
    assert stage.topn.board.floor is None
    stage.deliver(stage.delete(1), stage.delete(2))
    stage.assert_exact()
    assert stage.keys == []


def test_the_refill_begins_below_n_and_a_quarter_of_r_and_the_board_stays_exact() -> None:
    stage = started({k: 10 * k for k in range(1, 20)}, size=4, reserve=8)
    for key in range(19, 12, -1):
        stage.deliver(stage.delete(key))
        stage.run(200)
        stage.assert_exact()
        tracked = key - 8
        assert (stage.topn.load is not None) == (tracked < 6), tracked
        if stage.topn.load is not None:
            assert stage.topn.load.why is Why.REFILL
            break
    stage.settle()
    for _ in range(10):
        stage.nudge()
        stage.run(500)
    stage.assert_exact()
    assert stage.topn.board.tracked == 12


def test_the_delete_of_an_unknown_row_changes_nothing() -> None:
    stage = started(LADDER, size=1, reserve=1)
    assert not stage.deliver(stage.delete(5), stage.logged(Delete(77)))
    stage.assert_exact()


# ── loads ─────────────────────────────────────────────────────────────────────────────────────


def test_before_the_first_load_nothing_is_claimed() -> None:
    stage = Stage(LADDER)
    stage.deliver(stage.upsert(1, 60))
    stage.run(300)
    assert stage.state is State.LOADING
    assert stage.topn.board.floor == NOTHING_KNOWN
    assert not stage.topn.loaded


def test_the_query_waits_for_the_overlap() -> None:
    stage = Stage(LADDER, overlap_ms=500)
    stage.holding = True
    stage.run(500)
    assert not stage.topn.query_wanted
    stage.run(200)
    assert stage.topn.query_wanted


def test_without_the_overlap_a_commit_that_is_not_yet_visible_would_be_lost() -> None:
    """It is delivered before the buffer opens and visible only 400 ms later."""
    stage = started(LADDER, size=1, reserve=1)
    late = stage.logged(Upsert(9, 60))
    stage.deliver(late)
    visible_ms = stage.now_ms + 400
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    if stage.now_ms >= visible_ms:
        stage.table[9] = 60
    stage.answer()
    for _ in range(4):
        stage.nudge()
        stage.run(500)
    assert stage.keys == [9]
    assert stage.topn.totals.audit_mismatches == 0


def test_what_changes_while_a_load_is_open_is_not_lost_in_it() -> None:
    stage = Stage(LADDER, size=1, reserve=1)
    stage.hold_at_query()
    snapshot = stage.snapshot()
    stage.deliver(stage.upsert(1, 5), stage.upsert(4, 45))
    stage.answer(snapshot)
    stage.run(200)
    assert stage.keys == [4]
    stage.nudge()
    stage.assert_exact()


def test_a_held_answer_keeps_the_old_board_exact_and_is_swapped_when_passed() -> None:
    stage = started(LADDER, size=1, reserve=1)
    loads = stage.topn.totals.loads
    stage.topn.want(Why.REFILL)
    stage.run(800)
    assert stage.topn.load is not None
    stage.assert_exact()
    assert stage.topn.totals.loads == loads
    stage.nudge()
    stage.run(100)
    assert stage.topn.totals.loads == loads + 1
    assert stage.topn.load is None
    assert stage.claim == (State.EXACT, False)


def test_a_failing_load_changes_nothing_and_is_tried_again_after_the_given_wait() -> None:
    stage = Stage(LADDER)
    stage.hold_at_query()
    load = stage.topn.load
    assert load is not None
    stage.topn.failed(load, "timeout", stage.now_ms, retry_in_ms=3000)
    failed_ms = stage.now_ms
    assert stage.topn.last_load is not None
    assert stage.topn.last_load.outcome == "failed: timeout"
    stage.run(2900)
    assert stage.topn.load is None
    assert stage.state is State.LOADING
    stage.run(200)
    assert stage.topn.load is not None
    assert stage.topn.load.opened_ms >= failed_ms + 3000
    stage.holding = False
    stage.settle().assert_exact()


def test_the_answer_of_a_load_that_is_no_longer_open_is_ignored() -> None:
    stage = Stage(LADDER)
    stage.hold_at_query()
    old, stale = stage.topn.load, stage.snapshot()
    assert old is not None
    stage.topn.failed(old, "timeout", stage.now_ms, retry_in_ms=100)
    stage.table[9] = 90
    stage.hold_at_query()
    stage.topn.answered(old, stale, stage.now_ms)
    stage.topn.failed(old, "again", stage.now_ms, retry_in_ms=100)
    assert stage.topn.query_wanted, "the new load still waits for its own answer"
    stage.holding = False
    stage.answer()
    stage.settle().assert_exact()
    assert stage.keys == [9]


def test_a_load_that_closes_short_is_followed_by_another() -> None:
    """Everything that it brings is deleted before it is taken in, and then the input stops."""
    stage = Stage({k: 10 * k for k in range(1, 9)}, size=2, reserve=0)
    stage.hold_at_query()
    snapshot = stage.snapshot()
    stage.deliver(stage.delete(8), stage.delete(7))
    stage.answer(snapshot)
    stage.holding = False
    stage.run(200)
    assert stage.state is State.DEFICIT
    assert stage.topn.totals.loads == 1
    stage.run(5000)
    stage.assert_exact()
    assert stage.keys == [6, 5]


def test_a_load_opened_while_the_last_one_ran_short_is_no_excuse_to_stop() -> None:
    """The same, many times over: each load is short again, without a single poke from the feed."""
    stage = Stage({k: 10 * k for k in range(1, 9)}, size=2, reserve=0)
    for best in (8, 6):
        stage.hold_at_query()
        snapshot = stage.snapshot()
        stage.deliver(stage.delete(best), stage.delete(best - 1))
        stage.answer(snapshot)
        stage.run(100)
    stage.holding = False
    stage.run(5000)
    stage.assert_exact()
    assert stage.keys == [4, 3]


def test_a_load_under_which_too_much_changes_is_discarded_and_tried_again() -> None:
    stage = Stage(LADDER, size=1, reserve=1, buffer_limit=3)
    stage.hold_at_query()
    stage.deliver(*(stage.upsert(key, 1) for key in (21, 22, 23, 24)))
    stage.answer()
    stage.holding = False
    stage.run(100)
    assert stage.topn.last_load is not None
    assert "discarded: more than 3 rows changed" in stage.topn.last_load.outcome
    assert stage.state is State.LOADING
    stage.settle().assert_exact()


def test_once_answered_only_what_matters_is_buffered() -> None:
    stage = Stage(LADDER, size=1, reserve=1, buffer_limit=3)
    stage.run(600)
    stage.settle()
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    load = stage.topn.load
    assert load is not None
    assert load.answer is not None
    old = [Event(Kind.ROWS, "UPDATE", changes=(Upsert(k, 1),), es_ms=None) for k in range(20, 40)]
    stage.deliver(*old)
    assert load.buffered == 0
    assert load.spoilt is None


def test_a_resync_loads_everything_anew() -> None:
    stage = started(LADDER)
    stage.table[9] = 99
    stage.topn.resync(stage.now_ms, 1, "the offset was out of range")
    assert stage.state is State.LOADING
    assert "out of range" in stage.reason
    stage.settle().assert_exact()


def test_while_the_feed_cannot_be_read_nothing_is_exact() -> None:
    stage = started(LADDER)
    stage.topn.feed_trouble = "feed unreachable"
    assert (stage.state, stage.reason) == (State.CATCHING_UP, "feed unreachable")
    stage.topn.feed_trouble = None
    stage.assert_exact()


def test_the_worst_state_is_the_one_that_is_told() -> None:
    stage = started(LADDER, size=1, reserve=0)
    stage.holding = True
    told = [stage.state]
    stage.topn.feed_trouble = "feed unreachable"
    told.append(stage.state)
    stage.deliver(stage.delete(1))
    told.append(stage.state)
    stage.topn.lose("something")
    told.append(stage.state)
    assert told == [State.EXACT, State.CATCHING_UP, State.DEFICIT, State.INEXACT]


# ── resends ───────────────────────────────────────────────────────────────────────────────────


def test_a_resend_that_begins_with_the_last_image_converges() -> None:
    """``e2 e1 e2``: a batch whose first message was lost is sent again, whole."""
    stage = started(LADDER, size=1, reserve=1)
    e1, e2 = stage.upsert(5, 45), stage.upsert(5, 60)
    stage.deliver(e2)
    assert stage.keys == [5]
    stage.deliver(e1)
    assert stage.state is State.CATCHING_UP
    stage.deliver(e2)
    stage.assert_exact()
    assert stage.keys == [5]


def test_last_arrival_wins_even_if_the_log_places_it_earlier() -> None:
    """A row deleted and written again between two sendings: no place, no GTID drops a change."""
    stage = started(LADDER, size=1, reserve=1)
    e1, e2, e3 = stage.upsert(5, 60), stage.delete(5), stage.upsert(5, 70)
    stage.deliver(e1, e2, e3)
    stage.deliver(e1)
    assert stage.keys == [5]
    assert next(iter(stage.topn.board.board_rows())).score == 60
    stage.deliver(e2, e3)
    stage.assert_exact()


@pytest.mark.parametrize("evidence", ["position", "es"])
def test_a_step_back_in_the_feed_is_catching_up_until_its_mark_is_passed(evidence: str) -> None:
    stage = started(LADDER, evidence=evidence)
    old = stage.upsert(1, 55)
    stage.deliver(old)
    stage.run(3000)
    head = stage.upsert(1, 56)
    stage.deliver(head)
    stage.assert_exact()
    stage.deliver(old)
    assert stage.state is State.CATCHING_UP
    assert "resend: partition 0" in stage.reason
    stage.deliver(head)
    if evidence == "es":
        assert stage.state is State.CATCHING_UP, "the same second is not surely beyond the mark"
        stage.run(1500)
        stage.deliver(stage.other())
    stage.assert_exact()


@pytest.mark.parametrize("evidence", ["position", "es"])
def test_a_step_back_is_ended_by_a_load_opened_after_it(evidence: str) -> None:
    """The resent batch may be the last for a long time, and a long transaction never passes."""
    stage = started(LADDER, evidence=evidence)
    old = stage.upsert(1, 55)
    stage.deliver(old)
    stage.run(3000)
    stage.deliver(stage.upsert(1, 55))
    stage.deliver(old)
    stage.run(1000)
    assert stage.state is State.CATCHING_UP
    stage.run(20_000)
    stage.assert_exact()
    assert stage.claim == (State.EXACT, True)


def test_a_load_opened_before_the_step_back_does_not_end_it() -> None:
    stage = started(LADDER, fallback_ms=1e9)
    old, head = stage.upsert(1, 55), stage.upsert(1, 56)
    stage.deliver(old, head)
    stage.topn.want(Why.AUDIT)
    stage.run(300)
    assert stage.topn.load is not None
    stage.deliver(old)
    stage.run(8000)
    assert stage.state is State.CATCHING_UP


# ── key changes ───────────────────────────────────────────────────────────────────────────────


def test_a_key_change_is_exact_at_once_where_there_is_one_partition() -> None:
    stage = started(LADDER, size=2, reserve=1)
    stage.deliver(stage.move(1, 9))
    stage.assert_exact()
    assert stage.keys == [9, 2]


def test_replace_by_a_unique_key_deletes_the_row_in_the_way_and_moves_the_other() -> None:
    stage = started(LADDER, size=2, reserve=1)
    stage.deliver(stage.delete(2), stage.move(1, 2))
    stage.assert_exact()
    assert stage.keys == [2, 3]


def test_with_several_partitions_a_key_change_waits_for_a_load() -> None:
    stage = started(LADDER, partitions=2, size=1, reserve=1)
    stage.deliver(stage.move(1, 9))
    assert (stage.state, stage.reason) == (State.CATCHING_UP, "key change")
    assert stage.keys == [9], "shown at once all the same"
    loads = stage.topn.totals.loads
    stage.run(1000)
    assert stage.topn.totals.loads == loads
    assert stage.topn.load is None, "no load before a later batch is seen"
    stage.nudge()
    stage.run(1000)
    assert stage.topn.totals.loads == loads + 1
    stage.settle().assert_exact()


def test_the_cure_opens_only_when_the_ends_read_after_a_later_batch_are_passed() -> None:
    stage = started(LADDER, partitions=2, size=1, reserve=1)
    changed = stage.move(1, 9)
    stage.deliver(changed, batch=100)
    stage.unread[1] = 3
    stage.deliver(stage.other(), batch=101)
    stage.run(3000)
    assert stage.topn.load is None
    stage.deliver(stage.upsert(3, 30), stage.other(), stage.other(), partition=1, batch=101)
    stage.unread[1] = 0
    stage.run(100)
    assert stage.topn.load is not None
    assert stage.topn.load.why is Why.CURE


def test_a_ghost_raised_after_the_key_change_is_laid_by_the_cure() -> None:
    stage = started(LADDER, partitions=2, size=1, reserve=1)
    older, changed = stage.upsert(1, 55), stage.move(1, 9)
    stage.deliver(changed, partition=0, batch=50)
    stage.deliver(older, partition=1, batch=50)
    assert 1 in [row.key for row in stage.topn.board.best(1) + stage.topn.board.reserve_best(1)]
    assert stage.state is not State.EXACT
    stage.settle().assert_exact()
    assert stage.topn.totals.audit_mismatches == 0


def test_a_load_opened_before_the_cure_was_due_is_discarded_for_it() -> None:
    stage = started(LADDER, partitions=2, size=1, reserve=1)
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    assert stage.topn.load is not None
    stage.deliver(stage.move(1, 9))
    stage.deliver(stage.other(), partition=1)
    stage.run(200)
    assert stage.topn.last_load is not None
    assert stage.topn.last_load.outcome == "discarded: a key change needs a newer one"
    assert stage.topn.load.why is Why.CURE
    stage.settle().assert_exact()


# Three scripts in which an old image of key 1, which has moved to key 2 before, comes late. A message
# is (time, partition, batch, event); the table is what a query sees at a time, and the log's end.
Script = list[tuple[int, int, int, Event]]
TableAt = Callable[[float], tuple[list[RankKey], int]]


def image(place: int, key: Key, score: int, old_key: Key | None = None) -> Event:
    change = Upsert(key, score, old_key=old_key)
    position = LogPosition(number=1, offset=place, base="binlog")
    return Event(Kind.ROWS, "UPDATE", changes=(change,), position=position, server_id=SERVER_ID)


def never_shows_the_ghost(script: Script, table: TableAt, positions: list[int]) -> None:
    """Play a script; the ghost may come, but never as EXACT, and it goes."""
    stage = Stage(partitions=2)
    stage.positions = positions
    stage.holding = True
    for now_ms in range(0, 40_000, 100):
        stage.now_ms = max(stage.now_ms, now_ms)
        for at_ms, partition, batch, event in script:
            if at_ms == now_ms:
                stage.deliver(event, partition=partition, batch=batch)
        stage.now_ms += 1
        stage.tick()
        if stage.topn.query_wanted:
            ranked, place = table(now_ms)
            rows = tuple(Row(key, score) for score, key in ranked)
            position = LogPosition(number=1, offset=place, base="binlog")
            stage.answer(Answer(rows=rows, clock_ms=0, position=position, server_id=SERVER_ID))
    assert any(1 in keys for _, _, _, keys in stage.trace), "the ghost must have been raised"
    ghosts = [at for at in stage.trace if at[1] is State.EXACT and at[3] == [1]]
    assert not ghosts
    assert stage.state is State.EXACT
    assert stage.keys == [table(40_000)[0][0][1]]
    assert stage.topn.totals.audit_mismatches == 0


def test_a_start_within_a_batch_is_treated_as_a_key_change() -> None:
    """The key change lies before the start; its batch's older image of key 1 comes after it."""
    script: Script = [
        (1500, 1, 1, image(0, 1, 9)),
        (3000, 0, 2, image(2, 4, 6)),
        (3200, 1, 2, image(3, 3, 0)),
        (4000, 0, 3, image(4, 4, 5)),
        (4200, 1, 3, image(5, 3, 1)),
    ]

    def table(now_ms: float) -> tuple[list[RankKey], int]:
        if now_ms < 3000:
            return [(5, 4), (1, 2)], 2
        if now_ms < 4000:
            return [(6, 4), (1, 2), (0, 3)], 4
        return [(5, 4), (1, 3), (1, 2)], 6

    never_shows_the_ghost(script, table, [1, 0])


def test_a_cure_taken_because_time_ran_out_stays_provisional() -> None:
    """Partition 1's part of the batch is stuck for ten seconds, and no later batch is seen."""
    script: Script = [
        (2000, 0, 1, image(0, 4, 5)),
        (2000, 1, 1, image(1, 3, 0)),
        (4000, 0, 2, image(3, 2, 1, old_key=1)),
        (14_000, 1, 2, image(2, 1, 9)),
        (15_000, 0, 3, image(4, 4, 6)),
        (15_200, 1, 3, image(5, 3, 1)),
    ]

    def table(now_ms: float) -> tuple[list[RankKey], int]:
        if now_ms < 3500:
            return [(5, 4), (0, 3)], 0
        if now_ms < 15_000:
            return [(5, 4), (1, 2), (0, 3)], 4
        return [(6, 4), (1, 3), (1, 2)], 6

    never_shows_the_ghost(script, table, [0, 0])


def test_another_batch_that_is_an_earlier_one_is_not_a_later_one() -> None:
    """Batch 3's key change is read before a message of batch 2 on the other partition."""
    script: Script = [
        (2000, 0, 1, image(0, 4, 5)),
        (2000, 1, 1, image(1, 3, 0)),
        (4000, 0, 3, image(4, 2, 1, old_key=1)),
        (4100, 1, 2, image(2, 3, 1)),
        (5500, 1, 3, image(3, 1, 9)),
        (6000, 0, 4, image(5, 4, 6)),
        (6200, 1, 4, image(6, 3, 0)),
    ]

    def table(now_ms: float) -> tuple[list[RankKey], int]:
        if now_ms < 3500:
            return [(5, 4), (0, 3)], 0
        if now_ms < 6000:
            return [(5, 4), (1, 3), (1, 2)], 5
        return [(6, 4), (1, 2), (0, 3)], 7

    never_shows_the_ghost(script, table, [0, 0])


# ── TRUNCATE, ALTER, dead letters ─────────────────────────────────────────────────────────────


def test_truncate_is_exact_at_once_where_there_is_one_partition() -> None:
    stage = started(LADDER, size=2, reserve=1)
    stage.deliver(stage.truncate(), stage.upsert(7, 1))
    stage.assert_exact()
    assert stage.topn.board.floor is None
    assert stage.keys == [7]


def test_changes_do_not_cross_a_truncate_within_one_call() -> None:
    stage = started(LADDER, size=2, reserve=1)
    stage.deliver(stage.upsert(7, 99), stage.truncate(), stage.upsert(8, 1))
    assert stage.keys == [8]
    stage.assert_exact()


def test_truncate_ends_a_known_loss() -> None:
    stage = started(LADDER)
    stage.topn.lose("something")
    stage.deliver(stage.truncate())
    stage.assert_exact()


def test_a_truncate_before_the_first_load_claims_nothing_for_it_may_be_an_old_one() -> None:
    stage = Stage(LADDER)
    stage.holding = True
    stage.run(200)
    stage.topn.lose("something")
    stage.deliver(stage.truncate())
    assert stage.topn.claim().state is State.INEXACT
    stage.holding = False
    stage.run(10_000)
    assert stage.topn.claim().state is State.EXACT
    assert stage.keys == []


def test_the_answer_of_a_load_over_which_the_table_was_cleared_is_discarded() -> None:
    stage = started(LADDER, size=1, reserve=1)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    snapshot = stage.snapshot()
    stage.deliver(stage.truncate())
    stage.answer(snapshot)
    stage.run(100)
    assert stage.topn.last_load is not None
    assert stage.topn.last_load.outcome.startswith("discarded: the table was cleared")
    stage.assert_exact()
    assert stage.keys == []
    stage.holding = False
    stage.settle().assert_exact()


def test_with_several_partitions_a_truncate_waits_for_a_load_and_knows_no_table() -> None:
    stage = started(LADDER, partitions=2, size=1, reserve=1)
    late = stage.upsert(9, 99)
    stage.deliver(stage.truncate(), batch=50)
    assert stage.keys == []
    assert stage.topn.board.floor is not None
    assert stage.state is not State.EXACT
    stage.deliver(late, partition=1, batch=50)
    assert stage.keys == [9], "an older image of another partition: a ghost"
    stage.settle().assert_exact()
    assert stage.keys == []


def test_with_several_partitions_a_dead_letter_may_have_been_a_truncate() -> None:
    stage = started(LADDER, partitions=2, size=1, reserve=1)
    late = stage.upsert(9, 99)
    stage.truncate()
    stage.deliver(stage.undecodable())
    stage.run(300)
    assert stage.topn.load is not None
    assert stage.topn.load.why is Why.HEAL
    stage.deliver(late, partition=1, batch=50)
    stage.run(700)
    assert (stage.state, stage.keys) == (State.CATCHING_UP, [9]), "an older image: a ghost"
    stage.settle().assert_exact()
    assert stage.keys == []


def test_a_dead_letter_is_of_the_batch_that_follows_it_on_its_partition_at_the_latest() -> None:
    stage = started(LADDER, partitions=2, size=1, reserve=1)
    late = stage.upsert(9, 99)
    stage.truncate()
    stage.deliver(stage.undecodable(), stage.undecodable())
    stage.deliver(stage.other(), partition=1, batch=48)
    stage.deliver(stage.other(), partition=1, batch=49)  # of the dead one's batch nothing is known
    stage.run(1500)
    assert stage.state is not State.EXACT
    stage.deliver(stage.other(), partition=0, batch=50)
    stage.run(1500)
    stage.deliver(late, partition=1, batch=50)
    stage.settle().assert_exact()
    assert stage.keys == []


def test_with_several_partitions_another_table_of_the_name_waits_for_its_images_to_have_come() -> (
    None
):
    stage = started(LADDER, partitions=2, size=1, reserve=1)
    late = stage.upsert(9, 99)
    stage.deliver(stage.rename({3: 7}), batch=50)
    stage.run(700)
    stage.deliver(late, partition=1, batch=50)
    stage.run(700)
    assert (stage.state, stage.reason) == (State.CATCHING_UP, "table cleared")
    stage.settle().assert_exact()
    assert stage.keys == [3]


def test_an_alter_loads_the_table_again() -> None:
    stage = started(LADDER)
    stage.deliver(stage.alter())
    assert (stage.state, stage.reason) == (
        State.CATCHING_UP,
        "table altered: loading it again",
    )
    loads = stage.topn.totals.loads
    stage.settle().assert_exact()
    assert stage.topn.totals.loads == loads + 1
    assert stage.topn.last_load is not None
    assert stage.topn.last_load.why is Why.RESHAPED


def test_an_alter_under_an_open_load_needs_another_one() -> None:
    stage = started(LADDER)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    stage.deliver(stage.alter())
    stage.answer()
    stage.run(100)
    assert stage.state is State.CATCHING_UP
    assert "altered" in stage.reason
    stage.holding = False
    stage.settle().assert_exact()


def test_a_dead_letter_is_inexact_until_a_load_heals_it() -> None:
    stage = started(LADDER)
    stage.table[9] = 90
    stage.deliver(stage.undecodable())
    assert stage.state is State.INEXACT
    assert stage.reason == "dead letter: cannot be decoded"
    assert stage.topn.totals.dead_letters == 1
    stage.settle().assert_exact()
    assert stage.keys == [9]
    assert stage.topn.totals.audit_mismatches == 0, "it was known to be wrong"


def test_a_loss_while_a_load_is_open_is_healed_only_by_the_next_one() -> None:
    """The buffer may hold an older image of the very row whose last change was lost."""
    stage = started(LADDER, size=1, reserve=1)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    older = stage.upsert(9, 90)
    stage.delete(9)
    stage.deliver(older)
    stage.deliver(stage.undecodable())
    stage.answer()
    stage.nudge()
    stage.holding = False
    stage.run(200)
    assert stage.keys == [9], "as the buffer has it, which is wrong"
    assert stage.state is State.INEXACT
    stage.settle().assert_exact()
    assert stage.keys == [1]


# ── evidence ──────────────────────────────────────────────────────────────────────────────────


def test_a_quiet_feed_is_exact_only_provisionally() -> None:
    stage = Stage(LADDER)
    stage.run(1500)
    assert stage.state is State.CATCHING_UP
    assert "partition 0 has not yet passed" in stage.reason
    stage.run(2000)
    assert stage.claim == (State.EXACT, True)
    stage.deliver(stage.other())
    assert stage.claim == (State.EXACT, False)


def test_an_older_message_takes_a_provisional_exact_back() -> None:
    """A stalled Canal had a backlog: the table was loaded ahead of it."""
    stage = Stage(LADDER, size=1, reserve=1)
    backlog = [stage.upsert(1, 70), stage.upsert(3, 60), stage.upsert(1, 50), stage.upsert(3, 30)]
    stage.run(4000)
    assert stage.claim == (State.EXACT, True)
    stage.deliver(*backlog[:2])
    assert stage.state is State.CATCHING_UP
    stage.run(1000)
    assert stage.state is State.CATCHING_UP
    stage.deliver(*backlog[2:])
    assert stage.state is State.CATCHING_UP
    stage.deliver(stage.other())
    assert stage.claim == (State.EXACT, False)
    stage.assert_exact()


def test_silence_after_older_messages_proves_nothing_and_is_loaded_again() -> None:
    stage = Stage(LADDER, size=1, reserve=1)
    backlog = [stage.upsert(1, 70), stage.upsert(1, 50)]
    stage.hold_at_query()
    stage.answer()
    stage.holding = False
    stage.deliver(*backlog)
    stage.run(2300)
    assert stage.state is State.CATCHING_UP, "more of the backlog may come"
    stage.run(8000)
    assert stage.claim == (State.EXACT, True), "a second load, with nothing older after it"
    stage.assert_exact()
    assert stage.topn.totals.loads == 2


def test_a_message_while_the_answer_is_under_way_makes_silence_worthless_too() -> None:
    stage = Stage(LADDER, size=1, reserve=1)
    stage.hold_at_query()
    older, newer = stage.upsert(2, 60), stage.upsert(2, 40)
    stage.deliver(older)
    stage.answer()
    stage.holding = False
    stage.run(2500)
    assert stage.keys == [2]
    assert stage.state is State.CATCHING_UP
    stage.run(8000)
    assert stage.state is State.CATCHING_UP
    assert "ahead of a silent feed" in stage.reason
    stage.deliver(newer, stage.other())
    stage.run(200)
    stage.assert_exact()
    assert stage.keys == [1]


def test_batch_order_lets_an_idle_partition_pass() -> None:
    stage = started(LADDER, partitions=2, size=1, reserve=1, settle_ms=1e9)
    audits = stage.topn.totals.audits
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    stage.deliver(stage.other())
    stage.run(1000)
    assert stage.topn.totals.audits == audits, "one newer message is not enough for partition 1"
    stage.deliver(stage.other())
    assert stage.topn.ends_wanted_ms == stage.now_ms
    stage.run(200)
    assert stage.topn.totals.audits == audits + 1
    assert stage.topn.ends_wanted_ms is None
    assert stage.claim == (State.EXACT, False)
    assert stage.topn.passed_words() == ("yes", "yes")


def test_the_board_is_as_of_the_greatest_binlog_time() -> None:
    stage = started(LADDER)
    stage.run(5000)
    stage.deliver(stage.other())
    assert stage.topn.as_of_ms == stage.clock_ms // 1000 * 1000


# ── the audit ─────────────────────────────────────────────────────────────────────────────────


def test_an_equal_audit_is_told_as_verified() -> None:
    stage = started(LADDER)
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    stage.nudge()
    stage.run(100)
    assert stage.topn.verified_ms == stage.now_ms
    assert stage.topn.last_audit is not None
    assert stage.topn.last_audit.outcome == "equal"
    assert stage.topn.totals.audit_mismatches == 0


def test_audits_come_by_themselves() -> None:
    stage = started(LADDER, audit_ms=10_000)
    audits = stage.topn.totals.audits
    for _ in range(100):
        stage.nudge()
        stage.run(500)
    assert 4 <= stage.topn.totals.audits - audits <= 5


def test_a_query_that_hung_once_does_not_end_audits_for_long() -> None:
    stage = started(LADDER, audit_ms=10_000)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    stage.run(8000)
    assert stage.topn.load is not None
    stage.topn.failed(stage.topn.load, "no answer in time", stage.now_ms, retry_in_ms=100)
    stage.holding = False
    stage.topn.want(Why.REFILL)  # answered at once: the table is well again
    audits = stage.topn.totals.audits
    for _ in range(100):
        stage.nudge()
        stage.run(500)
    assert stage.topn.totals.audits - audits >= 4


def test_a_silent_loss_is_found_counted_and_named_by_the_audit() -> None:
    stage = started(LADDER, size=2, reserve=1)
    stage.table[9] = 99
    stage.table.pop(2)
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    stage.nudge()
    stage.run(100)
    assert stage.topn.totals.audit_mismatches == 1
    level, text = stage.notices[-1]
    assert level == "error"
    assert "only on the board's side: 2 (40)" in text
    assert "only in the table: 9 (99)" in text
    stage.assert_exact()
    assert stage.keys == [9, 1]


def test_a_difference_while_catching_up_is_not_counted() -> None:
    stage = started(LADDER, size=2, reserve=1)
    stage.table[9] = 99
    stage.topn.feed_trouble = "feed unreachable"
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    stage.nudge()
    stage.run(100)
    stage.topn.feed_trouble = None
    assert stage.topn.totals.audit_mismatches == 0
    stage.assert_exact()


def test_a_difference_below_either_floor_is_no_difference() -> None:
    stage = started(LADDER, size=1, reserve=1)
    stage.deliver(stage.upsert(9, 60))
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    stage.nudge()
    stage.run(100)
    assert stage.topn.totals.audit_mismatches == 0
    stage.assert_exact()


def test_a_table_ahead_of_a_silent_feed_is_catching_up_until_the_feed_follows() -> None:
    stage = started(LADDER, size=1, reserve=1)
    stuck = stage.upsert(9, 99)
    stage.topn.want(Why.AUDIT)
    stage.run(2000)
    assert (stage.state, stage.keys) == (State.EXACT, [1]), "nothing of it was delivered"
    stage.run(3000)
    assert stage.state is State.CATCHING_UP
    assert "the table is ahead of a silent feed" in stage.reason
    assert stage.keys == [1], "shown as delivered"
    level, text = stage.notices[-1]
    assert level == "warning"
    assert "9 (99) in the table" in text
    stage.deliver(stuck)
    stage.nudge()
    stage.run(200)
    stage.assert_exact()
    assert stage.claim == (State.EXACT, False)
    assert stage.topn.totals.audit_mismatches == 0


def test_a_table_ahead_stays_so_even_if_messages_came_while_the_answer_was_under_way() -> None:
    """The doubt is this answer's own; it is no reason to discard the answer and be EXACT again."""
    stage = started(LADDER, size=1, reserve=1)
    stage.table[9] = 99  # and no message ever tells
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    stage.deliver(stage.other())
    stage.answer()
    stage.holding = False
    stage.run(2500)
    assert stage.state is State.CATCHING_UP
    stage.run(5000)
    assert stage.state is State.CATCHING_UP, "nothing has happened that would answer the doubt"
    assert "ahead of a silent feed" in stage.reason
    assert len(stage.notices) == 1
    stage.nudge()
    stage.run(200)
    assert stage.topn.totals.audit_mismatches == 1
    stage.assert_exact()


def test_a_table_that_was_ahead_of_a_loss_is_counted_once_the_feed_has_passed_it() -> None:
    """The doubt came from this answer alone, so it is no excuse for having been wrong."""
    stage = started(LADDER, size=1, reserve=1)
    stage.table[9] = 99
    stage.topn.want(Why.AUDIT)
    stage.run(6000)
    assert stage.state is State.CATCHING_UP
    stage.nudge()
    stage.run(200)
    assert stage.topn.totals.audit_mismatches == 1
    stage.assert_exact()
