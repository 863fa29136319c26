"""Text over the panels, to read and to scroll."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.status import Key
from topn_tui.keys import DETAIL_KEYS
from topn_tui.language import mark, t
from topn_tui.panels.detail import Detail
from topn_tui.panels.tones import content
from topn_tui.remapping import key_of
from topn_tui.screens.over_panels import OverPanels
from topn_tui.screens.toasts import put_away

_KEYS_HERE = mark("{up} {down} scroll · {copy_row} copy · {back} close")
_KEYS_TO_ROW = mark("{up} {down} scroll · {jump} to the row · {copy_row} copy · {back} close")
_NAMED_KEYS = ("up", "down", "jump", "copy_row", "back")


class DetailScreen(OverPanels[Key | None]):
    """One row in full, as it was when it was opened. The panels below go on.

    Its result is the key of the row to go to; None: none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", mark("Close"), id="back"),
        Binding("q", "dismiss", mark("Close"), show=False, id="quit"),
        Binding("enter", "dismiss", mark("Close"), show=False, id="open"),
        Binding("c", "app.copy_row", "Copy", show=False, id="copy_row"),
        Binding("up", "scroll(-1)", "Up", show=False, id="up"),
        Binding("down", "scroll(1)", "Down", show=False, id="down"),
        *DETAIL_KEYS,
    ]

    def __init__(self, detail: Detail) -> None:
        super().__init__()
        self.detail = detail

    def compose(self) -> ComposeResult:
        box = VerticalScroll(
            Static(content(self.detail.lines), id="detail-text", markup=False), id="detail"
        )
        box.border_title = Content(self.detail.title)  # as Content: no markup is parsed
        box.border_subtitle = Content(
            t(
                _KEYS_HERE if self.detail.key is None else _KEYS_TO_ROW,
                **{of: key_of(self, of) for of in _NAMED_KEYS},
            )
        )
        yield box

    def on_mount(self) -> None:
        self.query_one("#detail").focus()
        put_away(self.app)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a way to a row only from a detail that is about one."""
        return action != "jump" or self.detail.key is not None

    def action_jump(self) -> None:
        self.dismiss(self.detail.key)

    def action_scroll(self, by: int) -> None:
        self.query_one("#detail").scroll_relative(y=by, animate=False)
