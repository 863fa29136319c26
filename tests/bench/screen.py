"""``make bench-screen``: what the dashboard costs, and how it answers under full load.

Each measurement is a process of its own; those with a screen have a real terminal of 120x40, which
is read all the time and typed into. The engine takes in everything it can from a feed in memory. The
pairs with and without a screen run in turn, so that their ratio is of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.embedded.terminals import Terminal, terminal
from topn_tui.keys import KEYS

CHILD = ("-m", "tests.bench.screen_child")
STARTS_WITHIN_S = 60.0


class Press(NamedTuple):
    """A key, what it draws and no other does, and the key that takes it back."""

    key: bytes
    drawn: bytes
    back: bytes


HELP = Press(b"?", str(KEYS[0].tooltip).encode(), b"\x1b")
"""On its first page the help says what the first of the keys does."""
PAUSE = Press(b" ", b"PAUSED", b" ")

HOUR_MESSAGES = 3_600_000
"""An hour of 1,000 changes a second."""


class Bench:
    """Runs one process after another.

    Args:
        home: a folder for their figures and logs.
        seconds: of each measurement.
        warm_s: before it, not measured.
    """

    def __init__(self, home: Path, seconds: float, warm_s: float) -> None:
        self.seconds = seconds
        self._home, self._warm_s = home, warm_s

    def figures(
        self,
        *flags: str,
        seconds: float | None = None,
        press: Press = HELP,
        latencies: list[float] | None = None,
    ) -> Any:
        """Of one process. `latencies` (ms) of `press`: filled while it runs; it must have a screen then."""
        seconds = seconds or self.seconds
        report = self._home / "figures.json"
        report.unlink(missing_ok=True)
        times = ("--seconds", str(seconds), "--warm", str(self._warm_s))
        arguments = (*CHILD, *flags, *times, "--report", str(report))
        if "--screen" not in flags:
            subprocess.run([sys.executable, *arguments], check=True)
            return json.loads(report.read_text("utf-8"))
        with terminal(self._home, *arguments) as it:
            it.until(b"EXACT", STARTS_WITHIN_S)
            end = time.monotonic() + self._warm_s + seconds + STARTS_WITHIN_S
            while not report.exists():
                if time.monotonic() > end:
                    raise RuntimeError(f"no figures: {it.written[-500:]!r}")
                it.written = b""
                if latencies is None:
                    it.read(0.1)
                else:
                    latencies.append(latency_ms(it, press))
            it.press(b"q")
            it.ended(30)
            return json.loads(report.read_text("utf-8"))

    def on_one_core(self) -> float:
        """How much an engine with a screen takes in of what one without takes in beside it.

        The two share one core, so that whatever else slows the machine slows both: this ratio comes out
        the same within some 0.02. It is lower than that of two which have a core each, one after the other: what
        is drawn and told by the clock takes twice the part of half a core.
        """
        times = ("--seconds", str(self.seconds), "--warm", str(self._warm_s))
        reports = [self._home / f"beside-{name}.json" for name in ("alone", "drawn")]
        for report in reports:
            report.unlink(missing_ok=True)
        core = {min(os.sched_getaffinity(0))}
        alone = subprocess.Popen(
            [sys.executable, *CHILD, *times, "--report", str(reports[0])],
            preexec_fn=lambda: os.sched_setaffinity(0, core),
        )
        with (
            alone,
            terminal(self._home, *CHILD, "--screen", *times, "--report", str(reports[1])) as it,
        ):
            os.sched_setaffinity(it.process.pid, core)
            end = time.monotonic() + self._warm_s + self.seconds + STARTS_WITHIN_S
            while not all(report.exists() for report in reports):
                if time.monotonic() > end:
                    alone.kill()
                    raise RuntimeError(f"no figures: {it.written[-500:]!r}")
                it.written = b""
                it.read(0.1)
            it.press(b"q")
            it.ended(30)
        without, with_it = (json.loads(report.read_text("utf-8")) for report in reports)
        return rate(with_it) / with_it["cpu"] / (rate(without) / without["cpu"])


def latency_ms(it: Terminal, press: Press) -> float:
    """From the key's byte to what it draws; then that is taken back, and some time passes."""
    it.written = b""
    began = time.monotonic()
    it.press(press.key)
    it.until(press.drawn, STARTS_WITHIN_S)
    took_ms = (time.monotonic() - began) * 1_000
    let_pass(it)
    it.press(press.back)
    let_pass(it)
    return took_ms


