"""A broker that goes away and comes back, under a feed that is being read."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine.adapters.kafka import KafkaFeed
from engine.errors import ServiceAway
from tests.adapters.feeds import DEADLINE_S, receive, send
from tests.stack.kafka_broker import KafkaBroker

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def mortal(adapter_folder: Path) -> Iterator[KafkaBroker]:
    server = KafkaBroker(adapter_folder / "kafka-mortal").start()
    yield server
    server.kill()


@pytest.fixture
async def feed(mortal: KafkaBroker, fresh_name: str) -> AsyncIterator[KafkaFeed]:
    if not mortal.alive:
        await asyncio.to_thread(mortal.start)
    mortal.create_topic(fresh_name)
    found = KafkaFeed(
        bootstrap_servers=mortal.bootstrap_servers,
        topic=fresh_name,
        group_id=fresh_name,
        request_timeout_ms=1000,
    )
    await found.open()
    yield found
    await found.close()


async def test_killed_and_back(feed: KafkaFeed, mortal: KafkaBroker, fresh_name: str) -> None:
    servers = mortal.bootstrap_servers
    await send(servers, fresh_name, [b"a"])
    await receive(feed, 1)
    await feed.commit({0: 1})
    await asyncio.to_thread(mortal.kill)
    assert await feed.next_batch(max_messages=10, timeout_ms=100) == []
    with pytest.raises(ServiceAway, match="refuses the connection"):
        await feed.end_offsets()
    with pytest.raises(ServiceAway):
        await feed.commit({0: 1})
    assert feed.positions() == {0: 1}
    await asyncio.to_thread(mortal.start)
    await send(servers, fresh_name, [b"b"])
    assert [(m.offset, m.value) for m in await receive(feed, 1)] == [(1, b"b")]
    async with asyncio.timeout(DEADLINE_S):
        while await _ends(feed) != {0: 2}:
            pass
    await feed.commit({0: 2})


async def test_a_broker_that_answers_nothing(feed: KafkaFeed, mortal: KafkaBroker) -> None:
    mortal.pause()
    try:
        for call in (feed.end_offsets, lambda: feed.commit({0: 1})):
            started = time.monotonic()
            with pytest.raises(ServiceAway, match="does not answer within 1000 ms"):
                await call()
            assert time.monotonic() - started < 4
        assert await feed.next_batch(max_messages=10, timeout_ms=100) == []
    finally:
        mortal.resume()


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_close_while_it_is_away(feed: KafkaFeed, mortal: KafkaBroker, how: str) -> None:
    if how == "kill":
        await asyncio.to_thread(mortal.kill)
    else:
        mortal.pause()
    try:
        # Into the driver's retries, where stop() would cancel its caller.
        with pytest.raises(ServiceAway):
            await feed.end_offsets()
        started = time.monotonic()
        await feed.close()
        await feed.close()
        assert time.monotonic() - started < 5
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
    finally:
        if how == "pause":
            mortal.resume()


async def test_cancelled_while_closing(feed: KafkaFeed, mortal: KafkaBroker) -> None:
    """A real cancellation goes through."""
    mortal.pause()
    try:
        closing = asyncio.create_task(feed.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait({closing}, timeout=5)
        assert closing.cancelled()
    finally:
        mortal.resume()


async def _ends(feed: KafkaFeed) -> dict[int, int] | None:
    try:
        return dict(await feed.end_offsets())
    except ServiceAway:
        return None
