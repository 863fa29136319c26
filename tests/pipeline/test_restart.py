"""Engines killed, paused and stopped at any moment: no reader is told EXACT by one that is gone."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Mapping
from typing import Self

import pytest

from tests.pipeline.at_rest import wait_rest
from tests.pipeline.engines import HeadlessEngine, eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import start_engine
from tests.pipeline.test_owners import FAST, LEASE_MS, is_standby, meta
from tests.pipeline.traffic import Traffic
from tests.pipeline.watching import Subscriber, Watcher
from tests.stack.fixtures import WorldFactory
from tests.stack.world import World

pytestmark = pytest.mark.service

KILLS = 5
SEED = 20


class LeaseReader:
    """Asks for state, lease and Redis's time in one step, over and over, as `topn-tui query` does.

    Whoever dies is noted with :meth:`died`; from then on the board may be EXACT for one lease more.
    """

    def __init__(self, world: World) -> None:
        self._key = f"topn:{{{world.board}}}:meta"
        self._client = world.redis.client()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._until_ms: dict[str, int] = {}
        self.samples = self.exact = 0
        self.wrong: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._client.close()

    def died(self, owner: str) -> None:
        """This engine is surely gone: by now, in Redis's time."""
        seconds, micros = self._client.time()
        # Not later for one that had died before: its successor may never have owned the board.
        self._until_ms.setdefault(owner, seconds * 1000 + micros // 1000 + LEASE_MS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._client.pipeline(transaction=True) as pipe:
                found, clock = pipe.hgetall(self._key).time().execute()
            if found:
                self._look(found, clock[0] * 1000 + clock[1] // 1000)

    def _look(self, found: Mapping[str, str], now_ms: int) -> None:
        self.samples += 1
        until_ms = int(found["updated_at_ms"]) + int(found["lease_ms"])
        if until_ms > now_ms + LEASE_MS:
            self.wrong.append(f"a lease that runs {until_ms - now_ms} ms: {found}")
        if found["state"] != "EXACT" or until_ms <= now_ms:
            return
        self.exact += 1
        if now_ms > self._until_ms.get(found["owner"], now_ms):
            self.wrong.append(f"EXACT of a dead engine at {now_ms}: {found}")


def test_kills_at_any_moment_leave_no_exact_behind(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    """SIGKILL under traffic, from the engine's first second on: also between publish and commit."""
    shop = world(flat=False)
    chance = random.Random(SEED)
    starts: list[float] = []
    with LeaseReader(shop) as reader, Traffic(shop, seed=SEED) as traffic:
        for number in range(KILLS):
            engine = engine_on(shop, *FAST, account="monitor")
            if number % 2:
                time.sleep(chance.uniform(0.3, 2.5))  # somewhere in its start
            else:
                engine.wait_exact()
                starts.append(time.monotonic() - engine.started_s)
                time.sleep(chance.uniform(0, 0.7))
            engine.kill()
            reader.died(meta(shop).get("owner", ""))
        last = engine_on(shop, *FAST, account="monitor")
        last.wait_exact()
        starts.append(time.monotonic() - last.started_s)
        traffic.stop()
        wait_rest(shop, last)
    assert reader.wrong == []
    assert reader.exact > 100
    took = ", ".join(f"{s:.1f}" for s in starts)
    print(f"start to EXACT as OWNER, after SIGKILL, lease {LEASE_MS} ms: {took} s")


def test_a_stop_leaves_stopped_and_the_next_start_does_not_wait_for_a_lease(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    long_lease = ("--set", "store.lease_ms=60000", "--set", "engine.settle_ms=1000")
    for turn in range(2):
        engine = engine_on(shop, *long_lease)
        engine.wait_exact()
        print(f"start {turn + 1} to EXACT: {time.monotonic() - engine.started_s:.1f} s")
        began = time.monotonic()
        assert engine.stop() == 0
        print(f"SIGTERM to exit: {time.monotonic() - began:.2f} s")
        assert (meta(shop)["state"], meta(shop)["owner"]) == ("STOPPED", "")


def test_three_engines_never_publish_at_the_same_time(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    """Killed and paused past the lease in turn; every version on the channel follows the one before."""
    shop = world()
    chance = random.Random(SEED)
    takeovers: list[float] = []
    engines = [start_engine(shop, engine_on, *FAST, canal=False)]
    with Watcher(shop) as watcher, Subscriber(shop) as subscriber, Traffic(shop, seed=7) as traffic:
        engines += [engine_on(shop, *FAST) for _ in range(2)]
        for engine in engines[1:]:
            engine.wait_for(is_standby, "STANDBY, warm")
        for turn in itertools.count():
            owner = next(e for e in engines if e.latest["publication"] == "OWNER")
            others = [e for e in engines if e is not owner]
            time.sleep(chance.uniform(0, 0.5))
            if turn == 2:
                owner.kill()
                engines = others
                takeovers.append(one_takes_over(others))
                break
            owner.pause()
            takeovers.append(one_takes_over(others))
            owner.resume()
            owner.wait_for(
                lambda line: line["publication"] in ("FENCED", "STANDBY"), "its write is refused"
            )
            for engine in engines:
                engine.wait_for(lambda line: line["state"] == "EXACT", "EXACT, owner or not")
        owner = next(e for e in engines if e.latest["publication"] == "OWNER")
        owner.wait_exact()
        traffic.stop()
        wait_rest(shop, owner)
        eventually(lambda: str(subscriber.version) == meta(shop)["version"], "all news have come")
    assert watcher.wrong == []
    assert subscriber.wrong == []
    assert len(watcher.owners) == len(takeovers) + 1  # one owner an epoch, an epoch a take-over
    print(f"takeovers, lease {LEASE_MS} ms: {', '.join(f'{s:.1f}' for s in takeovers)} s")


def one_takes_over(engines: list[HeadlessEngine]) -> float:
    """Wait until one of them owns the board; how long that took."""
    began = time.monotonic()
    eventually(
        lambda: [e for e in engines if e.latest["publication"] == "OWNER"],
        "one takes over",
        context=lambda: "\n".join(e.story() for e in engines),
    )
    return time.monotonic() - began
