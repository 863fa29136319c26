"""Each service killed under traffic: the engine lives on, says who is away, and is exact again by itself."""

from __future__ import annotations

import time

import pytest

from tests.pipeline.at_rest import fresh, wait_rest
from tests.pipeline.boards import stored, wait_equal
from tests.pipeline.engines import HeadlessEngine, Line, eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import AUDITS, start_engine
from tests.pipeline.traffic import Traffic
from tests.stack.fixtures import PrivateStackFactory, WorldFactory

pytestmark = pytest.mark.service

SOON_MS = ("--set", "feed.request_timeout_ms=1000", "--set", "store.timeout_ms=1000")
STOP_S = 5.0


def is_away(line: Line) -> bool:
    return bool(line["publication"] == "AWAY")


def read_on(engine: HeadlessEngine, more: int = 5) -> None:
    """Wait until it has read further: it lives and works."""
    before = sum(engine.latest["positions"].values())
    engine.wait_for(
        lambda line: sum(line["positions"].values()) >= before + more, "it reads the feed"
    )


def written(traffic: Traffic, more: int = 20) -> None:
    """Wait until so many more statements are through."""
    before = traffic.statements
    eventually(lambda: traffic.statements >= before + more, "the traffic goes on")


def test_redis_comes_back_empty(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(redis=True), canal=False)
    engine = start_engine(shop, engine_on, *SOON_MS)
    with Traffic(shop, seed=11) as traffic:
        shop.redis.kill()
        engine.wait_for(is_away, "it says AWAY")
        engine.wait_notice(rf"^warning: Redis: .*{shop.redis.port} refuses the connection")
        read_on(engine)
        engine.wait_for(
            lambda line: is_away(line) and line["state"] == "EXACT", "EXACT in memory meanwhile"
        )
        shop.redis.start()
        engine.wait_exact()
        traffic.stop()
    wait_rest(shop, engine)
    assert shop.redis.client().hget(f"topn:{{{shop.board}}}:meta", "epoch") == "2"


def test_redis_comes_back_with_an_old_dump(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(redis=True), canal=False, flat=False)
    engine = start_engine(shop, engine_on, *SOON_MS, account="monitor")
    shop.redis.client().save()
    old = stored(shop)
    with Traffic(shop, seed=12) as traffic:
        eventually(lambda: stored(shop) != old, "the board has moved on")
        written(traffic, 200)
        shop.redis.kill()
        engine.wait_for(is_away, "it says AWAY")
        read_on(engine)
        traffic.stop()
        shop.redis.start()
        assert stored(shop) in (
            old,
            list(shop.top()),
        )  # readers see the past, until it is rewritten
    wait_rest(shop, engine)


def test_the_broker_is_killed_under_traffic(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(kafka=True), canal=False, flat=False)
    engine = start_engine(shop, engine_on, *SOON_MS, *AUDITS, account="monitor")
    with Traffic(shop, seed=13) as traffic:
        read_on(engine)
        shop.kafka.kill()
        engine.wait_notice(r"^warning: Kafka: ")
        engine.wait_for(
            lambda line: (
                line["state"] == "CATCHING_UP" and line["reason"].startswith("feed unreachable: ")
            ),
            "it does not claim EXACT without a feed",
            timeout_s=15,
        )
        assert engine.latest["publication"] == "OWNER"
        written(traffic)
        shop.kafka.start()
        engine.wait_notice("Kafka: the broker answers again")
        engine.wait_exact(timeout_s=60)
        traffic.stop()
    wait_equal(shop, engine, timeout_s=60)
    assert fresh(engine)["dead_letters"] == 0


