"""A dashboard as it is drawn: its panels' lines, awaited, and the keys on its board."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable

from textual.pilot import Pilot

from topn_tui.app import Dashboard

PATIENCE_S = 30.0
BOARD_LINE = re.compile(r"[│║┃▸▹•◆◈ ]*\d+ +(?:(?:new|新|=|[▲▼]\d+) +)?(?P<key>\d+) ")


def ids_on_board(lines: Iterable[str]) -> list[str]:
    """The keys on the board whose panel is drawn like this, best first; its reserve left out."""
    found = (BOARD_LINE.match(line) for line in lines)
    return [match["key"] for match in found if match]


class Screen:
    """What the operator sees."""

    def __init__(self, app: Dashboard, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    def lines(self, panel: str | None = None) -> list[str]:
        """The lines of the screen, or of one panel that is on it."""
        strips = self.app.screen._compositor.render_strips()
        if panel is None:
            return [strip.text for strip in strips]
        region = self.app.query_one(f"#{panel}").region
        return [s.crop(region.x, region.right).text for s in strips[region.y : region.bottom]]

    async def sees(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until the operator sees something."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    await self.pilot.pause(0.05)
        except TimeoutError:
            raise AssertionError(f"never seen: {what}\n" + "\n".join(self.lines())) from None

    async def sees_text(self, text: str, panel: str | None = None) -> str:
        """Wait until a line holds the text; that line."""
        await self.sees(text, lambda: any(text in line for line in self.lines(panel)))
        return next(line for line in self.lines(panel) if text in line)

    def board_ids(self) -> list[str]:
        """The keys on the board, as drawn, best first."""
        return ids_on_board(self.lines("board"))
