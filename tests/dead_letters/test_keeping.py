"""On the way to where they are kept: never in the engine's way, told once, counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine import dead_letters
from engine.adapters.dead_letter_file import DeadLetterFile
from engine.clock import SystemClock
from engine.core.changes import Event, Kind
from engine.dead_letter_lines import DeadLetter
from engine.dead_letters import BATCH_LETTERS, DeadLetters
from engine.errors import NotKept, ServiceAway
from engine.history import History
from engine.ports import Clock, DeadLetterSink, Message
from tests.dead_letters.letters import offsets

DEAD = (Event(Kind.DEAD, "", reason="broken"),)


class Shelf:
    """A place in memory; what it raises next is put into `trouble`."""

    place = "the shelf"

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.trouble: list[Exception] = []
        self.calls = 0
        self.opening = asyncio.Event()
        self.opening.set()
        self.closed = False

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        self.calls += 1
        await self.opening.wait()
        if self.trouble:
            raise self.trouble.pop(0)
        self.kept += [letter.offset for letter in letters]

    async def close(self) -> None:
        self.closed = True


class QuickClock(SystemClock):
    """Nobody waits for a backoff."""

    async def sleep(self, ms: float) -> None:
        await asyncio.sleep(0)


class Desk:
    """Dead letters with their history and what was told."""

    def __init__(self, *sinks: DeadLetterSink, clock: Clock | None = None) -> None:
        self.history = History()
        self.told: list[tuple[str, str]] = []
        self.letters = DeadLetters(
            sinks,
            "d_t",
            clock or SystemClock(),
            history=self.history,
            notify=lambda level, text: self.told.append((level, text)),
        )

    def look(self, offset: int, value: bytes = b"x", events: tuple[Event, ...] = DEAD) -> None:
        self.letters.look(Message(0, offset, 5, value, b"k"), events, at_ms=9)

    def warnings(self) -> list[str]:
        return [text for level, text in self.told if level == "warning"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "FLUSH_MS", 100)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # of any kind: not everything has an event
            await asyncio.sleep(0.001)


async def test_a_message_is_one_letter_however_much_in_it_is_dead() -> None:
    shelf = Shelf()
    desk = Desk(shelf)
    usable = Event(Kind.ROWS, "INSERT")
    desk.look(1, events=(usable,))
    desk.look(2, events=(usable, *DEAD, Event(Kind.DEAD, "", reason="other"), *DEAD))
    await desk.letters.close()
    assert shelf.kept == [2]
    assert desk.told == [
        ("error", "dead letter p0@2: broken (and 2 more in this message); loading again")
    ]
    (entry,) = desk.history.dead_letters.entries()
    assert (entry.number, entry.topic, entry.offset, entry.at_ms) == (1, "d_t", 2, 9)


async def test_nothing_waits_for_a_place_that_hangs_and_no_other_place_does() -> None:
    hanging, other = Shelf(), Shelf()
    hanging.opening.clear()
    desk = Desk(hanging, other)
    for number in range(BATCH_LETTERS * 2 + 1):
        desk.look(number)
    await until(lambda: len(other.kept) == BATCH_LETTERS * 2 + 1)
    assert (other.calls, hanging.calls, hanging.kept) == (3, 1, [])
    hanging.opening.set()
    await desk.letters.close()
    assert hanging.kept == other.kept
    assert desk.history.dead_letters_lost == 0
    assert (hanging.closed, other.closed) == (True, True)


async def test_beyond_the_bound_new_letters_are_lost_counted_and_told_once() -> None:
    shelf = Shelf()
    shelf.opening.clear()
    desk = Desk(shelf)
    desk.look(0, bytes(dead_letters.WAITING_MAX_BYTES * 2))  # a single one may be larger
    for number in range(1, 4):
        desk.look(number)
    assert desk.history.dead_letters_lost == 3
    assert len(desk.warnings()) == 1
    shelf.opening.set()
    await until(lambda: shelf.kept == [0])
    desk.look(4)
    await desk.letters.close()
    assert shelf.kept == [0, 4]
    assert desk.told.count(("info", "dead letters are kept in the shelf again; 3 were lost")) == 1


async def test_a_place_that_is_away_gets_them_when_it_is_back() -> None:
    shelf = Shelf()
    shelf.trouble = [ServiceAway("Kafka", "no answer", "look there")] * 2
    desk = Desk(shelf, clock=QuickClock())
    desk.look(1)
    await until(lambda: shelf.kept == [1])
    assert desk.warnings() == ["dead letters are not kept in the shelf: no answer; look there"]
    assert desk.history.dead_letters_lost == 0
    await desk.letters.close()


async def test_a_place_with_a_new_reason_each_time_tells_a_few_of_them() -> None:
    shelf = Shelf()
    shelf.trouble = [ServiceAway("Kafka", f"no answer to {n}") for n in range(100)]
    desk = Desk(shelf, clock=QuickClock())
    desk.look(1)
    await until(lambda: shelf.kept == [1])
    assert len(desk.warnings()) == dead_letters.REASONS_TOLD
    shelf.trouble = [ServiceAway("Kafka", "no answer to 1")]
    desk.look(2)
    await until(lambda: shelf.kept == [1, 2])
    assert len(desk.warnings()) == dead_letters.REASONS_TOLD + 1, "another outage"
    await desk.letters.close()


async def test_what_a_place_refuses_is_lost_and_the_next_is_tried_again() -> None:
    shelf = Shelf()
    shelf.trouble = [NotKept("full", "make room", 1)] * 2
    desk = Desk(shelf)
    for number in range(3):
        desk.look(number)
        await until(lambda calls=number + 1: shelf.calls == calls)
    await desk.letters.close()
    assert shelf.kept == [2]
    assert desk.history.dead_letters_lost == 2
    assert desk.warnings() == ["dead letters are not kept in the shelf: full; make room"]


async def test_an_error_of_ours_reaches_nobody_but_the_notices() -> None:
    shelf = Shelf()
    shelf.trouble = [ZeroDivisionError("x")]
    desk = Desk(shelf)
    desk.look(1)
    await until(lambda: desk.history.dead_letters_lost == 1)
    desk.look(2)
    await desk.letters.close()
    assert shelf.kept == [2]
    assert "an error of ours: ZeroDivisionError" in desk.warnings()[0]


async def test_a_stop_gives_what_waits_a_last_chance() -> None:
    shelf = Shelf()
    shelf.trouble = [ServiceAway("Kafka", "no answer")]
    desk = Desk(shelf)
    desk.look(1)
    await until(lambda: shelf.calls == 1)
    await desk.letters.close()  # does not sit the backoff out
    assert shelf.kept == [1]


async def test_a_stop_does_not_wait_for_a_place_that_hangs() -> None:
    shelf = Shelf()
    shelf.opening.clear()
    desk = Desk(shelf)
    desk.look(1)
    desk.look(2)
    async with asyncio.timeout(1):
        await desk.letters.close()
    assert desk.history.dead_letters_lost == 2
    assert "the engine was stopped before they could be" in desk.warnings()[-1]
    assert shelf.closed


async def test_without_a_place_they_are_in_the_status_alone() -> None:
    desk = Desk()
    desk.look(1)
    await desk.letters.close()
    assert [entry.offset for entry in desk.history.dead_letters.entries()] == [1]
    assert desk.history.dead_letters_lost == 0


async def test_a_flood_is_in_the_file_after_a_stop(tmp_path: Path) -> None:
    file = DeadLetterFile(tmp_path / "b.jsonl", max_bytes=10**7)
    desk = Desk(file)
    for number in range(1_000):
        desk.look(number)
    await desk.letters.close()
    assert offsets(file) == list(range(1_000))
    assert desk.history.dead_letters_lost == 0
