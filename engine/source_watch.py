"""Whether the table's server is the one that the feed comes from, and not behind it.

A load answered by a replica that lags is a board of the past, and the feed that follows it does not
bring back what lies between. What was delivered *before* a query was asked must be in the log of the
server that answers it; where it surely is not, the answer is of no use. What was delivered is not only the
last message: partitions come in any order, and after a step back Canal sends old messages again. So the
furthest message of each partition counts, too, until one shows that the log is no longer the same.

GTIDs mean the same on every server. A place in the log does not: files of two servers may have the
same names. So where the feed's changes were made on another server, places are not compared at all.
(Canal may well tail this server, a replica; that cannot be told from the messages.)

A server that lacks a change that it has made itself is not behind: its log was begun anew (RESET MASTER), or
the places are of the log of a replica, which Canal tails. Its answer is taken after a while, without what
compares it with another log. Or it is a copy, made out of a backup, that has the id of the first: MySQL's
server_uuid tells those apart; on MariaDB, or if the engine has never seen the first, a warning is all.
If that replica's log has lower numbers, nothing seems to be lacking. Then what shows it is a message from long
after an answer, at a place before the answer's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from engine.core.changes import Answer, Delivery, Event, Kind, LogPosition
from engine.core.evidence import SLACK_MS, comparable, gtid_after, much_later, same_log
from engine.ports import TableReport
from engine.told import told

TURN = told("point table.url to the server that Canal tails")

OTHERS_TOLD = 16
"""How many other servers are told. A chain of replicas has a few; the ids come out of messages."""

REFUSALS = 5
"""How often an answer is refused, at least, before the log is taken for another one than the feed's: because of
one and the same message, or of new ones while that log goes on as well. Under new messages a log that stands
still is not theirs. A message of a log begun anew ends it sooner."""

_MARIADB_GTID = re.compile(r"(\d+)-(\d+)-(\d+)")
_MYSQL_GTID = re.compile(r"([0-9a-fA-F-]{36}):(?:\d+-)?(\d+)")
_UUID = re.compile(r"[0-9a-fA-F-]{36}(?=:)")


class _Furthest(msgspec.Struct, frozen=True):
    """The message of one partition that lies furthest in the log."""

    event: Event
    es_ms: int | None
    """The greatest binlog time there up to it: a long transaction's events have that of its beginning."""


