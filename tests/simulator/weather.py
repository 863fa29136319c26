"""What holds for a while: which service is away, slow, or answers wrongly. And all chance besides."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from tests.simulator.process import SimClock


class Weather:
    """Conditions by name, each until some moment of virtual time."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.clock = SimClock()
        self.struck: Counter[str] = Counter()
        """How often each condition was felt."""
        self._until_ms: dict[str, float] = {}

    def set(self, condition: str, for_ms: float) -> None:
        until_ms = self.clock.monotonic_ms() + for_ms
        self._until_ms[condition] = max(until_ms, self._until_ms.get(condition, 0))

    def holds(self, condition: str) -> bool:
        if self.clock.monotonic_ms() >= self._until_ms.get(condition, 0):
            return False
        self.struck[condition] += 1
        return True

    def once(self, condition: str) -> bool:
        """As :meth:`holds`, and then it is over."""
        return self.holds(condition) and self._until_ms.pop(condition) > 0

    def until_ms(self, condition: str) -> float:
        """When it is over, as far as is known; 0: it does not hold."""
        return self._until_ms.get(condition, 0)

    def clear_up(self) -> None:
        self._until_ms.clear()

    async def pass_by(self, *, least_ms: float = 0.1, most_ms: float = 4) -> None:
        """A moment on the network."""
        await asyncio.sleep(self.rng.uniform(least_ms, most_ms) / 1000)
