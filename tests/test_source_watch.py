"""An answer of a server that is not, or lags behind, the one of the feed is not believed."""

from __future__ import annotations

import msgspec
import pytest

from engine.columns import Column, Table
from engine.core.changes import Answer, Delivery, Event, Kind, LogPosition
from engine.ports import TableReport
from engine.source_watch import OTHERS_TOLD, REFUSALS, SourceWatch

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def event(
    *, gtid: str = "", at: int | None = None, server_id: int | None = None, es_ms: int = 1000
) -> Event:
    position = None if at is None else LogPosition(3, at, "mariadb-bin")
    return Event(Kind.ROWS, "UPDATE", es_ms, gtid=gtid, position=position, server_id=server_id)


def answer(
    *,
    gtid: str = "",
    at: int | None = None,
    base: str = "mariadb-bin",
    server_id: int | None = None,
    server_uuid: str = "",
    clock_ms: int = 0,
) -> Answer:
    return Answer(
        rows=(),
        clock_ms=clock_ms,
        gtid=gtid,
        position=None if at is None else LogPosition(3, at, base),
        server_id=server_id,
        server_uuid=server_uuid,
    )


def watching() -> SourceWatch:
    made = watch()[0]
    made.described(report(1))
    return made


def watch() -> tuple[SourceWatch, list[str]]:
    told: list[str] = []
    return SourceWatch(lambda level, text: told.append(f"{level}: {text}")), told


BEHIND = [
    (event(gtid="0-1-9"), answer(gtid="0-1-8")),
    (event(gtid=f"{UUID}:1-9"), answer(gtid=f"{UUID}:1-8")),
    (event(at=500, server_id=1), answer(at=499, server_id=1)),
    (event(gtid="0-1-9", at=500, server_id=1), answer(gtid="", at=499, server_id=1)),
]
NOT_BEHIND = [
    (event(gtid="0-1-9"), answer(gtid="0-1-9")),
    (event(gtid=f"{UUID}:1-9"), answer(gtid=f"{UUID}:1-20")),
    (event(at=500, server_id=1), answer(at=500, server_id=1)),
    (event(at=500, server_id=1), answer(at=1, base="other", server_id=1)),  # another server's names
    (event(at=500, server_id=2), answer(at=1, server_id=1)),  # perhaps another server's places
    (event(at=500, server_id=1), answer(at=1)),  # perhaps the same
    (event(at=500, server_id=1), answer(server_id=1)),
    (event(gtid="0-1-9", at=1), answer(gtid="0-1-9", at=0)),  # the GTID knows better
    (event(), answer(gtid="0-1-8", at=1)),
]


@pytest.mark.parametrize(("seen", "said"), BEHIND)
def test_an_answer_older_than_what_was_delivered_before_it_was_asked(
    seen: Event, said: Answer
) -> None:
    problem = watching().behind(seen, said)
    assert problem is not None
    assert "which the feed had delivered already" in problem
    assert problem.endswith("point table.url to the server that Canal tails")


@pytest.mark.parametrize(("seen", "said"), NOT_BEHIND)
def test_what_proves_nothing_is_not_held_against_a_server(seen: Event, said: Answer) -> None:
    assert watching().behind(seen, said) is None


def test_an_answer_of_another_server_than_was_described_waits_for_another_look() -> None:
    """The name leads elsewhere now: who knows whether that one is a replica."""
    problem = watching().behind(event(at=5, server_id=1), answer(at=9, server_id=2))
    assert problem is not None
    assert "the server with id 2 answers, and the one with id 1 did before" in problem


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (event(at=500, server_id=1), answer(at=4, server_id=1)),
        (event(gtid="0-1-9"), answer(gtid="0-1-2", server_id=1)),
    ],
)
def test_a_log_that_was_begun_anew_is_believed_after_a_while_but_not_compared(
    seen: Event, said: Answer
) -> None:
    """RESET MASTER on a quiet feed: who made the change cannot lack it for another reason."""
    watch = watching()
    for _ in range(REFUSALS):
        assert watch.behind(seen, said) is not None
    assert watch.behind(seen, said) is None
    assert watch.believed(said) == answer(server_id=1), "neither place nor GTID means anything"
    newer = msgspec.structs.replace(said, position=seen.position, gtid=seen.gtid)
    assert watch.behind(seen, newer) is None
    assert watch.believed(newer) == newer, "it has caught up with the log that was delivered"


