"""What the simulator has found in the engine, each as a short story."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from engine.adapters.embedded.feed import ChangeLog, EmbeddedFeed
from engine.core.changes import Answer, Delivery
from engine.core.loading import Why
from engine.follower import Follower
from engine.loader import Loader
from engine.ports import TableReport
from tests.core.stage import SERVER_ID, started
from tests.simulator.loop import run
from tests.simulator.process import SimClock
from tests.simulator.wire import DESCRIBED


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


class Lagging:
    """A table source that answers with what it once was."""

    def __init__(self, said: Answer) -> None:
        self._said = said

    async def describe(self) -> TableReport:
        """See :meth:`engine.ports.RowSource.describe`."""
        return TableReport(table=DESCRIBED, server="lagging", server_id=SERVER_ID)

    async def best_rows(self, limit: int) -> Answer:
        """See :meth:`engine.ports.RowSource.best_rows`."""
        return self._said

    async def close(self) -> None:
        """See :meth:`engine.ports.RowSource.close`."""


@pytest.mark.parametrize("partition", [0, 1], ids=["sent again", "of another partition"])
def test_an_old_message_does_not_make_an_answer_good_that_lacks_a_newer_one(partition: int) -> None:
    """Seed 329614006: Canal sent a batch again, and a server that lagged had the first of it, no more.

    By the promise's other laws, too: the feed passed that answer, and a board without what had been
    delivered was EXACT.
    """

    async def story() -> None:
        stage = started({1: 1, 2: 2}, partitions=2)
        older, said = stage.upsert(1, 3), stage.snapshot()
        between, newer = stage.other(), stage.upsert(1, 4)
        loader = Loader(Lagging(said), SimClock(), notify=lambda *_: None, described=lambda _: None)
        await loader.describe()
        for event, at in ((older, partition), (between, 0), (newer, 0), (older, partition)):
            stage.deliver(event, partition=at)
            loader.watch.see([Delivery(at, 0, (event,))])
        stage.topn.want(Why.AUDIT)
        stage.hold_at_query()
        loader.run_if_wanted(stage.topn)
        await asyncio.sleep(1)
        assert stage.topn.last_load is not None
        assert "which the feed had delivered already" in stage.topn.last_load.outcome

    run(story())
