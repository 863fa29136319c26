"""The store's clock, as we know it between two answers.

A lease runs from the moment at which its holder *asked* for it: a request that lies in the buffers of
a server that hangs must not, carried out later, vouch for a board that its engine may have left, or
outlived. So each write says when it was asked, in the store's own time.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class StoreClock:
    """How far the store's clock is ahead of our monotonic one, narrowed by every answer.

    An answer was made somewhere between its question and its arrival, so each gives an interval; what
    all of them allow is known more closely than any of them says. An interval that leaves nothing of
    what was known before means that one of the clocks was set: it alone counts then.

    Args:
        monotonic_ms: our clock.
    """

    def __init__(self, monotonic_ms: Callable[[], float] = lambda: time.monotonic() * 1000) -> None:
        self.monotonic_ms = monotonic_ms
        self._ahead: tuple[float, float] | None = None

    def learn(self, store_ms: int, *, asked_ms: float, answered_ms: float) -> None:
        """The store's clock stood at `store_ms`, cut to whole ones, between two moments of ours."""
        least, most = store_ms - answered_ms, store_ms + 1 - asked_ms
        if self._ahead is not None:
            narrower = max(least, self._ahead[0]), min(most, self._ahead[1])
            if narrower[0] <= narrower[1]:
                least, most = narrower
        self._ahead = least, most

    def forget(self) -> None:
        """It has been shown wrong."""
        self._ahead = None

    def at(self, monotonic_ms: float) -> int:
        """The store's time at a moment of ours: it was this late or later. 0 while nothing is known."""
        return 0 if self._ahead is None else int(monotonic_ms + self._ahead[0])
