"""The event loop is everybody's: how the engine lets others have it while it has more to do itself."""

from __future__ import annotations

import asyncio

from engine.ports import Clock

QUIET_PASSES = 3
"""So many passes of the loop in a row with nothing to do: then nobody waits any more."""
QUIET_MS = 0.05
"""A pass that took no longer did nothing; an empty one takes a tenth of it."""
MOST_PASSES = 60
"""Whoever always has something to do does not hold up the engine for ever."""


async def give_way(clock: Clock) -> None:
    """Let the others go on until they have nothing to do, 60 passes of the loop at most.

    A key press on the screen is a chain of some thirty callbacks, each of which makes the next one
    ready: after one pass alone it would wait for a whole slice of the engine at each of its links.
    """
    quiet = 0
    for _ in range(MOST_PASSES):
        before_ms = clock.monotonic_ms()
        await asyncio.sleep(0)
        quiet = quiet + 1 if clock.monotonic_ms() - before_ms < QUIET_MS else 0
        if quiet == QUIET_PASSES:
            return