def test_a_replica_that_lags_is_refused_however_often_it_answers() -> None:
    two, _ = watch()
    two.described(report(2))
    for _ in range(3 * REFUSALS):
        assert two.behind(event(gtid="0-1-9"), answer(gtid="0-1-8", server_id=2)) is not None


def test_each_message_that_a_log_at_rest_lacks_begins_the_doubt_again() -> None:
    """A copy of the server, restored somewhere else: nobody writes to it."""
    watch = watching()
    for at in range(500, 500 + 3 * REFUSALS):
        assert watch.behind(event(at=at, server_id=1), answer(at=4, server_id=1)) is not None


@pytest.mark.parametrize("age_ms", [0, 60_000])
def test_a_log_that_goes_on_with_the_messages_that_it_lacks_is_another_one_than_the_feeds(
    age_ms: int,
) -> None:
    """Canal tails a replica with higher file numbers, or brings what is left of a log begun anew."""
    watch = watching()
    for step in range(REFUSALS):
        said = answer(at=4 + step, server_id=1, clock_ms=age_ms)
        assert watch.behind(event(at=500 + step, server_id=1), said) is not None
    for step in range(REFUSALS, 3 * REFUSALS):
        said = answer(at=4 + step, server_id=1, clock_ms=age_ms)
        assert watch.behind(event(at=500 + step, server_id=1), said) is None
        assert watch.believed(said).position is None
        assert watch.behind(event(at=500 + step, server_id=1), said) is None, "both at rest"
    assert watch.behind(event(at=900, server_id=1), said) is not None, "a copy, after all?"


def test_by_gtid_too_a_log_that_goes_on_is_another_one_and_one_at_rest_a_copy() -> None:
    for goes_on in (True, False):
        watch = watching()
        said = [f"0-1-{4 + step * goes_on}" for step in range(REFUSALS + 1)]
        refused = [
            watch.behind(event(gtid=f"0-1-{500 + step}"), answer(gtid=gtid, server_id=1))
            for step, gtid in enumerate(said)
        ]
        assert (refused[-1] is None) is goes_on
        assert None not in refused[:-1]


def test_messages_long_after_an_answer_at_places_before_its_own_are_of_another_log() -> None:
    """Canal tails a replica with lower file numbers; an answer is never behind what was delivered."""
    watch = watching()

    def asked(*, at: int, seen_at: int, seen_es_ms: int, clock_ms: int) -> bool:
        """Whether the answer's place is believed."""
        said = answer(at=at, server_id=1, clock_ms=clock_ms)
        seen = event(at=seen_at, server_id=1, es_ms=seen_es_ms)
        assert watch.behind(seen, said) is None
        return watch.believed(said).position is not None

    assert asked(at=5000, seen_at=100, seen_es_ms=9_000, clock_ms=10_000)
    assert asked(at=5010, seen_at=110, seen_es_ms=29_000, clock_ms=30_000)
    assert asked(at=5020, seen_at=120, seen_es_ms=3_600_000, clock_ms=50_000), "a clock set back"
    assert not asked(at=5030, seen_at=130, seen_es_ms=69_000, clock_ms=70_000)
    assert not asked(at=5030, seen_at=130, seen_es_ms=69_000, clock_ms=72_000), "at rest too"
    assert asked(at=5040, seen_at=5030, seen_es_ms=79_000, clock_ms=80_000), (
        "it gets there after all"
    )


def test_after_a_log_begun_anew_its_places_are_believed() -> None:
    watch = watching()
    for at, clock_ms in ((5000, 10_000), (50, 100_000), (70, 200_000)):
        said = answer(at=at, server_id=1, clock_ms=clock_ms)
        assert watch.behind(event(at=at - 10, server_id=1, es_ms=clock_ms - 1000), said) is None
        assert watch.believed(said) == said


# ── what counts as delivered ──────────────────────────────────────────────────────────────────


def deliver(watch: SourceWatch, *events: Event, partition: int = 0) -> None:
    """In one poll, a message each."""
    watch.see([Delivery(partition, offset, (event,)) for offset, event in enumerate(events)])


def asked(watch: SourceWatch, said: Answer) -> str | None:
    return watch.behind(watch.newest, said, watch.furthest)


