"""Why: what became of one change, as the events panel tells it."""

from __future__ import annotations

from decimal import Decimal

from engine.core.changes import Cause, Delete, Event, Explained, Kind, Place, Upsert, Verdict, Where
from engine.core.rank import Key
from tests.core.stage import Stage, started

LADDER: dict[Key, int | None] = {1: 50, 2: 40, 3: 30, 4: 20, 5: 10}


def ladder() -> Stage:
    """Board 1, 2; reserve 3; the floor at (20, 4)."""
    return started(LADDER, size=2, reserve=1)


def told(stage: Stage, *events: Event) -> Explained:
    """The verdict on the last change."""
    return stage.explain(*events)[1][-1]


def test_entered_and_pushed_another_out() -> None:
    stage = ladder()
    event = stage.upsert(4, 45)
    verdict = told(stage, event)
    assert verdict.verdict is Verdict.ENTERED
    assert (verdict.key, verdict.old_score, verdict.new_score) == (4, None, 45)
    assert verdict.before == Place(Where.OUTSIDE)
    assert verdict.after == Place(Where.BOARD, 45, 2)
    assert (verdict.other, verdict.other_score) == (2, 40)
    assert (verdict.bar_before, verdict.bar) == ((40, 2), (45, 4))
    assert (verdict.partition, verdict.es_ms, verdict.op) == (0, event.es_ms, "UPDATE")
    assert verdict.offset == stage.positions[0] - 1


def test_entered_where_there_was_room_pushes_nobody_out() -> None:
    stage = started({1: 50}, size=2)
    verdict = told(stage, stage.upsert(2, 60))
    assert (verdict.verdict, verdict.other) == (Verdict.ENTERED, None)


def test_moved_says_from_where_to_where() -> None:
    stage = ladder()
    verdict = told(stage, stage.upsert(2, 60))
    assert verdict.verdict is Verdict.MOVED
    assert verdict.before == Place(Where.BOARD, 40, 2)
    assert verdict.after == Place(Where.BOARD, 60, 1)
    assert (verdict.old_score, verdict.new_score) == (40, 60)


def test_a_new_score_may_leave_the_rank_as_it_was() -> None:
    stage = ladder()
    verdict = told(stage, stage.upsert(1, 55))
    assert verdict.verdict is Verdict.SAME_RANK
    assert verdict.after == Place(Where.BOARD, 55, 1)


def test_the_same_score_again_has_no_effect() -> None:
    stage = ladder()
    assert told(stage, stage.upsert(1, 50)).verdict is Verdict.NO_EFFECT


def test_below_the_bar_says_by_how_much() -> None:
    stage = ladder()
    verdict = told(stage, stage.upsert(3, 33))
    assert verdict.verdict is Verdict.RESERVE
    assert verdict.gap == 7
    assert verdict.after == Place(Where.RESERVE, 33)


def test_below_the_floor_says_by_how_much() -> None:
    stage = ladder()
    verdict = told(stage, stage.upsert(5, Decimal("12.5")))
    assert verdict.verdict is Verdict.BELOW_FLOOR
    assert verdict.floor == (20, 4)
    assert verdict.gap == Decimal("7.5")


def test_left_because_it_fell_names_who_came_up() -> None:
    stage = ladder()
    verdict = told(stage, stage.upsert(1, 35))
    assert verdict.verdict is Verdict.MOVED, "still better than 3"
    verdict = told(stage, stage.upsert(1, 25))
    assert (verdict.verdict, verdict.reason, verdict.other) == (Verdict.LEFT, "score fell", 3)
    assert verdict.after == Place(Where.RESERVE, 25)


def test_left_because_it_was_deleted_names_who_came_up() -> None:
    stage = ladder()
    verdict = told(stage, stage.delete(1))
    assert (verdict.verdict, verdict.reason, verdict.other) == (Verdict.LEFT, "deleted", 3)
    assert verdict.other_score == 30
    assert (verdict.bar_before, verdict.bar) == ((40, 2), (30, 3))
    assert (verdict.old_score, verdict.new_score) == (50, None)
    assert verdict.before == Place(Where.BOARD, 50, 1)


def test_left_because_its_score_became_null() -> None:
    stage = ladder()
    verdict = told(stage, stage.upsert(1, None))
    assert verdict.verdict is Verdict.LEFT
    assert verdict.reason == "score became NULL"
    assert verdict.other == 3


def test_a_null_score_off_the_board_is_ignored() -> None:
    stage = ladder()
    verdict = told(stage, stage.upsert(5, None))
    assert (verdict.verdict, verdict.reason) == (Verdict.IGNORED, "NULL score")


def test_the_delete_of_a_row_that_memory_does_not_have_has_no_effect() -> None:
    stage = ladder()
    verdict = told(stage, stage.logged(Delete(5, old_score=10), op="DELETE"))
    assert (verdict.verdict, verdict.op) == (Verdict.NO_EFFECT, "DELETE")
    assert verdict.old_score == 10, "what the feed says, since memory does not know"


def test_a_change_that_a_later_one_in_the_batch_replaces_is_superseded() -> None:
    stage = ladder()
    first = stage.logged(Upsert(4, 60, old_score=20))
    verdicts = stage.explain(first, stage.upsert(4, 21))[1]
    assert [v.verdict for v in verdicts] == [Verdict.SUPERSEDED, Verdict.BELOW_FLOOR]
    assert (verdicts[0].old_score, verdicts[0].new_score, verdicts[0].after) == (20, 60, None)


