"""The container of all panels: how the height is shared out where all of them stand at once."""

from __future__ import annotations

from textual.containers import Container
from textual.reactive import var

from engine.status import EngineStatus
from topn_tui.panels.board import Board

LEAST = 12
"""Lines of the upper panels at least: the heap's lower half alone takes eight."""
LISTS = 10
"""Lines of the lists at least, before the board gets more than half to be whole."""
PIPELINE = 7
"""Lines of the pipeline, its border included."""
_FRAME, _HEAD = 2, 1
_UNDER_HEAP = 7
"""Lines under the tree: a blank one, bar, reserve, next, floor, and an open load, which may wrap."""


class PanelGrid(Container):
    """On a high terminal board and heap get what they can fill, and the lists all the rest."""

    live: var[EngineStatus] = var(EngineStatus)
    _rows = ""

    def watch_live(self, old: EngineStatus, new: EngineStatus) -> None:
        if (old.size, old.reserve.best) != (new.size, new.reserve.best):
            self.share_out()

    def on_resize(self) -> None:
        self.share_out()

    def share_out(self) -> None:
        """Again: what the board shows, or the height, has changed."""
        board = self.query_one(Board)
        below = len(self.live.reserve.best) if board.show_reserve else 0
        rows = rows_of(self.size.height, self.live.size, below)
        if rows != self._rows:
            self._rows = self.styles.grid_rows = rows


def rows_of(height: int, size: int, below: int = 0) -> str:
    """Heights of the three rows, in CSS.

    Args:
        height: lines for all three.
        size: rows of a full board.
        below: rows of the reserve that are shown under it.
    """
    board = size + below + _HEAD + _FRAME
    heap = 2 * size.bit_length() - 1 + _UNDER_HEAP + _FRAME
    wanted = max(LEAST, board, heap)
    half, whole = (height - PIPELINE) // 2, size + _HEAD + _FRAME
    upper = "1fr"
    if size and wanted < half:
        upper = str(wanted)
    elif half < whole <= height - PIPELINE - LISTS:
        upper = str(whole)  # a line or two more than half: its last row is the one that goes next
    return f"{upper} 1fr {PIPELINE}"
