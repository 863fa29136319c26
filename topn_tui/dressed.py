"""The app in the colours and signs that its terminal has."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App
from textual.filter import ANSIToTruecolor, LineFilter

from topn_tui.appearance import Appearance
from topn_tui.plain import Ascii, Colourless
from topn_tui.themes import OURS


class Dressed(App[None], inherit_bindings=False):
    """Textual's App, whose looks come from its caller and not from the environment of the process."""

    def __init__(self, appearance: Appearance) -> None:
        self._plainer: list[LineFilter] = []
        super().__init__()
        for theme in OURS:
            self.register_theme(theme)
        self.theme = appearance.theme
        self.no_color = not appearance.colour  # CSS asks for it, too: :nocolor
        if not appearance.colour:
            self._plainer.append(Colourless())
        if appearance.encoding is not None:
            self._plainer.append(Ascii(appearance.encoding))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Ours; of Textual's the one that is no matter of taste: what a theme's dim colours really are."""
        theirs = [of for of in super().get_line_filters() if isinstance(of, ANSIToTruecolor)]
        return [*([] if self.no_color else theirs), *self._plainer]
