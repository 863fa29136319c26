"""What an answer is worth: whose log its place is of, when the table was read, and that there is none."""

from __future__ import annotations

import msgspec
import pytest

from engine.core.changes import Event, Kind, LogPosition, Upsert
from engine.core.loading import Why
from engine.core.rank import Key
from engine.core.states import State
from tests.core.stage import SERVER_ID, Stage, started

LADDER: dict[Key, int | None] = {1: 50, 2: 60, 3: 40}

# ── places of two servers ─────────────────────────────────────────────────────────────────────


def backlog(
    stage: Stage, key: Key, score: int, offset: int, *, server_id: int, age_ms: int
) -> Event:
    """What Canal still has to bring of a log that has come to file 120."""
    return Event(
        Kind.ROWS,
        "UPDATE",
        es_ms=(stage.clock_ms - age_ms) // 1000 * 1000,
        changes=(Upsert(key, score),),
        position=LogPosition(number=120, offset=offset, base="binlog"),
        server_id=server_id,
    )


@pytest.mark.parametrize(
    ("made_on", "age_ms"),
    [(SERVER_ID + 1, 0), (SERVER_ID + 1, 5000), (SERVER_ID, 5000)],
    ids=["of another server", "and much older", "through a replica"],
)
def test_a_backlog_out_of_another_servers_log_does_not_pass_the_first_load(
    made_on: int, age_ms: int
) -> None:
    """The table is read from an up-to-date server whose log is shorter than the one that Canal tails."""
    stage = Stage(LADDER, size=1, reserve=1)
    stage.hold_at_query()
    place = LogPosition(number=3, offset=500, base="binlog")
    stage.answer(msgspec.structs.replace(stage.snapshot(), position=place))
    stage.holding = False
    old = backlog(stage, 1, 90, 10, server_id=made_on, age_ms=age_ms)
    new = backlog(stage, 1, 50, 20, server_id=made_on, age_ms=age_ms)
    stage.run(200)
    stage.deliver(old)
    stage.run(100)
    assert (stage.keys, stage.truth) == ([1], [2])
    assert stage.state is State.CATCHING_UP
    stage.deliver(new)
    for _ in range(20):
        stage.run(500)
        stage.deliver(backlog(stage, 3, 40, 30, server_id=made_on, age_ms=0))
        assert stage.state is not State.EXACT or stage.keys == stage.truth
    assert stage.state is State.EXACT, "by binlog time"


