"""What a delivered event proves: GTIDs, places in the binlog, binlog time, batches, steps back."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.changes import Answer, Event, Kind, LogPosition
from engine.core.evidence import (
    BatchRef,
    EndOffsets,
    comparable,
    gtid_after,
    is_newer,
    lies_beyond,
)
from engine.core.feed import FeedView, HighWater
from engine.core.loading import Load, Passed, Why

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
OTHER = "4f22ab58-82db-22f2-8f44-d91bb0530673"


def at(number: int, offset: int, base: str = "binlog") -> LogPosition:
    return LogPosition(number=number, offset=offset, base=base)


def event(
    es_ms: int | None = None,
    position: LogPosition | None = None,
    gtid: str = "",
    server_id: int | None = 1,
) -> Event:
    return Event(
        Kind.ROWS, "UPDATE", es_ms=es_ms, position=position, gtid=gtid, server_id=server_id
    )


def answer(
    clock_ms: int = 0,
    position: LogPosition | None = None,
    gtid: str = "",
    server_id: int | None = 1,
) -> Answer:
    return Answer(rows=(), clock_ms=clock_ms, position=position, gtid=gtid, server_id=server_id)


# ── GTIDs ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mine", "theirs", "after"),
    [
        ("0-1-5", "0-1-4", True),
        ("0-1-5", "0-1-5", False),
        ("0-1-5", "0-1-6", False),
        ("0-2-5", "0-1-4", True),  # the server changed: the sequence goes on within the domain
        ("0-1-10", "0-1-9", True),  # by number, not by text
        ("1-1-1", "0-1-900", True),  # a domain that the answer has not seen
        ("1-1-1", "0-1-900,1-1-1", False),
        ("1-1-2", "0-1-900,1-1-1", True),
    ],
)
def test_mariadb_ids_compare_by_sequence_within_a_domain(
    mine: str, theirs: str, after: bool
) -> None:
    assert gtid_after(mine, theirs) is after


@pytest.mark.parametrize(
    ("mine", "theirs", "after"),
    [
        (f"{UUID}:6", f"{UUID}:1-5", True),
        (f"{UUID}:5", f"{UUID}:1-5", False),
        (f"{UUID}:4", f"{UUID}:1-3:5", True),  # a gap in the answer's set
        (f"{UUID}:5", f"{UUID}:1-3:5", False),
        (f"{UUID}:4-6", f"{UUID}:1-5", True),  # partly contained is not contained
        (f"{OTHER}:1", f"{UUID}:1-5", True),
        (f"{OTHER}:1", f"{UUID}:1-5,\n{OTHER}:1-2", False),
        (f"{UUID.upper()}:5", f"{UUID}:1-5", False),  # letters of either case
    ],
)
def test_mysql_ids_compare_as_sets(mine: str, theirs: str, after: bool) -> None:
    assert gtid_after(mine, theirs) is after


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("0-1-5", f"{UUID}:1-5"), (f"{UUID}:5", "0-1-4"), ("garbage", "0-1-4"), ("", "0-1-4")],
)
def test_ids_of_different_shapes_prove_nothing(mine: str, theirs: str) -> None:
    assert gtid_after(mine, theirs) is None


# ── newer than an answer ──────────────────────────────────────────────────────────────────────


def test_the_best_clock_that_both_sides_have_decides() -> None:
    late, early = at(1, 900), at(1, 100)
    both = answer(clock_ms=50_000, position=late, gtid="0-1-5")
    assert is_newer(event(es_ms=49_000, position=early, gtid="0-1-6"), both)
    assert not is_newer(event(es_ms=90_000, position=at(2, 4), gtid="0-1-5"), both)
    assert not is_newer(event(es_ms=90_000, position=early), both), "no GTID on one side"
    assert is_newer(event(es_ms=90_000), both), "no place either"


def test_an_unreadable_gtid_falls_back_to_the_place() -> None:
    assert is_newer(event(position=at(1, 200), gtid="?"), answer(position=at(1, 100), gtid="0-1-5"))


def test_an_event_that_begins_where_the_log_ended_is_newer() -> None:
    """The answer's place is the end of the log, and an event stands where it begins."""
    assert is_newer(event(position=at(1, 100)), answer(position=at(1, 100)))
    assert not is_newer(event(position=at(1, 99)), answer(position=at(1, 100)))


