"""Why a start does not go on at stored positions, though they are kept: rows would rise from the dead.

The random histories have the law that a start reads from the log's end (tests/simulator/mutants.py). This
is what it is for: with several partitions a key change is sent to the new key's partition alone, and
the old key's older image, read while a load is open that knows better, puts the row back. Nobody is told
EXACT of it all the same: a start is treated as a key change, and its cure takes the row away again.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.simulator.ledger import ranking
from tests.simulator.loop import run
from tests.simulator.plan import Plan, draw
from tests.simulator.services import SimFeed
from tests.simulator.watched import watching
from tests.simulator.world import World

GONE, NEW = 1, 6
"""Two keys of one row, on different partitions."""


def plan(seed: int) -> Plan:
    drawn = draw(seed, engines=1, protobuf=True, steps=(), buffer_rows=1000, resync_lag=0)
    shape = replace(
        drawn.shape,
        evidence="position",
        partitions=2,
        used=2,
        size=3,
        reserve=3,
        keys=10,
        scores=100,
    )
    return replace(
        drawn, shape=shape, audit_ms=60_000, late_visible=False, long_transaction=False, nulls=False
    )


async def until(world: World, condition: Any) -> None:
    for _ in range(400):
        if condition():
            return
        world.move_canal(calm=True)
        await world.clock.sleep(50)
    raise AssertionError(f"never: {world.ledger.story()} {world.states()}")


async def story(seed: int) -> bool:
    """Whether a reader saw the row under its old key after an engine was started without it."""
    world = World(plan(seed))
    table, writers, ledger = world.table, world.writers, world.ledger
    try:
        for key in (2, 3, 4, 5):
            table.append(writers.transaction(world.now_ms), "upsert", key, 10 * key)
        first = world.start_engine()
        await until(world, lambda: ledger.exact and world.topic.committed == world.topic.ends())
        await first.stop()
        for score in range(50):  # more than is read before the first load is taken in
            table.append(writers.transaction(world.now_ms), "upsert", GONE, 30 + score)
        table.append(writers.transaction(world.now_ms), "move", NEW, 90, GONE)
        await until(world, lambda: world.canal.idle)
        world.weather.set("feed_slow", 8000)
        second, seen = world.start_engine(), False

        def exact_again() -> bool:
            nonlocal seen
            world.check()
            stored = ledger.photograph()
            mine = stored is not None and stored.meta["owner"] == second.engine_id
            if stored is not None and mine and stored.meta["state"] != "LOADING":
                seen = seen or GONE in [key for _, key in ranking(stored)]
            return mine and ledger.exact

        await until(world, exact_again)
        assert ledger.shows([(90, NEW), (50, 5), (40, 4)]), ledger.story()
        return seen
    finally:
        await world.close()


def play(seed: int) -> bool:
    random.seed(seed)
    with watching():
        return run(story(seed))


def test_a_start_at_stored_positions_would_bring_a_row_back_from_the_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seeds = range(8)  # when the first load is open is chance
    assert not any(play(seed) for seed in seeds)
    at_end = SimFeed.seek_to_end

    async def at_stored(self: SimFeed) -> Any:
        positions = await at_end(self)
        stored = self.topic.committed
        self._positions = {p: stored.get(p, at) for p, at in positions.items()}
        self.ends_asked = dict(self._positions)  # that law is not asked here
        return self.positions()

    monkeypatch.setattr(SimFeed, "seek_to_end", at_stored)
    assert any(play(seed) for seed in seeds)
