"""The strictest thing that can be asked from outside: once all is delivered, EXACT *is* the SELECT."""

from __future__ import annotations

import itertools
import time

from tests.pipeline.boards import state, stored
from tests.pipeline.engines import HeadlessEngine, Line, eventually
from tests.stack.world import TABLE, World

_markers = itertools.count(1)


def fresh(engine: HeadlessEngine) -> Line:
    """Wait for a line that was written after this call: the newest may be a second old."""
    now_ms = time.time() * 1000
    return engine.wait_for(lambda line: line["at_ms"] >= now_ms, "a fresh line")


def wait_rest(world: World, engine: HeadlessEngine, n: int = 10, *, timeout_s: float = 30) -> Line:
    """Write a last row, wait until the board has it; from then on EXACT must be what SELECT says.

    Returns a line of the engine from then.

    Nobody else may write. With one partition, and where Canal does not send again, everything before
    the last row has been delivered with it: an EXACT that differs is a lie, not a delay.
    """
    number = next(_markers)
    key, score = 1_000_000 + number, 1_000_000_000 + number
    world.execute(
        f"INSERT INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES (%s, %s, 'last', 0, %s)",
        (key, key, score),
    )
    expected = list(world.top(n))
    eventually(
        lambda: any(row[0] == key for row in stored(world)),
        "the last row is on the board",
        timeout_s=timeout_s,
        context=engine.story,
    )

    def exact() -> bool:
        claimed, board = state(world), stored(world)
        if claimed != "EXACT" or state(world) != "EXACT":
            return False
        assert board == expected, f"EXACT, and wrong:\n{board}\n{expected}\n{engine.story()}"
        return True

    eventually(exact, "EXACT at rest", timeout_s=timeout_s, context=engine.story)
    return fresh(engine)
