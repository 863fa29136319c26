"""EXACT, and on what grounds: silence, evidence, audits, loads; and what is said while it is not."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any, Protocol

import pytest

from tests.pipeline.at_rest import fresh, wait_rest
from tests.pipeline.boards import ids, stored, wait_equal
from tests.pipeline.engines import HeadlessEngine, Line, eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import (
    AUDITS,
    NO_AUDITS,
    change,
    proven,
    start_engine,
    start_proven,
    states_since,
)
from tests.pipeline.traffic import Traffic
from tests.stack.fixtures import WorldFactory
from tests.stack.world import TABLE, World

pytestmark = pytest.mark.service

FORMATS = pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])

# ── silence and evidence ──────────────────────────────────────────────────────────────────


def test_by_binlog_time_a_quiet_start_is_proven_by_a_message_more_than_a_second_later(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(flat=True, canal=False)
    settle = ("--set", "engine.settle_ms=2500")  # so long after the load's query it is EXACT
    engine = start_engine(shop, engine_on, *NO_AUDITS, *settle)
    line = engine.latest
    assert (line["provisional"], line["reason"]) == (True, "feed quiet since the load")
    change(shop, 78)
    line = engine.wait_for(proven, "proven by one message")
    assert line["reason"] is None
    assert wait_rest(shop, engine)["loads"] == 1


def test_by_log_position_one_message_proves_the_load_without_any_silence(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(flat=False)
    # Silence is out of the question: what makes it EXACT is the message, and nothing else.
    never_quiet = ("--set", "engine.settle_ms=3600000")
    engine = engine_on(shop, *NO_AUDITS, *never_quiet, account="monitor")
    engine.wait_for(lambda line: line["state"] == "CATCHING_UP", "loaded, and not passed")
    began = time.monotonic()
    change(shop, 78)
    engine.wait_for(lambda line: line["state"] == "EXACT", "EXACT by one message")
    took_s = time.monotonic() - began
    assert all(not s["provisional"] for s in engine.states)
    assert took_s < 3, took_s  # binlog time would have to be more than a second beyond the query
    wait_rest(shop, engine)


@FORMATS
def test_audits_on_a_busy_feed_disturb_nothing_and_find_what_never_reached_the_binlog(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat, canal=False)
    engine = start_engine(shop, engine_on, *AUDITS, account="reader" if flat else "monitor")
    with Traffic(shop, seed=21, pause_s=0.05, only_likes_of=range(1, 10)) as traffic:
        engine.wait_for(proven, "proven")
        seen = len(engine.states)
        for _ in range(2):
            engine.wait_for(is_verified_now, "verified a moment ago")
            engine.wait_for(lambda line: not is_verified_now(line), "some time has gone by")
        assert fresh(engine)["audit_mismatches"] == 0
        assert states_since(engine, seen) == []
        shop.execute(f"SET SESSION sql_log_bin=0; UPDATE {TABLE} SET like_cnt = 99 WHERE id = 32")
        said = engine.wait_notice("^error: audit: the board was wrong without knowing it")
        traffic.stop()
    assert "32 (50)" in said
    assert "32 (99)" in said
    line = wait_rest(shop, engine)
    assert 32 in ids(stored(shop))
    assert line["audit_mismatches"] == 1


def is_verified_now(line: Line) -> bool:
    ago = line["verified_ms_ago"]
    return ago is not None and ago < 900


@pytest.mark.parametrize("hangs", [False, True], ids=["killed", "hanging"])
def test_a_silent_feed_behind_a_changed_table_is_not_exact(
    world: WorldFactory, engine_on: EngineFactory, hangs: bool
) -> None:
    shop = world(canal=False)
    engine = start_engine(shop, engine_on, *AUDITS)
    if hangs:
        shop.canal.pause()
    else:
        shop.canal.kill()
    change(shop, 78)
    ahead = ("CATCHING_UP", "the table is ahead of a silent feed: is Canal running?")
    engine.wait_for(lambda line: (line["state"], line["reason"]) == ahead, "ahead of the feed")
    said = engine.wait_notice("^warning: the feed is silent but the table has changed")
    assert "78 (451) in the table, 78 (450) on the board's side" in said
    if hangs:
        shop.canal.resume()
    else:
        shop.canal.start()
    wait_equal(shop, engine)
    assert stored(shop)[0][:2] == (78, 451)
    assert fresh(engine)["audit_mismatches"] == 0


# ── loads ─────────────────────────────────────────────────────────────────────────────────


def test_a_reserve_that_runs_low_is_refilled_behind_an_exact_board(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(flat=False, canal=False)
    # Low at ten tracked rows, short below five: five deletions are enough for a load of 50 ms.
    small = ("--set", "board.reserve=20", "--set", "engine.overlap_ms=50")
    engine = start_proven(shop, engine_on, *NO_AUDITS, *small, account="monitor", size=5)
    line = fresh(engine)
    assert line["floor"] is not None
    seen, loads = len(engine.states), line["loads"]
    for _ in range(20):
        shop.execute(f"DELETE FROM {TABLE} ORDER BY like_cnt DESC, id DESC LIMIT 1")
        wait_equal(shop, engine, 5)
    line = fresh(engine)
    assert {state for state, _ in states_since(engine, seen)} <= {"EXACT"}, engine.story()
    assert all(s["publication"] == "OWNER" for s in engine.states[seen:])
    assert line["loads"] > loads
    assert line["evicted"] == 20


# ── statements of every kind, on engines that serve several tests ─────────────────────────


class RunningFactory(Protocol):
    """Gives a world of a format, its table as at the start, and the engine on it."""

    def __call__(self, flat: bool) -> tuple[World, HeadlessEngine]: ...


@pytest.fixture(scope="module")
def running(
    module_world: WorldFactory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningFactory]:
    """One world and engine a format, started when a test first asks for it."""
    with ExitStack() as closing:

        def launch(world: World, *arguments: str, **choices: Any) -> HeadlessEngine:
            config = world.write_settings(tmp_path_factory.mktemp("engine") / "t.toml", **choices)
            return closing.enter_context(contextlib.closing(HeadlessEngine(config, *arguments)))

        @cache
        def start(flat: bool) -> tuple[World, HeadlessEngine]:
            world = module_world(flat=flat, canal=False)
            world.execute(f"CREATE TABLE rows_at_start AS SELECT * FROM {TABLE}")
            return world, start_proven(world, launch, *NO_AUDITS, account="monitor")

        def give(flat: bool) -> tuple[World, HeadlessEngine]:
            world, engine = start(flat)
            world.execute(f"DELETE FROM {TABLE}")
            world.execute(f"INSERT INTO {TABLE} SELECT * FROM rows_at_start")
            wait_rest(world, engine)
            world.execute(f"DELETE FROM {TABLE} WHERE biz = 'last'")
            wait_equal(world, engine)
            return world, engine

        yield give


@FORMATS
def test_truncate_is_exact_at_once(running: RunningFactory, flat: bool) -> None:
    shop, engine = running(flat)
    seen, loads = len(engine.states), fresh(engine)["loads"]
    shop.execute(f"TRUNCATE TABLE {TABLE}")
    assert wait_equal(shop, engine) == []
    assert fresh(engine)["floor"] is None  # an empty table is wholly known
    shop.execute(
        f"INSERT INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES"
        " (7, 1, 'a', 0, 3), (8, 1, 'b', 0, 3), (9, 1, 'c', 0, NULL)"
    )
    assert wait_rest(shop, engine)["loads"] == loads
    assert ids(stored(shop))[1:] == [8, 7]
    assert {state for state, _ in states_since(engine, seen)} <= {"EXACT"}


@FORMATS
def test_an_altered_table_is_described_and_loaded_again(
    running: RunningFactory, flat: bool
) -> None:
    shop, engine = running(flat)
    reloading = ("CATCHING_UP", "table altered: loading it again")
    for statement in ("ADD COLUMN note VARCHAR(20) DEFAULT 'n' AFTER biz", "DROP COLUMN note"):
        seen, loads = len(engine.states), fresh(engine)["loads"]
        shop.execute(f"ALTER TABLE {TABLE} {statement}")
        eventually(
            lambda n=seen: reloading in states_since(engine, n), "seen", context=engine.story
        )
        shop.execute(f"UPDATE {TABLE} SET like_cnt = COALESCE(like_cnt, 0) + 500 WHERE id = 5")
        wait_equal(shop, engine)
        assert ids(stored(shop))[0] == 5
        line = engine.wait_for(lambda line, n=loads: line["loads"] > n, "loaded again")
        assert line["dead_letters"] == 0
    engine.wait_notice(r"the table was changed \(ALTER\)")


@FORMATS
def test_long_transactions_and_key_changes_are_exact_at_once(
    running: RunningFactory, flat: bool
) -> None:
    shop, engine = running(flat)
    seen, evicted = len(engine.states), fresh(engine)["evicted"]
    values = ", ".join(f"({key}, {key}, 'tx', 0, {key % 700})" for key in range(1000, 3000))
    shop.execute(
        f"BEGIN; INSERT INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES {values};"
        f"UPDATE {TABLE} SET like_cnt = like_cnt + 1 WHERE id >= 1000;"
        f"DELETE FROM {TABLE} WHERE id % 5 = 0 AND id >= 1000; COMMIT"
    )
    wait_rest(shop, engine)
    # REPLACE by the unique key gives the row another primary key.
    key, score, biz_id, biz, _ = stored(shop)[3]
    shop.execute(
        f"REPLACE INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES (%s, %s, %s, 1, %s)",
        (5001, biz_id, biz, score),
    )
    line = wait_rest(shop, engine)
    assert key not in ids(stored(shop))
    assert 5001 in ids(stored(shop))
    assert line["evicted"] > evicted
    assert line["dead_letters"] == 0
    assert {state for state, _ in states_since(engine, seen)} <= {"EXACT"}
