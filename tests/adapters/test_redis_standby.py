"""Engines that wait for a board: warm ones go first, and a failover of Redis takes nothing back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
import redis

from engine.adapters.redis import RedisBoard
from engine.published import lease_alive
from tests.adapters.boards import row, state
from tests.adapters.store_engines import LEASE_MS, Shop
from tests.adapters.ways import Way
from tests.stack.redis_server import RedisServer

pytestmark = pytest.mark.service


@pytest.fixture
async def shop(redis_server: RedisServer, fresh_name: str) -> AsyncIterator[Shop]:
    made = Shop(redis_server, fresh_name)
    yield made
    await made.close()


class News:
    """All that was told on a board's channel, of every server that it was asked to listen to."""

    def __init__(self, name: str) -> None:
        self._channel = f"{name}:changes"
        self._open: list[Any] = []
        self.told: list[dict[str, Any]] = []

    def listen(self, server: RedisServer) -> None:
        channel = server.client().pubsub(ignore_subscribe_messages=True)
        channel.subscribe(self._channel)
        channel.get_message(timeout=5)
        self._open.append(channel)

    def gather(self) -> list[dict[str, Any]]:
        """Take in what has come, server by server."""
        for channel in self._open:
            while True:
                try:
                    message = channel.get_message(timeout=0.05)
                except redis.ConnectionError:
                    break  # it was killed
                if message is None:
                    break
                self.told.append(json.loads(message["data"]))
        return self.told

    def close(self) -> None:
        for channel in self._open:
            channel.close()


@pytest.fixture
def news(shop: Shop) -> Iterator[News]:
    made = News(shop.name)
    yield made
    made.close()


async def dead_owner(shop: Shop) -> None:
    """An engine was here, said EXACT, and is gone without a word."""
    board = RedisBoard(
        url=shop.server.url(), board_name=shop.board, engine_id="dead", lease_ms=LEASE_MS
    )
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    await board.close()


async def test_an_engine_with_nothing_to_show_leaves_a_free_board_to_a_warm_one(
    shop: Shop, news: News
) -> None:
    await dead_owner(shop)
    news.listen(shop.server)
    cold, warm = shop.engine("cold"), shop.engine("warm")
    cold.source.hold()
    await warm.until(lambda e: e.status.exactness.state == "EXACT", "EXACT by itself")
    for engine in (cold, warm):
        await engine.until_publication("STANDBY")
        assert engine.status.standing.reason == "engine dead publishes this board"
    await warm.until_publication("OWNER")
    await shop.until_right()
    assert [t["epoch"] for t in news.gather()] == [2] * len(
        news.told
    )  # nobody else, not even briefly
    assert cold.status.standing.publication == "STANDBY"


async def test_alone_it_does_not_let_a_dead_engines_exact_stand(shop: Shop) -> None:
    await dead_owner(shop)
    cold = shop.engine("cold")
    cold.source.hold()
    await cold.until_publication("OWNER")
    stored = await shop.read()
    assert stored is not None
    assert (stored.meta["state"], stored.meta["owner"]) == ("LOADING", "cold")
    assert lease_alive(stored)
    cold.source.let_go()
    await shop.until_right()


async def test_a_warm_engine_takes_a_board_whose_owner_has_nothing_to_show(
    shop: Shop, news: News
) -> None:
    """The owner cannot reach MySQL, say, and the other one can."""
    cold = shop.engine("cold")
    cold.source.hold()
    await cold.until_publication("OWNER")
    news.listen(shop.server)
    warm = shop.engine("warm")
    await warm.until_publication("OWNER")
    await cold.until_publication("FENCED")
    await cold.until_told("engine warm has taken this board over: standing by")
    await shop.until_right()
    cold.source.let_go()
    await cold.until(lambda e: e.status.exactness.state == "EXACT", "EXACT by itself")
    shop.score(1, 300)
    await shop.until_right()
    assert warm.status.standing.publication == "OWNER"  # warm does not take from warm
    assert {t["epoch"] for t in news.gather()} == {2}  # it was taken once, and not taken back


async def test_a_standby_takes_over_without_asking_the_table_again(shop: Shop) -> None:
    first = shop.engine("first")
    await first.until_publication("OWNER")
    second = shop.engine("second")
    await second.until(lambda e: e.status.exactness.state == "EXACT", "warm")
    await second.until_publication("STANDBY")
    loads = second.status.counters.loads
    second.source.hold()  # were it to load again, it could not
    began = time.monotonic()
    await first.stop()
    await second.until_publication("OWNER")
    await shop.until_right()
    print(f"a clean hand-over took {time.monotonic() - began:.2f} s")
    assert second.status.counters.loads == loads


