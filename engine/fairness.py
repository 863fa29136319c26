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
NAP_MS = 1
"""Between two looks whether the time asked for has passed: asleep, the interpreter is free for threads."""


class Turns:
    """Whose turn it is: the engine's, or everybody else's.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_ms = self._ours_until_ms = clock.monotonic_ms()

    @property
    def asked(self) -> bool:
        """Whether somebody has asked for a time that has not passed."""
        return self._clock.monotonic_ms() < self._until_ms

    def ask(self, for_ms: float) -> None:
        """Have the engine stand back for so long from now on.

        After such a time it goes on for at least as long, whoever asks: somebody who holds a key down
        takes half of its time at most.
        """
        now_ms = self._clock.monotonic_ms()
        if now_ms >= self._ours_until_ms:
            self._until_ms = max(self._until_ms, now_ms + for_ms)

    async def give_way(self) -> None:
        """Let the others go on: until they have nothing to do, and for as long as was asked for."""
        began_ms = self._clock.monotonic_ms()
        asked = began_ms < self._until_ms
        await _pass(self._clock)
        while self.asked:
            await self._clock.sleep(NAP_MS)
        if asked:
            now_ms = self._clock.monotonic_ms()
            self._ours_until_ms = now_ms + (now_ms - began_ms)


async def _pass(clock: Clock) -> None:
    """Until a few passes of the loop have nothing to do, 60 of them at most.

    What follows a key press is a chain of some thirty callbacks, each of which makes the next one
    ready: after one pass alone it would wait for a whole slice of the engine at each of its links.
    """
    quiet = 0
    for _ in range(MOST_PASSES):
        before_ms = clock.monotonic_ms()
        await asyncio.sleep(0)
        quiet = quiet + 1 if clock.monotonic_ms() - before_ms < QUIET_MS else 0
        if quiet == QUIET_PASSES:
            return
