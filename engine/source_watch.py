"""Whether the table's server is the one that the feed comes from, and not behind it.

A load answered by a replica that lags is a board of the past, and the feed that follows it does not
bring back what lies between. What was delivered *before* a query was asked must be in the log of the
server that answers it; where it surely is not, the answer is of no use.

GTIDs mean the same on every server. A place in the log does not: files of two servers may have the
same names. So where the feed's changes were made on another server, places are not compared at all.
(Canal may well tail this server, a replica; that cannot be told from the messages.)

A server that lacks a change that it has made itself is not behind: its log was begun anew (RESET MASTER).
Its answer is taken after a while, without what compares it with the old log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from engine.core.changes import Answer, Delivery, Event, LogPosition
from engine.core.evidence import gtid_after, same_log
from engine.ports import TableReport
from engine.told import told

TURN = told("point table.url to the server that Canal tails")

OTHERS_TOLD = 16
"""How many other servers are told. A chain of replicas has a few; the ids come out of messages."""

REFUSALS = 5
"""How often an answer is refused because of one and the same message, at least, before the log is taken for
one begun anew. A new message, which is of the new log, ends it sooner."""

_MARIADB_GTID = re.compile(r"\d+-(\d+)-\d+")


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
        self._refused: Event | None = None
        """The message that the answering server has itself logged and yet lacks, and how often it did."""
        self._refusals = 0

    def described(self, report: TableReport) -> None:
        """The server has told who it is."""
        if report.server_id != self._server_id:
            self._server_id, self._others = report.server_id, set()
            self._refused, self._refusals = None, 0

    def see(self, deliveries: Sequence[Delivery]) -> None:
        """Take in the last of what was delivered: one event of many is enough."""
        event = deliveries[-1].events[-1]
        if event.gtid or event.position is not None:
            self.newest = event
            self._compare_ids(event)

    def behind(self, seen: Event | None, answer: Answer) -> str | None:
        """Why an answer cannot be believed whose query was asked after `seen` had been delivered."""
        if seen is None:
            return None
        if None not in (answer.server_id, self._server_id) and answer.server_id != self._server_id:
            return told(
                "the server with id {now} answers, and the one with id {before} did before: looking "
                "at it anew",
                now=answer.server_id,
                before=self._server_id,
            )
        problem = _problem(seen, answer)
        made_there = answer.server_id is not None and _wrote(seen) == answer.server_id
        if problem is None or not made_there:
            self._refused, self._refusals = None, 0
            return problem
        self._refusals = self._refusals + 1 if seen == self._refused else 1
        self._refused = seen
        return None if self._begun_anew else problem

    @property
    def elsewhere(self) -> bool:
        """Whether the feed has changes that were made on another server than the table's."""
        return bool(self._others)

    def believed(self, answer: Answer) -> Answer:
        """The answer without what proves nothing."""
        if self._begun_anew:
            return msgspec.structs.replace(answer, position=None, gtid="")
        return msgspec.structs.replace(answer, position=None) if self.elsewhere else answer

    @property
    def _begun_anew(self) -> bool:
        return self._refusals > REFUSALS

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


def _wrote(event: Event) -> int | None:
    """Who made a change, if need be by MariaDB's GTID ``domain-server-sequence``; else None."""
    if event.server_id is not None:
        return event.server_id
    found = _MARIADB_GTID.fullmatch(event.gtid)
    return int(found[1]) if found else None


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
