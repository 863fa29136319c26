"""Pictures of the real dashboard on the embedded pipeline, in virtual time: `make screenshots`.

The same seed, the same virtual minute, the same keys: a picture changes only when the program does.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from html import escape, unescape
from pathlib import Path

from rich.cells import cell_len
from textual.pilot import Pilot

from engine.assembly import make_embedded_engine
from engine.settings import Settings
from engine.status import State
from tests.embedded.clock import ManualClock
from topn_tui.app import Dashboard

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = (140, 42)
FRAME_MS = 100
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


async def take(*, seed: int = 0) -> str:
    """Run a dashboard for some virtual time; what it then shows, as SVG.

    Raises:
        RuntimeError: the board is not EXACT at the end.
    """
    clock = ManualClock()
    engine = make_embedded_engine(Settings.model_construct(), clock=clock, seed=seed)
    app = Dashboard(
        engine, mode="EMBEDDED", workload=engine.workload, now_ms=clock.wall_ms, frame_s=3600
    )
    async with app.run_test(size=SIZE) as pilot:
        await live(app, pilot, clock, BEFORE_MS)
        await pilot.press("v", "3", "t")
        while app.marked != INSERTED:
            await live(app, pilot, clock, FRAME_MS)
            await pilot.press("down")
        await live(app, pilot, clock, FRAME_MS)
        app.clear_notifications()
        await pilot.pause()
        if app.status.exactness.state is not State.EXACT:
            raise RuntimeError(f"seed {seed}: the board is {app.status.exactness}, not EXACT")
        drawing = app.export_screenshot(title="topn-tui", simplify=True)
        engine.stop()
        while not app._run.done:
            await clock.advance(FRAME_MS)
    return alone(drawing)


async def live(app: Dashboard, pilot: Pilot[None], clock: ManualClock, ms: int) -> None:
    """Let virtual time pass, a frame every tenth of a second."""
    for _ in range(ms // FRAME_MS):
        await clock.advance(FRAME_MS)
        app._frame()
        await pilot.pause(0)


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
    os.environ["TZ"] = "UTC"  # as everywhere, so that the picture is the same
    time.tzset()
    file = IMAGES / "dashboard.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(asyncio.run(take()), "utf-8")
    sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
