"""How long a change waits until it is in the store: of the last one, or so far of one that still waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from engine.adapters.embedded.store import EmbeddedBoard, MemoryStore
from engine.core.changes import BoardChange
from engine.publisher import Publisher
from tests.adapters.boards import row, state
from tests.embedded.clock import ManualClock


class SlowBoard(EmbeddedBoard):
    """Takes `takes_ms` for each write of a change."""

    takes_ms = 40.0

    async def publish(self, *given: Any, **changed: Any) -> int:
        await self._store.clock.sleep(self.takes_ms)
        return await super().publish(*given, **changed)


@asynccontextmanager
async def publishing(
    store: MemoryStore, engine_id: str = "e"
) -> AsyncIterator[tuple[Publisher, SlowBoard]]:
    board = SlowBoard(store, "b", engine_id=engine_id)
    publisher = Publisher(
        board,
        store.clock,
        snapshot=lambda: (state(1), (row(1, 1),)),
        notify=lambda *_: None,
        committed=lambda _: None,
    )
    running = asyncio.create_task(publisher.run())
    yield publisher, board
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def change(score: int) -> BoardChange:
    return BoardChange(moved=(row(1, score),))


async def test_from_a_change_offered_to_its_being_written() -> None:
    clock = ManualClock()
    async with publishing(MemoryStore(clock)) as (publisher, _):
        assert publisher.stored_ms is None
        await clock.advance(100)
        assert publisher.stored_ms is None  # the board was written, but no change of it
        publisher.offer(change(2), state(1))
        await clock.advance(20)
        publisher.offer(change(3), state(1))  # has to wait for the write that is under way
        await clock.advance(30)
        assert publisher.stored_ms is not None
        assert 40 <= publisher.stored_ms <= 50
        await clock.advance(100)
        assert 70 <= publisher.stored_ms <= 80


async def test_while_a_write_hangs_the_delay_grows() -> None:
    clock = ManualClock()
    async with publishing(MemoryStore(clock)) as (publisher, board):
        await clock.advance(100)
        board.takes_ms = 60_000
        publisher.offer(change(2), state(1))
        await clock.advance(2_000)
        assert publisher.stored_ms == 2_000
        await clock.advance(1_000)
        assert publisher.stored_ms == 3_000


async def test_a_standby_stores_nothing_and_knows_no_delay() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    async with publishing(store), publishing(store, "other") as (standby, _):
        await clock.advance(100)
        standby.offer(change(2), state(1))
        await clock.advance(500)
        assert standby.stored_ms is None
