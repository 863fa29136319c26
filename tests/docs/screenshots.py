"""Pictures of the real dashboard on the embedded pipeline, in virtual time: `make screenshots`.

The same seed, the same virtual minute, the same keys: a picture changes only when the program does.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from rich.cells import cell_len

from engine.status import EngineStatus, EventEntry, State
from tests.embedded.dashboard import FRAME_MS, Operator, started
from tests.tui.drawing import greenwich, named_alike
from topn_tui import language
from topn_tui.walking import Phase

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SEEN_MS = 10_000
"""Longer than any mark of a move or of a fresh node stays."""
SELDOM_MS = 5_000
"""Before that: so often that no event goes by unseen."""
STEP_MS = 10
"""Between two looks where a moment is waited for: as the virtual clock steps."""
BEFORE_MS = 75_000
"""By then there were refills, evictions, spills, a burst or two, and an audit."""

INSERTED = 900_001
"""The key of the row that the key `t` inserts."""

CELL = 12.2
"""Width of a character in the exported drawing; its height is twice that."""

FONT = "'Fira Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace"
FONT_SIZE_PX = 20.3  # at which these fonts are a cell wide

_TEXT = re.compile(
    r'<text class="([^"]*-r\d+)" x="([\d.]+)" (y="[^"]*") textLength[^>]*? (clip[^>]*)>([^<]*)</text>'
)
_WORDS = re.compile(r"[─━▁▂▃▄▅▆▇█]{1,4}|[^\s─━▁▂▃▄▅▆▇█]+")


class Stage(Operator):
    """The operator who shows the dashboard."""

    async def live(self, ms: int) -> None:
        """Let virtual time pass; of its end the panels see each frame, for they show what has just moved."""
        end_ms = min(ms, SEEN_MS)
        for _ in range((ms - end_ms) // SELDOM_MS):
            await self._frame(SELDOM_MS)
        for _ in range(end_ms // FRAME_MS):
            await self._frame()

    async def until(self, holds: Callable[[EngineStatus], bool]) -> None:
        """Let virtual time pass until this holds for what the panels show.

        Raises:
            RuntimeError: it did not within a minute.
        """
        for _ in range(60_000 // STEP_MS):
            if holds(self.app.status):
                return
            await self._frame(STEP_MS)
        raise RuntimeError(f"it never came: {self.app.status.exactness}")

    async def walked_to(self, phase: Phase) -> None:
        """Let virtual time pass until the walkthrough has come so far.

        Raises:
            RuntimeError: it did not within a minute.
        """
        for _ in range(60_000 // FRAME_MS):
            if self.app.progress is not None and self.app.progress.phase is phase:
                return
            await self._frame()
        raise RuntimeError(f"the walkthrough stands at {self.app.progress}")

    async def press(self, *keys: str) -> str:
        """The screen after these keys, each in a frame of its own."""
        for key in keys:
            await self.pilot.press(key)
            await self._frame()
        return await self.look()

    async def _frame(self, ms: int = FRAME_MS) -> None:
        await self.clock.advance(ms)
        await self.screen()


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture: the size of its terminal, and what the operator does before it is taken."""

    size: tuple[int, int]
    script: Callable[[Stage], Awaitable[None]]
    shows: tuple[str, ...]
    """Words that are on it, or it is another picture."""


async def _live(on: Stage) -> None:
    await on.live(BEFORE_MS)
    await on.press("v", "3", "t")
    while on.app.marked != INSERTED:
        await on.press("down")


async def _refill(on: Stage) -> None:
    await on.live(20_000)
    await on.press("2")
    await on.until(lambda of: of.load is not None and of.load.why == "refill")


async def _past(on: Stage) -> None:
    await on.live(20_000)
    await on.press("t")
    await on.live(2_000)
    await on.press("space")
    while not _inserts(on.app.status.events[-1]):
        await on.press("left")


def _inserts(of: EventEntry) -> bool:
    return of.explained.key == INSERTED and of.explained.op == "INSERT"


async def _walkthrough(on: Stage) -> None:
    await on.live(20_000)
    for phase in (*2 * (Phase.NEXT, Phase.SHOWN), Phase.NEXT):  # announced, then done
        await on.press("w")
        await on.walked_to(phase)
    await on.live(SEEN_MS)
    await on.press("w")
    await on.walked_to(Phase.SHOWN)


async def _narrow(on: Stage) -> None:
    await on.live(20_000)
    await on.press("t", "down", "down", "f")


SHOTS = {
    "live": Shot(
        size=(120, 40),
        script=_live,
        shows=("EMBEDDED", "EXACT", "OWNER", "webook.interactives", "displaced", "entered"),
    ),
    "refill": Shot(size=(80, 24), script=_refill, shows=("EXACT", "low:", "load:", "refill")),
    "past": Shot(size=(120, 40), script=_past, shows=("PAST", "oldest", "INSERT", "entered")),
    "walkthrough": Shot(
        size=(120, 40), script=_walkthrough, shows=("3/5", "entered", "displaced", "goes")
    ),
    "narrow": Shot(size=(60, 20), script=_narrow, shows=("EMBEDDED", "EXACT", "Following")),
}


async def take(shot: Shot, *, seed: int = 0) -> str:
    """Run a dashboard for some virtual time; what it then shows, as SVG.

    Raises:
        RuntimeError: the board is not EXACT at the end, or what was to be seen never came.
    """
    language.speak(language.ENGLISH)
    async with started(shot.size, seed=seed, who=Stage) as stage:
        await shot.script(stage)
        stage.app.clear_notifications()
        await stage.look()
        if stage.app.status.exactness.state is not State.EXACT:
            found = stage.app.status.exactness
            raise RuntimeError(f"seed {seed}: the board is {found}, not EXACT")
        drawing = stage.app.export_screenshot(title="topn-tui", simplify=True)
    return named_alike(alone(drawing))


def alone(drawing: str) -> str:
    """The drawing without fonts from elsewhere, right in whichever font there is.

    Textual's export leans on one web font and on leading blanks; here each word has its own place.
    """
    drawing = re.sub(r"@font-face\s*\{.*?\}", "", drawing, flags=re.DOTALL)
    drawing = drawing.replace("font-family: Fira Code, monospace", f"font-family: {FONT}")
    drawing = drawing.replace("font-size: 20px", f"font-size: {FONT_SIZE_PX}px")
    drawing = _TEXT.sub(_words, drawing)
    return re.sub(r"[ \t]+$", "", drawing, flags=re.MULTILINE)


def _words(text: re.Match[str]) -> str:
    style, x, y, clip, content = text.groups()
    line = unescape(content)
    return "".join(
        f'<text class="{style}" x="{float(x) + CELL * cell_len(line[: word.start()]):.1f}" {y} '
        f'textLength="{CELL * cell_len(word[0]):.1f}" lengthAdjust="spacingAndGlyphs" {clip}>'
        f"{escape(word[0])}</text>"
        for word in _WORDS.finditer(line)
    )


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, shot in SHOTS.items():
        file = IMAGES / f"{name}.svg"
        with greenwich():
            file.write_text(asyncio.run(take(shot)), "utf-8")
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
