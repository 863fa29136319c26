"""The two who look on: a consumer that keeps the replica, and a reader of the published board."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from engine.adapters.kafka_closing import stop_consumer
from engine.assembly import make_board_reader
from engine.errors import ServiceAway, StoreRefused
from engine.ports import StoredBoard
from engine.published import inconsistencies, lease_alive
from engine.settings import Settings
from engine.tasks import cancelled
from tests.chaos.decoding import COLUMNS, decode
from tests.chaos.judge import Judge, Reading
from tests.chaos.replica import Replica
from tests.stack.world import World

READ_INTERVAL_S = 0.025
_T = TypeVar("_T")


class Watch:
    """An event loop in a thread of its own; :meth:`call` runs something between two of its steps.

    Args:
        world: whose topic and board.
        settings: for reading the board, as `topn-tui query` would.
        size: N.
        partitions: of the topic.
    """

    def __init__(self, world: World, settings: Settings, *, size: int, partitions: int) -> None:
        self._world, self._settings, self._partitions = world, settings, partitions
        self.replica = Replica(partitions)
        self.judge = Judge(self.replica, size)
        self.reads: Counter[str] = Counter()
        """By what was seen: a state, ``STALE``, ``nothing``, ``away``."""
        self.provisional = 0
        self.latest: Reading | None = None
        self.messages = self.touches = 0
        self.on_exact: Callable[[Reading], None] = lambda reading: None
        """Called in the loop's thread with each EXACT reading."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="watch", daemon=True)
        self._consumer: Any = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin at the topic's start; returns once both work."""
        self._thread.start()
        self._wait(self._open())

    def stop(self) -> None:
        try:
            self._wait(self._close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def check(self) -> None:
        """Raise what either of them did not expect."""
        for task in self._tasks:
            if task.done():
                task.result()

    def call(self, work: Callable[[], _T]) -> _T:
        """Run it in the loop's thread, where nothing is half done."""

        async def run() -> _T:
            return work()

        return self._wait(run())

    def ends(self) -> Mapping[int, int]:
        """The broker's end offsets now."""

        async def ask() -> Mapping[int, int]:
            found = await self._consumer.end_offsets(self._places())
            return {place.partition: offset for place, offset in found.items()}

        return self._wait(ask())

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(40)

    def _places(self) -> list[TopicPartition]:
        return [TopicPartition(self._world.topic, p) for p in range(self._partitions)]

    async def _open(self) -> None:
        # While the broker is down the driver writes dozens of lines a second.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._world.kafka.bootstrap_servers,
            auto_offset_reset="none",
            enable_auto_commit=False,
        )
        await self._consumer.start()
        self._consumer.assign(self._places())
        for place in self._places():
            self._consumer.seek(place, 0)
        self._tasks = [asyncio.create_task(self._consume()), asyncio.create_task(self._read())]

    async def _close(self) -> None:
        await cancelled(*self._tasks, within_ms=5000)
        # Brokers were killed under it: its own stop() may leave connections, or never end.
        await stop_consumer(self._consumer)

    async def _consume(self) -> None:
        database, table = self._world.database, self._world.table
        while True:
            batches = await self._consumer.getmany(timeout_ms=100)
            for place, records in batches.items():
                for record in records:
                    touches = decode(record.value, database, table)
                    self.messages += 1
                    self.touches += len(touches)
                    self.replica.deliver(place.partition, record.offset, touches)
            self.judge.judge()
            await asyncio.sleep(0)

    async def _read(self) -> None:
        store = make_board_reader(self._settings)
        try:
            while True:
                try:
                    stored = await store.read()
                except (ServiceAway, StoreRefused):
                    self.reads["away"] += 1
                else:
                    self._look(stored)
                await asyncio.sleep(READ_INTERVAL_S)
        finally:
            await store.close()

    def _look(self, stored: StoredBoard | None) -> None:
        if stored is None:
            self.reads["nothing"] += 1
            return
        reading = self.latest = as_reading(stored)
        if reading.problems:
            self.reads["INCONSISTENT"] += 1
            self.judge.verdicts.mismatches.append(f"a board not of one piece: {reading}")
        self.reads[reading.state if reading.alive else "STALE"] += 1
        if reading.exact:
            self.provisional += reading.provisional
            self.judge.hear(reading)
            self.judge.judge()
            self.on_exact(reading)


def as_reading(stored: StoredBoard) -> Reading:
    """What a reader may believe of it."""
    meta = stored.meta
    fields = [json.loads(text) for text in stored.rows.values()]
    rows = [tuple(row[name] for name in COLUMNS) for row in fields]
    ordered = sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)
    positions = json.loads(meta.get("offsets") or "{}")
    return Reading(
        at_ms=time.time_ns() // 1_000_000,
        state=meta.get("state", ""),
        reason=meta.get("reason", ""),
        provisional=meta.get("provisional") == "1",
        alive=lease_alive(stored),
        epoch=int(meta.get("epoch") or 0),
        version=int(meta.get("version") or 0),
        updated_ms=int(meta.get("updated_at_ms") or 0),
        positions={int(partition): offset for partition, offset in positions.items()},
        rows=tuple(ordered),
        problems=inconsistencies(stored),
    )
