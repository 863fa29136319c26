"""What the operator takes away from the screen: an export, a row, a picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from textual import work

from topn_tui.copying import detail_text, row_text
from topn_tui.exporting import Shown, What, picture_name
from topn_tui.formatting import crop, safe
from topn_tui.language import t
from topn_tui.manners import Mannered
from topn_tui.new_files import NotWritten, write_numbered
from topn_tui.panels import Events, Evictions
from topn_tui.panels.find_line import FindLine
from topn_tui.panels.findable import Findable
from topn_tui.panels.ledger import Ledger
from topn_tui.remapping import key_of
from topn_tui.screens.detail import DetailScreen
from topn_tui.screens.export import ExportScreen

TOLD_CELLS = 60
"""Of what was copied, so much is told."""

_FONTS_FROM_ELSEWHERE = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)


def alone(drawing: str) -> str:
    """An exported screen that fetches nothing when it is opened: Textual's names a web font."""
    return _FONTS_FROM_ELSEWHERE.sub("", drawing)


class Tools(Mannered):
    """The app's actions that leave the engine alone and what is shown as it is."""

    _now_ms: Callable[[], int]
    """Wall time, for the names of files."""

    ALLOW_IN_MAXIMIZED_VIEW = "StateBar, PastLine, Guide, NoticeLine, Footer, FindLine"
    """What stays beside a maximised panel: how exact it is, of which moment, and what is going on."""

    def action_panel(self, name: str) -> None:
        """Go to a panel."""
        raise NotImplementedError

    def action_export(self) -> None:
        """Ask what to export; begins with the panel in focus."""
        panels = self.screen_stack[0]
        focused = panels.focused.id if panels.focused is not None else None
        what = What(focused) if focused in list(What) else What.BOARD
        screen = ExportScreen(self._shown(), what, at_ms=self._now_ms())
        self.push_screen(screen, self._tell_export)

    def action_find(self) -> None:
        """Narrow the list in focus, or the events where it is none that can be narrowed."""
        panels = self.screen_stack[0]
        focused = panels.focused
        if not isinstance(focused, Findable):
            focused = panels.query_one(Events)
            self.action_panel("events")
        panels.query_one(FindLine).open(focused)

    def action_copy_row(self) -> None:
        """The row under the cursor, or the detail that is open, through the terminal (OSC 52), also over ssh."""
        text = self._copied()
        if text is None:
            self.notify(
                t(
                    "No row is picked: {up} {down} pick one.",
                    up=key_of(self, "up"),
                    down=key_of(self, "down"),
                ),
                timeout=3,
                markup=False,
            )
            return
        self.copy_to_clipboard(text)
        row = crop(text.partition("\n")[0].replace("\t", "  "), TOLD_CELLS)
        self.notify(t("Sent to the terminal's clipboard: {row}", row=row), markup=False)

    def _copied(self) -> str | None:
        if isinstance(self.screen, DetailScreen):
            return detail_text(self.screen.detail)
        panel = self.focused
        if not isinstance(panel, Ledger) or panel.picked is None:
            return None
        return row_text(panel.picked, panel.key_of(panel.picked))

    @work(exclusive=True, group="picture")
    async def action_picture(self) -> None:
        """The screen as it is, as SVG, into the current folder."""
        drawing = alone(self.export_screenshot(simplify=True))
        status, at_ms = self._shown().status, self._now_ms()
        try:
            path = await asyncio.to_thread(
                write_numbered, picture_name(status, at_ms=at_ms), drawing
            )
        except NotWritten as error:
            said = t("No picture: {reason}", reason=safe(t(error.told)))
            self.notify(said, severity="error", markup=False)
        else:
            self.notify(t("Picture of the screen: {path}", path=safe(str(path))), markup=False)

    def _tell_export(self, said: str | None) -> None:
        if said is not None:
            self.notify(said, markup=False)

    def _shown(self) -> Shown:
        """What the panels hold, also while they are paused."""
        panels = self.screen_stack[0]
        events, evictions = panels.query_one(Events), panels.query_one(Evictions)
        return Shown(
            status=events.status, events=events.found[::-1], evictions=evictions.found[::-1]
        )