def test_places_compare_across_files_by_number_and_not_at_all_across_bases() -> None:
    assert at(2, 4) > at(1, 9999)
    assert at(10, 4) > at(9, 4)
    assert comparable(at(1, 4), at(2, 4))
    assert not comparable(at(1, 4, "mysql-bin"), at(1, 4, "mariadb-bin"))
    assert not comparable(at(1, 4), None)
    other = event(es_ms=1000, position=at(9, 9, "other"))
    assert not is_newer(other, answer(clock_ms=1000, position=at(1, 4)))
    assert is_newer(msgspec_replace(other, 2001), answer(clock_ms=1000, position=at(1, 4)))


@pytest.mark.parametrize(("made_on", "read_from"), [(1, 2), (None, 1), (1, None), (None, None)])
def test_places_of_two_servers_are_not_compared(made_on: int | None, read_from: int | None) -> None:
    """Files of two servers mostly have the same names; where nobody knows whose they are, nor are they."""
    asked = answer(clock_ms=10_000, position=at(3, 500), server_id=read_from)
    older = event(es_ms=5000, position=at(120, 10), server_id=made_on)
    assert not is_newer(older, asked)
    assert is_newer(event(es_ms=11_001, position=at(2, 4), server_id=made_on), asked), "by time"


def test_a_place_beyond_proves_nothing_if_binlog_time_says_the_opposite() -> None:
    """Canal tails a replica, whose log has the ids of the server that the table is read from; or that
    server's log was begun anew, and what comes is of the old one."""
    asked = answer(clock_ms=10_000, position=at(3, 500))
    assert not is_newer(event(es_ms=7000, position=at(120, 10)), asked)
    assert is_newer(event(es_ms=8000, position=at(120, 10)), asked), "a statement takes its time"
    assert is_newer(event(position=at(120, 10)), asked), "no time, no contradiction"


@pytest.mark.parametrize(
    ("left_over", "asked"),
    [
        (f"{UUID}:6000", f"{UUID}:1-3"),
        (f"{UUID}:1-6000", f"{UUID}:1-3"),
        ("0-1-6000", "0-1-3"),
    ],
)
def test_a_gtid_that_the_answer_lacks_proves_nothing_if_binlog_time_says_the_opposite(
    left_over: str, asked: str
) -> None:
    """The log was begun anew, and with it the count; what comes is of the old one."""
    read = answer(clock_ms=10_000_000, gtid=asked)
    assert not is_newer(event(es_ms=1_000_000, gtid=left_over), read)
    assert is_newer(event(es_ms=9_998_000, gtid=left_over), read), "a statement takes its time"
    assert is_newer(event(gtid=left_over), read), "no time, no contradiction"


@pytest.mark.parametrize(
    ("of", "asked"),
    [
        ({"position": at(3, 500)}, {"position": at(120, 10)}),  # Canal tails a replica
        (
            {"gtid": "0-1-3"},
            {"gtid": "0-1-6000"},
        ),  # the log was begun anew, and the answer is older
    ],
)
def test_an_event_half_a_minute_later_is_newer_whatever_the_log_says(
    of: dict[str, Any], asked: dict[str, Any]
) -> None:
    read = answer(clock_ms=10_000, **asked)
    assert is_newer(event(es_ms=41_000, **of), read, waited_ms=60_000)
    assert not is_newer(event(es_ms=40_000, **of), read, waited_ms=60_000), "a clock was set back"
    assert not is_newer(event(**of), read, waited_ms=60_000)
    assert not is_newer(event(es_ms=3_610_000, **of), read, waited_ms=60_000), (
        "it is not so late yet"
    )


def msgspec_replace(old: Event, es_ms: int) -> Event:
    return Event(old.kind, old.op, es_ms=es_ms, position=old.position)


def test_binlog_time_is_believed_only_beyond_a_second() -> None:
    assert not is_newer(event(es_ms=11_000), answer(clock_ms=10_000))
    assert is_newer(event(es_ms=11_001), answer(clock_ms=10_000))
    assert not is_newer(event(), answer(clock_ms=10_000)), "unknown is not newer"


def test_lying_beyond_is_strict() -> None:
    assert lies_beyond(event(position=at(1, 5)), event(position=at(1, 4)))
    assert not lies_beyond(event(position=at(1, 4)), event(position=at(1, 4)))
    assert not lies_beyond(event(es_ms=2000), event(es_ms=2000))
    assert lies_beyond(event(es_ms=3000), event(es_ms=2000))
    assert not lies_beyond(event(es_ms=3000), event())
    assert not lies_beyond(event(es_ms=9000, position=at(1, 3)), event(position=at(1, 4)))


