"""What a delivered event proves: that the log has passed an answer, that a later batch has begun,
that the feed has stepped back.

Three clocks, best first: the GTID, the place in the binlog, and the event's binlog time, which has a
resolution of one second and is therefore believed only beyond :data:`SLACK_MS`.

A GTID means the same on every server. A place means something in one server's log, until that is begun
anew (RESET MASTER), and files of two servers mostly have the same names. Within the feed all places are of
the server that Canal tails. Between the feed and an answer they are compared only if the answering server
also made the change. Even then they may be of two logs: a change that a replica repeats keeps the id of its
maker, and a log may have been begun anew, its GTIDs too. So neither proves anything if binlog time says the
opposite; and if time says so by far, it is believed instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from engine.core.changes import Answer, Event, LogPosition

SLACK_MS = 1000
"""Binlog times are whole seconds, so two events within this span cannot be told apart in time."""

OTHER_LOG_MS = 30_000
"""An event later than an answer by more than this is of another log, if by its place it is in the answer's:
Canal tails a replica, with lower file numbers. More than clocks are mostly set back by."""

_MARIADB = re.compile(r"(\d+)-\d+-(\d+)")
_UUID_SET = re.compile(r"([0-9a-fA-F-]{36}):([\d:-]+)")


class EndOffsets(msgspec.Struct, frozen=True):
    """The log ends of all partitions, as read from the broker."""

    offsets: Sequence[int]
    read_ms: float
    """When the reading *began*, on the engine's monotonic clock."""

    def passed_by(self, positions: Sequence[int]) -> bool:
        """Whether every partition has been read up to its end as it was then."""
        return all(at >= end for at, end in zip(positions, self.offsets, strict=True))


class BatchRef(msgspec.Struct, frozen=True):
    """Which of Canal's batches a message belongs to, as far as can be known.

    Flat messages carry the batch's number. Protobuf messages made with a dynamic topic do not; there
    one message is one batch's share of one partition (Canal 1.1.8, CanalMessageSerializerUtil).
    """

    partition: int
    offset: int
    number: int | None

    def differs(self, other: BatchRef) -> bool:
        """Surely another batch. False also where that cannot be known."""
        if self.number is not None and other.number is not None:
            return self.number != other.number
        return self.partition == other.partition and self.offset != other.offset

    def same_as(self, other: BatchRef) -> bool:
        """Surely the same batch."""
        if self.number is not None and other.number is not None:
            return self.number == other.number
        return self.partition == other.partition and self.offset == other.offset

    def later_than(self, other: BatchRef) -> bool:
        """Surely a later batch: another one on the same partition, or a greater number.

        A lesser number on another partition may be an *earlier* batch that was written late.
        """
        if not self.differs(other):
            return False
        if self.partition == other.partition:
            return True
        return self.number is not None and other.number is not None and self.number > other.number


def is_newer(event: Event, answer: Answer, *, waited_ms: float = 0) -> bool:
    """Whether the event was surely logged after the answer's query. False where unknown.

    Args:
        waited_ms: how long ago the answer came. An event later than that shows a clock that was set back.
    """
    es_ms, clock_ms = event.es_ms, answer.clock_ms
    beyond = _beyond(event, answer)
    if beyond is None:
        return es_ms is not None and es_ms > clock_ms + SLACK_MS
    if beyond:
        return not _much_older(event, answer)
    return much_later(event, answer) and es_ms <= clock_ms + waited_ms + SLACK_MS  # type: ignore[operator]  # much_later: not None


def _beyond(event: Event, answer: Answer) -> bool | None:
    """Whether the answer's log ends before the event, by GTID or by place; None: neither tells."""
    if event.gtid and answer.gtid:
        after = gtid_after(event.gtid, answer.gtid)
        if after is not None:
            return after
    if same_log(event, answer):
        return event.position >= answer.position  # type: ignore[operator]  # neither is None
    return None


def same_log(event: Event, answer: Answer) -> bool:
    """Whether both have a place in the log of one server, as far as can be told."""
    return (
        event.server_id is not None
        and event.server_id == answer.server_id
        and comparable(event.position, answer.position)
    )


def _much_older(event: Event, answer: Answer) -> bool:
    """By its time the event was surely logged before the query; or it is of a long transaction, whose
    events may have the time of its beginning: then the next event proves as much."""
    return event.es_ms is not None and event.es_ms < answer.clock_ms - 2 * SLACK_MS


def much_later(event: Event, answer: Answer) -> bool:
    """By its time the event was logged so long after the query that no place in a log weighs against it."""
    return event.es_ms is not None and event.es_ms > answer.clock_ms + OTHER_LOG_MS


def lies_beyond(event: Event, other: Event) -> bool:
    """Whether the event was surely logged after the other one."""
    if comparable(event.position, other.position):
        return event.position > other.position  # type: ignore[operator]  # neither is None
    return event.es_ms is not None and other.es_ms is not None and event.es_ms > other.es_ms


def gtid_after(event: str, answer: str) -> bool | None:
    """Whether an event's GTID (set) holds a transaction that the answer's set does not.

    MariaDB: one id ``domain-server-sequence`` against a list of them. MySQL: sets
    ``uuid:1-5:9,uuid:1-3``. None where either is of another shape.
    """
    if ":" in event or ":" in answer:
        mine, theirs = _uuid_sets(event), _uuid_sets(answer)
        if not mine or not theirs:
            return None
        return any(
            not _contained(span, theirs.get(uuid, []))
            for uuid, spans in mine.items()
            for span in spans
        )
    mine_at, theirs_at = _mariadb(event), _mariadb(answer)
    if not mine_at or not theirs_at:
        return None
    return any(number > theirs_at.get(domain, -1) for domain, number in mine_at.items())


def _mariadb(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for domain, number in _MARIADB.findall(text):
        found[domain] = max(int(number), found.get(domain, 0))
    return found


def _uuid_sets(text: str) -> dict[str, list[tuple[int, int]]]:
    sets: dict[str, list[tuple[int, int]]] = {}
    for uuid, spans in _UUID_SET.findall(text):
        for span in filter(None, spans.split(":")):
            first, _, last = span.partition("-")
            if first.isdigit() and (last.isdigit() or not last):
                sets.setdefault(uuid.lower(), []).append((int(first), int(last or first)))
    return sets


def _contained(span: tuple[int, int], spans: list[tuple[int, int]]) -> bool:
    return any(first <= span[0] and span[1] <= last for first, last in spans)


def comparable(a: LogPosition | None, b: LogPosition | None) -> bool:
    return a is not None and b is not None and a.base == b.base
