"""A topic with three partitions: rows hashed by key, and key changes that one partition never hears of."""

from __future__ import annotations

import pytest

from engine.formats.partitioning import canal_partition
from tests.pipeline import messages
from tests.pipeline.at_rest import fresh
from tests.pipeline.boards import ids, stored, wait_equal
from tests.pipeline.engines import eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.messages import send
from tests.pipeline.starting import AUDITS, NO_AUDITS, prove, start_engine, states_since
from tests.pipeline.traffic import Traffic
from tests.pipeline.watching import Watcher
from tests.stack.fixtures import WorldFactory
from tests.stack.world import TABLE

pytestmark = pytest.mark.service

FORMATS = pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])


@FORMATS
def test_three_partitions_are_exact_after_whatever_happened(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat, partitions=3, canal=False)
    engine = start_engine(shop, engine_on, *AUDITS)
    with Watcher(shop, whole=False) as watcher:
        with Traffic(shop, seed=31, truncates=True) as traffic:
            eventually(lambda: traffic.statements >= 500, "plenty of statements")
            traffic.stop()
        wait_equal(shop, engine, timeout_s=60)
    line = fresh(engine)
    assert watcher.wrong == []
    assert all(position > 0 for position in line["positions"].values())
    assert len(line["positions"]) == 3
    assert set(line["lag"].values()) == {0}
    assert line["dead_letters"] == 0
    assert line["audit_mismatches"] == 0


@FORMATS
def test_a_key_change_is_not_exact_until_the_table_was_asked_again(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat, partitions=3, canal=False)
    engine = start_engine(shop, engine_on, *NO_AUDITS, account="monitor")
    assert engine.latest["provisional"]  # the start may have cut a batch in two

    prove(shop, engine, keys=(78, 58, 20, 60, 72, 56))  # later batches on every partition
    wait_equal(shop, engine)
    seen, loads = len(engine.states), fresh(engine)["loads"]
    shop.execute(f"UPDATE {TABLE} SET id = 1078 WHERE id = 78")
    wait_equal(shop, engine)
    assert 1078 in ids(stored(shop))
    assert 78 not in ids(stored(shop))
    line = engine.wait_for(lambda line: line["loads"] > loads, "loaded as a cure")
    assert ("CATCHING_UP", "key change") in states_since(engine, seen)
    assert line["dead_letters"] == 0


@FORMATS
def test_a_row_on_a_partition_that_canal_would_not_choose_is_named_and_cured(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat, partitions=3, canal=False)
    hashed = ("--set", "feed.partition_hash=$pk$")
    engine = start_engine(shop, engine_on, *NO_AUDITS, *hashed, account="monitor")
    prove(shop, engine, keys=(78, 58, 20, 60, 72, 56))
    wait_equal(shop, engine)
    # All that the real Canal has spread over the partitions is where it belongs.
    assert not [said for said in engine.errors if "came on partition" in said]

    seen, loads = len(engine.states), fresh(engine)["loads"]
    right = canal_partition(("78",), 3, database=shop.database)
    ghost = messages.row(shop, 78) | {"like_cnt": "1"}
    send(shop, messages.flat(shop, "UPDATE", ghost), partition=(right + 1) % 3)
    said = engine.wait_notice(
        rf"^warning: row 78 came on partition {(right + 1) % 3} and belongs on {right} of 3"
    )
    assert "loading again" in said
    assert "feed.partition_hash" in said
    engine.wait_for(lambda line: line["loads"] > loads, "loaded as a cure")
    wait_equal(shop, engine)
    assert ids(stored(shop))[0] == 78
    assert ("CATCHING_UP", "row on a wrong partition") in states_since(engine, seen)


def test_a_partition_hash_that_is_not_by_the_key_is_refused_at_the_start(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(partitions=3, canal=False)
    engine = engine_on(shop, "--set", "feed.partition_hash=biz")
    assert engine.wait_end() != 0
    said = engine.wait_notice("feed.partition_hash is 'biz', and the key column is id")
    assert f"canal.mq.partitionHash={shop.database}.{TABLE}:id" in said