@pytest.fixture
def way(shop: Shop) -> Iterator[Way]:
    made = Way(shop.server.port)
    yield made
    made.close()


def replica_of(primary: RedisServer, replica: RedisServer) -> None:
    """Make it one and wait until it has everything."""
    with replica.client() as client, primary.client() as source:
        client.replicaof("127.0.0.1", primary.port)
        assert source.set("synced", "1")
        deadline = time.monotonic() + 20
        while source.wait(1, 500) < 1:
            assert time.monotonic() < deadline, client.info("replication")


def cut_off(replica: RedisServer) -> None:
    """It stays as it is, a replica of nobody who is there."""
    with replica.client() as client:
        client.replicaof("127.0.0.1", 1)


@pytest.fixture
def pair(new_redis: Callable[..., RedisServer]) -> tuple[RedisServer, RedisServer]:
    primary, replica = new_redis("repl-diskless-sync-delay 0"), new_redis()
    replica_of(primary, replica)
    return primary, replica


def check_news(told: list[dict[str, Any]]) -> None:
    """Versions and epochs only grow, whoever owns the board and wherever it is."""
    order = [(t["version"], t["epoch"], t["state"]) for t in told]
    assert all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(order)), order


async def test_a_failover_to_a_stale_replica_is_noticed_and_takes_nothing_back(
    pair: tuple[RedisServer, RedisServer], fresh_name: str
) -> None:
    primary, replica = pair
    shop, way, news = Shop(replica, fresh_name), Way(primary.port), News(f"topn:{{{fresh_name}}}")
    try:
        news.listen(primary)
        engine = shop.engine(url=way.url)
        await engine.until_publication("OWNER")
        await shop.until_right()  # read on the replica
        await asyncio.to_thread(cut_off, replica)
        news.listen(replica)  # not before: it hands on what its primary tells
        version = engine.status.standing.version
        for likes in (1000, 1100, 1200):
            shop.score(1, likes)
            await engine.until(
                lambda e, v=version: (e.status.standing.version or 0) > (v or 0), "on the primary"
            )
            version = engine.status.standing.version
        await asyncio.sleep(0.1)  # the last one's news
        news.gather()
        await asyncio.to_thread(primary.kill)
        with replica.client() as client:
            client.replicaof("NO", "ONE")
        way.lead(replica.port)
        await engine.until_told("the store does not hold the board that was written last")
        await shop.until_right()
        check_news(news.gather())
        assert news.told[-1]["epoch"] == 2
    finally:
        await shop.close()
        way.close()
        news.close()


async def test_a_standby_on_a_stale_replica_goes_on_beyond_what_readers_have_seen(
    pair: tuple[RedisServer, RedisServer], fresh_name: str
) -> None:
    """The replica missed the last owner's taking over: its epoch and versions must not come twice."""
    primary, replica = pair
    shop, way, news = Shop(replica, fresh_name), Way(primary.port), News(f"topn:{{{fresh_name}}}")
    lost = Way(primary.port)
    try:
        news.listen(primary)
        first = shop.engine("first", url=way.url)
        await first.until_publication("OWNER")
        await shop.until_right()
        await asyncio.to_thread(cut_off, replica)
        news.listen(replica)  # not before: it hands on what its primary tells
        owner = shop.engine("owner", url=lost.url)
        await owner.until(lambda e: e.status.exactness.state == "EXACT", "warm")
        await first.stop()
        await owner.until_publication("OWNER")
        standby = shop.engine("standby", url=way.url)
        await standby.until(lambda e: e.status.exactness.state == "EXACT", "warm")
        shop.score(1, 2000)
        await standby.until(lambda e: e.status.standing.epoch == 2, "told of the epoch")
        news.gather()
        await asyncio.to_thread(primary.kill)  # and the owner goes with it: it reaches nothing
        lost.lead(0)
        with replica.client() as client:
            client.replicaof("NO", "ONE")
        way.lead(replica.port)
        await standby.until_publication("OWNER")
        await shop.until_right()
        check_news(news.gather())
        assert news.told[-1]["epoch"] == 3
        # The old owner comes back to the new primary: it is refused.
        lost.lead(replica.port)
        await owner.until_publication("FENCED")
        assert owner.status.standing.by == "standby"
        await shop.until_right()
    finally:
        await shop.close()
        for one in (way, lost, news):
            one.close()
