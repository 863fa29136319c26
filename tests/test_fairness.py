"""Keys are answered while the engine has more to do than it can: it gives way to whoever else waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from engine.adapters.embedded import EmbeddedBoard, MemoryStore
from engine.core.reports import Timing
from engine.fairness import MOST_PASSES, QUIET_PASSES, give_way
from engine.formats import make_decoder
from engine.ports import Message
from engine.runtime import SLICE_MESSAGES, SLICE_MS, Engine, EngineOptions
from tests.bench.flood import Flood
from tests.embedded.clock import ManualClock

LINKS = 30
"""Callbacks from a key's byte to what it draws, each made ready by the one before it."""
WORK_MS = 1.0


class WorkClock(ManualClock):
    """Time passes when somebody works, and only then."""

    def work(self, ms: float) -> None:
        self._now_ms += ms


class Key:
    """A key press: a chain of callbacks. `links`: None: it never ends."""

    def __init__(self, clock: WorkClock, links: int | None = LINKS) -> None:
        self._clock, self._links = clock, links
        self.done = 0
        self.answered = False
        asyncio.get_running_loop().call_soon(self._link)

    def _link(self) -> None:
        self._clock.work(WORK_MS)
        self.done += 1
        self.answered = self.done == self._links
        if not self.answered:
            asyncio.get_running_loop().call_soon(self._link)


async def test_whoever_waits_goes_on_until_nothing_is_left_to_do() -> None:
    clock = WorkClock()
    keys = [Key(clock), Key(clock, links=7)]
    await give_way(clock)
    assert all(key.answered for key in keys)


async def test_a_pause_within_a_chain_is_not_its_end() -> None:
    clock = WorkClock()
    key = Key(clock, links=5)
    loop = asyncio.get_running_loop()
    later: list[Key] = []

    def after_empty_passes(left: int) -> None:
        if left:
            loop.call_soon(after_empty_passes, left - 1)
        else:
            later.append(Key(clock, links=5))

    after_empty_passes(5 + QUIET_PASSES - 1)
    await give_way(clock)
    assert key.answered
    assert later[0].answered


async def test_where_nobody_waits_nothing_is_waited_for() -> None:
    passes = 0

    def count() -> None:
        nonlocal passes
        passes += 1
        asyncio.get_running_loop().call_soon(count)

    count()
    await give_way(WorkClock())
    assert passes <= QUIET_PASSES + 1


async def test_who_always_has_something_to_do_does_not_stop_the_engine() -> None:
    clock = WorkClock()
    endless = Key(clock, links=None)
    await give_way(clock)
    assert not endless.answered
    assert endless.done <= MOST_PASSES + 1


class Busy(Flood):
    """A feed that always has more and, at a poll, somebody presses a key."""

    def __init__(self, clock: WorkClock, at_poll: int) -> None:
        super().__init__(count=2_000, rows=1_000)
        self._clock, self._at_poll, self._polls = clock, at_poll, 0
        self.key: Key | None = None
        self.pressed_at = self.answered_at = 0

    async def next_batch(self, *, max_messages: int, timeout_ms: int) -> Sequence[Message]:
        self._polls += 1
        if self._polls == self._at_poll:
            self.key, self.pressed_at = Key(self._clock), self.sent
        if self.key and self.key.answered and not self.answered_at:
            self.answered_at = self.sent
        self._clock.work(SLICE_MS / 2)  # what it takes to decode the slice before
        return await super().next_batch(max_messages=max_messages, timeout_ms=timeout_ms)


async def test_under_full_load_a_key_waits_for_few_slices_of_the_engine() -> None:
    clock = WorkClock()
    busy = Busy(clock, at_poll=40)
    engine = Engine(
        feed=busy,
        source=busy,
        store=EmbeddedBoard(MemoryStore(clock), "b", engine_id="e"),
        decoder=lambda table: make_decoder(table).decode,
        options=EngineOptions(
            board_name="b",
            size=10,
            reserve=10,
            topic="t",
            timing=Timing(overlap_ms=0, settle_ms=200),
        ),
        clock=clock,
        engine_id="e",
    )
    running = asyncio.create_task(engine.run())
    while not busy.answered_at:
        assert busy.sent < 40 * SLICE_MESSAGES * 5, "the key was never answered"
        await asyncio.sleep(0)
        await clock.advance(0.001)
    engine.stop()
    while not running.done():
        await clock.advance(10)
    await running
    # Without giving way each of the thirty links would wait for a slice of its own.
    assert busy.answered_at - busy.pressed_at <= 4 * SLICE_MESSAGES
