"""The notices over the panels; new ones appear while it is open."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen

from engine.status import EngineStatus
from topn_tui.language import mark, t
from topn_tui.panels.notices import NoticeList


class NoticesScreen(ModalScreen[None]):
    """Closes with the key that opened it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the list, which would take Escape for itself to let its cursor go.
        Binding("escape,n,q", "dismiss", mark("Close"), priority=True)
    ]

    def compose(self) -> ComposeResult:
        notices = NoticeList(id="notice-list")
        notices.border_title = Content(t("Notices, newest first"))
        notices.border_subtitle = Content(t("enter the whole text · esc close"))
        yield notices

    def on_mount(self) -> None:
        self.watch(self.app, "live", self._take)
        self.query_one(NoticeList).focus()

    def _take(self, live: EngineStatus) -> None:
        self.query_one(NoticeList).live = live
