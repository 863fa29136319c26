"""Text over the panels, to read and to scroll."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from topn_tui.language import mark, t
from topn_tui.panels.detail import Detail
from topn_tui.panels.tones import content
from topn_tui.remapping import key_of


class DetailScreen(ModalScreen[None]):
    """One row in full, as it was when it was opened. The panels below go on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", mark("Close"), id="back"),
        Binding("q", "dismiss", mark("Close"), show=False, id="quit"),
        Binding("enter", "dismiss", mark("Close"), show=False, id="open"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="up"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="down"),
    ]

    def __init__(self, detail: Detail) -> None:
        super().__init__()
        self._detail = detail

    def compose(self) -> ComposeResult:
        box = VerticalScroll(
            Static(content(self._detail.lines), id="detail-text", markup=False), id="detail"
        )
        box.border_title = Content(self._detail.title)  # as Content: no markup is parsed
        box.border_subtitle = Content(
            t(
                "{up} {down} scroll · {back} close",
                **{of: key_of(self, of) for of in ("up", "down", "back")},
            )
        )
        yield box

    def on_mount(self) -> None:
        self.query_one("#detail").focus()

    def action_scroll(self, by: int) -> None:
        self.query_one("#detail").scroll_relative(y=by, animate=False)
