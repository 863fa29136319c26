"""Whether the table's server is the one that the feed comes from, and not behind it.

A load answered by a replica that lags is a board of the past, and the feed that follows it does not
bring back what lies between. What was delivered *before* a query was asked must be in the log of the
server that answers it; where it surely is not, the answer is of no use.

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

from engine.core.changes import Answer, Delivery, Event, LogPosition
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

_MARIADB_GTID = re.compile(r"\d+-(\d+)-\d+")
_UUID = re.compile(r"[0-9a-fA-F-]{36}(?=:)")


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
        self._lacking: Answer | None = None
        """The last answer that lacked it."""
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
            self._doubt(None, None, 0)

    def see(self, deliveries: Sequence[Delivery]) -> None:
        """Take in the last of what was delivered: one event of many is enough."""
        event = deliveries[-1].events[-1]
        if event.gtid or event.position is not None:
            self.newest = event
            self._compare_ids(event)

    def behind(self, seen: Event | None, answer: Answer) -> str | None:
        """Why an answer cannot be believed whose query was asked after `seen` had been delivered."""
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
        problem = _problem(seen, answer)
        if problem is None or not _made_there(seen, answer):
            self._doubt(None, None, 0)
            if problem is None:
                self._uuid = answer.server_uuid
                self._compare_times(seen, answer)
            return problem
        if answer.server_uuid and self._uuid not in ("", answer.server_uuid):
            return problem  # another server, under the id of the one before
        again = seen == self._refused or _goes_on(self._lacking, answer)
        self._doubt(seen, answer, self._refusals + 1 if again else 1)
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

    def _doubt(self, seen: Event | None, answer: Answer | None, refusals: int) -> None:
        self._refused, self._lacking, self._refusals = seen, answer, refusals

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


def _wrote(event: Event) -> int | None:
    """Who made a change, if need be by MariaDB's GTID ``domain-server-sequence``; else None."""
    if event.server_id is not None:
        return event.server_id
    found = _MARIADB_GTID.fullmatch(event.gtid)
    return int(found[1]) if found else None


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
