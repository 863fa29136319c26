"""``make bench-screen``: what the dashboard costs, and how it answers under full load.

Each measurement is a process of its own; those with a screen have a real terminal of 120x40, which
is read all the time and typed into. The engine takes in everything it can from a feed in memory. The
pairs with and without a screen run in turn, so that their ratio is of one run.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.embedded.terminals import Terminal, terminal

CHILD = ("-m", "tests.bench.screen_child")
STARTS_WITHIN_S = 60.0
HELP = b"How exact the board is"
"""Drawn by the key `?` alone."""
HOUR_MESSAGES = 3_600_000
"""An hour of 1,000 changes a second."""


def figures_of(home: Path, seconds: float, *flags: str, latencies: list[float] | None) -> Any:
    """One process; `latencies` (ms): filled while it runs, where it has a screen."""
    report = home / "figures.json"
    report.unlink(missing_ok=True)
    arguments = (*CHILD, *flags, "--seconds", str(seconds), "--report", str(report))
    if "--screen" not in flags:
        subprocess.run([sys.executable, *arguments], check=True)
        return json.loads(report.read_text("utf-8"))
    with terminal(home, *arguments) as it:
        it.until(b"EXACT", STARTS_WITHIN_S)
        end = time.monotonic() + seconds + STARTS_WITHIN_S
        while not report.exists():
            if time.monotonic() > end:
                raise RuntimeError(f"no figures: {it.written[-500:]!r}")
            it.written = b""
            if latencies is None:
                it.read(0.1)
            else:
                latencies.append(latency_ms(it))
        it.press(b"q")
        it.ended(30)
        return json.loads(report.read_text("utf-8"))


def latency_ms(it: Terminal) -> float:
    """From the key's byte to what it draws; then the help is closed, and some time passes."""
    began = time.monotonic()
    it.press(b"?")
    it.until(HELP, STARTS_WITHIN_S)
    took_ms = (time.monotonic() - began) * 1_000
    it.press(b"\x1b")
    end = time.monotonic() + random.uniform(0.3, 0.6)
    while time.monotonic() < end:
        it.read(0.05)
    it.written = b""
    return took_ms


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench-screen", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), options.seconds, options.rounds)
    return 0


def report(home: Path, seconds: float, rounds: int) -> None:
    idle = figures_of(home, seconds, "--screen", "--silent", latencies=None)
    quiet_ms: list[float] = []
    figures_of(home, seconds, "--screen", "--silent", latencies=quiet_ms)
    keys_ms: list[float] = []
    drawn, alone = [], []
    for _ in range(rounds):
        alone.append(figures_of(home, seconds, latencies=None))
        drawn.append(figures_of(home, seconds, "--screen", latencies=None))
    busy = figures_of(home, rounds * seconds, "--screen", latencies=keys_ms)
    on, off = (
        statistics.median(of["messages"] / of["seconds"] for of in runs) for runs in (drawn, alone)
    )
    frames = max(of["frames"] / of["seconds"] for of in drawn)
    rates = busy["messages"] / busy["seconds"]
    hour = figures_of(home, HOUR_MESSAGES / on, "--screen", latencies=None)
    resident = hour["resident"]
    tenth = len(resident) // 10
    for name, value in (
        ("throughput, screen off", f"{off:,.0f} msg/s"),
        ("throughput, screen on", f"{on:,.0f} msg/s, ratio {on / off:.2f}"),
        ("the same, a key every 0.5 s", f"{rates:,.0f} msg/s"),
        ("frames under full load", f"{frames:.1f} /s at most"),
        ("frames late, under full load", f"{max(of['late_ms'] for of in drawn)} ms at worst"),
        ("frames while nothing comes", f"{idle['frames'] / idle['seconds']:.1f} /s"),
        ("processor while nothing comes", f"{idle['cpu']:.1%} of a core"),
        ("processor under full load", f"{statistics.median(of['cpu'] for of in drawn):.0%}"),
        ("key to drawing, nothing comes", told(quiet_ms)),
        ("key to drawing, full load", told(keys_ms)),
        (
            f"memory over {hour['messages']:,} messages",
            f"{resident[tenth] / 1e6:.1f} MB after a tenth, {resident[-1] / 1e6:.1f} MB at the end",
        ),
        ("states at the end", ", ".join(of["state"] for of in (idle, *drawn, busy, hour))),
    ):
        print(f"{name:34} {value}")


def told(times_ms: Sequence[float]) -> str:
    cuts = statistics.quantiles(times_ms, n=100)
    return f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms of {len(times_ms)}"


if __name__ == "__main__":
    sys.exit(main())
