"""Several engines on one board: one publishes, the others stand by, and no reader ever sees both."""

from __future__ import annotations

import time

import pytest

from tests.pipeline.at_rest import wait_rest
from tests.pipeline.boards import state, wait_equal
from tests.pipeline.engines import HeadlessEngine, Line, eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import start_engine
from tests.pipeline.traffic import Traffic
from tests.pipeline.watching import Subscriber, Watcher
from tests.stack.fixtures import WorldFactory
from tests.stack.world import World

pytestmark = pytest.mark.service

LEASE_MS = 2000
TAKEOVER_S = 10.0
FAST = ("--set", f"store.lease_ms={LEASE_MS}", "--set", "engine.settle_ms=1000")


def meta(world: World) -> dict[str, str]:
    """What is published beside the rows."""
    found: dict[str, str] = world.redis.client().hgetall(f"topn:{{{world.board}}}:meta")
    return found


def is_standby(line: Line) -> bool:
    return bool(line["publication"] == "STANDBY" and line["state"] == "EXACT")


def wait_owner(engine: HeadlessEngine) -> float:
    """Wait until it owns the board; how long that took."""
    began = time.monotonic()
    engine.wait_for(lambda line: line["publication"] == "OWNER", "it takes over")
    return time.monotonic() - began


def test_one_engine_owns_and_the_other_takes_over_when_it_is_killed(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    first = start_engine(shop, engine_on, *FAST)
    with Watcher(shop) as watcher, Subscriber(shop) as subscriber, Traffic(shop, seed=1) as traffic:
        second = engine_on(shop, *FAST)
        second.wait_for(is_standby, "warm: STANDBY and EXACT by itself")
        before = meta(shop)
        assert first.latest["publication"] == "OWNER"
        assert all(s["publication"] in ("AWAY", "STANDBY") for s in second.states)
        first.kill()
        assert wait_owner(second) < TAKEOVER_S
        second.wait_exact()
        after = meta(shop)
        traffic.stop()
        wait_rest(shop, second)
        eventually(lambda: str(subscriber.version) == meta(shop)["version"], "all news have come")
        replayed = sorted((r["like_cnt"], r["id"]) for r in (subscriber.board or {}).values())
    assert int(after["epoch"]) == int(before["epoch"]) + 1
    assert after["owner"] != before["owner"]
    assert watcher.wrong == []
    assert watcher.owners == {
        int(before["epoch"]): before["owner"],
        int(after["epoch"]): after["owner"],
    }
    assert subscriber.wrong == []
    assert replayed == sorted((row[1], row[0]) for row in shop.top())


def test_a_clean_stop_hands_the_board_over_at_once(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    long_lease = ("--set", "store.lease_ms=60000")
    first = start_engine(shop, engine_on, *long_lease, canal=False)
    second = engine_on(shop, *long_lease)
    second.wait_for(is_standby, "STANDBY, warm")
    with Watcher(shop) as watcher:
        assert first.stop() == 0
        assert wait_owner(second) < TAKEOVER_S / 2  # it does not wait for the lease of a minute
        wait_equal(shop, second)
    assert watcher.wrong == []
    assert len(watcher.owners) == 2
    assert first.latest["publication"] == "STOPPED"


def test_an_owner_that_slept_past_its_lease_is_refused_when_it_wakes(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(flat=False, canal=False)
    sleeper = start_engine(shop, engine_on, *FAST, account="monitor")
    other = engine_on(shop, *FAST, account="monitor")
    other.wait_for(is_standby, "STANDBY, warm")
    slept = meta(shop)
    with Watcher(shop) as watcher, Traffic(shop, seed=2) as traffic:
        sleeper.pause()
        assert wait_owner(other) < TAKEOVER_S
        awake = meta(shop)
        sleeper.resume()
        sleeper.wait_for(
            lambda line: line["publication"] in ("FENCED", "STANDBY"), "its late publish is refused"
        )
        sleeper.wait_notice(f"engine {awake['owner']} has taken this board over")
        other.wait_exact()
        traffic.stop()
        wait_rest(shop, other)
        assert other.latest["publication"] == "OWNER"
    now = meta(shop)
    assert (now["owner"], now["epoch"]) == (awake["owner"], awake["epoch"])
    assert now["owner"] != slept["owner"]
    assert int(now["epoch"]) == int(slept["epoch"]) + 1
    assert watcher.wrong == []
    # Fenced is not lost: it follows the feed and takes over in its turn.
    sleeper.wait_for(lambda line: line["state"] == "EXACT", "EXACT again, for itself")
    assert other.stop() == 0
    assert wait_owner(sleeper) < TAKEOVER_S
    wait_equal(shop, sleeper)


def test_an_observer_is_exact_for_itself_and_never_owns(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    observer = engine_on(shop, "--observe", *FAST)
    observer.wait_for(lambda line: line["state"] == "EXACT", "EXACT for itself")
    assert meta(shop) == {}
    owner = engine_on(shop, *FAST)
    owner.wait_exact()
    named = meta(shop)["owner"]
    owner.kill()
    eventually(
        lambda: int(meta(shop)["updated_at_ms"]) + 3 * LEASE_MS < time.time() * 1000,
        "the lease has long run out",
    )
    assert (meta(shop)["owner"], meta(shop)["epoch"]) == (named, "1")
    assert {s["publication"] for s in observer.states} <= {"AWAY", "OBSERVER"}
    assert observer.stop() == 0
    assert state(shop) == "EXACT"  # the dead owner's last word: nobody else has written


def test_no_reader_sees_one_member_more_or_less_while_rows_come_and_go(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(flat=False, canal=False)
    engine = start_engine(shop, engine_on, account="monitor")
    with Watcher(shop) as watcher, Traffic(shop, seed=3) as traffic:
        eventually(
            lambda: len(watcher.boards_seen) > 60,
            "many different boards",
            context=lambda: f"{len(watcher.boards_seen)} of {watcher.samples}\n{engine.story()}",
        )
        traffic.stop()
        wait_rest(shop, engine)
    assert watcher.wrong == []
    assert watcher.samples > 500
    assert engine.latest["audit_mismatches"] == 0
