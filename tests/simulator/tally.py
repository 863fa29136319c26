"""Many histories on all cores, and what they came to."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count, islice

from tests.simulator.history import Result, play
from tests.simulator.plan import FAULTS, draw

CHUNK = 4


@dataclass
class Tally:
    """What a run of histories came to."""

    histories: int = 0
    steps: int = 0
    exact: int = 0
    loads: int = 0
    writes: int = 0
    seconds: float = 0
    back_s: list[float] = field(default_factory=list)
    """How long each took back to EXACT once everything was calm."""
    happened: Counter[str] = field(default_factory=Counter)
    limits: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)
    """Seed -> the law it breaks."""

    def add(self, result: Result) -> None:
        self.histories += 1
        self.steps += result.steps
        self.exact += result.exact
        self.loads += result.loads
        self.writes += result.writes
        if result.back_ms is not None:
            self.back_s.append(result.back_ms / 1000)
        self.happened.update(result.happened)
        # How many histories, not how often: one that is outside the promise stays there for long.
        self.limits.update(result.limits.keys())
        if result.law is not None:
            self.failed[result.seed] = result.law

    def __str__(self) -> str:
        faults = sorted(((n, k) for k, n in self.happened.items() if k in FAULTS), reverse=True)
        rate = self.histories / self.seconds if self.seconds else 0
        lines = [
            f"{self.histories:,} histories in {self.seconds:.0f} s ({rate:.1f}/s), {self.steps:,} "
            f"steps, {self.loads:,} loads, {self.writes:,} writes to the store",
            f"a reader saw EXACT after {100 * self.exact / max(1, self.steps):.0f} % of the steps",
            f"calm to EXACT: {self._back(0.5):.1f} s in the middle, {self._back(0.95):.1f} s for 95 "
            f"in 100, {self._back(1):.1f} s at most, of virtual time",
            "faults: " + ", ".join(f"{kind} {n:,}" for n, kind in faults),
            "histories with something outside the stated limits: "
            + (", ".join(f"{what} {n}" for what, n in self.limits.most_common()) or "none"),
            f"broken promises: {len(self.failed)}",
        ]
        lines += [f"  seed {seed}: {law}" for seed, law in sorted(self.failed.items())]
        return "\n".join(lines)

    def _back(self, share: float) -> float:
        """Within how many seconds this share of the histories was back."""
        known = sorted(self.back_s)
        return known[min(len(known) - 1, int(share * len(known)))] if known else 0


def play_all(seeds: Iterable[int]) -> list[Result]:
    """One after the other; without their stories, which are long."""
    results = []
    for seed in seeds:
        result = play(draw(seed))
        result.story = []
        results.append(result)
    return results


def play_many(seeds: Iterable[int], *, seconds: float = float("inf")) -> Tally:
    """On all cores, until the seeds or the time run out."""
    tally, started = Tally(), time.monotonic()
    chunks = _chunks(seeds)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=context) as pool:
        workers = multiprocessing.cpu_count()
        running = {pool.submit(play_all, chunk) for chunk in islice(chunks, 2 * workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                for result in future.result():
                    tally.add(result)
            if time.monotonic() - started < seconds:
                running |= {pool.submit(play_all, chunk) for chunk in islice(chunks, len(done))}
    tally.seconds = time.monotonic() - started
    return tally


def _chunks(seeds: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(seeds)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def play_for(seconds: float, *, first: int) -> Tally:
    """As many histories as there is time for."""
    return play_many(count(first), seconds=seconds)
