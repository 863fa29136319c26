"""A dashboard on a scripted engine, and the operator's eyes on its screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import pytest
from textual import _wait
from textual.pilot import Pilot
from textual.strip import Strip

from engine.runtime_api import WalkOffer, Workload
from tests.tui.scripted import NOW_MS, ScriptedEngine
from topn_tui.app import Dashboard
from topn_tui.appearance import Appearance
from topn_tui.guided import NOT_HERE

FRAME_S = 0.02
NO_FRAMES_S = 3600.0
"""The app looks at its engine when the operator does, so that nothing is waited for."""

SIZES = [(80, 24), (120, 40)]


class Operator:
    """Presses keys and reads the screen."""

    def __init__(
        self, app: Dashboard, engine: ScriptedEngine, pilot: Pilot[None], now: list[int]
    ) -> None:
        self.app, self.engine, self.pilot = app, engine, pilot
        self.now = now
        """Wall time, in milliseconds; a test moves it."""

    async def look(self) -> str:
        """The whole screen, after the next frame has been drawn."""
        self.app._frame()
        await settled(self.pilot)
        return "\n".join(strip.text for strip in self.strips())

    def strips(self) -> list[Strip]:
        return self.app.screen._compositor.render_strips()

    async def press(self, *keys: str) -> str:
        await self.pilot.press(*keys)
        return await self.look()

    async def panel(self, name: str) -> list[str]:
        """The lines of one panel, going there first."""
        await self.pilot.press(
            str(["board", "heap", "events", "evictions", "pipeline"].index(name) + 1)
        )
        await self.look()
        region = self.app.query_one(f"#{name}").region
        lines = self.strips()[region.y : region.bottom]
        return [line.crop(region.x, region.right).text for line in lines]

    async def resize(self, width: int, height: int) -> str:
        """The terminal has another size from now on; Textual takes note of it a little later."""
        await self.pilot.resize_terminal(width, height)
        while self.app.screen._compositor.size != (width, height):
            await self.pilot.pause(0.01)
        return await self.look()

    async def show(self, **changed: object) -> str:
        """The engine's status changes; the screen after it."""
        self.engine.show(**changed)
        return await self.look()


async def settled(pilot: Pilot[None]) -> None:
    """Until nobody on the screen has anything left to do."""
    quiet = 0
    while quiet < 2:
        for screen in pilot.app.screen_stack[:-1]:
            screen._on_timer_update()
        await pilot.pause(0)  # all that was queued is done, and what it left to draw is drawn
        everybody = [pilot.app, *pilot.app.screen.walk_children(with_self=True)]
        busy = any(of.message_queue_size or of._next_callbacks for of in everybody)
        quiet = 0 if busy else quiet + 1


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each key Textual waits until a slice of time was idle: 20 ms, at least two of them."""
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", _wait.SLEEP_GRANULARITY / 5)
    monkeypatch.setattr(_wait, "SLEEP_IDLE", _wait.SLEEP_IDLE / 5)


Open: TypeAlias = Callable[..., AbstractAsyncContextManager[Operator]]


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param


@pytest.fixture
def dashboard() -> Open:
    """Opens a dashboard: ``async with dashboard(engine, size=…, mode=…) as operator``."""
    return opened


@asynccontextmanager
async def opened(
    engine: ScriptedEngine | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    mode: str = "",
    environment: str = "",
    production: bool = False,
    appearance: Appearance | None = None,
    frame_s: float = NO_FRAMES_S,
    walk: WalkOffer | str = NOT_HERE,
    workload: Workload | None = None,
    toasts: bool = False,
) -> AsyncIterator[Operator]:
    """A dashboard on a scripted engine after its first frame."""
    engine = engine or ScriptedEngine()
    now = [NOW_MS]
    app = Dashboard(
        engine,
        mode=mode,
        environment=environment,
        production=production,
        appearance=appearance,
        now_ms=lambda: now[0],
        frame_s=frame_s,
        walk=walk,
        workload=workload,
    )
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=toasts) as pilot:
        operator = Operator(app, engine, pilot, now)
        await operator.look()
        yield operator
