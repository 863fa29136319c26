"""What must not be lost between two frames: numbered entries in bounded histories."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from engine.core.changes import BoardChange, Explained, Row, Upsert, Value
from engine.core.states import Claim
from engine.core.verdicts import Candidate
from engine.dead_letter_lines import DeadLetter
from engine.ports import Message
from engine.rows_before import ReadBefore, RowsBefore, nothing_before
from engine.status import (
    DeadLetterEntry,
    EventEntry,
    EvictionEntry,
    Notice,
    Publication,
    Transition,
)

EVENTS_KEPT = 400
EVICTIONS_KEPT = 400
NOTICES_KEPT = 200
TRANSITIONS_KEPT = 200
DEAD_LETTERS_KEPT = 100
TEXT_KEPT = 200
"""Characters (bytes, for a binary column) of each display column that an event or an eviction keeps: a
row may hold megabytes, and a screen shows a line."""
RAW_BYTES_KEPT = 4096
"""Of each message that an event entry or a dead letter keeps."""


T = TypeVar("T")


def _cut(columns: tuple[Value, ...]) -> tuple[Value, ...]:
    """The same columns, long ones cut; the same object where there is nothing to cut."""
    if not any(isinstance(value, str | bytes) and len(value) > TEXT_KEPT for value in columns):
        return columns
    return tuple([v[:TEXT_KEPT] if isinstance(v, str | bytes) else v for v in columns])


def _cut_if(columns: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
    return None if columns is None else _cut(columns)


def cut_row(row: Row) -> Row:
    """The same row, long columns cut; the same object where there is nothing to cut."""
    columns = _cut(row.columns)
    return row if columns is row.columns else Row(row.key, row.score, columns)


class Log(Generic[T]):
    """The newest entries, at most `kept`; hands out the same tuple until one is added."""

    def __init__(self, kept: int) -> None:
        self.total = 0
        self._entries: deque[T] = deque(maxlen=kept)
        self._tuple: tuple[T, ...] | None = ()

    def add(self, entry: T) -> None:
        self.total += 1
        self._entries.append(entry)
        self._tuple = None

    def entries(self) -> tuple[T, ...]:
        """Oldest first."""
        if self._tuple is None:
            self._tuple = tuple(self._entries)
        return self._tuple


class History:
    """Events, evictions, notices and dead letters, each bounded."""

    def __init__(self) -> None:
        self.events: Log[EventEntry] = Log(EVENTS_KEPT)
        self.evictions: Log[EvictionEntry] = Log(EVICTIONS_KEPT)
        self.notices: Log[Notice] = Log(NOTICES_KEPT)
        self.transitions: Log[Transition] = Log(TRANSITIONS_KEPT)
        self.dead_letters: Log[DeadLetterEntry] = Log(DEAD_LETTERS_KEPT)
        self.dead_letters_lost = 0
        """How often one could not be kept where it should be: the file, the topic."""
        self._claimed: tuple[Claim, Publication] | None = None

    def add_events(
        self,
        explained: Sequence[tuple[Explained, Candidate]],
        messages: Mapping[tuple[int, int], Message],
        *,
        total: int,
        at_ms: int,
        read_before: ReadBefore = nothing_before,
    ) -> None:
        """Add the last changes of a batch; `total` is the number of the very last one."""
        rows_before = RowsBefore(read_before, messages)
        number = total - len(explained)
        for line, candidate in explained:
            number += 1
            message = messages.get((line.partition, line.offset))
            raw = b"" if message is None or message.value is None else message.value
            change = candidate.change
            columns = _cut(change.columns) if isinstance(change, Upsert) else ()
            entry = EventEntry(
                number=number,
                at_ms=at_ms,
                explained=line,
                columns=columns,
                columns_before=_cut_if(rows_before.of(candidate)),
                raw=raw[:RAW_BYTES_KEPT],
                raw_size=len(raw),
            )
            self.events.add(entry)

    def add_evictions(self, change: BoardChange, *, at_ms: int) -> None:
        """Add the rows that left the board."""
        for eviction in change.left:
            entry = EvictionEntry(
                number=self.evictions.total + 1,
                at_ms=at_ms,
                row=cut_row(eviction.row),
                cause=eviction.cause,
                rank=eviction.rank,
                by=eviction.by and cut_row(eviction.by),
                successor=eviction.successor and cut_row(eviction.successor),
            )
            self.evictions.add(entry)

    def add_notice(self, level: str, text: str, *, at_ms: int) -> None:
        """Add a notice, unless it repeats the newest one."""
        newest = self.notices.entries()[-1:]
        if newest and (newest[0].level, newest[0].text) == (level, text):
            return
        number = self.notices.total + 1
        self.notices.add(Notice(number=number, at_ms=at_ms, level=level, text=text))

    def add_transition(self, claim: Claim, publication: Publication, *, at_ms: int) -> None:
        """Add what is claimed now and who publishes it, if either is new."""
        if self._claimed == (claim, publication):
            return
        self._claimed = (claim, publication)
        transition = Transition(
            number=self.transitions.total + 1,
            at_ms=at_ms,
            state=claim.state,
            reason=claim.reason,
            provisional=claim.provisional,
            publication=publication,
        )
        self.transitions.add(transition)

    def add_dead_letter(self, letter: DeadLetter) -> None:
        """Show a message that could not be used; of its bytes the beginning."""
        entry = DeadLetterEntry(
            number=self.dead_letters.total + 1,
            at_ms=letter.noticed_ms,
            topic=letter.topic,
            partition=letter.partition,
            offset=letter.offset,
            timestamp_ms=letter.timestamp_ms,
            reason=letter.reason,
            raw=(letter.value or b"")[:RAW_BYTES_KEPT],
            raw_size=letter.raw_size,
        )
        self.dead_letters.add(entry)
