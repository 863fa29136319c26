"""Whether the table's server is the one that the feed comes from, and not behind it.

A load answered by a replica that lags is a board of the past, and the feed that follows it does not
bring back what lies between. What was delivered *before* a query was asked must be in the log of the
server that answers it; where it surely is not, the answer is of no use.

GTIDs mean the same on every server. A place in the log does not: files of two servers may have the
same names. So where the feed's changes were made on another server, places are not compared at all.
(Canal may well tail this server, a replica; that cannot be told from the messages.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from engine.core.changes import Answer, Delivery, Event, LogPosition
from engine.core.evidence import comparable, gtid_after
from engine.ports import TableReport
from engine.told import told

TURN = told("point table.url to the server that Canal tails")

OTHERS_TOLD = 16
"""How many other servers are told. A chain of replicas has a few; the ids come out of messages."""

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

    def described(self, report: TableReport) -> None:
        """The server has told who it is."""
        if report.server_id != self._server_id:
            self._server_id, self._others = report.server_id, set()

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
        if seen.gtid and answer.gtid:
            after, at, end = gtid_after(seen.gtid, answer.gtid), seen.gtid, answer.gtid
            if after is not None:
                return _behind_text(at, end) if after else None
        if seen.server_id == self._server_id and comparable(seen.position, answer.position):
            assert seen.position is not None
            assert answer.position is not None
            if seen.position > answer.position:
                return _behind_text(_place(seen.position), _place(answer.position))
        return None

    @property
    def elsewhere(self) -> bool:
        """Whether the feed has changes that were made on another server than the table's."""
        return bool(self._others)

    def believed(self, answer: Answer) -> Answer:
        """The answer without what proves nothing."""
        return msgspec.structs.replace(answer, position=None) if self.elsewhere else answer

    def _compare_ids(self, event: Event) -> None:
        wrote = event.server_id or _server_of(event.gtid)
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


def _server_of(gtid: str) -> int | None:
    """Who wrote a transaction, by MariaDB's GTID ``domain-server-sequence``; else None."""
    found = _MARIADB_GTID.fullmatch(gtid)
    return int(found[1]) if found else None


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
