"""What each kind of step does. A step finds its choices by its own seed, in the world as it is."""

from __future__ import annotations

import random

from tests.simulator.plan import Step
from tests.simulator.world import MOST_ENGINES, SPARE_PARTITIONS, World

CANALS = {
    "hole": "hole", "resend": "resend", "stall": "stall", "rewind": "crash",
    "slow_partition": "slow_partition", "poison": "dead", "minimal": "minimal",
    "silent_loss": "silent",
}  # fmt: skip
"""Kind of step -> what Canal is ordered to do at its next occasion."""

CONDITIONS = {
    "slow_query": (500, 6000), "failing_query": (100, 6000), "hanging_query": (100, 3000),
    "stale_query": (500, 6000), "lagging_query": (500, 6000), "feed_away": (200, 9000), "feed_mute": (200, 9000),
    "feed_slow": (500, 6000), "store_away": (200, 8000), "store_slow": (500, 6000),
    "reply_lost": (2000, 2000),
}  # fmt: skip
"""Kind of step -> how long it holds, at least and at most."""


NO_OCCASION = False
"""What a step says that had nothing to strike."""


async def perform(world: World, step: Step) -> None:
    """Let it happen, and the time after it pass."""
    world.rng.seed(step.seed)
    random.seed(step.seed)  # the engine's backoff draws from there
    struck: bool | None = True
    if step.kind in CANALS:
        world.canal.order(CANALS[step.kind])
        world.move_canal(calm=False)
    elif step.kind in CONDITIONS:
        world.weather.set(step.kind, world.rng.randint(*CONDITIONS[step.kind]))
    else:
        struck = await _OTHERS[step.kind](world)
    if struck is not NO_OCCASION:
        world.happened[step.kind] += 1
    await world.clock.sleep(step.wait_ms)


async def _write(world: World) -> None:
    world.writers.write(world.now_ms)


async def _canal(world: World) -> None:
    world.move_canal(calm=False)


async def _quiet(world: World) -> None:
    """Nobody writes, and Canal sends all that it has."""
    for _ in range(30):
        world.move_canal(calm=False)
        await world.clock.sleep(20)


async def _wait(world: World) -> None:
    """Only time passes."""


# ── the table ─────────────────────────────────────────────────────────────────────────────────


async def _ddl(world: World, what: str) -> None:
    world.table.append(world.writers.transaction(world.now_ms), what)


async def _truncate(world: World) -> None:
    await _ddl(world, "clear")


async def _alter(world: World) -> None:
    await _ddl(world, "alter")


async def _move(world: World) -> None:
    rng, shape = world.rng, world.shape
    key, score = rng.randrange(shape.keys), rng.randrange(shape.scores)
    world.writers.move_a_row(world.writers.transaction(world.now_ms), key, score)


async def _rename_swap(world: World) -> None:
    """Another table takes this one's name, and nothing on the topic says so."""
    rng, table, shape = world.rng, world.table, world.shape
    before = len(table.log)
    transaction = world.writers.transaction(world.now_ms)
    table.append(transaction, "clear")
    for key in rng.sample(range(shape.keys), rng.randint(0, shape.keys)):
        table.append(transaction, "upsert", key, rng.randrange(shape.scores))
    world.canal.lost.update(range(before, len(table.log)))


async def _table_gone(world: World) -> None:
    """Renamed away, which nothing on the topic says; somebody asks for an audit meanwhile."""
    world.weather.set("table_gone", world.rng.randint(1000, 6000))
    await _audit(world)


async def _log_reset(world: World) -> None:
    """RESET MASTER, as soon as all of the log was read; Canal begins at the new one."""
    for _ in range(100):
        if world.canal.idle and all(map(world.has_read_all, world.living())):
            world.table.begin_log_anew()
            world.canal.begin_at_the_end(world.now_ms)
            return
        world.move_canal(calm=True)
        await world.clock.sleep(50)


async def _clock_set(world: World) -> None:
    world.writers.clock_error_ms += world.rng.choice((-4000, -2000, 3000))


# ── the topic ─────────────────────────────────────────────────────────────────────────────────


async def _duplicate(world: World) -> None:
    world.topic.now_ms = world.now_ms
    world.topic.repeat_last(world.rng.randrange(world.shape.partitions))


async def _topic_recreated(world: World) -> None:
    world.topic.recreate(world.shape.partitions)


async def _expired(world: World) -> None:
    """Retention takes what an engine has not read: somebody is behind, or nothing happens."""
    world.topic.expire(world.rng.randrange(world.shape.partitions))


async def _partition_added(world: World) -> None:
    if len(world.topic.ends()) < world.shape.partitions + SPARE_PARTITIONS:
        world.topic.add_partition()


# ── the store ─────────────────────────────────────────────────────────────────────────────────


async def _dump(world: World) -> None:
    world.ledger.dump()


async def _restored(world: World) -> bool:
    return world.ledger.restore()


async def _emptied(world: World) -> None:
    world.ledger.empty()


async def _news_lost(world: World) -> None:
    world.ledger.follower.lose_next = True


async def _meddled(world: World) -> None:
    name = str(world.rng.randrange(world.shape.keys))
    world.ledger.meddle(name, remove=world.rng.random() < 0.5)


# ── the engines ───────────────────────────────────────────────────────────────────────────────


async def _kill(world: World) -> None:
    """SIGKILL, and somebody starts it again."""
    living = world.living()
    if living:
        await world.rng.choice(living).kill()
    await world.clock.sleep(world.rng.choice((0, 10, 1000, 7000)))
    world.start_engine()


async def _kill_uncommitted(world: World) -> bool:
    """SIGKILL of the owner, between a publish and the commit of its positions."""
    for turn in range(60):
        owner = world.uncommitted()
        if owner is not None:
            await owner.kill()
            world.start_engine()
            return True
        if turn % 6 == 0:
            world.writers.write(world.now_ms)
        world.move_canal(calm=False)
        await world.clock.sleep(50)
    return NO_OCCASION


async def _stop(world: World) -> None:
    living = [p for p in world.living() if not p.paused]
    if living:
        await world.rng.choice(living).stop()
    world.start_engine()


async def _pause(world: World) -> None:
    """SIGSTOP, and SIGCONT some time later; maybe past the lease."""
    running = [p for p in world.living() if not p.paused]
    if not running:
        return
    process = world.rng.choice(running)
    process.may_run.clear()
    world.call_later(world.rng.choice((300, 2000, 5500, 9000)), process.may_run.set)


async def _another_engine(world: World) -> None:
    if len(world.living()) < MOST_ENGINES:
        world.start_engine()


async def _audit(world: World) -> None:
    for process in world.living():
        process.engine.audit()


async def _refill(world: World) -> None:
    for process in world.living():
        process.engine.refill()


_OTHERS = {
    "write": _write, "canal": _canal, "wait": _wait, "quiet": _quiet, "truncate": _truncate, "alter": _alter,
    "move": _move, "rename_swap": _rename_swap, "clock_set": _clock_set, "duplicate": _duplicate,
    "topic_recreated": _topic_recreated, "expired": _expired, "partition_added": _partition_added,
    "dump": _dump, "restored": _restored, "emptied": _emptied, "news_lost": _news_lost,
    "meddled": _meddled, "kill": _kill, "kill_uncommitted": _kill_uncommitted, "stop": _stop, "pause": _pause,
    "another_engine": _another_engine, "audit": _audit, "refill": _refill, "table_gone": _table_gone,
    "log_reset": _log_reset,
}  # fmt: skip
