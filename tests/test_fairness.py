"""Keys are answered while the engine has more to do than it can: it gives way to whoever else waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from engine.adapters.embedded import EmbeddedBoard, MemoryStore
from engine.columns import Table
from engine.core.changes import Event
from engine.core.reports import Timing
from engine.fairness import MOST_MS, MOST_PASSES, QUIET_PASSES, Turns
from engine.formats import make_decoder
from engine.ports import Message
from engine.runtime import (
    SLICE_MESSAGES,
    SLICE_MS,
    STATUS_SATURATED_MS,
    Decode,
    Engine,
    EngineOptions,
)
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
    await Turns(clock).give_way()
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
    await Turns(clock).give_way()
    assert key.answered
    assert later[0].answered


async def test_where_nobody_waits_nothing_is_waited_for() -> None:
    passes = 0

    def count() -> None:
        nonlocal passes
        passes += 1
        asyncio.get_running_loop().call_soon(count)

    count()
    await Turns(WorkClock()).give_way()
    assert passes <= QUIET_PASSES + 1


async def test_who_always_has_something_to_do_does_not_stop_the_engine() -> None:
    clock = WorkClock()
    endless = Key(clock, links=None)
    await Turns(clock).give_way()
    assert not endless.answered
    assert endless.done <= MOST_PASSES + 1


async def held_ms(clock: WorkClock, turns: Turns) -> float:
    """How long the engine stands back now."""
    began_ms = clock.monotonic_ms()
    turn = asyncio.create_task(turns.give_way())
    while not turn.done():
        await clock.advance(1, step_ms=1)
    return clock.monotonic_ms() - began_ms


async def test_the_engine_stands_back_for_as_long_as_it_is_asked_to() -> None:
    clock = WorkClock()
    turns = Turns(clock)
    assert await held_ms(clock, turns) <= 1
    turns.ask(50)
    assert turns.asked
    assert 50 <= await held_ms(clock, turns) <= 52
    assert not turns.asked


async def test_the_longest_of_the_times_asked_for_counts() -> None:
    clock = WorkClock()
    turns = Turns(clock)
    turns.ask(50)
    turns.ask(3)
    assert 50 <= await held_ms(clock, turns) <= 52


async def test_a_key_that_is_held_down_takes_half_of_the_engines_time_at_most() -> None:
    clock = WorkClock()
    turns = Turns(clock)
    held = asyncio.create_task(repeat(clock, turns))
    worked_ms = stood_back_ms = longest_ms = 0.0
    while clock.monotonic_ms() < 20_000:
        if turns.asked:
            took_ms = await held_ms(clock, turns)
            stood_back_ms, longest_ms = stood_back_ms + took_ms, max(longest_ms, took_ms)
        else:
            await clock.advance(SLICE_MS, step_ms=1)  # the key repeats while the engine works
            worked_ms += SLICE_MS
    held.cancel()
    assert stood_back_ms > 5_000  # it is stood back for
    assert worked_ms >= 0.95 * stood_back_ms
    assert longest_ms <= MOST_MS + 2


async def repeat(clock: WorkClock, turns: Turns) -> None:
    """A key that is held down."""
    while True:
        turns.ask(50)
        await clock.sleep(33)


async def test_a_time_asked_for_during_the_engines_turn_of_giving_way_counts_as_well() -> None:
    clock = WorkClock()
    turns = Turns(clock)
    worked_ms = stood_back_ms = 0.0
    while clock.monotonic_ms() < 20_000:
        asyncio.get_running_loop().call_soon(turns.ask, 50)
        stood_back_ms += await held_ms(clock, turns)
        clock.work(SLICE_MS)
        worked_ms += SLICE_MS
    assert stood_back_ms > 5_000
    assert worked_ms >= 0.8 * stood_back_ms  # held_ms itself lets a millisecond pass each time


async def test_how_long_it_stood_back_is_known_while_it_does() -> None:
    clock = WorkClock()
    turns = Turns(clock)
    turns.ask(50)
    turn = asyncio.create_task(turns.give_way())
    await clock.advance(20, step_ms=1)
    assert 15 <= turns.given_ms <= 20
    await clock.advance(40, step_ms=1)
    await turn
    assert 48 <= turns.given_ms <= 52


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
        return await super().next_batch(max_messages=max_messages, timeout_ms=timeout_ms)


def busy_engine(clock: WorkClock, at_poll: int) -> tuple[Busy, Engine]:
    busy = Busy(clock, at_poll)

    def slow_decoder(table: Table) -> Decode:
        decode = make_decoder(table).decode

        def slowly(value: bytes | None) -> tuple[Event, ...]:
            clock.work(SLICE_MS / 2 / SLICE_MESSAGES)
            return decode(value)

        return slowly

    engine = Engine(
        feed=busy,
        source=busy,
        store=EmbeddedBoard(MemoryStore(clock), "b", engine_id="e"),
        decoder=slow_decoder,
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
    return busy, engine


async def ended(clock: WorkClock, engine: Engine, running: asyncio.Task[None]) -> None:
    engine.stop()
    while not running.done():
        await clock.advance(10)
    await running


async def test_under_full_load_a_key_waits_for_few_slices_of_the_engine() -> None:
    clock = WorkClock()
    busy, engine = busy_engine(clock, at_poll=40)
    running = asyncio.create_task(engine.run())
    while not busy.answered_at:
        assert busy.sent < 40 * SLICE_MESSAGES * 5, "the key was never answered"
        await asyncio.sleep(0)
        await clock.advance(0.001)
    await ended(clock, engine, running)
    # Without giving way each of the thirty links would wait for a slice of its own.
    assert busy.answered_at - busy.pressed_at <= 4 * SLICE_MESSAGES


@pytest.mark.slow
async def test_a_busy_engine_takes_in_nothing_while_somebody_waits_for_an_answer() -> None:
    clock = WorkClock()
    busy, engine = busy_engine(clock, at_poll=0)
    running = asyncio.create_task(engine.run())
    while not engine.status.rates.saturated:
        await asyncio.sleep(0)
        await clock.advance(0.001)
    engine.give_way(50)
    await clock.advance(5, step_ms=0.5)  # the slice that was under way
    taken = busy.sent
    await clock.advance(40, step_ms=0.5)
    assert busy.sent == taken
    await clock.advance(10, step_ms=0.5)
    assert busy.sent > taken
    await ended(clock, engine, running)


@pytest.mark.slow
async def test_an_engine_that_stands_back_half_of_the_time_is_still_a_busy_one() -> None:
    clock = WorkClock()
    engine = busy_engine(clock, at_poll=0)[1]
    running = asyncio.create_task(engine.run())
    while not engine.status.rates.saturated:
        await asyncio.sleep(0)
        await clock.advance(0.001)
    end_ms, statuses = clock.monotonic_ms() + 5_000, set()
    while clock.monotonic_ms() < end_ms:
        engine.give_way(50)
        await clock.advance(1, step_ms=0.5)
        assert engine.status.rates.saturated
        statuses.add(engine.status.at_ms)
    assert len(statuses) <= 5_000 / STATUS_SATURATED_MS + 2  # nobody draws more of them
    await ended(clock, engine, running)


async def test_an_engine_with_time_to_spare_is_not_held_up() -> None:
    clock = WorkClock()
    engine = busy_engine(clock, at_poll=0)[1]
    engine.give_way(50)
    assert not engine._turns.asked
