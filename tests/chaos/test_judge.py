"""The judge itself: what it lets pass, and only then. No services."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from tests.chaos.decoding import Row, Stamp, Touch, decode
from tests.chaos.judge import Judge, Reading
from tests.chaos.killing import Killed
from tests.chaos.replica import Replica
from tests.chaos.run import Figures
from tests.chaos.schedule import ALTER_PEACE_S, rounds
from tests.chaos.shapes import LONG, SHORT
from tests.chaos.statements import ALTERS, kind_of, step


def row(key: int, score: int) -> Row:
    return (key, score, key, "u", 0)


def touch(at: int, key: int, score: int | None, *, batch: int | None = None) -> Touch:
    image = None if score is None else row(key, score)
    return Touch(key, image, Stamp(batch, (at, batch or 0)), (at, key, score))


BASE = [row(1, 50), row(2, 40), row(3, 30)]


def reading(positions: tuple[int, ...], *rows: Row, provisional: bool = False) -> Reading:
    return Reading(
        at_ms=0,
        state="EXACT",
        reason="",
        provisional=provisional,
        alive=True,
        epoch=1,
        version=1,
        updated_ms=0,
        positions=dict(enumerate(positions)),
        rows=rows,
    )


def judged(replica: Replica, found: Reading) -> Judge:
    judge = Judge(replica, 2)
    judge.hear(found)
    judge.judge()
    assert judge.verdicts.judged == 1
    judge.settle()
    return judge


def one_partition(*touches: Touch) -> Replica:
    """One touch a message."""
    replica = Replica(1)
    replica.start_from(BASE)
    for offset, one in enumerate(touches):
        replica.deliver(0, offset, [one])
    return replica


def test_a_board_is_compared_with_what_was_delivered_before_its_positions() -> None:
    replica = one_partition(touch(1, 3, 45), touch(2, 1, None))
    assert not judged(replica, reading((1,), row(1, 50), row(3, 45))).verdicts.mismatches
    late = judged(replica, reading((2,), row(1, 50), row(3, 45)))
    assert "EXACT and wrong" in late.verdicts.mismatches[0]


def test_nothing_is_judged_before_the_replica_has_come_so_far() -> None:
    replica = one_partition(touch(1, 3, 45))
    judge = Judge(replica, 2)
    judge.hear(reading((2,), row(3, 60), row(1, 50)))
    judge.judge()
    assert judge.waiting == 1
    replica.deliver(0, 1, [touch(2, 3, 60)])
    judge.judge()
    judge.settle()
    assert (judge.waiting, judge.verdicts.judged, judge.verdicts.mismatches) == (0, 1, [])


def test_ahead_of_the_feed_is_right_only_by_silence_and_only_if_it_comes_true() -> None:
    replica = one_partition(touch(1, 3, 45), touch(2, 1, 44), touch(3, 2, 60))
    ahead = reading((1,), row(3, 45), row(1, 44))
    assert judged(replica, replace(ahead, provisional=True)).verdicts.ahead == 1
    assert judged(replica, ahead).verdicts.mismatches
    never = reading((1,), row(3, 46), row(1, 44), provisional=True)
    assert judged(replica, never).verdicts.mismatches


def test_a_hole_is_believed_only_if_what_had_been_delivered_comes_again() -> None:
    missed, after = touch(1, 3, 45), touch(2, 2, 41)
    found = reading((1,), row(1, 50), row(3, 45))
    assert judged(one_partition(after, missed, after), found).verdicts.holes == 1
    assert judged(one_partition(after, missed), found).verdicts.mismatches


def test_between_partitions_the_later_one_counts_and_either_where_that_is_unknown() -> None:
    def both(first: Touch, second: Touch) -> Replica:
        replica = Replica(2)
        replica.start_from(BASE)
        replica.deliver(0, 0, [first])
        replica.deliver(1, 0, [second])
        return replica

    gone_later = both(touch(1, 1, 55), touch(2, 1, None))
    assert gone_later.images(1, (1, 1)) == {None}
    assert gone_later.images(1, (1, 0)) == {row(1, 55)}
    unknown = both(touch(1, 1, 55, batch=7), touch(2, 1, None, batch=7))
    assert unknown.images(1, (1, 1)) == {None, row(1, 55)}
    assert not judged(unknown, reading((1, 1), row(1, 55), row(2, 40))).verdicts.mismatches
    assert not judged(unknown, reading((1, 1), row(2, 40), row(3, 30))).verdicts.mismatches
    assert judged(unknown, reading((1, 1), row(1, 50), row(2, 40))).verdicts.mismatches


def test_a_cleared_table_has_none_of_its_rows() -> None:
    clear = Touch(None, None, Stamp(None, (2,)), (2,))
    replica = one_partition(touch(1, 3, 45), clear, touch(3, 9, 1))
    assert replica.top((3,), 2) == [row(9, 1)]


def test_a_message_of_another_table_touches_nothing() -> None:
    message = (
        b'{"data":[{"id":"1","like_cnt":null,"biz_id":"1","biz":"x","read_cnt":"2"}],"database":'
        b'"Webook","es":5,"id":3,"old":[{"id":"4"}],"table":"Interactives","ts":6,"type":"UPDATE"}'
    )
    moved, there = decode(message, "webook", "interactives")
    assert (moved.key, moved.row) == (4, None)
    assert (there.key, there.row) == (1, (1, None, 1, "x", 2))
    assert decode(message, "webook", "users") == []


def test_the_seed_alone_decides_what_will_happen() -> None:
    for shape in LONG:
        plans = rounds(shape, 5, seconds=200, round_s=25)
        assert plans == rounds(shape, 5, seconds=200, round_s=25)
        assert plans != rounds(shape, 6, seconds=200, round_s=25)
        kinds = {kill.service for plan in plans for kill in plan.kills}
        assert kinds == {"engine", "canal", "kafka", "redis", "mysql", "pause"}

    def steps(seed: int) -> list[list[str]]:
        chance = random.Random(seed)
        return [step(chance, key_changes=True, truncates=True) for _ in range(500)]

    assert steps(1) == steps(1) != steps(2)


def test_in_the_last_of_several_rounds_the_table_is_altered_and_canals_way_left_alone() -> None:
    for shape in (*SHORT, *LONG):
        for seed in range(20):
            *_, last = rounds(shape, seed, seconds=50, round_s=25)
            assert last.alter is not None
            assert kind_of(last.alter) == "ALTER"
            assert 0 < last.alter_at_s < last.seconds / 2
            others = [k.at_s for k in last.kills if k.service in ("canal", "kafka", "mysql")]
            assert all(at_s >= last.alter_at_s + ALTER_PEACE_S for at_s in others)


def test_no_alter_changes_nothing() -> None:
    """What was altered is taken back before it is altered again."""
    plans = rounds(LONG[0], 3, seconds=1000, round_s=25)
    altered = [plan.alter for plan in plans if plan.alter is not None]
    assert len(altered) > 10
    for do, undo in ALTERS:
        of_this = [text for text in altered if text in (do, undo)]
        assert of_this == [(do, undo)[i % 2] for i in range(len(of_this))]


def test_every_kind_of_statement_comes_and_is_told_apart() -> None:
    chance = random.Random(1)
    steps = [step(chance, key_changes=True, truncates=True) for _ in range(3000)]
    kinds = Counter(kind_of(statement) for one in steps for statement in one)
    assert kinds.keys() == {
        *("BEGIN", "COMMIT", "ROLLBACK", "TRUNCATE", "INSERT", "ON DUPLICATE KEY"),
        *("REPLACE", "REPLACE by a unique key", "key change", "DELETE", "DELETE of the best"),
        *("UPDATE", "UPDATE to NULL", "UPDATE of the best", "UPDATE of several rows"),
    }


def test_what_a_hole_may_excuse_is_bounded() -> None:
    def excuses(holes: int, judged: int, *killed: str) -> list[str]:
        figures = Figures(killed=[Killed(service=name, at_ms=0) for name in killed])
        figures.counts.update({"holes before a resend": holes, "boards judged": judged})
        return figures.excuses

    assert excuses(0, 50) == []
    assert "neither Canal nor Kafka" in excuses(1, 50, "redis", "engine")[0]
    assert excuses(20, 50, "kafka") == excuses(99, 5000, "canal") == []
    assert excuses(21, 50, "kafka") == ["21 of 50 boards excused by a hole before a resend"]
    assert excuses(101, 5000, "canal")
