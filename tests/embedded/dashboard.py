"""The dashboard on the whole embedded pipeline, in virtual time, and the operator who looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from textual.pilot import Pilot
from textual.strip import Strip

from engine.adapters.embedded import EmbeddedTable, Wire
from engine.adapters.embedded.walkthrough import EmbeddedWorkload
from engine.assembly import make_embedded_engine
from engine.embedded import EmbeddedEngine
from engine.settings import Settings
from tests.embedded.clock import ManualClock
from tests.tui.conftest import settled
from tests.tui.screen import ids_on_board
from topn_tui.app import Dashboard
from topn_tui.appearance import Appearance

FRAME_MS = 100
"""Between two frames, where each is to be seen."""


class Operator:
    """Looks at the dashboard and presses keys; time passes only in between.

    Args:
        app: it looks at its engine only when it is told to.
        clock: of the whole pipeline.
    """

    def __init__(
        self, app: Dashboard, engine: EmbeddedEngine, pilot: Pilot[None], clock: ManualClock
    ) -> None:
        self.app, self.engine, self.pilot, self.clock = app, engine, pilot, clock

    # ── time ──

    async def run(self, ms: int) -> str:
        """Let time pass, a frame every 100 ms; the screen then."""
        for _ in range(ms // FRAME_MS):
            await self.clock.advance(FRAME_MS)
            self.app._frame()
        return await self.look()

    async def wait(self, seconds: int) -> None:
        """Let time pass, of which only a frame a second is seen."""
        for _ in range(seconds):
            await self.clock.advance(1000, step_ms=25)
            self.app._frame()

    # ── keys and eyes ──

    async def press(self, *keys: str) -> str:
        """The screen after these keys, of the same moment."""
        await self.pilot.press(*keys)
        return await self.look()

    async def look(self) -> str:
        """What stands on the screen."""
        await settled(self.pilot)
        return "\n".join(self._lines())

    async def screen(self) -> list[str]:
        """The lines of the screen after one more frame."""
        self.app._frame()
        await settled(self.pilot)
        return self._lines()

    async def panel(self, name: str) -> list[str]:
        """What stands in a panel, without its frame, going there first."""
        self.app.action_panel(name)
        await self.screen()
        return [line[1:-1].strip() for line in self.lines(name)]

    def lines(self, name: str) -> list[str]:
        """The lines of a panel that is on the screen, as they were drawn."""
        return [strip.text for strip in self.strips(name)]

    def strips(self, name: str) -> list[Strip]:
        """As :meth:`lines`, with their looks."""
        region = self.app.query_one(f"#{name}").region
        strips = self.app.screen._compositor.render_strips()[region.y : region.bottom]
        return [strip.crop(region.x, region.right) for strip in strips]

    def _lines(self) -> list[str]:
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def board(self) -> list[str]:
        """The keys on the board that is drawn, from rank 1."""
        return ids_on_board(self.lines("board"))

    @property
    def said(self) -> list[str]:
        """All toasts so far."""
        return [of.message for of in self.app._notifications]

    # ── the table ──

    @property
    def workload(self) -> EmbeddedWorkload:
        found = self.app._workload
        assert isinstance(found, EmbeddedWorkload)
        return found

    @property
    def table(self) -> EmbeddedTable:
        return self.workload._table


Who = TypeVar("Who", bound=Operator)


@asynccontextmanager
async def started(
    size: tuple[int, int],
    *,
    wire: Wire = "json",
    seed: int = 0,
    appearance: Appearance | None = None,
    who: type[Who],
) -> AsyncIterator[Who]:
    """A dashboard as `topn-tui` makes it with nothing configured, at its first moment; stopped at last."""
    clock = ManualClock()
    engine = make_embedded_engine(Settings.model_construct(), wire, clock=clock, seed=seed)
    app = Dashboard(
        engine,
        mode="EMBEDDED",
        workload=engine.workload,
        walk=engine.walk,
        appearance=appearance,
        now_ms=clock.wall_ms,
        frame_s=3600,
    )
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        yield who(app, engine, pilot, clock)
        engine.stop()
        while not app._run.done:
            await clock.advance(FRAME_MS)


@asynccontextmanager
async def newcomer(size: tuple[int, int]) -> AsyncIterator[Operator]:
    """Half a second after the start."""
    async with started(size, who=Operator) as operator:
        await operator.clock.advance(500)
        yield operator


@asynccontextmanager
async def live(
    *,
    size: tuple[int, int] = (120, 40),
    before_ms: int = 4_000,
    wire: Wire = "json",
    appearance: Appearance | None = None,
) -> AsyncIterator[Operator]:
    """After some seconds of traffic, which is then stopped: only the test writes."""
    async with started(size, wire=wire, appearance=appearance, who=Operator) as operator:
        await operator.run(before_ms)
        await operator.press("x")
        await operator.run(500)
        yield operator
