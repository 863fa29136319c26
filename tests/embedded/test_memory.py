"""Memory: half a million changes to a table that grows all the while, and the engine stays as small."""

from __future__ import annotations

import asyncio
import gc
import random
import tracemalloc
import warnings
from array import array
from collections.abc import Mapping, Sequence
from heapq import nlargest
from itertools import pairwise

import pytest

from engine.adapters.embedded import EmbeddedBoard, MemoryStore
from engine.clock import SystemClock
from engine.columns import Column, Table
from engine.core.changes import Answer, Row
from engine.core.reports import Timing
from engine.formats import make_decoder
from engine.ports import Message, TableReport
from engine.runtime import Engine, EngineOptions

CHANGES, ROWS_A_MESSAGE = 500_000, 10
LOOKS_AT = (100_000, 200_000, 300_000, 400_000, CHANGES)
SLACK_BYTES = 400_000
"""A load's buffer may be open at the one look and not at the other; it holds a few polls at most."""
MOST_BYTES = 8_000_000

TABLE = Table(
    database="webook",
    name="interactives",
    key=Column(name="id", mysql_type="bigint(20)"),
    score=Column(name="like_cnt", mysql_type="bigint(20)"),
    columns=(Column(name="biz", mysql_type="varchar(128)"),),
)


class Flood:
    """Table, topic and clock of the log in one: each message is made when it is read.

    Two rows in three are new, so the table grows; the others lose points or are deleted, the best
    ones more often than the rest, so that the reserve runs dry and is loaded again and again.
    """

    def __init__(self) -> None:
        self._rng = random.Random(7)
        # By key; -1 where there is no row. One object, so that looking at all of them is quick.
        self._scores = array("q", [-1])
        self._rows = 0
        self._messages = 0
        self.sent = 0
        self.done = asyncio.Event()
        self.bytes_seen: list[int] = []
        self.rows_seen: list[int] = []

    # ── the table ─────────────────────────────────────────────────────────────────────────

    async def describe(self) -> TableReport:
        return TableReport(table=TABLE, server="a dictionary")

    async def best_rows(self, limit: int) -> Answer:
        best = nlargest(limit, zip(self._scores, range(len(self._scores)), strict=True))
        rows = tuple(Row(key, score, (f"biz {key}",)) for score, key in best if score >= 0)
        return Answer(rows=rows, clock_ms=self._es_ms)

    # ── the topic ─────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        pass

    async def next_batch(self, *, max_messages: int, timeout_ms: int) -> Sequence[Message]:
        await asyncio.sleep(0 if self.sent < CHANGES else timeout_ms / 1000)
        if len(self.bytes_seen) < len(LOOKS_AT) and self.sent >= LOOKS_AT[len(self.bytes_seen)]:
            self._look()
        if self.sent >= CHANGES:
            self.done.set()
            return []
        return [self._message() for _ in range(min(max_messages, 50))]

    def positions(self) -> Mapping[int, int]:
        return {0: self._messages}

    async def end_offsets(self) -> Mapping[int, int]:
        return {0: self._messages}

    async def seek_to_end(self) -> Mapping[int, int]:
        return self.positions()

    async def commit(self, positions: Mapping[int, int]) -> None:
        pass

    async def close(self) -> None:
        pass

    # ── inside ────────────────────────────────────────────────────────────────────────────

    @property
    def _es_ms(self) -> int:
        return 1_700_000_000_000 + self._messages * 100 // 1000 * 1000

    def _message(self) -> Message:
        rng = self._rng
        chance = rng.random()
        op = "INSERT" if chance < 0.65 else "UPDATE" if chance < 0.9 else "DELETE"
        keys = self._new_keys() if op == "INSERT" or not self._rows else self._some_keys()
        rows = []
        for key in keys:
            score = max(0, self._scores[key]) if op == "DELETE" else rng.randrange(1_000_000)
            self._rows += (op != "DELETE") - (self._scores[key] >= 0)
            self._scores[key] = -1 if op == "DELETE" else score
            rows.append(f'{{"id":"{key}","like_cnt":"{score}","biz":"biz {key}"}}')
        self._messages += 1
        self.sent += len(rows)
        text = (
            f'{{"data":[{",".join(rows)}],"database":"webook","es":{self._es_ms},"gtid":"",'
            f'"id":{self._messages},"old":null,"table":"interactives","type":"{op}"}}'
        )
        return Message(0, self._messages - 1, self._es_ms, text.encode())

    def _new_keys(self) -> Sequence[int]:
        first = len(self._scores)
        self._scores.extend([-1] * ROWS_A_MESSAGE)
        return range(first, first + ROWS_A_MESSAGE)

    def _some_keys(self) -> Sequence[int]:
        """Of the best of a sample: rows on the board are hit far more often than others."""
        sample = self._rng.sample(range(1, len(self._scores)), min(len(self._scores) - 1, 40))
        return nlargest(ROWS_A_MESSAGE, sample, key=self._scores.__getitem__)

    def _look(self) -> None:
        gc.collect()
        mine = tracemalloc.Filter(inclusive=True, filename_pattern="*/engine/*")
        traces = tracemalloc.take_snapshot().filter_traces([mine]).statistics("filename")
        self.bytes_seen.append(sum(found.size for found in traces))
        self.rows_seen.append(self._rows)


@pytest.mark.slow
async def test_half_a_million_changes_to_a_growing_table_leave_the_engine_as_small_as_before() -> (
    None
):
    flood, clock = Flood(), SystemClock()
    engine = Engine(
        feed=flood,
        source=flood,
        store=EmbeddedBoard(MemoryStore(clock), "b", engine_id="e"),
        decoder=lambda table: make_decoder(table).decode,
        options=EngineOptions(
            board_name="b",
            size=100,
            reserve=100,
            topic="t",
            moments_kept=40,  # full at the first look
            timing=Timing(overlap_ms=0, settle_ms=200, audit_ms=3000, audit_factor=1),
        ),
        clock=clock,
        engine_id="e",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # what tests before this one have left is not what is looked at here
    tracemalloc.start()
    try:
        running = asyncio.create_task(engine.run())
        await asyncio.wait(
            {asyncio.create_task(flood.done.wait()), running}, return_when="FIRST_COMPLETED"
        )
        status = engine.status
        engine.stop()
        await running
    finally:
        tracemalloc.stop()
    assert all(a * 1.2 < b for a, b in pairwise(flood.rows_seen)), "the table has grown"
    assert max(flood.bytes_seen) < MOST_BYTES
    assert max(flood.bytes_seen) - min(flood.bytes_seen) < SLACK_BYTES, flood.bytes_seen
    # All that is kept was in use: histories are full, loads came and went.
    assert status.counters.loads >= 3
    assert status.counters.dead_letters == 0
    assert len(status.events) == 400
    assert len(status.evictions) == 400
