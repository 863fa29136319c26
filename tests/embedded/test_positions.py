"""What is published beside a board: the positions that it is the board of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from engine.adapters.embedded import (
    ChangeLog,
    EmbeddedBoard,
    EmbeddedFeed,
    EmbeddedSource,
    EmbeddedTable,
    MemoryStore,
)
from engine.adapters.embedded.rows import start_rows
from engine.core.changes import Row
from engine.core.rank import Key
from engine.formats import make_decoder
from engine.ports import BoardState
from engine.runtime import Engine, EngineOptions
from tests.embedded.clock import ManualClock

KEY = 78
CHANGES = 4000


class BusyClock(ManualClock):
    """Time passes whenever somebody looks: the engine's work takes a while."""

    def monotonic_ms(self) -> float:
        self._now_ms += 3
        return self._now_ms


class Witness(EmbeddedBoard):
    """Keeps the positions and the row of one key of each board that is published."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.seen: list[tuple[int, int]] = []

    async def publish(
        self,
        state: BoardState,
        *,
        entered: Sequence[Row],
        left: Sequence[Key],
        moved: Sequence[Row],
    ) -> int:
        for row in moved:
            if row.key == KEY:
                self.seen.append((state.positions[0], int(row.score)))
        return await super().publish(state, entered=entered, left=left, moved=moved)


async def test_positions_published_in_the_middle_of_a_batch_are_those_of_the_board() -> None:
    clock, log = BusyClock(), ChangeLog()
    table = EmbeddedTable(log, clock, rows=start_rows(0))
    store = Witness(MemoryStore(clock), "b", engine_id="a")
    engine = Engine(
        feed=EmbeddedFeed(log, clock),
        source=EmbeddedSource(table, clock),
        store=store,
        decoder=lambda described: make_decoder(described, "canal-json").decode,
        options=EngineOptions(
            board_name="b", size=10, reserve=10, topic="t", batch_messages=CHANGES
        ),
        clock=clock,
        engine_id="a",
    )
    task = asyncio.create_task(engine.run())
    await clock.advance(5000)
    (position,) = (part.position for part in engine.status.partitions)
    for score in range(1000, 1000 + CHANGES):
        table.update({KEY: {"like_cnt": score}})
    await clock.advance(3000)
    engine.stop()
    while not task.done():
        await clock.advance(50)
    await task
    assert len(store.seen) > 1, "nothing was published in the middle"
    assert [at - position for at, _ in store.seen] == [score - 999 for _, score in store.seen]
