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
MOST_MS = 100
"""So long the engine stands back at a time, however often it is asked."""
NAP_MS = 1
"""Between two looks whether the time asked for has passed: asleep, the interpreter is free for threads."""


class Turns:
    """Whose turn it is: the engine's, or everybody else's.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_ms: float | None = None
        """Since when somebody has been waiting."""
        self._until_ms = self._ours_until_ms = clock.monotonic_ms()
        self._given_ms = 0.0
        self._giving_since_ms: float | None = None

    @property
    def asked(self) -> bool:
        """Whether somebody has asked for a time that has not passed."""
        return self._clock.monotonic_ms() < self._until_ms

    @property
    def given_ms(self) -> float:
        """How long all of :meth:`give_way` took so far, one that is not over included."""
        since_ms = self._giving_since_ms
        return self._given_ms + (0 if since_ms is None else self._clock.monotonic_ms() - since_ms)

    def ask(self, for_ms: float) -> None:
        """Have the engine stand back for so long from now on, in any thread.

        Who asks again meanwhile makes it longer, up to 100 ms. Then the engine goes on for at least as
        long as it stood back, whoever asks: somebody who holds a key down takes half of its time at most.
        """
        now_ms = self._clock.monotonic_ms()
        if now_ms < self._ours_until_ms:
            return
        if self._began_ms is None:
            self._began_ms = now_ms
        self._until_ms = max(self._until_ms, min(now_ms + for_ms, self._began_ms + MOST_MS))

    async def give_way(self) -> None:
        """Let the others go on: until they have nothing to do, and for as long as was asked for."""
        self._giving_since_ms = since_ms = self._clock.monotonic_ms()
        await _pass(self._clock)
        while self.asked:
            await self._clock.sleep(NAP_MS)
        now_ms = self._clock.monotonic_ms()
        self._given_ms, self._giving_since_ms = self._given_ms + now_ms - since_ms, None
        if self._began_ms is not None:
            # From the moment of the asking, or only this turn of theirs: what was under way was ours.
            self._ours_until_ms = now_ms + (now_ms - max(self._began_ms, since_ms))
            self._began_ms = None


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
