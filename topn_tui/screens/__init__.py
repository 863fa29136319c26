"""What opens over the panels: the help, one row in full, the notices."""

from topn_tui.screens.detail import DetailScreen
from topn_tui.screens.help import help_screen
from topn_tui.screens.notices import NoticesScreen

__all__ = ["DetailScreen", "NoticesScreen", "help_screen"]
