"""A quiet point: nothing writes, nothing is killed, all is delivered; everybody must agree."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.chaos.decoding import Row
from tests.chaos.judge import Reading
from tests.chaos.killing import SIZE, Engines
from tests.chaos.replica import top
from tests.chaos.watch import Watch
from tests.pipeline.engines import HeadlessEngine
from tests.stack.world import TABLE, World

MARKER = 1_000_000
"""Key and score of the last row that is written before a quiet point."""

DRAIN_S = 45.0
"""How long the rest of the feed may take: Canal comes back some 17 s after a killed database. It may also
stay away for ever: asked for a binlog that the killed server had cut, it waits without a word. Then
somebody has to start it anew, as the engine's "is Canal running?" asks for."""


class Mismatch(AssertionError):
    """Something claimed to be exact was not, or nothing claimed it in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietPoint:
    """What one quiet point has shown."""

    drain_s: float
    """Until all was delivered."""
    exact_s: float
    """From then, until memory, ZSET and SELECT agreed under the word EXACT."""
    canal_stuck: bool
    """Canal delivered nothing more until it was started anew."""
    feed_gap: bool
    """The feed never delivered all of the table: the product's audit has to find that."""


def write_marker(world: World) -> None:
    """The best row of all; that it is delivered shows how far Canal has come."""
    values = f"({MARKER}, NULL, 'last', 0, {MARKER})"
    world.execute(f"INSERT INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES {values}")


def remove_marker(world: World) -> None:
    world.execute(f"DELETE FROM {TABLE} WHERE id = {MARKER}")


def table_rows(world: World) -> list[Row]:
    return list(world.query(f"SELECT id, like_cnt, biz_id, biz, read_cnt FROM {TABLE}"))


def quiet_point(world: World, watch: Watch, engines: Engines, *, bound_s: float) -> QuietPoint:
    """Wait until all is delivered and all agree. Nobody else may write, everything must run.

    Raises:
        Mismatch: they do not, at once if it is called EXACT, else within `bound_s`.
    """
    write_marker(world)
    table = table_rows(world)
    began_s = time.monotonic()
    stuck = not _within(DRAIN_S, lambda: _delivered(watch, table))
    if stuck:
        world.canal.restart()
    gap = stuck and not _within(DRAIN_S, lambda: _delivered(watch, table))
    drained_s = time.monotonic()
    select = list(world.top(SIZE))
    if select != top(table, SIZE):
        raise Mismatch(f"the judge cannot rank: SELECT {select}, here {top(table, SIZE)}")

    def agreed() -> bool:
        watch.check()
        engines.check()
        return _stored_agrees(watch, table, select, strict=not gap) and all(
            _memory_agrees(world, watch, engine, select, strict=not gap) for engine in engines.alive
        )

    if not _within(bound_s, agreed):
        said = [engine.latest for engine in engines.alive]
        raise Mismatch(
            f"not EXACT and in agreement within {bound_s:g} s after all was delivered\n"
            f"SELECT {select}\nRedis  {watch.latest}\nends   {dict(watch.ends())}\nmemory {said}"
        )
    exact_s = time.monotonic()
    watch.call(watch.judge.judge)
    watch.call(watch.judge.settle)
    watch.call(lambda: watch.replica.start_from(table))
    return QuietPoint(
        drain_s=drained_s - began_s, exact_s=exact_s - drained_s, canal_stuck=stuck, feed_gap=gap
    )


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _delivered(watch: Watch, table: list[Row]) -> bool:
    """The replica has become the table, and nothing is left to read."""
    watch.check()
    expected = {row[0]: row for row in table}

    def equal() -> bool:
        replica = watch.replica
        rows = replica.rows(replica.now)
        return expected.keys() <= rows.keys() and all(
            expected.get(key) in images for key, images in rows.items()
        )

    return watch.call(equal) and _at_end(watch, watch.ends())


def _at_end(watch: Watch, ends: Any) -> bool:
    positions = watch.call(lambda: watch.replica.positions)
    return all(positions[partition] >= end for partition, end in ends.items())


def _stored_agrees(watch: Watch, table: list[Row], select: list[Row], *, strict: bool) -> bool:
    """The newest reading is EXACT, of the very end, and right."""
    ends = dict(watch.ends())
    asked_ms = time.time_ns() // 1_000_000
    reading: Reading | None = watch.latest
    if reading is None or not reading.exact or dict(reading.positions) != ends:
        return False
    if asked_ms - reading.at_ms > 1000 or not (_delivered(watch, table) or not strict):
        return False
    if list(reading.rows) == select:
        return True
    if strict:
        raise Mismatch(f"at rest, EXACT and wrong:\nRedis  {reading}\nSELECT {select}")
    return False


def _memory_agrees(
    world: World, watch: Watch, engine: HeadlessEngine, select: list[Row], *, strict: bool
) -> bool:
    """A new line of the engine says EXACT, of the very end, and has the same board."""
    line, ends = engine.latest, dict(watch.ends())
    now_ms = time.time_ns() // 1_000_000
    at_end = {int(p): at for p, at in line.get("positions", {}).items()} == ends
    if line.get("state") != "EXACT" or not at_end or now_ms - line["at_ms"] > 1500:
        return False
    board = [tuple(row) for row in line["board"]]
    # The lines name key, score, then the columns: as the rows here.
    if board == select and _tracked_agrees(world, line):
        return True
    if strict:
        raise Mismatch(f"at rest, EXACT and wrong:\nmemory {line}\nSELECT {select}")
    return False


def _tracked_agrees(world: World, line: dict[str, Any]) -> bool:
    """Tracked is exactly what ranks above the floor."""
    ranked = f"SELECT COUNT(*) FROM {TABLE} WHERE like_cnt IS NOT NULL"
    if line["floor"] is None:
        ((count,),) = world.query(ranked)
    else:
        ((count,),) = world.query(f"{ranked} AND (like_cnt, id) > (%s, %s)", line["floor"])
    return bool(count == line["tracked"])
