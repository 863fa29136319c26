"""Virtual time: a minute of the whole pipeline in about a second."""

from __future__ import annotations

import asyncio
import heapq
import itertools

START_MS = 1_795_430_966_000


class ManualClock:
    """A :class:`~engine.ports.Clock` that moves only when told to."""

    def __init__(self) -> None:
        self._now_ms = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._numbers = itertools.count()

    def monotonic_ms(self) -> float:
        return self._now_ms

    def wall_ms(self) -> int:
        return START_MS + int(self._now_ms)

    async def sleep(self, ms: float) -> None:
        if ms <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now_ms + ms, next(self._numbers), woken))
        await woken.wait()

    async def advance(self, ms: float, *, step_ms: float = 10) -> None:
        """Let time pass in steps; after each, everybody who can go on does."""
        end_ms = self._now_ms + ms
        while self._now_ms < end_ms:
            self._now_ms = min(end_ms, self._now_ms + step_ms)
            while self._sleepers and self._sleepers[0][0] <= self._now_ms:
                heapq.heappop(self._sleepers)[2].set()
            for _ in range(12):
                await asyncio.sleep(0)
