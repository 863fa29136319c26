"""What the operator sees when something is wrong with Redis, and that it heals when the cause is gone.

Whole engines on a real Redis; after each fault the board must be EXACT, alive and the table's again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest
import redis

from engine.published import lease_alive
from engine.status import Health
from tests.adapters.store_engines import LEASE_MS, Shop
from tests.stack.redis_server import RedisServer

pytestmark = pytest.mark.service

BACK = "Redis: it can be used again"


@pytest.fixture(scope="module")
def server(new_redis: Callable[..., RedisServer]) -> RedisServer:
    return new_redis("enable-debug-command yes")


@pytest.fixture
async def shop(server: RedisServer, fresh_name: str) -> AsyncIterator[Shop]:
    made = Shop(server, fresh_name)
    await made.engine().until_publication("OWNER")
    await made.until_right()
    yield made
    await made.close()


@pytest.fixture
def client(server: RedisServer) -> redis.Redis:
    return server.client()


async def test_full_memory_shows_and_heals(shop: Shop, client: redis.Redis) -> None:
    engine = shop.engines[0]
    client.config_set("maxmemory", "1")
    try:
        shop.score(1, 500)
        said = await engine.until_told("its memory is full")
        assert said == (
            f"error: Redis at 127.0.0.1:{shop.server.port}: its memory is full (maxmemory "
            "reached, nothing to evict); raise maxmemory or make room; the board is written as soon "
            "as there is some"
        )
        assert engine.redis.health is Health.TROUBLED
        assert "its memory is full" in engine.redis.detail
        assert engine.status.standing.publication == "AWAY"
        await engine.until(lambda e: e.status.exactness.state == "EXACT", "EXACT in memory")
        # Readers are not left with an EXACT that nobody keeps.
        async with asyncio.timeout(3 * LEASE_MS / 1000):
            while (stored := await shop.read()) is None or lease_alive(stored):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        client.config_set("maxmemory", "0")
    await shop.until_right()
    await engine.until_told(BACK)
    assert engine.redis.health is Health.UP


async def test_a_server_made_a_replica_shows_and_heals(shop: Shop, client: redis.Redis) -> None:
    engine = shop.engines[0]
    client.replicaof("127.0.0.1", 1)
    try:
        said = await engine.until_told("read-only replica")
        assert said.endswith("this server is a read-only replica; point the setting to the primary")
        assert engine.redis.health is Health.TROUBLED
    finally:
        client.replicaof("NO", "ONE")
    await shop.until_right()
    await engine.until_told(BACK)


async def test_too_few_replicas_show_and_heal(shop: Shop, client: redis.Redis) -> None:
    engine = shop.engines[0]
    client.config_set("min-replicas-to-write", "1")
    try:
        said = await engine.until_told("too few of its replicas")
        assert said.endswith("see min-replicas-to-write")
        assert engine.redis.health is Health.TROUBLED
    finally:
        client.config_set("min-replicas-to-write", "0")
    await shop.until_right()
    await engine.until_told(BACK)


async def test_a_hung_server_shows_and_heals(shop: Shop, server: RedisServer) -> None:
    engine = shop.engines[0]
    server.pause()
    try:
        shop.score(2, 600)
        said = await engine.until_told("does not answer within 500 ms")
        assert said.startswith(f"warning: Redis: 127.0.0.1:{server.port} does not answer")
        assert (engine.redis.health, engine.status.standing.publication) == (Health.AWAY, "AWAY")
    finally:
        server.resume()
    await shop.until_right()
    await engine.until_told(BACK)


@pytest.mark.parametrize("how", ["CLIENT PAUSE", "DEBUG SLEEP"])
async def test_a_slow_server_is_told_and_stays_in_use(
    server: RedisServer, fresh_name: str, client: redis.Redis, how: str
) -> None:
    shop = Shop(server, fresh_name)
    try:
        engine = shop.engine(timeout_ms=2000)
        await shop.until_right()
        if how == "CLIENT PAUSE":
            hanging = asyncio.to_thread(client.client_pause, 1200, all=True)
        else:
            hanging = asyncio.to_thread(client.execute_command, "DEBUG", "SLEEP", "1.2")
        asked = asyncio.create_task(hanging)
        await asyncio.sleep(0.1)
        shop.score(3, 700)
        said = await engine.until_told("slow")
        assert re.fullmatch(
            r"warning: Redis: slow: a write took \d+ ms; see SLOWLOG there, and what else it does",
            said,
        )
        await asked
        await shop.until_right()
        assert (engine.redis.health, engine.status.standing.publication) == (Health.UP, "OWNER")
        assert engine.status.standing.epoch == 1  # it never lost the board
    finally:
        await shop.close()


async def test_a_key_of_another_type_is_left_alone_until_it_is_gone(
    shop: Shop, client: redis.Redis
) -> None:
    engine = shop.engines[0]
    for suffix in ("", ":rows", ":meta"):
        key, seen = shop.name + suffix, engine.last_notice
        client.set(key, "precious")
        shop.score(4, 800)
        said = await engine.until_told(f"key {key} is a string", after=seen)
        assert said == (
            f"error: Redis at 127.0.0.1:{shop.server.port}: key {key} is a string that this "
            "board did not write; rename or delete it, or give the board another name"
        )
        assert engine.redis.health is Health.TROUBLED
        await asyncio.sleep(0.4)  # it tries again meanwhile
        assert client.get(key) == "precious"
        client.rename(key, f"{key}:away")
        await shop.until_right()
        await engine.until_told(BACK, after=seen)


HANDS: dict[str, tuple[Callable[[redis.Redis, str], object], str]] = {
    "a member removed": (lambda c, n: c.zrem(n, "10"), "added or removed by hand"),
    "a member added": (lambda c, n: c.zadd(n, {"999": 1}), "added or removed by hand"),
    "a row removed": (lambda c, n: c.hdel(f"{n}:rows", "10"), "added or removed by hand"),
    "the board deleted": (lambda c, n: c.delete(n), "added or removed by hand"),
    "meta deleted": (lambda c, n: c.delete(f"{n}:meta"), "the store has forgotten this board"),
    "all deleted": (
        lambda c, n: c.delete(n, f"{n}:rows", f"{n}:meta"),
        "the store has forgotten this board",
    ),
    "meta and rows deleted": (
        lambda c, n: c.delete(f"{n}:rows", f"{n}:meta"),
        "the store has forgotten this board",
    ),
    "an older version": (
        lambda c, n: c.hset(f"{n}:meta", "version", 1),
        "does not hold the board that was written last",
    ),
    "an older epoch": (
        lambda c, n: c.hset(f"{n}:meta", "epoch", 0),
        "has gone back to an older board",
    ),
    "no epoch": (
        lambda c, n: c.hset(f"{n}:meta", "epoch", "nan"),
        "the store has forgotten this board",
    ),
    "a request from the future": (
        lambda c, n: c.hset(f"{n}:meta", "request", 10**9),
        "an earlier request of this engine was carried out late",
    ),
    "our own id with a later epoch": (
        lambda c, n: c.hincrby(f"{n}:meta", "epoch", 1),
        "an earlier request of this engine was carried out late",
    ),
    "no owner": (
        lambda c, n: c.hset(f"{n}:meta", "owner", ""),
        "another engine had this board meanwhile and has let go of it",
    ),
}


async def test_what_a_hand_did_is_told_and_repaired(shop: Shop, client: redis.Redis) -> None:
    engine = shop.engines[0]
    for what, (do, text) in HANDS.items():
        seen = engine.last_notice
        do(client, shop.name)
        said = await engine.until_told(text, after=seen)
        assert said.startswith("warning: Redis: "), what
        assert said.endswith(": writing the board again"), what
        assert engine.engine_id not in said, what  # nobody else is to blame
        await shop.until_right()
    await engine.until_publication("OWNER")


async def test_an_owner_written_by_hand_is_outlived(shop: Shop, client: redis.Redis) -> None:
    engine = shop.engines[0]
    client.hset(f"{shop.name}:meta", "owner", "intruder")
    await engine.until_told("engine intruder has taken this board over: standing by")
    assert engine.status.standing.reason == "engine intruder publishes this board"
    await engine.until_publication("OWNER")
    await shop.until_right()


CHANGES: dict[str, tuple[Callable[[redis.Redis, str], object], str]] = {
    "a score": (lambda c, n: c.zadd(n, {"10": 7}), "the score of 10 is 7"),
    "a row": (lambda c, n: c.hset(f"{n}:rows", "9", "{}"), "the row of 9 differs"),
    "a monstrous score": (
        lambda c, n: c.hset(f"{n}:rows", "10", '{"id":10,"like_cnt":1e999999999}'),
        "the row of 10 differs",
    ),
}


async def test_what_only_a_comparison_can_see_is_told_and_repaired_by_the_audit(
    shop: Shop, client: redis.Redis
) -> None:
    engine = shop.engines[0]
    for what, (do, text) in CHANGES.items():
        seen = engine.last_notice
        do(client, shop.name)
        assert not shop.as_it_should_be(await shop.read()), what  # nor would a reader call it exact
        engine.audit()
        said = await engine.until_told("by hand", after=seen)
        assert said == (
            f"warning: somebody changed the board in Redis by hand: {text}; it has been written again"
        )
        await shop.until_right()
    assert engine.status.counters.audit_mismatches == 0  # in memory it was never wrong


async def test_an_eviction_policy_that_takes_our_keys_is_warned_about_and_repaired(
    server: RedisServer, fresh_name: str, client: redis.Redis
) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", "100mb")
    shop = Shop(server, fresh_name)
    try:
        engine = shop.engine()
        said = await engine.until_told("maxmemory-policy")
        assert said == (
            f"warning: Redis at 127.0.0.1:{server.port}: maxmemory-policy is allkeys-lru: when its "
            "memory is full Redis removes keys of the board, which is then written again; set it to "
            "noeviction or to a volatile policy"
        )
        await shop.until_right()
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory", used - 1)  # something must go: whatever is there is ours
        shop.score(5, 900)
        await engine.until(lambda _: client.info("stats")["evicted_keys"] > 0, "evicted")
        client.config_set("maxmemory", "100mb")
        await shop.until_right()
    finally:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")
        await shop.close()
