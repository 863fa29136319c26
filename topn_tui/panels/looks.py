"""One line of a table, painted: what makes it look as it does, and the cells as segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from topn_tui.panels.tones import TONES, Spans

LOOKS = {
    "": "",
    "head": "$foreground 72%",
    "cursor": "on $primary 45%",
    "blurred": "on $primary 20%",
    "marked": "on $accent 20%",
    "followed": "on $secondary 25%",
    "cursor followed": "on $primary 45%",
    "blurred followed": "on $primary 20%",
}
COLOURLESS = {"cursor": "reverse", "cursor followed": "reverse"}
"""Where there is no colour: the cursor as a bar; the others by their sign in the gutter."""
GUTTER = {
    "cursor": "▸",
    "blurred": "▹",
    "marked": "•",
    "followed": "◆",
    "cursor followed": "◈",
    "blurred followed": "◈",
}
"""The sign in the first cell that says the same as the background."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it stands on the screen; equal lines need no drawing."""

    look: str
    cells: Sequence[Spans]


class Painter:
    """Paints lines in a widget's theme; remembers the styles until it is told to forget them."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[str, str], Style] = {}

    def forget(self) -> None:
        """The theme has changed."""
        self._styles.clear()

    def strip(self, line: Line, gap: int, width: int) -> Strip:
        """The line in exactly `width` cells: a cell for the gutter, then the cells, `gap` between."""
        blank = self._style(line.look, "")
        segments = [Segment(GUTTER.get(line.look, " "), self._style(line.look, "accent"))]
        for i, cell in enumerate(line.cells):
            segments.append(Segment(" " * gap if i else "", blank))
            segments += [Segment(text, self._style(line.look, tone)) for text, tone in cell]
        return Strip(segments).adjust_cell_length(width, blank)

    def _style(self, look: str, tone: str) -> Style:
        found = self._styles.get((look, tone))
        if found is None:
            app = self._widget.app
            parse, ground = app.stylesheet.parse_style, LOOKS[look]
            if app.no_color:
                ground = COLOURLESS.get(look, "")
            style = self._widget.visual_style + parse(ground) + parse(TONES[tone])
            found = self._styles[look, tone] = style.rich_style
        return found
