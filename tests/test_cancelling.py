"""A loop without an end must end when it is cancelled, even where a driver swallows the cancellation.

Until Python 3.12 ``asyncio.wait_for``, which redis-py and aiomysql use, returns its result instead of
raising where the cancellation comes in the same turn of the event loop (CPython gh-86296).
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.core.changes import Row
from engine.follower import Follower
from engine.ports import BoardState
from engine.publisher import Publisher
from engine.tasks import cancelled, together
from tests.adapters.boards import state


class Swallowing:
    """A store, feed and source of which every call takes a cancellation for its answer."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        async def call(*_: object, **__: object) -> Any:
            self.asked.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return ANSWERS[name]

        return call


class Held:
    """The answer to acquire: another engine's."""

    owned, owner, epoch, free_in_ms = False, "other", 1, 0


ANSWERS = {"acquire": Held(), "read": None, "end_offsets": {0: 0}}


def _snapshot() -> tuple[BoardState, tuple[Row, ...]]:
    return state(0), ()


def publisher(service: Any, *, observe: bool) -> Publisher:
    return Publisher(
        service,
        SystemClock(),
        snapshot=_snapshot,
        notify=lambda *_: None,
        committed=lambda _: None,
        observe=observe,
    )


LOOPS = {
    "publishing": lambda s: publisher(s, observe=False).run(),
    "observing": lambda s: publisher(s, observe=True).run(),
    "watching end offsets": lambda s: Follower(s, SystemClock(), notify=_ignore).watch_ends(),
}


def _ignore(*_: object) -> None:
    pass


@pytest.mark.parametrize("loop", LOOPS)
async def test_a_swallowed_cancellation_still_ends_the_loop(loop: str) -> None:
    service = Swallowing()
    running = asyncio.create_task(LOOPS[loop](service))
    await service.asked.wait()
    await cancelled(running, within_ms=2000)
    assert running.done()


async def test_the_first_failure_ends_all_that_runs_together() -> None:
    service = Swallowing()

    async def fail() -> None:
        await service.asked.wait()
        raise LookupError("first")

    with pytest.raises(LookupError, match="first"):
        await together(LOOPS["publishing"](service), fail())
