"""A dashboard on a scripted engine, and the operator's eyes on its screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import pytest
from textual.pilot import Pilot
from textual.strip import Strip

from tests.tui.scripted import NOW_MS, ScriptedEngine
from topn_tui.app import Dashboard

FRAME_S = 0.02

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
        """The whole screen, after the next frames have been drawn."""
        await self.pilot.pause(2.5 * FRAME_S)
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

    async def show(self, **changed: object) -> str:
        """The engine's status changes; the screen after it."""
        self.engine.show(**changed)
        return await self.look()


Open: TypeAlias = Callable[..., AbstractAsyncContextManager[Operator]]


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param


@pytest.fixture
def dashboard() -> Open:
    """Opens a dashboard: ``async with dashboard(engine, size=…, mode=…) as operator``."""

    @asynccontextmanager
    async def opened(
        engine: ScriptedEngine | None = None, *, size: tuple[int, int] = (120, 40), mode: str = ""
    ) -> AsyncIterator[Operator]:
        engine = engine or ScriptedEngine()
        now = [NOW_MS]
        app = Dashboard(engine, mode=mode, now_ms=lambda: now[0], frame_s=FRAME_S)
        async with app.run_test(size=size) as pilot:
            operator = Operator(app, engine, pilot, now)
            await operator.look()
            yield operator

    return opened
