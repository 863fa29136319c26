"""Rows on a partition that they do not hash to: noticed, named, and cured like a key change."""

from __future__ import annotations

from engine.core.changes import Upsert
from engine.core.placement import TELL_GAP_MS
from engine.core.rank import Key
from engine.core.states import State
from tests.core.stage import Stage, started

LADDER: dict[Key, int | None] = {1: 50, 2: 40, 3: 30, 4: 20, 5: 10}


def by_parity(key: Key, partitions: int) -> int:
    assert isinstance(key, int)
    return key % partitions


def stage_of(partitions: int = 2) -> Stage:
    return started(LADDER, partitions=partitions, size=1, reserve=1, place=by_parity)


def test_a_row_on_a_wrong_partition_is_named_and_not_exact_until_a_load_after_a_later_batch() -> (
    None
):
    stage = stage_of()
    loads = stage.topn.totals.loads
    stage.deliver(stage.upsert(2, 45), partition=1)
    assert (stage.state, stage.reason) == (State.CATCHING_UP, "row on a wrong partition")
    assert stage.topn.totals.strays == 1
    ((level, text),) = stage.notices
    assert level == "warning"
    assert text.startswith("row 2 came on partition 1 and belongs on 0 of 2: loading again; ")
    assert "feed.partition_hash" in text
    stage.run(1000)
    assert stage.topn.totals.loads == loads, "an older message may still be on its way"
    stage.nudge()
    stage.run(1000)
    assert stage.topn.totals.loads == loads + 1
    stage.settle().assert_exact()


def test_an_old_image_that_comes_late_on_the_right_partition_is_laid_by_the_cure() -> None:
    stage = stage_of()
    older, newer = stage.upsert(2, 99), stage.upsert(2, 5)
    stage.deliver(newer, partition=1, batch=50)
    stage.deliver(older, partition=0, batch=50)
    assert stage.keys == [2], "the ghost"
    assert stage.state is not State.EXACT
    stage.settle().assert_exact()
    assert stage.keys == [1]
    assert stage.topn.totals.audit_mismatches == 0


def test_rows_where_they_belong_are_exact_and_no_news() -> None:
    stage = stage_of()
    stage.deliver(stage.upsert(2, 45), stage.delete(4), partition=0)
    stage.deliver(stage.upsert(1, 60), stage.delete(3), partition=1)
    stage.assert_exact()
    assert stage.notices == []
    assert stage.topn.totals.strays == 0


def test_a_deleted_row_and_a_moved_one_are_looked_at_too() -> None:
    stage = stage_of()
    stage.deliver(stage.delete(3), partition=0)
    assert stage.reason == "row on a wrong partition"
    stage.settle()
    stage.deliver(stage.move(2, 7), partition=1)  # belongs where the new key belongs
    assert stage.reason == "key change"
    assert stage.topn.totals.strays == 1


def test_a_flood_of_strays_is_told_once_in_a_while_with_their_number() -> None:
    stage = stage_of()
    for score in range(20):
        stage.deliver(stage.logged(Upsert(2, score), Upsert(4, score)), partition=1)
    assert len(stage.notices) == 1
    stage.run(TELL_GAP_MS)
    stage.deliver(stage.upsert(2, 7), partition=1)
    assert (
        "row 2 came on partition 1 and belongs on 0 of 2 (and 38 more since"
        in (stage.notices[-1][1])
    )
    assert len([n for n in stage.notices if "came on" in n[1]]) == 2
    assert stage.topn.totals.strays == 41


def test_the_number_of_partitions_is_the_one_of_now() -> None:
    stage = stage_of(partitions=2)
    stage.positions, stage.unread = [0] * 3, [0] * 3
    stage.topn.resync(stage.now_ms, 3, "partitions added")
    stage.settle()
    stage.deliver(stage.upsert(5, 55), partition=2)
    stage.deliver(stage.upsert(4, 54), partition=1)
    assert stage.topn.totals.strays == 0


def test_with_one_partition_there_is_nothing_to_look_at() -> None:
    stage = started(LADDER, size=1, reserve=1, place=lambda key, partitions: 7)
    stage.deliver(stage.upsert(2, 60))
    stage.assert_exact()
    assert stage.topn.totals.strays == 0