UNREADABLE = Event(Kind.DEAD, "", reason="not readable")
OLDER_AND_NEWER = [
    (event(gtid="0-1-9"), event(gtid="0-1-10"), answer(gtid="0-1-9", server_id=1)),
    (event(gtid=f"{UUID}:9"), event(gtid=f"{UUID}:10"), answer(gtid=f"{UUID}:1-9")),
    (event(at=500, server_id=1), event(at=600, server_id=1), answer(at=550, server_id=1)),
]


@pytest.mark.parametrize(("older", "newer", "said"), OLDER_AND_NEWER)
def test_an_older_message_after_a_newer_one_makes_no_answer_good_that_lacks_the_newer(
    older: Event, newer: Event, said: Answer
) -> None:
    """Sent again by Canal, or of another partition, which nothing brings in order."""
    for partition in (0, 1):
        apart = watching()
        deliver(apart, newer)
        deliver(apart, older, partition=partition)
        assert asked(apart, said) is not None
    together = watching()
    deliver(together, newer, older)
    assert asked(together, said) is not None


@pytest.mark.parametrize(("older", "newer", "said"), OLDER_AND_NEWER)
def test_a_message_that_nobody_can_read_hides_none_that_came_with_it(
    older: Event, newer: Event, said: Answer
) -> None:
    watch = watching()
    deliver(watch, older, newer, UNREADABLE)
    assert asked(watch, said) is not None


def test_what_comes_while_a_query_runs_is_not_held_against_its_answer() -> None:
    watch = watching()
    deliver(watch, event(gtid="0-1-9"))
    newest, furthest = watch.newest, watch.furthest
    deliver(watch, event(gtid="0-1-10"))
    assert watch.behind(newest, answer(gtid="0-1-9"), furthest) is None


@pytest.mark.parametrize(
    ("before", "anew", "said"),
    [
        (event(at=500, server_id=1), event(at=20, server_id=1, es_ms=3000), answer(at=30, server_id=1)),
        (event(gtid="0-1-9"), event(gtid="0-1-2", es_ms=3000), answer(gtid="0-1-3", server_id=1)),
        (event(gtid=f"{UUID}:9"), event(gtid=f"{UUID}:2", es_ms=3000), answer(gtid=f"{UUID}:1-3")),
    ],
)  # fmt: skip
def test_an_earlier_place_at_a_later_time_is_of_a_log_begun_anew(
    before: Event, anew: Event, said: Answer
) -> None:
    """On one partition is enough: all that others brought was of the old one."""
    watch = watching()
    deliver(watch, before)
    deliver(watch, before, partition=1)
    deliver(watch, anew, partition=1)
    assert watch.furthest == (anew,)
    assert asked(watch, said) is None


def test_a_log_begun_anew_within_a_second_is_believed_after_a_while() -> None:
    watch = watching()
    deliver(watch, event(at=500, server_id=1))
    deliver(watch, event(at=20, server_id=1, es_ms=2000))
    for _ in range(REFUSALS):
        assert asked(watch, answer(at=30, server_id=1)) is not None
    assert asked(watch, answer(at=30, server_id=1)) is None


def test_a_long_transaction_makes_nothing_look_begun_anew() -> None:
    """Its events have the time of its beginning; what is sent again before them is later by time."""
    watch = watching()
    deliver(watch, event(at=500, server_id=1, es_ms=9000))
    deliver(watch, event(at=600, server_id=1, es_ms=4000))
    deliver(watch, event(at=500, server_id=1, es_ms=9000))
    assert asked(watch, answer(at=550, server_id=1)) is not None


def test_after_a_failover_that_has_lost_transactions_the_lost_ones_are_not_waited_for() -> None:
    """The new server will never have them; partitions that stay quiet will bring nothing else."""
    watch = watching()
    for partition in (0, 1):
        deliver(watch, event(gtid=f"{UUID}:9"), partition=partition)
    deliver(watch, event(gtid=f"{COPY}:1"), partition=2)
    assert asked(watch, answer(gtid=f"{UUID}:1-8,{COPY}:1", server_uuid=COPY)) is None


def test_a_feed_that_never_says_where_in_the_log_it_is_is_not_followed() -> None:
    watch = watching()
    deliver(watch, event(), event())
    deliver(watch, UNREADABLE)
    assert watch.newest is None
    assert watch.furthest == ()


# ── copies that have the id of the first ──────────────────────────────────────────────────────

COPY = "4f22ab58-82db-22f2-8f44-d91bb0530673"


