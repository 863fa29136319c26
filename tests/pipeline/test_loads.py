"""Queries that fail, hang or are held up: told, the board as exact as it was, and good again by itself."""

from __future__ import annotations

import re

import pytest

from tests.pipeline.at_rest import fresh
from tests.pipeline.boards import wait_equal
from tests.pipeline.engines import HeadlessEngine
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import AUDITS, NO_AUDITS, start_proven
from tests.stack.fixtures import WorldFactory
from tests.stack.world import TABLE

pytestmark = pytest.mark.service

HASTY = ("--set", "table.query_timeout_ms=700")


def verified(engine: HeadlessEngine) -> None:
    """Wait for an audit after this moment."""
    fresh(engine)
    engine.wait_for(lambda line: (line["verified_ms_ago"] or 1e9) < 1500, "verified a moment ago")


def test_a_query_that_hangs_leaves_the_board_exact_and_is_tried_again(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False, flat=False)
    engine = start_proven(shop, engine_on, *AUDITS, *HASTY, account="monitor")
    verified(engine)
    seen = len(engine.states)
    with shop.mysql.connect(database=shop.database) as holder, holder.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {TABLE} WRITE")
        said = engine.wait_notice("^warning: MySQL: ")
        assert re.search(r"700 ms|0\.7 s", said), said
        engine.wait_for(lambda line: line["verified_ms_ago"] > 2500, "no audit gets through")
        assert engine.latest["state"] == "EXACT"
        assert engine.latest["publication"] == "OWNER"
    verified(engine)
    assert {state["state"] for state in engine.states[seen:]} <= {"EXACT"}
    wait_equal(shop, engine)
    assert fresh(engine)["audit_mismatches"] == 0


def test_a_board_that_is_short_says_so_until_the_table_may_be_asked_again(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    no_reserve = ("--set", "board.reserve=0")
    engine = start_proven(shop, engine_on, *NO_AUDITS, *no_reserve)
    grant = f"SELECT ON `{shop.database}`.*"
    shop.mysql.execute(f"REVOKE {grant} FROM reader@'%'")
    shop.execute(f"DELETE FROM {TABLE} ORDER BY like_cnt DESC, id DESC LIMIT 1")
    engine.wait_for(
        lambda line: (line["state"], line["reason"]) == ("DEFICIT", "9 of 10"), "it is short"
    )
    said = engine.wait_notice("^warning: MySQL: .*SELECT")
    assert "denied" in said.lower() or "GRANT" in said
    assert engine.latest["publication"] == "OWNER"
    shop.mysql.execute(f"GRANT {grant} TO reader@'%'")
    wait_equal(shop, engine)


def test_a_start_while_the_table_is_locked_waits_and_is_exact_afterwards(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    with shop.mysql.connect(database=shop.database) as holder, holder.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {TABLE} WRITE")
        engine = engine_on(shop, *NO_AUDITS, *HASTY)
        engine.wait_notice("^warning: MySQL: ")
        assert engine.latest["state"] == "LOADING"
    wait_equal(shop, engine)


def test_more_changes_than_a_load_remembers_give_it_up_and_the_next_one_is_good(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False, flat=False)
    few = ("--set", "engine.buffer_rows=20", "--set", "engine.overlap_ms=1500")
    engine = start_proven(shop, engine_on, *AUDITS, *few, account="monitor")

    def given_up() -> bool:
        shop.execute(f"UPDATE {TABLE} SET read_cnt = read_cnt + 1")  # forty rows
        return any("a load was given up: more than 20 rows" in said for said in engine.errors)

    engine.wait_for(lambda line: given_up(), "a load is given up")
    assert "engine.buffer_rows" in engine.wait_notice("^warning: a load was given up")
    wait_equal(shop, engine)
    verified_now = fresh(engine)["at_ms"]
    engine.wait_for(
        lambda line: line["at_ms"] - (line["verified_ms_ago"] or 1e9) > verified_now,
        "verified since it is calm",
    )
