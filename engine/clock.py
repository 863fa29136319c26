"""Real time."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """The machine's clocks, for :class:`engine.ports.Clock`."""

    def monotonic_ms(self) -> float:
        return time.monotonic_ns() / 1e6

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def sleep(self, ms: float) -> None:
        await asyncio.sleep(ms / 1000)
