"""The end of an engine: every service gets its time to let go, whatever the others do."""

from __future__ import annotations

import asyncio
import logging
import warnings

import pytest

from engine.adapters.embedded import (
    ChangeLog,
    EmbeddedBoard,
    EmbeddedFeed,
    EmbeddedSource,
    EmbeddedTable,
    MemoryStore,
)
from engine.adapters.embedded.rows import start_rows
from engine.clock import SystemClock
from engine.errors import NotOwner, ServiceAway
from engine.formats import make_decoder
from engine.ports import BoardState
from engine.runtime import Engine, EngineOptions


class Board(EmbeddedBoard):
    """A store whose release fails at once."""

    trouble: Exception
    closed = False

    async def release(self, state: BoardState) -> None:
        raise self.trouble

    async def close(self) -> None:
        self.closed = True


class Feed(EmbeddedFeed):
    """Takes a moment to let go."""

    closed = False
    closing = asyncio.Event()

    async def close(self) -> None:
        self.closing.set()
        await asyncio.sleep(0.1)
        self.closed = True


def running(trouble: Exception) -> tuple[Engine, Feed, Board]:
    clock, log = SystemClock(), ChangeLog()
    table = EmbeddedTable(log, clock, rows=start_rows(0))
    feed, store = Feed(log, clock), Board(MemoryStore(clock), "b", engine_id="a")
    feed.closing, store.trouble = asyncio.Event(), trouble
    engine = Engine(
        feed=feed,
        source=EmbeddedSource(table, clock),
        store=store,
        decoder=lambda described: make_decoder(described, "canal-json").decode,
        options=EngineOptions(board_name="b", size=3, reserve=3, topic="t"),
        clock=clock,
        engine_id="a",
    )
    return engine, feed, store


async def owner(engine: Engine) -> asyncio.Task[None]:
    task = asyncio.create_task(engine.run())
    async with asyncio.timeout(10):
        while engine.status.standing.publication != "OWNER":  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)
    return task


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (ServiceAway("Redis", "it is gone"), "a service did not let go in time"),
        (NotOwner("other", 7), "while letting go: the board belongs to engine other"),
    ],
)
async def test_a_release_that_fails_leaves_the_others_their_time(
    trouble: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine, feed, store = running(trouble)
    task = await owner(engine)
    engine.stop()
    with caplog.at_level(logging.WARNING):
        await task
    assert (feed.closed, store.closed) == (True, True)
    assert said in caplog.text
    assert engine.status.ended == "stopped"


async def test_an_engine_that_is_cancelled_while_it_lets_go_leaves_nothing_half_begun() -> None:
    engine, feed, store = running(ServiceAway("Redis", "it is gone"))
    task = await owner(engine)
    engine.stop()
    await feed.closing.wait()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task, engine
    assert not [w for w in told if "never awaited" in str(w.message)]
    assert (feed.closed, store.closed) == (False, False)
