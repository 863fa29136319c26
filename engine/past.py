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
from collections.abc import Callable, Mapping
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
        self._began_ms: int | None = None
        """When the newest moment began, if another batch without verdicts may still join it."""

    @property
    def rows(self) -> int:
        """Rows in the differences of all moments."""
        return self._rows

    def record(
        self, change: BoardChange, make_after: Callable[[], After], *, told: bool, at_ms: int
    ) -> None:
        """Add a moment; O(the change). `make_after` is asked once, now."""
        after = make_after()
        rows: dict[Key, Row | None] = {of.row.key: None for of in change.left}
        for row in change.entered:
            rows[row.key] = cut_row(row)
        for row in change.moved:
            rows[row.key] = cut_row(row)
        before = self._events
        began_ms = self._began_ms
        if not told and began_ms is not None and 0 <= at_ms - began_ms < TOGETHER_MS:
            last = self._moments.pop()
            self._rows -= len(last.rows)
            rows = {**last.rows, **rows}
            before = last.events_before
        else:
            self._began_ms = None if told else at_ms
        self._events = after.events_total
        self._rows += len(rows)
        self._moments.append(Moment(at_ms, rows, before, told, after))
        self._forget()

    def past(self) -> Past:
        """All that is kept. O(N)."""
        return Past(base=dict(self._base), moments=tuple(self._moments))

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
