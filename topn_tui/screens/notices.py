"""The notices over the panels, and what toasts said; new ones appear while it is open."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from engine.status import EngineStatus, Notice
from topn_tui.language import mark, t
from topn_tui.panels.notices import NoticeList
from topn_tui.remapping import key_of
from topn_tui.screens.over_panels import OverPanels
from topn_tui.screens.toasts import put_away


class NoticesScreen(OverPanels[None]):
    """Closes with the key that opened it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the list, which would take Escape for itself to let its cursor go.
        Binding("escape", "dismiss", mark("Close"), priority=True, id="back"),
        Binding("n", "dismiss", mark("Close"), show=False, priority=True, id="notices"),
        Binding("q", "dismiss", mark("Close"), show=False, priority=True, id="quit"),
        Binding("c", "app.copy_row", "Copy", show=False, id="copy_row"),
    ]

    def compose(self) -> ComposeResult:
        notices = NoticeList(id="notice-list")
        notices.border_title = Content(
            t("Notices, and what this screen said in passing; newest first")
        )
        notices.border_subtitle = Content(
            t(
                "{open} the whole text · {back} close",
                open=key_of(self, "open"),
                back=key_of(self, "back"),
            )
        )
        yield notices

    def on_mount(self) -> None:
        self.watch(self.app, "live", self._take)
        self.watch(self.app, "ended", self._take_end)
        self.watch(self.app, "said", self._take_said)
        put_away(self.app)
        self.query_one(NoticeList).focus()

    def _take(self, live: EngineStatus) -> None:
        self.query_one(NoticeList).live = live

    def _take_end(self, ended: str | None) -> None:
        self.query_one(NoticeList).ended = ended

    def _take_said(self, said: tuple[Notice, ...]) -> None:
        self.query_one(NoticeList).said = said
