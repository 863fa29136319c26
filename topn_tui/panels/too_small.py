"""What stands in place of everything where the terminal is too small for anything."""

from __future__ import annotations

from textual.reactive import var

from engine.status import EngineStatus
from topn_tui.language import t
from topn_tui.panels.lines import Lines
from topn_tui.panels.state_bar import exactness, production
from topn_tui.panels.tones import spans
from topn_tui.remapping import key_of

LEAST_WIDTH, LEAST_HEIGHT = 40, 10
"""The smallest terminal with room for the header, a panel of a few rows and the keys."""


class TooSmall(Lines):
    """The state of the board, for it is what counts; then what is wrong.

    Args:
        alarms: in production, which is said first.
    """

    DEFAULT_CSS = """
    TooSmall { display: none; width: 100%; height: 100%; }
    """

    live: var[EngineStatus] = var(EngineStatus)
    now_s: var[int] = var(0)
    ended: var[str | None] = var(None)

    def __init__(self, *, alarms: bool) -> None:
        super().__init__()
        self._alarms = alarms

    def watch_live(self) -> None:
        self.redraw()

    def watch_now_s(self) -> None:
        self.redraw()

    def watch_ended(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        """Nothing while it is not shown."""
        if not self.display:
            return
        size, ended = self.app.size, self.ended or self.live.ended
        least = t("{width}x{height} needed", width=LEAST_WIDTH, height=LEAST_HEIGHT)
        lines = [
            exactness(self.live, self.now_s * 1_000, ended),
            spans((f"{size.width}x{size.height}: {t('too small')}", "strong")),
            spans(least),
            spans((t("{quit} quits", quit=key_of(self, "quit")), "dim")),
        ]
        self.show([*([production(colour=not self.app.no_color)] if self._alarms else ()), *lines])
