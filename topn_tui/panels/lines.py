"""A few lines of text that are drawn only when they differ from what stands there."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import Static

from topn_tui.panels.tones import Spans, content, fit_spans, shorten, width_of


class Lines(Static):
    """Static text, told line by line.

    Args:
        whole: of a line too long for it the last pieces are left out, whole, because a cut number
            lies. Otherwise it ends in an ellipsis, after a word.
    """

    DEFAULT_CSS = """
    Lines { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, id: str | None = None, whole: bool = False) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, markup=False)
        self._whole = whole
        self._told: tuple[Spans, ...] = ()
        self._shown: tuple[Spans, ...] = ()

    def show(self, lines: Sequence[Spans]) -> None:
        """Draw `lines` if they are not what is shown; lay out again only if their number changed."""
        self._told = tuple(lines)
        width = self.size.width
        shown = self._told
        if width:
            cut = shorten if self._whole else fit_spans
            shown = tuple(cut(of, width) if width_of(of) > width else of for of in shown)
        if shown != self._shown:
            layout = len(shown) != len(self._shown)
            self._shown = shown
            self.update(content(shown), layout=layout)

    def on_resize(self) -> None:
        self.show(self._told)