# ── batches ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mine", "other", "differs", "same", "later"),
    [
        (BatchRef(0, 5, 7), BatchRef(0, 4, 7), False, True, False),
        (BatchRef(0, 5, 8), BatchRef(0, 4, 7), True, False, True),
        (BatchRef(0, 5, 1), BatchRef(0, 4, 7), True, False, True),  # Canal restarted
        (BatchRef(1, 9, 8), BatchRef(0, 4, 7), True, False, True),
        (BatchRef(1, 9, 6), BatchRef(0, 4, 7), True, False, False),  # an earlier one, written late
        (BatchRef(0, 5, None), BatchRef(0, 4, None), True, False, True),
        (BatchRef(0, 4, None), BatchRef(0, 4, None), False, True, False),
        (BatchRef(1, 9, None), BatchRef(0, 4, None), False, False, False),  # who knows
        (BatchRef(1, 9, None), BatchRef(0, 4, 7), False, False, False),
    ],
)
def test_what_is_surely_another_the_same_or_a_later_batch(
    mine: BatchRef, other: BatchRef, differs: bool, same: bool, later: bool
) -> None:
    assert mine.differs(other) is differs
    assert mine.same_as(other) is same
    assert mine.later_than(other) is later


def test_end_offsets_are_passed_when_every_partition_is_read_to_its_end() -> None:
    ends = EndOffsets([3, 5], read_ms=0)
    assert ends.passed_by([3, 5])
    assert ends.passed_by([4, 9])
    assert not ends.passed_by([9, 4])


# ── steps back ────────────────────────────────────────────────────────────────────────────────


def seen(*events: Event) -> HighWater:
    mark = HighWater()
    for now_ms, each in enumerate(events):
        mark.see(each, now_ms)
    return mark


def places(*offsets: int) -> list[Event]:
    return [event(position=at(1, offset)) for offset in offsets]


def times(*seconds: float) -> list[Event]:
    return [event(es_ms=int(s * 1000)) for s in seconds]


def test_by_place_any_step_back_is_seen_and_made_good_at_the_former_head() -> None:
    assert seen(*places(10, 20, 30)).rewound_ms is None
    assert seen(*places(10, 20, 19)).rewound_ms == 2
    assert seen(*places(10, 20, 5, 10)).rewound_ms == 2, "what follows in order is no further step"
    assert seen(*places(10, 20, 5, 10, 7)).rewound_ms == 4, "the latest step back counts"
    assert seen(*places(10, 20, 5, 10, 20)).rewound_ms is None


def test_by_place_the_order_of_files_counts() -> None:
    mark = seen(event(position=at(9, 9000)), event(position=at(10, 4)))
    assert mark.rewound_ms is None
    mark.see(event(position=at(9, 9000)), 2)
    assert mark.rewound_ms == 2


def test_by_time_a_step_back_within_a_second_cannot_be_told() -> None:
    assert seen(*times(10, 9)).rewound_ms is None
    assert seen(*times(10, 8)).rewound_ms == 1
    assert seen(*times(10, 8, 10)).rewound_ms == 1, "the same second may be before the head"
    assert seen(*times(10, 8, 11)).rewound_ms is None


def test_by_time_the_mark_is_the_greatest_seen() -> None:
    assert seen(*times(10, 9.5, 9, 8.5)).rewound_ms == 3


def test_events_without_a_clock_tell_nothing() -> None:
    assert seen(*places(10, 20), event(), event()).rewound_ms is None


def test_another_base_name_starts_a_new_mark() -> None:
    mark = seen(event(position=at(5, 500, "old")), event(position=at(1, 4, "new")))
    assert mark.rewound_ms is None
    mark.see(event(position=at(1, 3, "new")), 2)
    assert mark.rewound_ms == 2


def test_a_later_load_moves_the_mark_to_its_own_place() -> None:
    mark = seen(*places(10, 20, 5))
    mark.restart_at(answer(position=at(1, 8)))
    assert mark.rewound_ms is None
    mark.see(event(position=at(1, 9)), 4)
    assert mark.rewound_ms is None
    mark.see(event(position=at(1, 7)), 5)
    assert mark.rewound_ms == 5


# ── silence ───────────────────────────────────────────────────────────────────────────────────


