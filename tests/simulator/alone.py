"""One fault alone in an ordinary world: what a reader sees of it, and how long until EXACT again.

The settings are the defaults (an audit each minute, a lease of five seconds, two of silence), time is
virtual, and traffic goes on all the while. ``python -m tests.simulator --alone`` prints the table that
``docs/faults.md`` has.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median

from engine.published import inconsistencies, lease_alive
from tests.simulator import loop
from tests.simulator.plan import FAULTS, Plan, Step, draw
from tests.simulator.steps import perform
from tests.simulator.watched import watching
from tests.simulator.world import World

RUNS = 12
"""Histories of each fault."""
KEYS = 200
"""Rows of the table."""
LOOK_MS = 50
CALM_MS = 15_000
"""EXACT for so long, and it is over."""
PATIENCE_MS = 150_000
UNANNOUNCED = {"silent_loss", "rename_swap", "meddled"}
"""What only the next audit finds: its time is waited for."""
AUDIT_MS = 70_000
"""By then the next audit was: one a minute, up to a tenth later."""


@dataclass
class Alone:
    """What one fault did."""

    said: Counter[str] = field(default_factory=Counter)
    """What a reader saw instead of EXACT -> for how many ms."""
    after_ms: float = 0
    """From the end of the fault until it was EXACT again, to stay."""


def play_alone(kind: str, seed: int) -> Alone:
    """One history with one fault, from EXACT to EXACT.

    Raises:
        Wrong: a law was broken, or there was no way back.
    """
    random.seed(seed)
    with watching():
        return loop.run(_play(_ordinary(seed, Step(kind, 0, seed))))


def _ordinary(seed: int, step: Step) -> Plan:
    plan = draw(seed, engines=1, buffer_rows=1000, resync_lag=0, audit_ms=60_000, steps=(step,))
    partitions = (1, 3)[seed % 2]
    shape = replace(
        plan.shape,
        size=10,
        reserve=32,
        partitions=partitions,
        used=partitions,
        keys=KEYS,
        scores=10**6,
    )
    return replace(plan, shape=shape, long_transaction=False, nulls=False, late_visible=True)


async def _play(plan: Plan) -> Alone:
    world, found = World(plan), Alone()
    (step,) = plan.steps
    kind = step.kind
    traffic: asyncio.Task[None] | None = None
    try:
        _write(world, range(KEYS))
        await world.begin()
        traffic = asyncio.create_task(_traffic(world))
        await _exact_for(world, CALM_MS, found)
        if kind == "restored":
            world.ledger.dump()
            await world.clock.sleep(3000)
        found.said.clear()
        striking = asyncio.create_task(perform(world, step))
        calm_ms = AUDIT_MS if kind in UNANNOUNCED else CALM_MS
        await _exact_for(world, calm_ms, found, lambda: _goes_on(world, kind, striking))
        striking.result()
    finally:
        if traffic is not None:
            traffic.cancel()
            with suppress(asyncio.CancelledError):
                await traffic
        await world.close()
    return found


def _write(world: World, keys: Iterable[int]) -> None:
    """New scores, in one transaction."""
    transaction = world.writers.transaction(world.now_ms)
    for key in keys:
        world.table.append(transaction, "upsert", key, world.rng.randrange(world.shape.scores))


async def _traffic(world: World) -> None:
    while True:
        _write(world, world.rng.sample(range(KEYS), 3))
        for _ in range(8):
            world.move_canal(calm=False)
            await world.clock.sleep(25)


def _goes_on(world: World, kind: str, striking: asyncio.Task[None]) -> bool:
    """Whether what is done to the world has not ended yet."""
    paused = any(process.paused for process in world.living())
    until_ms = max(world.canal.stuck_until_ms, world.weather.until_ms(kind))
    return not striking.done() or paused or until_ms > world.now_ms


async def _exact_for(
    world: World, calm_ms: float, found: Alone, goes_on: Callable[[], bool] = bool
) -> None:
    """Wait until readers have seen EXACT for so long, and nothing goes on any more."""
    began_ms = over_ms = exact_ms = world.now_ms
    while world.now_ms - max(exact_ms, over_ms) < calm_ms:
        world.check()
        if goes_on():
            over_ms = world.now_ms
        if not _look(world, found):
            exact_ms = world.now_ms + LOOK_MS
        if world.now_ms - began_ms > PATIENCE_MS:
            world.wrong("no way back to EXACT", world.ledger.story(), world.states())
        await world.clock.sleep(LOOK_MS)
    found.after_ms = max(0.0, exact_ms - over_ms)


def _look(world: World, found: Alone) -> bool:
    """Whether a reader sees EXACT; what it sees otherwise is noted."""
    stored = world.ledger.photograph()
    if stored is None:
        said = "no board"
    elif not lease_alive(stored):
        said = "lease over"
    elif inconsistencies(stored):
        said = "not whole"
    else:
        reason = re.sub(r"[0-9]+(, [0-9]+)*", "…", stored.meta.get("reason", ""))
        said = (
            f"{stored.meta['state']} {re.sub('dead letter: .*', 'dead letter: …', reason)}".strip()
        )
    if said.startswith("EXACT"):
        return True
    found.said[said] += LOOK_MS
    return False


def table(kinds: Iterable[str] = tuple(FAULTS), runs: int = RUNS) -> Iterator[str]:
    """The lines of a table in Markdown: each fault, how long until EXACT again, what was seen."""
    yield "| fault | seen by | half of them | at most | what a reader saw, the longest first |"
    yield "|---|--:|--:|--:|---|"
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for kind in kinds:
            runs_of_it = list(pool.map(partial(play_alone, kind), range(runs)))
            seen = [one for one in runs_of_it if one.said]
            said = sum((one.said for one in seen), Counter())
            took_s = [one.after_ms / 1000 for one in seen] or [0.0]
            words = "; ".join(f"`{text}`" for text, _ in said.most_common(5)) or "EXACT throughout"
            yield (
                f"| {kind} | {len(seen)} of {runs} | {median(took_s):.1f} s | {max(took_s):.1f} s "
                f"| {words} |"
            )
