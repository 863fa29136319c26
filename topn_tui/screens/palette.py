"""Textual's command palette, in the screen's language."""

from __future__ import annotations

from rich.align import Align
from rich.text import Text
from textual.command import CommandList, CommandPalette
from textual.widgets.option_list import Option

from topn_tui.language import t
from topn_tui.screens.over_panels import OverPanels


# In this order: Textual takes styles from the first base.
class Palette(CommandPalette, OverPanels[None]):
    """What Textual's own says in English is said here instead."""

    def _start_no_matches_countdown(self, search_value: str) -> None:
        """Textual's, with our text; its timer is stopped by the same method."""
        self._stop_no_matches_countdown()

        def show() -> None:
            self._list_visible = bool(search_value)
            if search_value:
                none = Align.center(Text(t("No matches found")))
                self.query_one(CommandList).add_option(
                    Option(none, disabled=True, id=self._NO_MATCHES)
                )

        self._no_matches_timer = self.set_timer(self._NO_MATCHES_COUNTDOWN, show)
