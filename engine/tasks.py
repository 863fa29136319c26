"""Tasks that end when they are told to, even where a driver swallows the cancellation.

Until Python 3.12 ``asyncio.wait_for``, which redis-py and aiomysql use, returns its result instead of
raising where the cancellation comes in the same turn of the event loop (CPython gh-86296). A loop
without an end would then go on for ever, and a task group would wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

CLOSE_MS = 1500
"""How long each service may take to let go at the end."""

AGAIN_MS = 300
"""How soon a task that goes on after a cancellation is cancelled again."""

T = TypeVar("T")


async def together(*works: Coroutine[None, None, None]) -> None:
    """Run all until the last has ended or the first fails; what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        await cancelled(*tasks, within_ms=CLOSE_MS)


async def cancelled(*tasks: asyncio.Task[Any], within_ms: float) -> None:
    """Cancel and wait, not for ever; what they raise is for whoever looks at them."""
    waiting = set(tasks)
    while waiting and within_ms > 0:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=AGAIN_MS / 1000)
        within_ms -= AGAIN_MS


async def finished(work: Coroutine[None, None, T], *, within_ms: float = CLOSE_MS) -> T:
    """Work that is not given up half-way: a cancellation first waits for its end, though not for ever.

    Args:
        work: what it raises is raised, unless there was a cancellation.
        within_ms: how long after the first cancellation; no further one makes it shorter.
    """
    task, now = asyncio.create_task(work), asyncio.get_running_loop().time
    stopped: asyncio.CancelledError | None = None
    until = 0.0
    while not task.done() and (stopped is None or now() < until):
        try:
            await asyncio.wait({task}, timeout=None if stopped is None else until - now())
        except asyncio.CancelledError as error:
            if stopped is None:
                stopped, until = error, now() + within_ms / 1000
    if stopped is None:
        return task.result()
    if not task.done():
        task.cancel()
    elif not task.cancelled():
        task.exception()  # looked at: nobody else will
    raise stopped
