"""The loader on a table that was altered behind the feed's back: what it then finds is no mere outage."""

from __future__ import annotations

import asyncio

import pytest

from engine.columns import Column, Table
from engine.core.changes import Answer, Delivery, Event, Kind
from engine.core.loading import Why
from engine.core.states import State
from engine.errors import MissingTable, ServiceAway, TopnError, WrongSetting, WrongShape
from engine.loader import Loader
from engine.ports import TableReport
from engine.status import Health
from tests.core.stage import SERVER_ID, Stage, started

COLUMN = Column(name="id", mysql_type="bigint")


class Source:
    """The stage's table; a description of it fails while there is an error."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.error: TopnError | None = None

    async def describe(self) -> TableReport:
        if self.error is not None:
            raise self.error
        table = Table(database="d", name="t", key=COLUMN, score=COLUMN)
        return TableReport(table=table, server="", server_id=SERVER_ID)

    async def best_rows(self, limit: int) -> Answer:
        return self._stage.snapshot()

    async def close(self) -> None: ...


class StageClock:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def monotonic_ms(self) -> float:
        return self._stage.now_ms

    def wall_ms(self) -> int:
        return self._stage.clock_ms

    async def sleep(self, ms: float) -> None:
        self._stage.run(ms)


async def queried(loader: Loader, stage: Stage) -> None:
    """Run the next query that is wanted to its end."""
    stage.hold_at_query()
    loader.run_if_wanted(stage.topn)
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})


SHAPE = WrongShape("score column 'likes' is not in the table")


@pytest.mark.parametrize(
    ("error", "state", "health"),
    [
        (SHAPE, State.INEXACT, Health.TROUBLED),
        (MissingTable("MySQL", "there is no table d.t"), State.INEXACT, Health.AWAY),
        (WrongSetting("MySQL does not know this time zone"), State.EXACT, Health.TROUBLED),
        (ServiceAway("MySQL", "too many connections"), State.EXACT, Health.AWAY),
    ],
    ids=["another shape", "no table", "another setting", "away"],
)
@pytest.mark.parametrize("altered", [True, False], ids=["altered", "changes made elsewhere"])
async def test_a_board_is_inexact_once_its_table_is_known_to_be_another(
    error: TopnError, state: State, health: Health, *, altered: bool
) -> None:
    stage = started({1: 50, 2: 60}, size=1, reserve=1)
    source = Source(stage)
    loader = Loader(
        source, StageClock(stage), notify=lambda *_: None, described=lambda _report: None
    )
    await loader.describe()
    if altered:
        loader.describe_again()
    else:
        made_there = Event(Kind.ROWS, "UPDATE", server_id=SERVER_ID + 1, gtid="0-2-1")
        loader.watch.see([Delivery(0, 0, (made_there,))])
    source.error = error
    stage.topn.want(Why.AUDIT)
    await queried(loader, stage)
    assert (stage.state, loader.health) == (state, health)
    if state is State.EXACT:
        return
    assert stage.reason.startswith("the table is not what it was: ")
    source.error = None
    stage.table[9] = 99
    await queried(loader, stage)
    stage.nudge()
    stage.run(2000)
    stage.nudge()
    stage.assert_exact()


async def test_a_table_that_cannot_be_ranked_ends_the_start() -> None:
    source = Source(Stage())
    source.error = SHAPE
    loader = Loader(
        source, StageClock(Stage()), notify=lambda *_: None, described=lambda _report: None
    )
    with pytest.raises(WrongSetting):
        await loader.describe()
