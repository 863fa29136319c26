"""A world with Canal and engine, started side by side: most of a short test's time is this."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.pipeline.at_rest import fresh
from tests.pipeline.engines import HeadlessEngine, Line, eventually
from tests.pipeline.fixtures import EngineFactory
from tests.stack.world import TABLE, World

AUDITS = ("--set", "engine.audit_interval_s=1")
NO_AUDITS = ("--set", "engine.audit_interval_s=3600")
_QUICK = ("--set", "engine.settle_ms=800", "--set", "engine.key_change_patience_ms=2000")


def start_engine(
    world: World, engine_on: EngineFactory, *arguments: str, canal: bool = True, **choices: Any
) -> HeadlessEngine:
    """Start the world's Canal, unless not `canal`, and an engine; wait until EXACT as OWNER.

    Nothing is lost that is written meanwhile: where Canal begins was decided with the world.
    """
    if canal:
        world.canal.launch()
    engine = engine_on(world, *_QUICK, *arguments, **choices)
    if canal:
        world.canal.wait_ready()
    engine.wait_exact()
    return engine


def proven(line: Line) -> bool:
    """EXACT by evidence, not by the feed's silence."""
    return bool(line["state"] == "EXACT" and not line["provisional"])


def start_proven(
    world: World, engine_on: EngineFactory, *arguments: str, **choices: Any
) -> HeadlessEngine:
    """Start both, and have messages prove the start."""
    engine = start_engine(world, engine_on, *arguments, **choices)
    prove(world, engine)
    return engine


def prove(world: World, engine: HeadlessEngine, keys: Iterable[int] = (5,)) -> None:
    """Change these rows until EXACT rests on evidence: by binlog time it takes more than a second."""

    def changed_and_proven() -> bool:
        for key in keys:
            change(world, key)
        return proven(fresh(engine))

    eventually(changed_and_proven, "EXACT by evidence", context=engine.story)


def change(world: World, key: int) -> None:
    """One small change of one row."""
    world.execute(f"UPDATE {TABLE} SET like_cnt = like_cnt + 1 WHERE id = %s", (key,))


def states_since(engine: HeadlessEngine, count: int) -> list[tuple[str, Any]]:
    """The states that it has gone through after the first `count`, with their reasons."""
    return [(s["state"], s["reason"]) for s in engine.states[count:]]
