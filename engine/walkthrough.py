"""The manual tests with an engine of their own beside them: what ``topn-tui walkthrough`` runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.errors import TopnError
from engine.runtime_api import RunningEngine
from engine.tasks import CLOSE_MS, cancelled
from engine.told import told
from engine.walk import Walk
from engine.walkthrough_steps import STEPS, Outcome


class Walkthrough:
    """The five steps, one after the other.

    Args:
        engine: not yet running; it is run here.
        walk: on that engine.
    """

    def __init__(self, engine: RunningEngine, walk: Walk) -> None:
        self._engine, self.walk = engine, walk

    @property
    def as_found(self) -> bool:
        """Whether nothing of ours is in the table: not yet written, or put back."""
        return self.walk.as_found

    @property
    def theirs(self) -> tuple[int, ...]:
        """The keys of rows that were not put back, as somebody else wrote them meanwhile."""
        return self.walk.theirs

    async def run(self, show: Callable[[Outcome], None]) -> bool:
        """Walk through the steps, `show` each; whether all held. The first that does not ends it.

        Raises:
            WrongSetting: the table is neither empty nor holds exactly the start rows or the sample; its
                account may not write it; or the engine cannot run with these settings.
            ServiceAway: the table cannot be read or written; `as_found` says how it was left.
        """
        try:
            try:
                await self.walk.begin()
                return await self._beside_the_engine(show)
            finally:
                await self.walk.put_back()
        finally:
            await self.walk.close()

    async def _beside_the_engine(self, show: Callable[[Outcome], None]) -> bool:
        running = asyncio.create_task(self._engine.run(), name="engine")
        walking = asyncio.create_task(self._steps(show), name="walkthrough")
        try:
            await asyncio.wait({running, walking}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()  # raises what ended it
                raise TopnError(told("the engine ended: {why}", why=self._engine.status.ended))
            return walking.result()
        finally:
            self._engine.stop()
            await cancelled(walking, within_ms=CLOSE_MS)
            await asyncio.wait({running})

    async def _steps(self, show: Callable[[Outcome], None]) -> bool:
        for number in range(1, len(STEPS) + 1):
            outcome = await self.walk.step(number)
            show(outcome)
            if outcome.trouble is not None:
                return False
        return True
