"""Short histories for wrong variants that random ones meet too rarely, or that no other story tells."""

from __future__ import annotations

import msgspec

from engine.core.evidence import EndOffsets
from engine.core.loading import Why
from engine.core.rank import Key
from engine.core.states import State
from tests.core.stage import Stage, started

LADDER: dict[Key, int | None] = {1: 50, 2: 40, 3: 30, 4: 20, 5: 10}


# ── order ─────────────────────────────────────────────────────────────────────────────────────


def test_a_newcomer_that_ties_with_a_member_stands_before_it_if_its_key_is_greater() -> None:
    stage = started({1: 50, 7: 40}, size=1, reserve=1)
    stage.deliver(stage.upsert(9, 50))
    stage.assert_exact()
    assert stage.keys == [9]


# ── what is told ──────────────────────────────────────────────────────────────────────────────


def test_the_difference_says_who_left_and_who_came_up() -> None:
    stage = started(LADDER, size=2, reserve=1)
    change = stage.deliver(stage.upsert(1, 25))
    assert [row.key for row in change.entered] == [3]
    assert [eviction.row.key for eviction in change.left] == [1]


def test_what_a_load_changes_is_told_like_any_other_difference() -> None:
    stage = started(LADDER, size=1, reserve=1)
    stage.table[9] = 99
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    stage.nudge()
    stage.topn.tick(stage.now_ms, stage.positions, EndOffsets(stage.positions, stage.now_ms))
    change = stage.topn.take_change()
    assert [row.key for row in change.entered] == [9]
    assert [eviction.row.key for eviction in change.left] == [1]


# ── what proves that the feed has passed an answer ────────────────────────────────────────────


def test_an_event_of_the_second_of_the_query_proves_nothing() -> None:
    """Binlog times are whole seconds: it may have been written before the query, and others too."""
    stage = Stage(LADDER, size=1, reserve=1, evidence="es")
    older, newer = stage.upsert(2, 60), stage.upsert(2, 40)
    stage.hold_at_query()
    stage.answer()
    stage.holding = False
    stage.deliver(older)
    stage.run(100)
    assert stage.keys == [2]
    assert stage.state is State.CATCHING_UP
    stage.deliver(newer)
    stage.settle().assert_exact()


def test_batch_order_needs_end_offsets_that_were_read_after_it() -> None:
    """Older ones do not bound the batch: more of it may be in the log since."""
    stage = started(LADDER, partitions=2, size=1, reserve=1, settle_ms=1e9)
    audits = stage.topn.totals.audits
    stage.topn.want(Why.AUDIT)
    stage.run(700)
    early = EndOffsets(list(stage.positions), stage.now_ms)
    stage.deliver(stage.other())
    stage.deliver(stage.other())
    stage.topn.tick(stage.now_ms, stage.positions, early)
    assert stage.topn.totals.audits == audits
    stage.run(200)
    assert stage.topn.totals.audits == audits + 1


# ── last arrival wins ─────────────────────────────────────────────────────────────────────────


def test_a_gtid_that_was_seen_before_drops_nothing() -> None:
    """``e2 e1 e2`` again, where each message carries the id of its transaction."""
    stage = started(LADDER, size=1, reserve=1)
    e1 = msgspec.structs.replace(stage.upsert(5, 45), gtid="0-1-7")
    e2 = msgspec.structs.replace(stage.upsert(5, 60), gtid="0-1-8")
    stage.deliver(e2)
    stage.deliver(e1)
    stage.deliver(e2)
    stage.assert_exact()
    assert stage.keys == [5]


def test_a_load_forgets_all_places_that_were_seen_before_it() -> None:
    """RESET MASTER, or another server: the binlog begins anew, and its places are lesser ones."""
    stage = Stage(LADDER, size=1, reserve=1)
    stage.log = 1000
    stage.settle()
    stage.log = 4
    stage.topn.resync(stage.now_ms, 1, "the topic is another one")
    stage.settle()
    stage.deliver(stage.upsert(1, 5))
    stage.assert_exact()
    assert stage.keys == [2]


# ── key changes ───────────────────────────────────────────────────────────────────────────────


def test_a_ghost_in_the_buffer_of_an_open_load_is_not_laid_by_that_load() -> None:
    """It was opened before the ghost came, so it lays the ghost over its own answer."""
    stage = started(LADDER, partitions=2, size=2, reserve=1)
    older = stage.upsert(1, 55)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    changed = stage.move(1, 9)
    stage.deliver(changed, partition=0, batch=50)
    stage.deliver(older, partition=1, batch=50)
    stage.answer()
    stage.holding = False
    stage.settle().assert_exact()
    assert stage.keys == [9, 2]


def test_the_cure_of_a_ghost_is_taken_in_though_the_feed_is_silent() -> None:
    """Its answer differs from the ghost's board by design, so it cannot wait to be equal."""
    stage = started(LADDER, partitions=2, size=2, reserve=1)
    older, changed = stage.upsert(1, 55), stage.move(1, 9)
    stage.deliver(changed, partition=0, batch=50)
    stage.deliver(older, partition=1, batch=50)
    assert stage.keys == [9, 1], "the ghost"
    stage.run(20_000)
    stage.assert_exact()
    assert stage.keys == [9, 2]
    assert stage.claim == (State.EXACT, True), "no later batch was seen"
