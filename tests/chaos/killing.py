"""SIGKILL as planned, and everything started again."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.judge import Reading
from tests.chaos.schedule import Kill, Shape
from tests.pipeline.engines import HeadlessEngine
from tests.stack.world import World

SIZE = 10
"""N, with a reserve that runs dry now and then."""

SETTINGS = ("board.reserve=12", "engine.audit_interval_s=5", "store.lease_ms=3000")
PAUSE_S = 4.5
"""Longer than the lease above."""

_PROGRAM = (sys.executable, "-m", "tests.chaos.engine_process")


_ENGINE = ("engine", "pause")
"""What is done to an engine, which another one may make good at once."""


@dataclass(slots=True, kw_only=True)
class Killed:
    """One kill that has happened. Times in milliseconds since 1970."""

    service: str
    at_ms: int
    back_ms: int | None = None
    """When it was started again (and, where that is awaited, ready)."""
    exact_ms: int | None = None
    """When a reader first saw an EXACT that was published after that."""


class Engines:
    """The engines of one run, some killed, some alive."""

    def __init__(self, world: World, shape: Shape, folder: Path) -> None:
        self._world, self._shape, self._folder = world, shape, folder
        self._numbers = itertools.count(1)
        self._all: list[HeadlessEngine] = []
        self._down: set[int] = set()
        self.alive: list[HeadlessEngine] = []

    def start(self) -> None:
        for _ in range(self._shape.engines):
            self.alive.append(self._launch())

    def restart(self, which: int, *, down_s: float) -> None:
        self._down.add(which)
        self.alive[which].kill()
        time.sleep(down_s)
        self.alive[which] = self._launch()
        self._down.discard(which)

    def pause(self, which: int) -> None:
        """Asleep for longer than its lease: what it publishes on waking up must be refused, or right."""
        self.alive[which].pause()
        time.sleep(PAUSE_S)
        self.alive[which].resume()

    def close(self) -> None:
        for engine in self._all:
            engine.close()

    def check(self) -> None:
        """Fail if one has ended by itself."""
        for which, engine in enumerate(tuple(self.alive)):
            # Looked at in this order: it is marked as down before it is killed.
            assert not engine.ended or which in self._down or engine is not self.alive[which], (
                f"an engine ended by itself: {engine.story()}"
            )

    def total(self, counter: str) -> int:
        """A counter over all lives, as last told."""
        return sum(engine.latest.get(counter, 0) for engine in self._all)

    def told(self) -> str:
        """What all of them have said, one after the other."""
        parts = []
        for number, engine in enumerate(self._all, 1):
            states = "\n".join(
                f"  {s['at_ms']} {s['state']} {s['publication']} {s['reason'] or ''}"
                for s in engine.states
            )
            errors = "\n".join(f"  {text}" for text in engine.errors)
            parts.append(f"engine {number} (process {engine.pid})\n{states}\n{errors}")
        return "\n".join(parts)

    def _launch(self) -> HeadlessEngine:
        shape = self._shape
        config = self._folder / f"engine-{next(self._numbers)}.toml"
        self._world.write_settings(config, size=SIZE, account=shape.account)
        chosen = [a for one in (*SETTINGS, *shape.settings) for a in ("--set", one)]
        engine = HeadlessEngine(config, *chosen, program=_PROGRAM)
        self._all.append(engine)
        return engine


class Killer:
    """Plays the kills of one round in a thread; each thing comes back in a thread of its own."""

    def __init__(self, world: World, engines: Engines, plan: tuple[Kill, ...]) -> None:
        self._world, self._engines, self._plan = world, engines, plan
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)
        self._returning: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self.killed: list[Killed] = []

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Wait until all is done and everything runs again; raises what went wrong."""
        for thread in (self._thread, *self._returning):
            thread.join(90)
            assert not thread.is_alive(), f"{thread.name} hangs"
        if self._failures:
            raise self._failures[0]

    def seen(self, reading: Reading) -> None:
        """An EXACT board was read."""
        for one in self.killed:
            since = one.at_ms if one.service in _ENGINE else one.back_ms
            if one.exact_ms is None and since is not None and reading.updated_ms > since:
                one.exact_ms = reading.at_ms

    def _run(self) -> None:
        began_s = time.monotonic()
        for kill in self._plan:
            time.sleep(max(0.0, began_s + kill.at_s - time.monotonic()))
            thread = threading.Thread(target=self._one, args=(kill,), name=f"{kill}", daemon=True)
            self._returning.append(thread)
            thread.start()

    def _one(self, kill: Kill) -> None:
        try:
            with self._locks[f"engine {kill.which}" if kill.service in _ENGINE else kill.service]:
                one = Killed(service=kill.service, at_ms=_now_ms())
                self.killed.append(one)
                self._act(kill)
                one.back_ms = _now_ms()
        except BaseException as error:  # noqa: BLE001 - raised again by finish()
            self._failures.append(error)

    def _act(self, kill: Kill) -> None:
        world = self._world
        if kill.service == "engine":
            self._engines.restart(kill.which, down_s=kill.down_s)
            return
        if kill.service == "pause":
            self._engines.pause(kill.which)
            return
        services = {
            "canal": world.canal,
            "kafka": world.kafka,
            "redis": world.redis,
            "mysql": world.mysql,
        }
        service = services[kill.service]
        service.kill()
        time.sleep(kill.down_s)
        # Canal may find neither database nor broker now: whether it works is seen by what it sends.
        again: Callable[[], object] = service.launch if service is world.canal else service.start
        again()


def count(killed: list[Killed]) -> Counter[str]:
    return Counter(one.service for one in killed)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