@pytest.mark.parametrize("gap_ms", [500, 1500])
def test_a_log_behind_that_of_the_tables_server_is_passed_by_time_under_traffic(
    gap_ms: float,
) -> None:
    """Canal tails a replica with lower file numbers: every place in the feed is below every answer's."""
    stage = Stage(LADDER, size=1, reserve=1, audit_ms=20_000)
    stage.files_ahead = 100
    for score in range(int(90_000 // gap_ms)):
        stage.deliver(stage.upsert(3, 55 + score % 9))
        assert stage.state is not State.EXACT or stage.keys == stage.truth
        stage.run(gap_ms)
    stage.assert_exact()
    assert stage.topn.totals.audits > 0, "a held answer is passed as well"
    assert stage.topn.totals.audit_mismatches == 0


def test_a_backlog_from_before_the_clock_was_set_back_is_not_of_another_log() -> None:
    """Its places are in the answer's log, as they should be, and its times an hour later."""
    stage = started(LADDER, size=1, reserve=1)
    old = [stage.upsert(1, 90), stage.upsert(1, 50)]
    stage.unread = [2]
    stage.clock_error_ms = -3_600_000
    stage.topn.lose("a message")
    stage.run(40_000)
    assert stage.state is State.CATCHING_UP
    for event in old:
        stage.deliver(event)
        assert stage.state is State.CATCHING_UP, "there may be more of it"


def test_a_backlog_of_a_log_begun_anew_does_not_pass_by_its_gtid() -> None:
    """The answer has the GTIDs of the new log, and lacks all that still come of the old one."""
    stage = Stage(LADDER, size=1, reserve=1)
    stage.hold_at_query()
    uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
    read = msgspec.structs.replace(stage.snapshot(), position=None, gtid=f"{uuid}:1-3")
    stage.answer(read)
    stage.holding = False
    for key, score in ((1, 90), (1, 50)):
        old = backlog(stage, key, score, 10, server_id=SERVER_ID, age_ms=9_000_000)
        stage.run(200)
        stage.deliver(msgspec.structs.replace(old, position=None, gtid=f"{uuid}:6000"))
        assert stage.state is State.CATCHING_UP


# ── when the table was read ───────────────────────────────────────────────────────────────────


def test_a_slow_query_on_a_sparse_feed_is_no_sign_that_canal_hangs() -> None:
    """It waited for a lock; what was written just before the table was read has had no time to come."""
    stage = started(LADDER, size=1, reserve=1)
    stage.run(5000)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    stage.run(3000)
    late = stage.upsert(3, 99)
    stage.answer()
    stage.holding = False
    stage.run(1900)
    assert stage.claim == (State.EXACT, False)
    stage.deliver(late)
    stage.run(100)
    assert stage.claim == (State.EXACT, False)
    assert not stage.notices


# ── a table that is not there ─────────────────────────────────────────────────────────────────

GONE = "there is no table shop.likes; create it, or correct the name"


def say_it_is_gone(stage: Stage, for_ms: float) -> None:
    """The table answers each query for so long that it is not there."""
    stage.holding = True
    until_ms = stage.now_ms + for_ms
    while stage.now_ms < until_ms:
        stage.run(100)
        if stage.topn.query_wanted and stage.topn.load is not None:
            stage.topn.failed(stage.topn.load, GONE, stage.now_ms, retry_in_ms=1000, missing=True)
    stage.holding = False


def test_a_board_of_a_table_that_is_gone_is_inexact_until_it_is_back_and_loaded() -> None:
    """RENAME of it alone, or DROP DATABASE: both are filed under another name."""
    stage = started(LADDER, size=1, reserve=1, audit_ms=1000)
    say_it_is_gone(stage, 20_000)
    assert (stage.state, stage.reason) == (
        State.INEXACT,
        f"the table is not what it was: {GONE}",
    )
    stage.table[9] = 99
    stage.settle().assert_exact()
    assert stage.keys == [9]
    assert stage.topn.totals.audit_mismatches == 0, "it was known to be wrong"


def test_a_query_that_fails_otherwise_is_no_reason_to_doubt_the_board() -> None:
    stage = started(LADDER, size=1, reserve=1)
    stage.topn.want(Why.AUDIT)
    stage.hold_at_query()
    assert stage.topn.load is not None
    stage.topn.failed(stage.topn.load, "too many connections", stage.now_ms, retry_in_ms=1000)
    stage.assert_exact()


def test_an_empty_board_of_a_table_that_was_dropped_is_exact() -> None:
    stage = started(LADDER, size=1, reserve=1, audit_ms=1000)
    stage.deliver(stage.truncate())
    say_it_is_gone(stage, 5000)
    stage.assert_exact()


def test_a_table_found_gone_before_the_feed_told_of_the_drop_is_exact_once_it_has() -> None:
    stage = started(LADDER, size=1, reserve=1, audit_ms=1000)
    dropped = stage.truncate()
    say_it_is_gone(stage, 6000)
    assert stage.state is State.INEXACT
    stage.deliver(dropped)
    stage.assert_exact()
    assert stage.keys == []


def test_a_table_that_came_back_unannounced_is_not_exact_before_it_was_loaded() -> None:
    """Another one has got the name, with rows that no message tells of."""
    stage = started(LADDER, size=1, reserve=1, audit_ms=1000)
    stage.deliver(stage.truncate())
    say_it_is_gone(stage, 3000)
    stage.table[9] = 99
    stage.holding = True
    stage.deliver(stage.upsert(3, 10))
    assert stage.state is State.INEXACT
    stage.holding = False
    stage.settle().assert_exact()
    assert stage.keys == [9]
