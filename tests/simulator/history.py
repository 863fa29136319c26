"""Plays a plan: every step, the laws after each, and at the end the way back to EXACT."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.core.oracle import Wrong
from tests.simulator import loop
from tests.simulator.plan import Plan
from tests.simulator.services import QUERY_TIMEOUT_MS
from tests.simulator.steps import perform
from tests.simulator.watched import watching
from tests.simulator.world import World

BACK_WITHIN_MS = 60_000
"""How long, in virtual time, the way back to EXACT may take once everything is calm."""


@dataclass
class Result:
    """What one history came to."""

    seed: int
    wrong: str | None = None
    """The law that was broken, with details; None: none."""
    steps: int = 0
    exact: int = 0
    """After how many steps a reader saw EXACT."""
    back_ms: float | None = None
    """How long after the last fault readers saw the table EXACT; None: no such end was played."""
    loads: int = 0
    writes: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    limits: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)

    @property
    def law(self) -> str | None:
        """The broken law's name alone."""
        return None if self.wrong is None else self.wrong.partition("\n")[0]


def play(plan: Plan) -> Result:
    """One history in virtual time; never raises for what the engine does wrong."""
    random.seed(plan.seed)
    result = Result(plan.seed)
    with watching():
        loop.run(_play(plan, result))
    return result


async def _play(plan: Plan, result: Result) -> None:
    world = World(plan)
    try:
        await world.begin()
        for step in plan.steps:
            await perform(world, step)
            world.check()
            result.steps += 1
            result.exact += world.ledger.exact
            result.story.append(
                f"{world.now_ms / 1000:8.3f} s  {step.kind:16} {world.ledger.story()}"
            )
        await world.calm()
        result.back_ms = await _come_back(world)
        world.check()
    except Exception as error:  # noqa: BLE001  # whatever ends an engine is a finding like any other
        bug = "" if isinstance(error, Wrong) else f"{type(error).__name__}: "
        result.wrong = f"{bug}{error}"
        result.story.append(f"{world.now_ms / 1000:8.3f} s  WRONG: {result.wrong}")
    finally:
        await world.close()
    result.loads = sum(p.topn.totals.loads for p in world.processes if p.topn)
    result.writes = world.ledger.writes
    result.happened, result.limits = world.happened, world.limits


async def _come_back(world: World) -> float | None:
    """How long it took; None where it took traffic as well.

    Raises:
        Wrong: it never came back.
    """
    calm_ms = world.now_ms
    good_ms = await world.drain(BACK_WITHIN_MS)
    if good_ms is not None:
        return good_ms - calm_ms
    if not world.canal.lost:
        world.wrong("no way back to EXACT", world.ledger.story(), world.states())
    # A silent loss can only be found once traffic passes on every partition again.
    await world.clock.sleep(100 * QUERY_TIMEOUT_MS)
    for _ in range(6):
        await world.clock.sleep(3000)
        if world.plan.buffer_rows < world.shape.keys:
            # More at once and each load would be given up before it is proved, as its limit says.
            world.writers.rewrite_one_a_partition(world.now_ms)
        else:
            world.writers.rewrite_all(world.now_ms)
        await world.drain(9000)
    if await world.drain(30_000) is None:
        world.wrong("a silent loss was not healed", world.ledger.story(), world.states())
    return None