def test_a_key_change_is_two_verdicts() -> None:
    stage = ladder()
    gone, come = stage.explain(stage.move(1, 9))[1]
    assert (gone.key, gone.verdict, gone.reason) == (1, Verdict.LEFT, "key changed to 9")
    assert (come.key, come.verdict, come.reason) == (9, Verdict.ENTERED, "key was 1")


def test_an_event_about_other_things_is_ignored_and_says_what_it_was() -> None:
    stage = ladder()
    verdict = told(stage, stage.other())
    assert (verdict.verdict, verdict.reason, verdict.key) == (Verdict.IGNORED, "QUERY", None)


def test_a_dead_letter_says_why() -> None:
    stage = ladder()
    verdict = told(stage, stage.undecodable())
    assert (verdict.verdict, verdict.reason) == (Verdict.DEAD, "cannot be decoded")


def test_truncate_and_alter_say_so() -> None:
    stage = ladder()
    assert told(stage, stage.alter()).reason == "table altered"
    assert told(stage, stage.truncate()).reason == "table cleared"


def test_before_the_first_load_there_is_no_floor_to_be_below() -> None:
    stage = Stage(LADDER)
    verdict = told(stage, stage.upsert(1, 50))
    assert (verdict.verdict, verdict.floor, verdict.gap) == (Verdict.BELOW_FLOOR, None, None)


def test_only_the_last_changes_are_explained_oldest_first() -> None:
    stage = ladder()
    verdicts = stage.explain(*(stage.upsert(k, 1) for k in (21, 22, 23, 24)), last=2)[1]
    assert [v.key for v in verdicts] == [23, 24]
    assert stage.explain(stage.upsert(25, 1), last=0)[1] == []


def test_a_row_cleared_away_by_a_later_truncate_was_superseded_by_it() -> None:
    """It is not below a floor: a table known to be empty has none."""
    stage = ladder()
    row, cleared = stage.explain(stage.upsert(9, 99), stage.truncate())[1]
    assert row.verdict is not Verdict.BELOW_FLOOR
    assert row.verdict is Verdict.SUPERSEDED
    assert cleared.reason == "table cleared"


def test_what_comes_after_a_truncate_of_its_batch_finds_no_row_and_leaves_no_board() -> None:
    """Row 1 stood on the board; put in again with less it has not left by its own change."""
    stage = ladder()
    _, low, top, high = stage.explain(
        stage.truncate(), stage.upsert(1, 5), stage.upsert(7, 60), stage.upsert(8, 70)
    )[1]
    assert (low.verdict, low.old_score, low.gap) == (Verdict.RESERVE, None, 55)
    assert low.before == Place(Where.OUTSIDE)
    assert [v.verdict for v in (top, high)] == [Verdict.ENTERED] * 2
    assert (high.other, top.other) == (None, None)
    again = stage.explain(stage.truncate(), stage.upsert(8, 70))[1][-1]
    assert (again.verdict, again.after) == (Verdict.ENTERED, Place(Where.BOARD, 70, 1))
    gone = stage.explain(stage.truncate(), stage.delete(8))[1][-1]
    assert gone.verdict is Verdict.NO_EFFECT


def test_a_row_that_left_before_a_truncate_of_its_batch_went_with_all_others() -> None:
    """Who took its place is gone, too; who came after the truncate took nobody's."""
    stage = ladder()
    for first in (stage.delete(1), stage.upsert(60, 999)):
        stage = ladder()
        out, verdicts = stage.explain(first, stage.truncate(), stage.upsert(50, 9))
        assert {(of.cause, of.by, of.successor) for of in out.left} == {(Cause.CLEARED, None, None)}
        assert len(out.left) == 2
        assert (verdicts[-1].verdict, verdicts[-1].other) == (Verdict.ENTERED, None)
    stage = ladder()
    out, _ = stage.explain(stage.delete(1), stage.truncate())
    assert {of.cause for of in out.left} == {Cause.CLEARED}


def test_every_verdict_has_a_story_here() -> None:
    assert {v.name for v in Verdict} == {
        "ENTERED",
        "MOVED",
        "SAME_RANK",
        "LEFT",
        "RESERVE",
        "BELOW_FLOOR",
        "SUPERSEDED",
        "IGNORED",
        "DEAD",
        "NO_EFFECT",
    }


def test_what_is_ignored_is_counted_by_kind() -> None:
    stage = ladder()
    ignored = stage.topn.totals.ignored["QUERY"]
    heartbeat = Event(Kind.IGNORED, "", reason="no entries")
    stage.deliver(stage.other(), heartbeat, stage.other())
    assert stage.topn.totals.ignored == {"QUERY": ignored + 2, "no entries": 1}


def test_the_totals_count_changes_entries_and_what_was_superseded() -> None:
    stage = ladder()
    before = stage.topn.totals
    start = (before.messages, before.changes, before.entries, before.superseded)
    stage.deliver(stage.upsert(7, 1), stage.upsert(7, 2), stage.move(7, 8), stage.other())
    after = stage.topn.totals
    now = (after.messages, after.changes, after.entries, after.superseded)
    # Four messages, three changes; the key change is told in two lines, QUERY in one; of the four
    # single-row changes two (both of row 7) were replaced within the call.
    assert tuple(b - a for a, b in zip(start, now, strict=True)) == (4, 3, 5, 2)
