"""What the simulator has found in the engine, each as a short story."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from engine.adapters.embedded.feed import ChangeLog, EmbeddedFeed
from engine.follower import Follower
from tests.simulator.loop import run
from tests.simulator.process import SimClock


class SlowToTell(EmbeddedFeed):
    """Its end offsets take a second, and are those of the moment when they were asked for."""

    async def end_offsets(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.end_offsets`."""
        told = await super().end_offsets()
        await asyncio.sleep(1)
        return told


def test_end_offsets_asked_for_before_a_start_at_the_end_are_not_used_after_it() -> None:
    """Seed 1000065: a topic made anew with fewer partitions, and the engine ended with an IndexError."""

    async def story() -> None:
        log = ChangeLog(partitions=3)
        follower = Follower(SlowToTell(log, SimClock()), SimClock(), notify=lambda *_: None)
        await follower.open()
        watching = asyncio.create_task(follower.watch_ends())
        await asyncio.sleep(0.5)
        log.recreate(partitions=2)
        assert list(await follower.seek_to_end()) == [0, 0]
        await asyncio.sleep(1)
        assert follower.ends is None
        assert follower.lost is None
        await asyncio.sleep(2)
        assert follower.ends is not None
        assert follower.ends.offsets == [0, 0]
        watching.cancel()

    run(story())
