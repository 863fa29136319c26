"""One engine under :mod:`tests.bench.flood`, with the dashboard or alone; figures into a file."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import RenderableType
from textual.screen import Screen

from engine.adapters.embedded import EmbeddedBoard, MemoryStore
from engine.clock import SystemClock
from engine.core.reports import Timing
from engine.formats import make_decoder, make_read_before
from engine.runtime import Engine, EngineOptions
from tests.bench.flood import Flood
from topn_tui.app import Dashboard
from topn_tui.interpreter import settle


class Counted(Dashboard):
    """The dashboard, its drawings counted."""

    CSS_PATH = Path(inspect.getfile(Dashboard)).with_name("app.tcss")
    drawn = 0
    measure: Callable[[], Awaitable[None]]

    def on_ready(self) -> None:
        self.run_worker(self.measure(), name="measure")

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        self.drawn += renderable is not None
        super()._display(screen, renderable)


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def measure(options: argparse.Namespace, engine: Engine, app: Counted | None) -> None:
    flood = options.flood
    await asyncio.sleep(options.warm)
    if app is None:
        settle()  # as the app does it
    began_s, cpu_s = time.monotonic(), time.process_time()
    sent, drawn = flood.sent, app.drawn if app else 0
    resident = [resident_bytes()]
    late_ms: list[int] = []
    while (took_s := time.monotonic() - began_s) < options.seconds:
        await asyncio.sleep(1)
        resident.append(resident_bytes())
        if app is not None and app.late_ms is not None:
            late_ms.append(app.late_ms)
    took_s = time.monotonic() - began_s
    figures = {
        "seconds": took_s,
        "cpu": (time.process_time() - cpu_s) / took_s,
        "messages": flood.sent - sent,
        "frames": app.drawn - drawn if app else 0,
        "late_ms": max(late_ms, default=0),
        "resident": resident,
        "state": engine.status.exactness.state.value,
    }
    options.report.write_text(json.dumps(figures), "utf-8")


async def alone(options: argparse.Namespace, engine: Engine) -> None:
    running = asyncio.create_task(engine.run())
    await measure(options, engine, None)
    engine.stop()
    await running


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--screen", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument(
        "--warm", type=float, required=True, help="not measured: the first load, the first drawing"
    )
    parser.add_argument("--report", type=Path, required=True)
    options = parser.parse_args(argv)
    flood = options.flood = Flood(silent=options.silent)
    clock = SystemClock()
    engine = Engine(
        feed=flood,
        source=flood,
        store=EmbeddedBoard(MemoryStore(clock), "b", engine_id="e"),
        decoder=lambda table: make_decoder(table).decode,
        before_reader=make_read_before,
        options=EngineOptions(
            board_name="b",
            size=100,
            reserve=100,
            topic="t",
            screen=options.screen,
            timing=Timing(overlap_ms=0, settle_ms=200),
        ),
        clock=clock,
        engine_id="e",
    )
    if not options.screen:
        asyncio.run(alone(options, engine))
        return
    app = Counted(engine, settled=settle)

    app.measure = lambda: measure(options, engine, app)
    app.run()
    if app.failure:
        sys.exit(app.failure)


if __name__ == "__main__":
    main()
