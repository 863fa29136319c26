"""An answer of a server that is not, or lags behind, the one of the feed is not believed."""

from __future__ import annotations

import msgspec
import pytest

from engine.columns import Column, Table
from engine.core.changes import Answer, Delivery, Event, Kind, LogPosition
from engine.ports import TableReport
from engine.source_watch import OTHERS_TOLD, REFUSALS, SourceWatch

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"


def event(*, gtid: str = "", at: int | None = None, server_id: int | None = None) -> Event:
    position = None if at is None else LogPosition(3, at, "mariadb-bin")
    return Event(Kind.ROWS, "UPDATE", 1000, gtid=gtid, position=position, server_id=server_id)


def answer(
    *,
    gtid: str = "",
    at: int | None = None,
    base: str = "mariadb-bin",
    server_id: int | None = None,
) -> Answer:
    position = None if at is None else LogPosition(3, at, base)
    return Answer(rows=(), clock_ms=0, gtid=gtid, position=position, server_id=server_id)


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


def test_each_message_that_the_log_lacks_begins_the_doubt_again() -> None:
    watch = watching()
    for at in range(500, 500 + 3 * REFUSALS):
        assert watch.behind(event(at=at, server_id=1), answer(at=4, server_id=1)) is not None


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
