"""The recent past of the board: what each batch changed, so that any of its moments can be shown again.

A log of differences with a base that moves: the base is the board before the oldest moment kept,
each moment holds what it changed. To record a moment costs its own difference and nothing of the
board's size; what falls out at the old end is put into the base, which costs the same once more.
Only who looks back pays for a board: O(N + what has changed since the base).

A moment is a *batch*: the core applies one as a whole, so between its changes the board has no state
of its own. Batches of which no change has a verdict are put together, a tenth of a second at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from engine.core.changes import BoardChange, Row
from engine.core.rank import Floor, Key
from engine.history import cut_row
from engine.status import ReserveStatus

MOMENTS_KEPT = 400
ROWS_KEPT = 20_000
"""Of all moments' differences together. The newest moment is kept whatever its size: at most 2 N rows."""
TOGETHER_MS = 100
"""For so long batches without verdicts count as one moment."""


class After(msgspec.Struct, frozen=True):
    """What stands beside the board after a moment."""

    floor: Floor = None
    """As a status has it: None also while nothing is known."""
    whole_table_known: bool = False
    reserve: ReserveStatus = msgspec.field(default_factory=ReserveStatus)
    spilled: int = 0
    loads: int = 0
    events_total: int = 0
    """The number of the last change applied."""
    evictions_total: int = 0
    """The number of the last eviction."""


class Moment(msgspec.Struct, frozen=True):
    """One batch, or one load that was swapped in, and how things stood after it."""

    at_ms: int
    rows: Mapping[Key, Row | None]
    """What is different on the board: the row as it is now, None where it left."""
    events_before: int
    """The number of the last change before this moment: later ones, up to its `events_total`, are its own."""
    told: bool
    """Whether a change in it has a verdict."""
    after: After


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The moments kept, oldest first, as of one look. Nothing in it changes any more."""

    base: Mapping[Key, Row] = field(default_factory=dict)
    """The board before the first moment."""
    moments: tuple[Moment, ...] = ()

    def board(self, index: int) -> tuple[Row, ...]:
        """The whole board after moment `index`, highest rank first. -1: before the first."""
        rows = dict(self.base)
        for moment in self.moments[: index + 1]:
            _apply(rows, moment.rows)
        return tuple(sorted(rows.values(), key=lambda row: row.rank_key, reverse=True))

    def until(self, at_ms: int, events_total: int) -> Past:
        """Without the moments that came after a status of that time and that many changes."""
        n = len(self.moments)
        while n and (
            self.moments[n - 1].at_ms > at_ms
            or self.moments[n - 1].after.events_total > events_total
        ):
            n -= 1
        return Past(base=self.base, moments=self.moments[:n])


class Recorder:
    """Writes the past down while it happens.

    Args:
        moments_kept: at most.
        rows_kept: in the differences of all moments, unless a single one is larger.
    """

    def __init__(self, moments_kept: int = MOMENTS_KEPT, rows_kept: int = ROWS_KEPT) -> None:
        self._moments_kept, self._rows_kept = moments_kept, rows_kept
        self._base: dict[Key, Row] = {}
        self._moments: deque[Moment] = deque()
        self._rows = 0
        self._events = 0
        # The moment that batches without verdicts may still join.
        self._open: dict[Key, Row | None] | None = None
        self._began_ms = self._at_ms = 0

    @property
    def rows(self) -> int:
        """Rows in the differences of all finished moments."""
        return self._rows

    @property
    def is_open(self) -> bool:
        """A moment waits for :meth:`finish`."""
        return self._open is not None

    def record(self, change: BoardChange, after: After, *, told: bool, at_ms: int) -> None:
        """Add a batch and finish its moment, which is one of its own if `told`; O(the change).

        An open moment must have been finished before, unless this batch is to join it.
        """
        last = self._moments[-1] if self._moments else None
        joins = last is not None and not told and not last.told
        if self._open is None and joins and 0 <= at_ms - self._began_ms < TOGETHER_MS:
            self._reopen()
        self.join(change, at_ms=at_ms)
        self.finish(after, told=told)

    def join(self, change: BoardChange, *, at_ms: int) -> None:
        """Add a batch without verdicts to the open moment, opening one where there is none."""
        rows = self._open
        if rows is None:
            rows = self._open = {}
            self._began_ms = at_ms
        self._at_ms = at_ms
        for eviction in change.left:
            rows[eviction.row.key] = None
        for row in change.entered:
            rows[row.key] = row
        for row in change.moved:
            rows[row.key] = row

    def finish(self, after: After, *, told: bool = False) -> None:
        """Close the open moment, if there is one; `after`: how things stand after all its batches."""
        if self._open is None:
            return
        rows = {key: row and cut_row(row) for key, row in self._open.items()}
        self._open = None
        self._moments.append(Moment(self._at_ms, rows, self._events, told, after))
        self._events = after.events_total
        self._rows += len(rows)
        self._forget()

    def past(self) -> Past:
        """All finished moments. O(N)."""
        return Past(base=dict(self._base), moments=tuple(self._moments))

    def _reopen(self) -> None:
        last = self._moments.pop()
        self._rows -= len(last.rows)
        self._open, self._events = dict(last.rows), last.events_before

    def _forget(self) -> None:
        moments = self._moments
        while len(moments) > 1 and (
            len(moments) > self._moments_kept or self._rows > self._rows_kept
        ):
            oldest = moments.popleft()
            self._rows -= len(oldest.rows)
            _apply(self._base, oldest.rows)


def _apply(board: dict[Key, Row], rows: Mapping[Key, Row | None]) -> None:
    for key, row in rows.items():
        if row is None:
            board.pop(key, None)
        else:
            board[key] = row
