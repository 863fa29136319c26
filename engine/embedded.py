"""An engine together with the traffic on its table, run and stopped as one."""

from __future__ import annotations

import asyncio

from engine.past import Past
from engine.runtime_api import RunningEngine, WalkOffer, Workload
from engine.status import EngineStatus


class EmbeddedEngine:
    """A :class:`~engine.runtime_api.RunningEngine` with a workload beside it.

    Args:
        engine: not yet running.
        workload: run as long as the engine is.
        walk: the manual tests on its table; or why they cannot be done there.
    """

    def __init__(self, engine: RunningEngine, workload: Workload, walk: WalkOffer | str) -> None:
        self._engine = engine
        self.workload = workload
        self.walk = walk

    @property
    def status(self) -> EngineStatus:
        """See :class:`engine.runtime_api.RunningEngine`."""
        return self._engine.status

    def past(self) -> Past:
        """See :class:`engine.runtime_api.RunningEngine`."""
        return self._engine.past()

    def give_way(self, for_ms: float) -> None:
        """See :class:`engine.runtime_api.RunningEngine`."""
        self._engine.give_way(for_ms)

    async def run(self) -> None:
        """See :class:`engine.runtime_api.RunningEngine`.

        Raises: what either raises; the other one is ended first.
        """
        traffic = asyncio.create_task(self.workload.run(), name="workload")
        # It only ends by itself through a bug, which must not go unseen.
        traffic.add_done_callback(lambda _: self._engine.stop())
        try:
            await self._engine.run()
        finally:
            traffic.cancel()
            await asyncio.wait({traffic})
        if not traffic.cancelled():
            traffic.result()

    def refill(self) -> None:
        """See :class:`engine.runtime_api.RunningEngine`."""
        self._engine.refill()

    def audit(self) -> None:
        """See :class:`engine.runtime_api.RunningEngine`."""
        self._engine.audit()

    def stop(self) -> None:
        """See :class:`engine.runtime_api.RunningEngine`."""
        self._engine.stop()
