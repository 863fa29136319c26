"""The topic itself changes under the engine: partitions added, deleted and made again, records gone."""

from __future__ import annotations

import re

import pytest

from tests.pipeline.at_rest import fresh, wait_rest
from tests.pipeline.boards import ids, stored, wait_equal
from tests.pipeline.engines import eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import (
    NO_AUDITS,
    change,
    prove,
    start_engine,
    start_proven,
    states_since,
)
from tests.stack.fixtures import WorldFactory
from tests.stack.world import TABLE

pytestmark = pytest.mark.service

SOON = ("--set", "feed.request_timeout_ms=1000", "--set", "store.timeout_ms=1000")


def test_partitions_added_to_a_live_topic_are_read_and_loaded_for(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(flat=False, partitions=3, canal=False)
    hashed = ("--set", "feed.partition_hash=id")
    engine = start_engine(shop, engine_on, *NO_AUDITS, *hashed, account="monitor")
    seen = len(engine.states)
    shop.kafka.add_partitions(shop.topic, 5)
    why = f"topic '{shop.topic}' has 5 partitions now, 3 before"
    said = engine.wait_notice(r"^warning: starting anew at the feed's end: topic")
    assert why in said
    engine.wait_exact()
    assert ("LOADING", why) in states_since(engine, seen)
    assert len(fresh(engine)["positions"]) == 5
    # Canal goes on hashing over three of them: two stay idle, and the settings would say otherwise.
    shop.execute(f"UPDATE {TABLE} SET like_cnt = like_cnt + 7")
    wait_equal(shop, engine)
    engine.wait_notice(r"^warning: row \d+ came on partition \d and belongs on \d of 5")
    assert fresh(engine)["audit_mismatches"] == 0


def test_a_topic_deleted_and_made_again_is_loaded_for_and_followed(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(flat=False, canal=False)
    engine = start_proven(shop, engine_on, *NO_AUDITS, *SOON, account="monitor")
    seen = len(engine.states)
    shop.canal.stop()  # it would make the topic again itself
    shop.kafka.delete_topic(shop.topic)
    said = engine.wait_notice(r"^warning: starting anew at the feed's end: ")
    assert f"topic '{shop.topic}' was deleted" in said
    engine.wait_notice(rf"^warning: Kafka: .*{shop.topic}")
    change(shop, 78)
    assert engine.latest["state"] != "EXACT"
    shop.kafka.create_topic(shop.topic, 3)
    engine.wait_exact()
    assert len(fresh(engine)["positions"]) == 3
    shop.canal.start()  # without a hash, all on partition 0
    wait_rest(shop, engine)
    states = {state for state, _ in states_since(engine, seen)}
    assert states & {"LOADING", "CATCHING_UP"}


def test_records_that_retention_took_before_they_were_read_are_a_resync(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    engine = start_proven(shop, engine_on, *NO_AUDITS)
    shop.kafka.forget_records(shop.topic)  # all of them read: nothing is lost
    change(shop, 78)
    wait_equal(shop, engine)
    assert not [said for said in engine.errors if "starting anew" in said]
    seen, at = len(engine.states), fresh(engine)["positions"]["0"]
    engine.pause()
    change(shop, 78)  # may be the answer to the fetch that was under way
    shop.kafka.values(shop.topic, 2)
    shop.execute(f"UPDATE {TABLE} SET like_cnt = 999 WHERE id = 32")
    shop.kafka.values(shop.topic, 3)
    shop.kafka.forget_records(shop.topic)
    engine.resume()
    said = engine.wait_notice(r"^warning: starting anew at the feed's end: offset out of range")
    assert any(f"partition 0 at {next_one}" in said for next_one in (at, at + 1))
    wait_equal(shop, engine)
    assert ids(stored(shop))[0] == 32
    assert any(
        state == "LOADING" and "out of range" in reason
        for state, reason in states_since(engine, seen)
    )


def test_an_engine_that_is_too_far_behind_loads_instead_of_following(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    # One message at a time, and so many that it is still behind when it asks for the log's end:
    # what it once read of 5,000 in the time of that question was all of them.
    many = 60_000
    few = ("--set", "engine.resync_lag=50", "--set", "feed.batch_messages=1")
    engine = start_proven(shop, engine_on, *NO_AUDITS, *few)
    seen, at = len(engine.states), fresh(engine)["positions"]["0"]
    engine.pause()
    change(shop, 58)
    (*_, newest) = shop.kafka.values(shop.topic, at + 1)  # Canal has sent it
    shop.kafka.send(shop.topic, newest, many)  # as often as Canal could never do in a test's time
    engine.resume()
    said = engine.wait_notice(r"^warning: starting anew at the feed's end: ")
    assert re.search(r": [\d,]+ messages behind, more than feed lag 50$", said), said
    wait_equal(shop, engine)
    change(shop, 78)
    wait_equal(shop, engine)
    assert any(
        state == "LOADING" and "messages behind" in reason
        for state, reason in states_since(engine, seen)
    )
    assert fresh(engine)["audit_mismatches"] == 0


@pytest.mark.parametrize("account", ["reader", "monitor"])
def test_partitions_that_nothing_ever_comes_to_are_proved_by_batch_order(
    world: WorldFactory, engine_on: EngineFactory, account: str
) -> None:
    shop = world(flat=account == "reader", partitions=3, canal=False)
    never_quiet = ("--set", "engine.settle_ms=3600000")
    shop.canal.launch()
    engine = engine_on(shop, *NO_AUDITS, *never_quiet, account=account)
    engine.wait_for(lambda line: line["state"] == "CATCHING_UP", "loaded, and not passed")
    shop.canal.wait_ready()
    prove(shop, engine, keys=(78,))  # one row, one partition
    wait_equal(shop, engine)
    positions = fresh(engine)["positions"].values()
    assert sorted(bool(position) for position in positions) == [False, False, True]
    eventually(lambda: not engine.latest["provisional"], "proved, not quiet")