def test_the_database_is_killed_under_traffic(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(mysql=True), canal=False)
    engine = start_engine(shop, engine_on, *AUDITS)
    with Traffic(shop, seed=14) as traffic:
        read_on(engine)
        shop.mysql.kill()
        engine.wait_notice(rf"^warning: MySQL: .*{shop.mysql.port}")
        assert engine.latest["publication"] == "OWNER"
        shop.mysql.start()
        eventually(lambda: traffic.outages > 0, "the traffic has noticed")
        written(traffic)
        traffic.stop()
    wait_equal(shop, engine, timeout_s=60)  # Canal takes some 17 s to come back
    assert fresh(engine)["dead_letters"] == 0
    # The engine's own connection is back too: an audit gets through.
    engine.wait_for(
        lambda line: line["verified_ms_ago"] is not None and line["verified_ms_ago"] < 5000,
        "verified by an audit",
    )


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
def test_canal_is_killed_under_traffic(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat, canal=False)
    engine = start_engine(shop, engine_on, *AUDITS)
    with Traffic(shop, seed=15) as traffic:
        read_on(engine)
        shop.canal.kill()
        written(traffic, 100)
        traffic.stop()
    ahead = ("CATCHING_UP", "the table is ahead of a silent feed: is Canal running?")
    engine.wait_for(lambda line: (line["state"], line["reason"]) == ahead, "ahead of the feed")
    engine.wait_notice("the feed is silent but the table has changed: .*see whether Canal runs")
    with Traffic(shop, seed=16) as traffic:
        shop.canal.start()  # sends again what it had sent after its last saved position
        read_on(engine)
        traffic.stop()
    wait_equal(shop, engine, timeout_s=60)
    assert fresh(engine)["dead_letters"] == 0


def test_members_changed_by_hand_are_repaired_by_the_audit(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    engine = start_engine(shop, engine_on, *AUDITS, canal=False)
    redis, name = shop.redis.client(), f"topn:{{{shop.board}}}"
    redis.zrem(name, "78")
    engine.wait_notice("added or removed by hand.*: writing the board again")
    wait_equal(shop, engine)
    # As many members as before, and a matching row: only a comparison can tell.
    engine.errors.clear()
    with redis.pipeline(transaction=True) as pipe:
        pipe.zrem(name, "20").zadd(name, {"999": 108})
        pipe.hdel(f"{name}:rows", "20").hset(f"{name}:rows", "999", '{"id":999,"like_cnt":108}')
        pipe.execute()
    said = engine.wait_notice("somebody changed the board in Redis by hand")
    assert "999" in said
    wait_equal(shop, engine)
    assert fresh(engine)["audit_mismatches"] == 0  # the board in memory was never wrong


def test_a_stop_with_all_services_away_takes_no_longer(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(mysql=True, kafka=True, redis=True), canal=False)
    engines = [engine_on(shop, *AUDITS, *SOON_MS) for _ in range(2)]
    for engine in engines:
        engine.wait_for(lambda line: line["state"] == "EXACT", "EXACT, as owner or standby")
    services = (shop.redis, shop.kafka, shop.mysql)
    for service in services:
        service.pause()  # there, and silent
    stop_while_away(engines[0])
    for service in services:
        service.kill()
    stop_while_away(engines[1])


def stop_while_away(engine: HeadlessEngine) -> None:
    engine.wait_for(is_away, "it says AWAY")
    began = time.monotonic()
    assert engine.stop() == 0, engine.story()
    assert time.monotonic() - began < STOP_S
    assert engine.latest["state"] == "STOPPED"


def test_an_engine_started_before_its_services_waits_for_them(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(mysql=True, kafka=True, redis=True), canal=False)
    services = (shop.mysql, shop.kafka, shop.redis)
    for service in services:
        service.kill()
    engine = engine_on(shop)
    for name, service in zip(("MySQL", "Kafka", "Redis"), services, strict=True):
        assert "refuse" in engine.wait_notice(rf"^warning: {name}: .*127\.0\.0\.1:{service.port}")
    line = engine.wait_for(is_away, "it waits")
    assert (line["state"], line["reason"]) == ("LOADING", "waiting for the services")
    for service in services:
        service.start()
    engine.wait_exact()
    assert wait_equal(shop, engine) == list(shop.top())
