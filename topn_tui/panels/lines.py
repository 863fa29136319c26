"""A few lines of text that are drawn only when they differ from what stands there."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import Static

from topn_tui.panels.tones import Spans, content


class Lines(Static):
    """Static text, told line by line. Lines too long for it end in an ellipsis."""

    DEFAULT_CSS = """
    Lines { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes, markup=False)
        self._shown: tuple[Spans, ...] = ()

    def show(self, lines: Sequence[Spans]) -> None:
        """Draw `lines` if they are not what is shown; lay out again only if their number changed."""
        told = tuple(lines)
        if told != self._shown:
            layout = len(told) != len(self._shown)
            self._shown = told
            self.update(content(told), layout=layout)
