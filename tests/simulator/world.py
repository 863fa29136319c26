"""A world in which real engines run, and the steps that happen to it.

::

    writers ──▶ Table (rows, binlog) ──▶ WireCanal (batches, resends) ──bytes──▶ Topic
                  └── SimSource ──────────────▶ Engine, 1 to 3 of them ◀── SimFeed
                                                   └──▶ SimBoard ──▶ store ◀── Ledger reads
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NoReturn

from engine.core.reports import Timing
from tests.core.oracle import Oracle, Wrong, best_of
from tests.core.world_database import Faults, Table
from tests.core.world_writers import Writers
from tests.simulator.ledger import Ledger
from tests.simulator.plan import Plan
from tests.simulator.process import Process, SimClock, options
from tests.simulator.services import SimFeed, SimSource
from tests.simulator.store import SimBoard
from tests.simulator.weather import Weather
from tests.simulator.wire import Topic, WireCanal

MOST_ENGINES = 3
SPARE_PARTITIONS = 3
"""How many may be added in the course of a history."""


class World:
    """One history's world. Must be made within a running virtual loop."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.clock = plan, SimClock()
        self.rng = rng = random.Random(plan.seed)
        self.weather = Weather(rng)
        shape = self.shape = plan.shape
        roomy = replace(shape, partitions=shape.partitions + SPARE_PARTITIONS)
        self.table = Table(roomy)
        self.topic = Topic(shape.partitions)
        self.canal = WireCanal(self.table, self.topic, roomy, rng, protobuf=plan.protobuf)
        faults = replace(
            Faults.none(),
            late_visible=int(plan.late_visible),
            long_transaction=int(plan.long_transaction),
            null=int(plan.nulls),
        )
        self.writers = Writers(self.table, shape, faults, rng)
        self.ledger = Ledger(shape.size, self.wrong)
        self.processes: list[Process] = []
        self.happened: Counter[str] = Counter()
        self.loads = 0
        self.limits: Counter[str] = Counter()
        self.broken: Wrong | None = None
        self._born = 0

    @property
    def now_ms(self) -> float:
        return self.clock.monotonic_ms()

    def wrong(self, what: str, *details: object) -> NoReturn:
        """A law is broken; whoever is told may have nobody to tell it to, so it is kept as well."""
        self.broken = self.broken or Wrong("\n    ".join([what, *map(str, details)]))
        raise self.broken

    async def begin(self) -> None:
        """Some rows, some of them already in the feed, and the first engines, maybe come to rest."""
        for _ in range(self.rng.randint(0, 25)):
            self.writers.write(self.now_ms - 3000, filling=True)
        self.table.show(self.now_ms)
        while not self.canal.idle and self.rng.random() < 0.8:
            self.move_canal(calm=True)
        for _ in range(self.plan.engines):
            self.start_engine()
        await self.clock.sleep(self.rng.choice((0, 1000, 4000)))

    def move_canal(self, *, calm: bool) -> None:
        self.topic.now_ms = self.now_ms
        self.canal.step(self.now_ms, calm=calm)

    # ── engines ───────────────────────────────────────────────────────────────────────────

    def start_engine(self) -> Process:
        plan, shape = self.plan, self.shape
        self._born += 1
        oracle = Oracle(
            self.table,
            size=shape.size,
            partitions=shape.partitions + SPARE_PARTITIONS,
            wrong=self.wrong,
            lost=self.canal.lost,
            holed=self.canal.holed,
            steps_seen=plan.protobuf,
            clock_trusted=shape.evidence == "position" or "clock_set" not in plan.kinds,
            limits=self.limits,
        )
        process = Process(f"engine-{self._born}", oracle)
        process.resting = partial(self.at_rest, process)
        feed = SimFeed(self.topic, process, self.weather)
        source = SimSource(self.table, shape, self.writers, process, self.weather)
        store = SimBoard(self.ledger, process, self.weather)
        knobs = options(
            size=shape.size,
            reserve=shape.reserve,
            buffer_rows=plan.buffer_rows,
            resync_lag=plan.resync_lag,
            timing=Timing(audit_ms=plan.audit_ms),
        )
        process.start(feed, source, store, knobs)
        self.processes.append(process)
        return process

    def call_later(self, delay_ms: float, act: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(delay_ms / 1000, act)

    def living(self) -> list[Process]:
        return [p for p in self.processes if p.alive]

    def uncommitted(self) -> Process | None:
        """Who has published the board on show, if its positions are not committed yet."""
        claimed = self.ledger.known.claimed
        if claimed is None or claimed.positions == self.topic.committed:
            return None
        owners = (p for p in self.living() if p.engine_id == claimed.engine_id and not p.paused)
        return next(owners, None)

    def check(self) -> None:
        """All that must hold after every step."""
        if self.broken is not None:
            raise self.broken
        for process in self.living():
            if process.task.done():
                process.task.result()
                self.wrong("an engine ended by itself", process.engine_id)
        self.ledger.look()

    def at_rest(self, process: Process) -> bool:
        """Nothing is on its way to this engine."""
        table = self.table
        table.show(self.now_ms)
        shown = table.visible_count == len(table.log)
        return self.canal.idle and shown and self.has_read_all(process)

    def has_read_all(self, process: Process) -> bool:
        """All that is in the topic, as it is now, has been handed to this engine's core."""
        same = process.feed.incarnation == self.topic.incarnation
        return same and process.applied == self.topic.ends()

    # ── the end ───────────────────────────────────────────────────────────────────────────

    async def calm(self) -> None:
        """Whatever goes wrong is over; at least one engine runs."""
        self.weather.clear_up()
        self.canal.calm_down()
        for process in self.living():
            process.may_run.set()
        if not self.living():
            self.start_engine()
        await self.clock.sleep(max(0.0, self.canal.stuck_until_ms - self.now_ms))

    async def drain(self, within_ms: float, *, stay_ms: float = 3000) -> float | None:
        """No more input. Since when readers see the table, EXACT, to stay; None: they do not."""
        rest_ms = good_ms = None
        while True:
            await self.clock.sleep(100 if rest_ms is None else 250)
            self.move_canal(calm=True)
            self.check()
            self.table.show(self.now_ms)
            if not self.canal.idle or self.table.visible_count < len(self.table.log):
                rest_ms = good_ms = None
                continue
            rest_ms = rest_ms or self.now_ms
            if not self.ledger.shows(best_of(self.table.rows, self.shape.size)):
                good_ms = None
            elif good_ms is None:
                good_ms = self.now_ms
            if good_ms is not None and self.now_ms - good_ms >= stay_ms:
                return good_ms
            if self.now_ms - rest_ms >= within_ms:
                return None

    def states(self) -> str:
        """What each engine says of itself."""
        return "; ".join(
            f"{p.engine_id}: {p.topn.claim()} {p.engine._publisher.standing.publication}"
            if p.topn
            else p.engine_id
            for p in self.living()
        )

    async def close(self) -> None:
        if self.broken is not None:
            await self.clock.sleep(3000)  # an engine that has met it is on its way out by itself
        for process in self.living():
            await process.kill()
