"""Pause, and the steps through the recent past: the app's actions."""

from __future__ import annotations

from textual.reactive import var

from engine.runtime_api import RunningEngine
from engine.status import EngineStatus, Row
from topn_tui.journey import Journey, View
from topn_tui.manners import Mannered


class TimeTravel(Mannered):
    """What the panels draw stands still, or goes back; the engine goes on."""

    status: var[EngineStatus]
    drawn_s: var[int]
    _engine: RunningEngine

    paused: var[bool] = var(False)
    view: var[View | None] = var(None)
    """Which of the moments kept is shown; None while live, or where none is kept."""
    before: var[tuple[Row, ...] | None] = var(None)
    """While in the past: the board just before the moment shown. Movements start from it."""

    _journey: Journey | None = None

    def _frame(self) -> None:
        """Look at the engine."""
        raise NotImplementedError

    def action_pause(self) -> None:
        """Freeze what is drawn, or go on."""
        if self.paused:
            self.action_live()
        else:
            self._freeze()

    def action_live(self) -> None:
        """Back to what is."""
        self._journey = None
        self.view = self.before = None
        self.paused = False
        self._frame()

    def action_step(self, by: int) -> None:
        """So many events on (back where negative). While live, this pauses first."""
        if not self.paused:
            self._freeze()
        if self.view is not None:
            self._show(self.view.index + by)

    def _freeze(self) -> None:
        """What is on the screen stands still; where nothing of it is kept any more, what is now."""
        journey = Journey(self._engine.past(), self.status)
        if not journey.count:
            self._frame()
            journey = Journey(self._engine.past(), self.status)
        self._journey = journey
        self.paused = True
        self.view = self._journey.view(self._journey.count)

    def _show(self, index: int) -> None:
        journey, old = self._journey, self.view
        view = None if journey is None else journey.view(index)
        if journey is None or view is None or view == old:
            return
        self.view, self.before = view, journey.before(view)
        self.drawn_s = max(view.at_ms, 0) // 1_000
        self.status = journey.status(view)