class SourceWatch:
    """Compares what the feed delivers with what the table's server says of itself.

    Args:
        notify: level and sentence for a person.
    """

    def __init__(self, notify: Callable[[str, str], None]) -> None:
        self._notify = notify
        self._server_id: int | None = None
        self._others: set[int] = set()
        self.newest: Event | None = None
        """The latest delivered event that says where in the log it was."""
        self._furthest: dict[int, _Furthest] = {}
        """By partition; all of one log, and of one order."""
        self._refused: tuple[Event, ...] = ()
        """The messages that the answering server has itself logged and yet lacks, and how often it did."""
        self._refusals = 0
        self._lacking: Answer | None = None
        """The last answer that lacked them."""
        self._uuid = ""
        """MySQL's name for the server whose answers were found to be up to date, the id apart."""
        self._reference: Answer | None = None
        """The first answer to whose place the feed has not come since."""
        self._ahead = False
        """It never will: the feed is long past that answer by its time."""

    def described(self, report: TableReport) -> None:
        """The server has told who it is."""
        if report.server_id != self._server_id:
            self._server_id, self._others, self._uuid = report.server_id, set(), ""
            self._reference, self._ahead = None, False
            self._doubt((), None, 0)

    def see(self, deliveries: Sequence[Delivery]) -> None:
        """Take in what was delivered; of each message the last event is enough."""
        last = deliveries[-1].events[-1]
        if not (self._furthest or _placed(last) or last.kind is Kind.DEAD):
            return  # a feed that never says where in the log it is
        before, latest = self.newest, dict[int, Event]()
        for delivery in deliveries:
            partition, event = delivery.partition, delivery.events[-1]
            if not _placed(event):
                continue
            previous = latest.get(partition)
            if previous is not None and _may_lie_before(event, previous):
                self._follow(partition, previous)
            latest[partition] = self.newest = event
        for partition, event in latest.items():
            self._follow(partition, event)
        if self.newest is not None and self.newest is not before:
            self._compare_ids(self.newest)

    def _follow(self, partition: int, event: Event) -> None:
        """Keep the furthest message of each partition, as long as the log is the same."""
        furthest = self._furthest
        if any(_lies_before(event, one.event) is None for one in furthest.values()):
            furthest.clear()  # another server's, perhaps: which one is further nobody knows
        head = furthest.get(partition)
        if head is None:
            furthest[partition] = _Furthest(event, event.es_ms)
        elif not _lies_before(event, head.event):
            furthest[partition] = _Furthest(event, max(head.es_ms or 0, event.es_ms or 0) or None)
        elif head.es_ms is None or event.es_ms is None or event.es_ms > head.es_ms + SLACK_MS:
            # What is sent again was logged before. This was not: the log has been begun anew.
            furthest.clear()
            furthest[partition] = _Furthest(event, event.es_ms)

    @property
    def furthest(self) -> tuple[Event, ...]:
        """By partition, the delivered message that lies furthest in the log."""
        return tuple(one.event for one in self._furthest.values())

    def behind(
        self, seen: Event | None, answer: Answer, furthest: Sequence[Event] = ()
    ) -> str | None:
        """Why an answer cannot be believed.

        Args:
            seen: :attr:`newest`, as it was when the query was asked.
            answer: what came back.
            furthest: :attr:`furthest`, the same.
        """
        if seen is None:
            self._uuid = self._uuid or answer.server_uuid
            return None
        if None not in (answer.server_id, self._server_id) and answer.server_id != self._server_id:
            return told(
                "the server with id {now} answers, and the one with id {before} did before: looking "
                "at it anew",
                now=answer.server_id,
                before=self._server_id,
            )
        lacking = tuple(event for event in (seen, *furthest) if _problem(event, answer))
        problem = _problem(lacking[0], answer) if lacking else None
        if problem is None or not all(_made_there(event, answer) for event in lacking):
            self._doubt((), None, 0)
            if problem is None:
                self._uuid = answer.server_uuid
                self._compare_times(seen, answer)
            return problem
        if answer.server_uuid and self._uuid not in ("", answer.server_uuid):
            return problem  # another server, under the id of the one before
        again = lacking == self._refused or _goes_on(self._lacking, answer)
        self._doubt(lacking, answer, self._refusals + 1 if again else 1)
        if self._refusals == REFUSALS + 1 and not self._uuid:
            self._warn_of_a_copy(answer)
        return None if self._other_log else problem

    @property
    def elsewhere(self) -> bool:
        """Whether the feed has changes that were made on another server than the table's."""
        return bool(self._others)

    def believed(self, answer: Answer) -> Answer:
        """The answer without what proves nothing."""
        if self._other_log:
            return msgspec.structs.replace(answer, position=None, gtid="")
        if self.elsewhere or self._ahead:
            return msgspec.structs.replace(answer, position=None)
        return answer

    @property
    def _other_log(self) -> bool:
        """The feed's places and GTIDs are not of the log that the table's server has now."""
        return self._refusals > REFUSALS

    def _doubt(self, lacking: tuple[Event, ...], answer: Answer | None, refusals: int) -> None:
        self._refused, self._lacking, self._refusals = lacking, answer, refusals

    def _compare_times(self, seen: Event, answer: Answer) -> None:
        """Whether place and time of the last message contradict each other, since the reference."""
        since = self._reference
        if since is None or not comparable(answer.position, since.position):
            self._reference, self._ahead = answer, False
        elif same_log(seen, since):
            went_back = answer.position < since.position  # type: ignore[operator]  # comparable
            if went_back or seen.position >= since.position:  # type: ignore[operator]  # the same
                self._reference, self._ahead = answer, False
            elif much_later(seen, since) and seen.es_ms <= answer.clock_ms + SLACK_MS:  # type: ignore[operator]
                self._ahead = True

    def _warn_of_a_copy(self, answer: Answer) -> None:
        self._notify(
            "warning",
            told(
                "the log of the server with id {read} lacks what that server has written itself, and its "
                "answers are taken all the same: it was begun anew (RESET MASTER), or Canal tails a "
                "replica of it; if it is a copy that has the same id, {turn}",
                read=answer.server_id,
                turn=TURN,
            ),
        )

    def _compare_ids(self, event: Event) -> None:
        wrote = _wrote(event)
        if wrote is None or self._server_id is None or wrote == self._server_id:
            return
        if wrote not in self._others and len(self._others) < OTHERS_TOLD:
            self._others.add(wrote)
            self._notify(
                "warning",
                told(
                    "the feed has changes made on the server with id {wrote}, and the table is read "
                    "from the one with id {read}: unless Canal tails that one, {turn}",
                    wrote=wrote,
                    read=self._server_id,
                    turn=TURN,
                ),
            )


