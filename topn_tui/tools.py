"""What the operator takes away from the screen: an export, a row, a picture."""

from __future__ import annotations

from collections.abc import Callable

from topn_tui.exporting import Shown, What
from topn_tui.manners import Mannered
from topn_tui.panels import Events
from topn_tui.screens.export import ExportScreen


class Tools(Mannered):
    """The app's actions that leave the engine alone and what is shown as it is."""

    _now_ms: Callable[[], int]
    """Wall time, for the names of files."""

    def action_export(self) -> None:
        """Ask what to export; begins with the panel in focus."""
        panels = self.screen_stack[0]
        focused = panels.focused.id if panels.focused is not None else None
        what = What(focused) if focused in list(What) else What.BOARD
        screen = ExportScreen(self._shown(), what, at_ms=self._now_ms())
        self.push_screen(screen, self._tell_export)

    def _tell_export(self, said: str | None) -> None:
        if said is not None:
            self.notify(said, markup=False)

    def _shown(self) -> Shown:
        """What the panels hold, also while they are paused."""
        panels = self.screen_stack[0]
        status = panels.query_one(Events).status
        return Shown(status=status, events=status.events, evictions=status.evictions)