def test_a_copy_with_another_uuid_is_refused_however_often_it_answers() -> None:
    watch, told = watch_of(1)
    assert watch.behind(event(at=400, server_id=1), lacking(UUID, at=450)) is None
    for _ in range(3 * REFUSALS):
        assert watch.behind(event(at=500, server_id=1), lacking(COPY)) is not None
    assert watch.behind(event(at=500, server_id=1), lacking(UUID, at=500)) is None
    for _ in range(REFUSALS):
        assert watch.behind(event(at=500, server_id=1), lacking(UUID)) is not None
    assert watch.behind(event(at=500, server_id=1), lacking(UUID)) is None, "begun anew"
    assert told == []


def test_the_first_answer_tells_which_server_it_is_also_if_nothing_was_delivered_yet() -> None:
    watch, _ = watch_of(1)
    assert watch.behind(None, lacking(UUID, at=450)) is None
    for _ in range(3 * REFUSALS):
        assert watch.behind(event(at=500, server_id=1), lacking(COPY)) is not None


def test_a_gtid_tells_a_copy_from_the_first_at_the_start_as_well() -> None:
    watch, _ = watch_of(1)
    copy = msgspec.structs.replace(lacking(COPY), gtid=f"{UUID}:1-8")
    for _ in range(3 * REFUSALS):
        assert watch.behind(event(gtid=f"{UUID}:1-9", server_id=1), copy) is not None


@pytest.mark.parametrize("uuid", ["", UUID], ids=["MariaDB", "MySQL, at the start"])
def test_what_may_be_a_copy_is_taken_after_a_while_with_a_warning(uuid: str) -> None:
    watch, told = watch_of(1)
    for _ in range(3 * REFUSALS):
        watch.behind(event(at=500, server_id=1), lacking(uuid))
    assert told == [
        "warning: the log of the server with id 1 lacks what that server has written itself, and its "
        "answers are taken all the same: it was begun anew (RESET MASTER), or Canal tails a replica of "
        "it; if it is a copy that has the same id, point table.url to the server that Canal tails"
    ]


def watch_of(server_id: int) -> tuple[SourceWatch, list[str]]:
    """One whose table's server has this id, and what it tells."""
    made, told = watch()
    made.described(report(server_id))
    return made, told


def lacking(uuid: str, *, at: int = 4) -> Answer:
    return answer(at=at, server_id=1, server_uuid=uuid)


def test_nothing_delivered_yet_proves_nothing() -> None:
    assert watching().behind(None, answer(gtid="0-1-1")) is None


def report(server_id: int | None) -> TableReport:
    column = Column(name="id", mysql_type="bigint")
    return TableReport(
        table=Table(database="d", name="t", key=column, score=column),
        server="",
        server_id=server_id,
    )


@pytest.mark.parametrize("of", [event(gtid="0-7-9"), event(at=5, server_id=7)])
def test_changes_of_another_server_are_told_once(of: Event) -> None:
    two, told = watch()
    two.described(report(2))
    at_five = answer(gtid="0-1-5", at=5)
    assert two.believed(at_five) == at_five
    for _ in range(3):
        two.see([Delivery(0, 0, (of,))])
    assert told == [
        "warning: the feed has changes made on the server with id 7, and the table is read from the "
        "one with id 2: unless Canal tails that one, point table.url to the server that Canal tails"
    ]
    # Places in two servers' logs prove nothing about each other; GTIDs do.
    assert two.believed(at_five) == answer(gtid="0-1-5")
    two.described(report(7))  # a name that leads to another server now, say
    two.see([Delivery(0, 0, (of,))])
    assert len(told) == 1
    assert two.believed(at_five) == at_five


def test_ids_that_never_end_are_not_all_kept_and_told() -> None:
    two, told = watch()
    two.described(report(2))
    for number in range(1000, 1000 + 3 * OTHERS_TOLD):
        two.see([Delivery(0, 0, (event(gtid=f"0-{number}-1"),))])
    assert len(told) == OTHERS_TOLD
    assert two.elsewhere


def test_an_unknown_server_is_not_another_one() -> None:
    unknown, told = watch()
    unknown.described(report(None))
    unknown.see([Delivery(0, 0, (event(gtid="0-7-9"),))])
    unknown.described(report(2))
    unknown.see([Delivery(0, 0, (event(gtid=f"{UUID}:1-9"),))])
    unknown.see([Delivery(0, 0, (event(),))])
    assert told == []
