"""Whole histories: the real core in the seeded world, with every fault there is.

A failure prints its seed; ``HISTORY_SEED=<seed> pytest tests/core/test_laws.py`` plays that one again.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.core.world import World, Wrong
from tests.core.world_database import Faults

FAST = range(400)
SLOW = range(1000, 4000)
CHUNK = 100


@dataclass
class Tally:
    """What a run of histories came to."""

    failures: list[str] = field(default_factory=list)
    steps: int = 0
    exact: int = 0
    provisional: int = 0
    limited: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.failures += other.failures
        self.steps += other.steps
        self.exact += other.exact
        self.provisional += other.provisional
        self.limited.update(other.limited)


def play(seeds: range) -> Tally:
    tally = Tally()
    for seed in seeds:
        try:
            world = World(seed).play()
        except Wrong as wrong:
            tally.failures.append(f"{wrong}\n  again: HISTORY_SEED={seed} pytest {__file__}")
            continue
        tally.steps += world.steps
        tally.exact += world.exact
        tally.provisional += world.provisional
        tally.limited.update(world.oracle.limits.keys())
    return tally


def judge(tally: Tally, histories: int) -> None:
    assert not tally.failures, f"{len(tally.failures)} histories:\n" + "\n".join(tally.failures[:3])
    assert tally.exact > tally.steps / 5, "it is hardly ever EXACT: these histories prove little"
    assert tally.exact - tally.provisional > tally.steps / 10, "hardly ever EXACT by evidence"
    assert tally.limited.total() < histories / 25, f"the limits excuse too much: {tally.limited}"


@pytest.mark.skipif("HISTORY_SEED" not in os.environ, reason="HISTORY_SEED names no history")
def test_the_one_history_of_history_seed() -> None:
    World(int(os.environ["HISTORY_SEED"])).play()


@pytest.mark.skipif("HISTORY_SEED" in os.environ, reason="only that history")
def test_four_hundred_histories() -> None:
    judge(play(FAST), len(FAST))


@pytest.mark.slow
@pytest.mark.skipif("HISTORY_SEED" in os.environ, reason="only that history")
def test_three_thousand_histories() -> None:
    chunks = [range(first, first + CHUNK) for first in range(SLOW.start, SLOW.stop, CHUNK)]
    tally = Tally()
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for part in pool.map(play, chunks):
            tally.add(part)
    judge(tally, len(SLOW))


def test_a_seed_is_one_history_for_ever() -> None:
    first, second = World(7).play(), World(7).play()
    assert first.table.log == second.table.log
    assert (first.steps, first.exact, first.now_ms) == (second.steps, second.exact, second.now_ms)


@pytest.mark.parametrize("evidence", ["position", "es", "gtid"])
def test_an_ordinary_feed_is_mostly_exact(evidence: str) -> None:
    """No faults, one partition: what a user sees on a good day."""
    quiet: dict[str, Any] = dict.fromkeys(vars(Faults.none()), 0) | {
        "move": 1,
        "null": 1,
        "late_visible": 1,
    }
    worlds = [
        World(seed, partitions=1, evidence=evidence, pace_ms=80, steps=200, **quiet).play()
        for seed in range(10)
    ]
    assert sum(w.exact for w in worlds) > 0.5 * sum(w.steps for w in worlds)
