"""One engine of the simulator as a process: it can be killed, stopped and paused.

What a process does is what it asks of the world, so a pause is a gate before and behind each call of
an adapter and each sleep. A killed one is cut off from the world first; what its code does while it
is being cleared away reaches nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.formats import make_decoder
from engine.ports import ChangeFeed
from engine.runtime import Engine, EngineOptions
from tests.core.oracle import Oracle
from tests.core.world_database import Entry
from tests.simulator.wire import TABLE, db_ms

if TYPE_CHECKING:
    from tests.simulator.watched import WatchedTopN

CURRENT: ContextVar[Process] = ContextVar("the process whose code runs")


@dataclass
class Process:
    """See the module's text."""

    engine_id: str
    oracle: Oracle
    alive: bool = True
    may_run: asyncio.Event = field(default_factory=asyncio.Event)
    engine: Engine = None  # type: ignore[assignment]  # set by start(), before anyone looks
    task: asyncio.Task[None] = None  # type: ignore[assignment]  # the same
    topn: WatchedTopN | None = None
    feed: Any = None
    source: Any = None
    resting: Callable[[], bool] = bool
    """Whether nothing is on its way to this engine."""
    applied: dict[int, int] = field(default_factory=dict)
    """Partition -> next offset that the core has not been handed."""
    newest: Entry | None = None
    """The furthest in the binlog that the core was handed in a message that can be read."""
    published: dict[int, int] = field(default_factory=dict)
    """Partition -> the greatest offset of those that the store has taken from it."""

    def start(self, feed: ChangeFeed, source: Any, store: Any, options: EngineOptions) -> None:
        self.feed, self.source = feed, source
        self.may_run.set()
        CURRENT.set(self)
        self.engine = Engine(
            feed=feed,
            source=source,
            store=store,
            decoder=lambda table: make_decoder(table).decode,
            options=options,
            clock=SimClock(self),
            engine_id=self.engine_id,
        )
        # It takes this context along, and so does all that it starts.
        self.task = asyncio.create_task(self.engine.run(), name=f"engine {self.engine_id}")

    async def turn(self) -> None:
        """Wait while the process is paused. A dead one asks for nothing any more."""
        while self.alive and not self.may_run.is_set():
            await self.may_run.wait()
        if not self.alive:
            raise asyncio.CancelledError

    async def kill(self) -> None:
        """SIGKILL: no farewell reaches anybody."""
        self.alive = False
        self.may_run.set()
        self.task.cancel()
        await asyncio.wait({self.task})
        if not self.task.cancelled():
            self.task.exception()  # a broken law is known already

    async def stop(self) -> None:
        """SIGTERM: it leaves as it should."""
        self.may_run.set()
        self.engine.stop()
        await self.task
        self.alive = False

    @property
    def paused(self) -> bool:
        return not self.may_run.is_set()


class SimClock:
    """A :class:`~engine.ports.Clock` on the loop's virtual time."""

    def __init__(self, process: Process | None = None) -> None:
        self._process = process

    def monotonic_ms(self) -> float:
        return asyncio.get_running_loop().time() * 1000

    def wall_ms(self) -> int:
        return db_ms(self.monotonic_ms())

    async def sleep(self, ms: float) -> None:
        await asyncio.sleep(ms / 1000)
        if self._process is not None:
            await self._process.turn()


def options(
    *, size: int, reserve: int, buffer_rows: int, resync_lag: int, timing: Any
) -> EngineOptions:
    return EngineOptions(
        board_name=TABLE,
        size=size,
        reserve=reserve,
        topic=TABLE,
        timing=timing,
        batch_messages=7,
        batch_wait_ms=200,
        buffer_rows=buffer_rows,
        resync_lag=resync_lag,
    )
