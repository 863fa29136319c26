"""TRUNCATE and DROP on real services: one partition hears of them, and the others may still say more."""

from __future__ import annotations

import pytest

from tests.pipeline.at_rest import fresh
from tests.pipeline.boards import ids, stored, wait_equal
from tests.pipeline.engines import eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import AUDITS, NO_AUDITS, prove, start_engine, states_since
from tests.stack.fixtures import WorldFactory
from tests.stack.world import TABLE, World

pytestmark = pytest.mark.service

CLEARED = ("CATCHING_UP", "table cleared")


def fill(shop: World, keys: range) -> None:
    """Rows on every partition."""
    rows = ", ".join(f"({key}, {key}, 'new', 0, {10 * key})" for key in keys)
    shop.execute(f"INSERT INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES {rows}")


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
def test_with_several_partitions_a_truncate_is_not_exact_until_the_table_was_asked_again(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat, partitions=3, canal=False)
    engine = start_engine(shop, engine_on, *NO_AUDITS, account="monitor")
    prove(shop, engine, keys=(78, 58, 20, 60, 72, 56))  # later batches on every partition
    wait_equal(shop, engine)
    seen, loads = len(engine.states), fresh(engine)["loads"]
    shop.execute(f"TRUNCATE TABLE {TABLE}")
    eventually(lambda: CLEARED in states_since(engine, seen), "cleared", context=engine.story)
    fill(shop, range(1, 31))
    wait_equal(shop, engine)
    assert ids(stored(shop)) == list(range(30, 20, -1))
    line = engine.wait_for(lambda line: line["loads"] > loads, "loaded as a cure")
    assert (line["dead_letters"], line["audit_mismatches"]) == (0, 0)


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_table_dropped_and_created_again_is_told_and_followed(
    world: WorldFactory, engine_on: EngineFactory, partitions: int
) -> None:
    shop = world(flat=False, partitions=partitions, canal=False)
    engine = start_engine(shop, engine_on, *AUDITS, account="monitor")
    prove(shop, engine, keys=(78, 58, 20, 60, 72, 56))
    wait_equal(shop, engine)
    ((_, create),) = shop.query(f"SHOW CREATE TABLE {TABLE}")
    shop.execute(f"DROP TABLE {TABLE}")
    eventually(lambda: stored(shop) == [], "nothing is on the board", context=engine.story)
    said = engine.wait_notice("^warning: MySQL: ")
    assert TABLE in said
    assert engine.latest["publication"] == "OWNER"
    shop.execute(str(create))
    engine.wait_notice(r"the table was changed \(CREATE\)")
    fill(shop, range(1, 31))
    wait_equal(shop, engine)
    assert ids(stored(shop)) == list(range(30, 20, -1))
    assert fresh(engine)["dead_letters"] == 0