def let_pass(it: Terminal) -> None:
    """Read for about a quarter of a second: a key must not come at the same point of each frame."""
    end = time.monotonic() + random.uniform(0.2, 0.35)
    while time.monotonic() < end:
        it.read(0.05)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench-screen", description=__doc__)
    parser.add_argument("--seconds", type=float, default=9)
    parser.add_argument("--warm", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args(argv)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {load:.1f} of them busy before this began; 120x40 terminal")
    with tempfile.TemporaryDirectory() as folder:
        report(Bench(Path(folder), options.seconds, options.warm), options.rounds)
    return 0


def report(bench: Bench, rounds: int) -> None:
    idle = bench.figures("--screen", "--silent")
    quiet_ms: list[float] = []
    bench.figures("--screen", "--silent", latencies=quiet_ms)
    drawn, alone = [], []
    for number in range(rounds):
        # In turn, each first as often as second: a machine that gets slower favours neither.
        for of in (alone, drawn) if number % 2 else (drawn, alone):
            of.append(bench.figures("--screen") if of is drawn else bench.figures())
    beside = [bench.on_one_core() for _ in range(max(1, rounds // 2))]
    seconds = rounds * bench.seconds / 2
    help_ms: list[float] = []
    busy = bench.figures("--screen", seconds=seconds, latencies=help_ms)
    pause_ms: list[float] = []
    bench.figures("--screen", seconds=seconds, press=PAUSE, latencies=pause_ms)
    on, off = statistics.median(map(rate, drawn)), statistics.median(map(rate, alone))
    ratios = [rate(with_it) / rate(without) for with_it, without in zip(drawn, alone, strict=True)]
    frames = max(of["frames"] / of["seconds"] for of in drawn)
    hour = bench.figures("--screen", seconds=HOUR_MESSAGES / on)
    resident = hour["resident"]
    tenth = len(resident) // 10
    for name, value in (
        ("throughput, screen off", f"{off:,.0f} msg/s"),
        ("throughput, screen on", f"{on:,.0f} msg/s, ratio {statistics.median(ratios):.2f}"),
        ("ratio in each round", ", ".join(f"{of:.2f}" for of in ratios)),
        ("ratio on one core, side by side", ", ".join(f"{of:.2f}" for of in beside)),
        (
            "throughput, screen on, a key every 0.5 s",
            f"{rate(busy):,.0f} msg/s, ratio {rate(busy) / off:.2f}",
        ),
        ("frames under full load", f"{frames:.1f} /s at most"),
        ("frames late, under full load", f"{max(of['late_ms'] for of in drawn)} ms at worst"),
        ("frames while nothing comes", f"{idle['frames'] / idle['seconds']:.1f} /s"),
        ("processor while nothing comes", f"{idle['cpu']:.1%} of a core"),
        ("processor under full load", f"{statistics.median(of['cpu'] for of in drawn):.0%}"),
        ("help to drawing, nothing comes", told(quiet_ms)),
        ("help to drawing, full load", told(help_ms)),
        ("pause to drawing, full load", told(pause_ms)),
        (
            "memory, an hour's worth",
            f"{resident[tenth] / 1e6:.1f} MB after a tenth, {resident[-1] / 1e6:.1f} MB at the end"
            f" of {hour['messages']:,} messages",
        ),
        ("states at the end", ", ".join(of["state"] for of in (idle, *drawn, busy, hour))),
    ):
        print(f"{name:42} {value}")


def rate(of: Any) -> float:
    """Messages a second of one process."""
    return float(of["messages"] / of["seconds"])


def told(times_ms: Sequence[float]) -> str:
    cuts = statistics.quantiles(times_ms, n=100)
    return f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms of {len(times_ms)}"


if __name__ == "__main__":
    sys.exit(main())