def _placed(event: Event) -> bool:
    """Whether it says where in the log it was."""
    return bool(event.gtid) or event.position is not None


def _may_lie_before(event: Event, other: Event) -> bool:
    """What :func:`_lies_before` has to look at; for each message, so at a glance."""
    if event.position is not None and other.position is not None:
        return event.position < other.position
    mine, theirs = event.gtid, other.gtid
    return len(mine) < len(theirs) or (len(mine) == len(theirs) and mine < theirs)


def _lies_before(event: Event, other: Event) -> bool | None:
    """Whether the event was logged before the other one, of the same feed; None where unknown."""
    if comparable(event.position, other.position):
        return event.position < other.position  # type: ignore[operator]  # neither is None
    mine, theirs = _sequence(event.gtid), _sequence(other.gtid)
    if mine is None or theirs is None or mine[0] != theirs[0]:
        return None
    return mine[1] < theirs[1]


def _sequence(gtid: str) -> tuple[str, int] | None:
    """What counts a transaction, and its number there: MariaDB's domain, or the server's UUID."""
    if found := _MARIADB_GTID.fullmatch(gtid):
        return found[1], int(found[3])
    if found := _MYSQL_GTID.fullmatch(gtid):
        return found[1].lower(), int(found[2])
    return None


def _wrote(event: Event) -> int | None:
    """Who made a change, if need be by MariaDB's GTID ``domain-server-sequence``; else None."""
    if event.server_id is not None:
        return event.server_id
    found = _MARIADB_GTID.fullmatch(event.gtid)
    return int(found[2]) if found else None


def _made_there(event: Event, answer: Answer) -> bool:
    """Whether the answering server has made a change itself, as far as can be told."""
    uuids = {uuid.lower() for uuid in _UUID.findall(event.gtid)}
    if answer.server_uuid and len(uuids) == 1:
        return uuids == {answer.server_uuid.lower()}
    return answer.server_id is not None and _wrote(event) == answer.server_id


def _goes_on(before: Answer | None, answer: Answer) -> bool:
    """Whether something was logged between two answers."""
    if before is None:
        return False
    if comparable(answer.position, before.position):
        return answer.position > before.position  # type: ignore[operator]  # neither is None
    return bool(gtid_after(answer.gtid, before.gtid))


def _problem(seen: Event, answer: Answer) -> str | None:
    """Why the log of the answer surely lacks the event; None where it may have it."""
    if seen.gtid and answer.gtid:
        after = gtid_after(seen.gtid, answer.gtid)
        if after is not None:
            return _behind_text(seen.gtid, answer.gtid) if after else None
    if same_log(seen, answer):
        assert seen.position is not None
        assert answer.position is not None
        if seen.position > answer.position:
            return _behind_text(_place(seen.position), _place(answer.position))
    return None


def _behind_text(delivered: str, log: str) -> str:
    return told(
        "its log ends at {log}, before {delivered}, which the feed had delivered already: a replica "
        "that lags, or another server than Canal's; {turn}",
        log=log[:80],
        delivered=delivered[:80],
        turn=TURN,
    )


def _place(position: LogPosition) -> str:
    return f"{position.base}.{position.number:06d}:{position.offset}"