def held_load(partitions: int = 1, answered_ms: float = 0) -> Load:
    load = Load(partitions, Why.AUDIT, answered_ms, opened=1)
    load.take_answer(answer(clock_ms=10_000), 1, answered_ms)
    return load


def test_silence_is_counted_from_the_answer_and_only_at_the_end_of_the_partition() -> None:
    feed = FeedView(1, now_ms=0, settle_ms=2000)
    load = held_load(answered_ms=5000)
    feed.positions = [3]
    assert feed.passed(load) == [Passed.NO], "the ends are not known"
    feed.ends = EndOffsets([3], read_ms=6999)
    assert feed.passed(load) == [Passed.NO], "silent long before the answer is not silent since"
    feed.ends = EndOffsets([3], read_ms=7000)
    assert feed.passed(load) == [Passed.QUIET]
    feed.ends = EndOffsets([4], read_ms=9000)
    assert feed.passed(load) == [Passed.NO], "one message is still to be read"


def test_an_older_message_makes_the_later_silence_worthless() -> None:
    feed = FeedView(1, now_ms=0, settle_ms=2000)
    load = held_load()
    old = event(es_ms=9000)
    feed.see(0, old, 100)
    load.see(old, BatchRef(0, 0, 1), 100)
    feed.positions, feed.ends = [1], EndOffsets([1], read_ms=9000)
    assert feed.passed(load) == [Passed.NO]
    assert feed.stale(load), "only another load can help"


def test_a_newer_message_is_proof_that_no_older_one_takes_back() -> None:
    load = held_load()
    load.see(event(es_ms=12_000), BatchRef(0, 0, 1), 0)
    load.see(event(es_ms=9000), BatchRef(0, 1, 1), 0)
    assert load.passed == [Passed.YES]
    assert load.proved


# ── batch order ───────────────────────────────────────────────────────────────────────────────


def test_two_batches_beyond_the_answer_and_the_ends_pass_a_silent_partition() -> None:
    load = held_load(partitions=2)
    load.see(event(es_ms=12_000), BatchRef(0, 0, 1), 100)
    load.see(event(es_ms=13_000), BatchRef(0, 1, 2), 200)
    assert load.ends_wanted_ms == 200
    load.tick([2, 0], EndOffsets([2, 0], read_ms=200))
    assert not load.proved, "these ends were not surely read after the second batch was seen"
    load.tick([2, 0], EndOffsets([3, 0], read_ms=201))
    assert not load.proved, "not yet read up to there"
    load.tick([3, 0], None)
    assert load.proved


def test_a_resend_starts_batch_order_again() -> None:
    load = held_load(partitions=2)
    load.see(event(es_ms=12_000), BatchRef(0, 0, 1), 100)
    load.see(event(es_ms=12_000), BatchRef(0, 1, 2), 200)
    assert load.ends_wanted_ms is None, "another batch, but not beyond the first"
    load.see(event(es_ms=13_000), BatchRef(0, 2, 2), 300)
    assert load.ends_wanted_ms is None, "beyond, but of the same batch"
    load.see(event(es_ms=14_000), BatchRef(0, 3, 3), 400)
    assert load.ends_wanted_ms == 400


def test_without_batch_numbers_each_partition_has_an_order_of_its_own() -> None:
    """Simulator seed 902672: a silent third partition was never passed, for the second one's share of
    each batch was always delivered first."""
    load = held_load(partitions=3)
    load.see(event(es_ms=12_000), BatchRef(0, 0, None), 100)
    load.see(event(es_ms=13_000), BatchRef(1, 0, None), 200)
    assert load.ends_wanted_ms is None, "both may be of one batch"
    load.see(event(es_ms=15_000), BatchRef(1, 1, None), 300)
    assert load.ends_wanted_ms == 300


def test_without_batch_numbers_another_partition_proves_no_resend_finished() -> None:
    load = held_load(partitions=3)
    load.see(event(es_ms=14_000), BatchRef(0, 0, None), 100)
    load.see(event(es_ms=12_000), BatchRef(0, 1, None), 200)
    load.see(event(es_ms=15_000), BatchRef(1, 0, None), 300)
    load.see(event(es_ms=15_000), BatchRef(0, 1, None), 400)
    assert load.ends_wanted_ms is None, "sent again, and perhaps not yet on the third"
    load.see(event(es_ms=16_000), BatchRef(0, 2, None), 500)
    assert load.ends_wanted_ms == 500
