"""The real engine on the embedded pipeline, in virtual time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from engine.adapters.embedded import EmbeddedTable, EmbeddedWorkload, Traffic, Wire
from engine.adapters.embedded.rows import fields, start_rows
from engine.adapters.embedded.traffic import FEW_ROWS, MANY_ROWS, RATES_PER_S, USUAL_PER_S
from engine.assembly import make_embedded_engine, nothing_configured
from engine.embedded import EmbeddedEngine
from engine.settings import BoardSection, Settings
from engine.status import State
from tests.embedded.clock import ManualClock
from tests.embedded.conftest import parts

WIRES: list[Wire] = ["json", "protobuf"]


@asynccontextmanager
async def running(
    wire: Wire = "json", *, seed: int = 0, size: int = 10
) -> AsyncIterator[tuple[EmbeddedEngine, ManualClock, EmbeddedTable]]:
    clock = ManualClock()
    settings = Settings.model_construct(board=BoardSection(size=size))
    engine = make_embedded_engine(settings, wire, clock=clock, seed=seed)
    task = asyncio.create_task(engine.run())
    try:
        yield engine, clock, workload(engine)._table
    finally:
        engine.stop()
        await asyncio.wait_for(ended(task, clock), 20)
        await task


async def ended(task: asyncio.Task[None], clock: ManualClock) -> None:
    while not task.done():
        await clock.advance(50)


def workload(engine: EmbeddedEngine) -> EmbeddedWorkload:
    return cast(EmbeddedWorkload, engine.workload)


def board(engine: EmbeddedEngine) -> list[tuple[object, object]]:
    return [(row.key, row.score) for row in engine.status.board]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("seed", [0, 1, 2])
async def test_the_first_minute_shows_everything(wire: Wire, seed: int) -> None:
    async with running(wire, seed=seed) as (engine, clock, table):
        exact = 0
        for _ in range(60):
            await clock.advance(1000)
            exact += engine.status.exactness.state is State.EXACT
        counters = engine.status.counters
        assert 20 <= counters.changes / 60 <= 40
        assert counters.evicted >= 20
        assert counters.spilled >= 10
        assert counters.loads >= 3  # the first one, and refills
        assert engine.status.last_load is not None
        assert counters.superseded_in_batch > 0
        assert counters.audit_mismatches == counters.dead_letters == 0
        assert exact >= 50
        causes = {str(entry.cause) for entry in engine.status.evictions}
        assert len(causes) >= 2
        assert FEW_ROWS - 5 <= table.count <= MANY_ROWS + 5


@pytest.mark.parametrize("wire", WIRES)
async def test_random_writes_end_exact_and_equal_to_the_table(wire: Wire) -> None:
    chance = random.Random(wire)
    async with running(wire, size=7) as (engine, clock, table):
        workload(engine)._traffic.rate_per_s = 300
        for i in range(120):
            await clock.advance(50)
            keys = [key for key, _ in table.best(40)]
            match chance.randrange(8 if i % 40 == 39 else 7):
                case 0 | 1:
                    table.delete(chance.sample(keys, min(len(keys), chance.randint(1, 12))))
                case 2:
                    table.update({k: {"like_cnt": None} for k in chance.sample(keys, 2)})
                case 3 | 4:
                    table.update({k: {"like_cnt": chance.randint(-5, 900)} for k in keys[:5]})
                case 5:
                    table.update({keys[0]: {"id": 50_000 + i}})
                case 6:
                    table.insert([fields(60_000 + i, 60_000 + i, "x", chance.randint(0, 500))])
                case 7:
                    workload(engine).reset()
        workload(engine).pause()
        await clock.advance(4000)
        table.insert([fields(1_000_000, 1_000_000, "last", 1)])
        await clock.advance(2000)
        assert engine.status.exactness.state is State.EXACT
        assert board(engine) == table.best(7)
        assert engine.status.counters.audit_mismatches == 0
        assert engine.status.counters.dead_letters == 0


async def test_a_log_made_anew_is_survived() -> None:
    async with running() as (engine, clock, table):
        await clock.advance(3000)
        table._log.recreate()
        await clock.advance(4000)
        assert engine.status.exactness.state is State.EXACT
        assert any("made anew" in notice.text for notice in engine.status.notices)


async def test_the_walkthrough_writes_what_it_says() -> None:
    async with running() as (engine, clock, table):
        steps = workload(engine)
        steps.pause()
        start = start_rows(0)
        await clock.advance(1000)
        assert steps.insert_outside() == "Inserted row 900001 with 26 likes outside the top."
        await clock.advance(2000)
        assert board(engine)[:2] == [(78, 450), (58, 290)]
        assert steps.insert_into_top() == "Inserted row 900002 with 370 likes into the top."
        await clock.advance(1000)
        assert board(engine)[:3] == [(78, 450), (900_002, 370), (58, 290)]
        assert engine.status.evictions[-1].row.key == 70
        assert steps.update_in_top() == "Updated row 900002: 370 → 550 likes."
        await clock.advance(1000)
        assert board(engine)[:3] == [(900_002, 550), (78, 450), (58, 290)]
        assert steps.reset() == f"The table is as it was at the start: {len(start)} rows."
        await clock.advance(4000)
        assert board(engine)[:2] == [(78, 450), (58, 290)]
        assert board(engine) == table.best(10)
        table.truncate()
        assert steps.update_in_top() == "There is no row to update."
        assert steps.insert_outside() == "Inserted row 900003 with 0 likes into the top."
        assert steps.insert_into_top() == "Inserted row 900004 with 1 likes into the top."


def test_the_rate_has_steps_and_two_ends() -> None:
    of = parts()
    traffic = Traffic(of.table, of.clock)
    steps = EmbeddedWorkload(of.table, traffic, rows=(), size=10)
    assert steps.rate_per_s == USUAL_PER_S
    assert steps.faster() == "Traffic: 100 changes/s."
    for _ in RATES_PER_S:
        said = steps.faster()
    assert said == "Traffic stays at 3,000 changes/s: there is no step beyond."
    for _ in RATES_PER_S:
        said = steps.slower()
    assert said == "Traffic stays at 1 changes/s: there is no step beyond."
    assert steps.pause() == "Traffic stopped."
    assert steps.faster() == "Traffic: 3 changes/s, but stopped."
    assert steps.pause() == "Traffic: 3 changes/s."


class Laborious(ManualClock):
    """Also goes on by each look at it, as if what is done between two of them took its time; until `end_ms`."""

    end_ms = 5_000

    def monotonic_ms(self) -> float:
        self._now_ms += 0.1
        return super().monotonic_ms()

    async def sleep(self, ms: float) -> None:
        self._now_ms += ms
        if self._now_ms > self.end_ms:
            raise asyncio.CancelledError


@pytest.mark.slow
async def test_the_highest_rate_is_kept_though_it_takes_more_than_a_slice() -> None:
    of, clock = parts(), Laborious()
    traffic = Traffic(of.table, clock)
    traffic.rate_per_s = RATES_PER_S[-1]
    with pytest.raises(asyncio.CancelledError):
        await traffic.run()
    due = traffic.rate_per_s * clock.end_ms / 1000
    assert of.table.changes == pytest.approx(due, rel=0.05)


async def test_the_same_seed_writes_the_same_rows() -> None:
    async def written(seed: int) -> list[tuple[int | str | None, ...]]:
        of = parts()
        traffic = Traffic(of.table, of.clock, seed=seed, slice_ms=1e9)
        for _ in range(300):
            await of.clock.advance(50, step_ms=50)
            traffic.tick()
        return of.table.select("SELECT id, like_cnt FROM interactives ORDER BY id")

    assert await written(3) == await written(3) != await written(4)


async def test_what_is_due_is_written_no_more_and_not_while_stopped() -> None:
    of = parts()
    traffic = Traffic(of.table, of.clock, slice_ms=1e9)
    total = 0
    for _ in range(100):
        await of.clock.advance(50, step_ms=50)
        total += traffic.tick()
    assert total == pytest.approx(150, abs=15)
    traffic.paused = True
    await of.clock.advance(1000)
    assert traffic.tick() == 0
    traffic.paused = False
    await of.clock.advance(60_000, step_ms=60_000)
    assert traffic.tick() <= 30  # what could not be written in time is forgotten


async def test_traffic_survives_an_empty_table() -> None:
    of = parts(rows=[])
    traffic = Traffic(of.table, of.clock, slice_ms=1e9)
    for _ in range(400):
        await of.clock.advance(50, step_ms=50)
        traffic.tick()
    assert of.table.count > 5


async def test_a_bug_in_the_traffic_ends_the_engine_and_is_raised() -> None:
    clock = ManualClock()
    engine = make_embedded_engine(Settings.model_construct(), clock=clock)
    workload(engine)._table.close()
    task = asyncio.create_task(engine.run())
    await asyncio.wait_for(ended(task, clock), 10)
    with pytest.raises(Exception, match="closed database"):
        await task


def test_nothing_configured_means_none_of_the_six() -> None:
    nothing = Settings.model_construct()
    assert nothing_configured(nothing)
    table = nothing.table.model_copy(update={"name": "t"})
    assert not nothing_configured(Settings.model_construct(table=table))
    assert nothing_configured(Settings.model_construct(board=BoardSection(size=3, name="b")))


def test_a_thousand_steps_take_little_time() -> None:
    of = parts()
    traffic = Traffic(of.table, of.clock)
    started = time.process_time()
    for _ in range(1000):
        traffic.step()
    assert time.process_time() - started < 2  # 0.2 s usually
