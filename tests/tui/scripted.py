"""A stand-in engine that shows hand-built statuses. It ranks nothing: the real engine does, elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from engine.errors import TopnError
from engine.past import Past
from engine.runtime_api import WalkOffer, WriteTarget
from engine.status import (
    Cause,
    Counters,
    EngineStatus,
    EventEntry,
    EvictionEntry,
    Exactness,
    Explained,
    Health,
    LoadStatus,
    Notice,
    PartitionStatus,
    Place,
    Publication,
    Rates,
    ReserveStatus,
    Row,
    ServiceStatus,
    Standing,
    State,
    Verdict,
    Where,
)
from engine.walkthrough_steps import STEPS, Outcome

NOW_MS = 1_700_000_000_000
"""The moment at which all hand-built statuses play."""


class ScriptedEngine:
    """Shows what it is told to; ends when asked to, or as the test says."""

    def __init__(self, status: EngineStatus | None = None) -> None:
        self.status = sample() if status is None else status
        self.asked: list[str] = []
        self.deaf = False
        """Does not stop when asked to."""
        self.remembered = Past()
        self._end: asyncio.Future[None] | None = None

    def past(self) -> Past:
        return self.remembered

    def give_way(self, for_ms: float) -> None:
        pass

    async def run(self) -> None:
        self._end = asyncio.get_running_loop().create_future()
        await self._end

    def show(self, **changed: Any) -> None:
        """Replace the status by one in which these fields differ."""
        self.status = replace(self.status, **changed)

    def end(self, error: BaseException | None = None) -> None:
        """run() returns, or raises."""
        assert self._end is not None
        if self._end.done():
            return
        if error is None:
            self._end.set_result(None)
        else:
            self._end.set_exception(error)

    def refill(self) -> None:
        self.asked.append("refill")

    def audit(self) -> None:
        self.asked.append("audit")

    def stop(self) -> None:
        self.asked.append("stop")
        if not self.deaf:
            self.end()


class ScriptedWalk:
    """Writes nothing; every step holds, unless the test says otherwise.

    Args:
        asked: where it is written down what was asked of it.
    """

    def __init__(self, asked: list[str] | None = None) -> None:
        self.asked: list[str] = [] if asked is None else asked
        self.as_found = True
        self.theirs: tuple[int, ...] = ()
        self.put_back_ms = 1000
        self.troubles: dict[int, str] = {}
        """Step -> why it does not hold."""
        self.refusal: TopnError | None = None
        """What it cannot begin for."""
        self.stuck: TopnError | None = None
        """What the table cannot be put back for."""
        self.gate = asyncio.Event()
        """Closed, a step waits."""
        self.gate.set()
        self.back = asyncio.Event()
        """Closed, putting back takes for ever."""
        self.back.set()

    def offer(self, target: WriteTarget | None = None) -> WalkOffer:
        return WalkOffer(make=lambda: self, target=target)

    async def begin(self) -> None:
        self.asked.append("begin")
        if self.refusal is not None:
            raise self.refusal
        self.as_found = False

    async def step(self, number: int) -> Outcome:
        self.asked.append(f"step {number}")
        await self.gate.wait()
        trouble = self.troubles.get(number)
        return Outcome(number=number, step=STEPS[number - 1], rows=(), trouble=trouble)

    async def put_back(self) -> None:
        self.asked.append("put back")
        await self.back.wait()
        if self.stuck is not None:
            raise self.stuck
        self.as_found = True

    async def close(self) -> None:
        self.asked.append("close")


TARGET = WriteTarget(
    database="webook", table="interactives", account="writer", server="db-1.example:3306"
)


def row(key: int | str, score: Any, *columns: Any) -> Row:
    return Row(key=key, score=score, columns=columns)


BOARD = (
    row(82, 650, 100, "et", 0),
    row(78, 450, 11, "et", 12_345),
    row(58, 290, 7, "wq3", 0),
    row(98, 160, 12, "et", 7),
    row(72, 80, 9, "et", 0),
    row(56, 80, 2, "wq3", 88),
    row(62, 79, 31, "et", 1_204),
    row(64, 55, 14, "et", 3),
    row(68, 54, 15, "et", 0),
    row(70, 53, 16, "et", 41),
)
RESERVE = (row(44, 51, 1, "et", 0), row(41, 50, 2, "et", 0), row(17, 12, 3, "wq3", 0))
HEAP = tuple(
    sorted(of.rank_key for of in BOARD),
)


def event(number: int, verdict: Verdict, **given: Any) -> EventEntry:
    """An event about key 82 at ``p0@number``; what differs is `given`."""
    entry = {k: given.pop(k) for k in ("columns", "raw", "raw_size", "at_ms") if k in given}
    facts: dict[str, Any] = {
        "partition": 0,
        "offset": 81_000 + number,
        "es_ms": NOW_MS - 1_000,
        "op": "UPDATE",
        "key": 82,
        "old_score": 550,
        "new_score": 650,
    }
    explained = Explained(verdict=verdict, **{**facts, **given})
    raw = b'{"table":"interactives","type":"%s","data":[{"id":"82","like_cnt":"650"}]}' % (
        explained.op.encode(errors="replace")
    )
    entry = {"at_ms": NOW_MS - 500 + number, "raw": raw, "raw_size": len(raw), **entry}
    return EventEntry(number=number, explained=explained, **{"columns": (100, "et", 0), **entry})


def on_board(rank: int, score: Any = None) -> Place:
    return Place(where=Where.BOARD, rank=rank, score=score)


EVENTS = (
    event(1, Verdict.BELOW_FLOOR, op="INSERT", key=91, old_score=None, new_score=9, gap=3),
    event(2, Verdict.RESERVE, op="INSERT", key=41, old_score=None, new_score=50, gap=3),
    event(3, Verdict.SUPERSEDED, key=64, old_score=54, new_score=55),
    event(4, Verdict.IGNORED, key=5, old_score=7, new_score=None, reason="NULL score"),
    event(5, Verdict.DEAD, op="", key=None, old_score=None, new_score=None, reason="not JSON"),
    event(6, Verdict.LEFT, op="DELETE", key=66, old_score=61, new_score=None, columns=(),
          reason=Cause.DELETED.value, other=70, before=on_board(8, 61)),
    event(7, Verdict.SAME_RANK, key=62, old_score=78, new_score=79,
          before=on_board(7, 78), after=on_board(7, 79)),
    event(8, Verdict.ENTERED, key=98, op="INSERT", old_score=None, new_score=160, other=53,
          before=Place(where=Where.OUTSIDE), after=on_board(4, 160)),
    event(9, Verdict.MOVED, before=on_board(2, 550), after=on_board(1, 650)),
)  # fmt: skip

EVICTIONS = (
    EvictionEntry(number=1, at_ms=NOW_MS - 9_000, row=row(66, 61, 4, "et", 0), cause=Cause.DELETED,
                  rank=8, by=None, successor=row(70, 53)),
    EvictionEntry(number=2, at_ms=NOW_MS - 400, row=row(53, 52, 5, "et", 0), cause=Cause.DISPLACED,
                  rank=10, by=row(98, 160), successor=None),
)  # fmt: skip

SERVICES = (
    ServiceStatus(name="MySQL", health=Health.UP, detail="10.11.6-MariaDB, row binlog, FULL image"),
    ServiceStatus(name="Kafka", health=Health.UP, detail="3 partitions of canal.interactives"),
    ServiceStatus(name="engine", health=Health.UP, detail="1 core, 48 MB"),
    ServiceStatus(name="Redis", health=Health.UP, detail="7.2.4, topn:{interactives}"),
)


NAMES: dict[str, Any] = {
    "engine_id": "e-1",
    "board_name": "interactives",
    "table": "webook.interactives",
    "topic": "canal.interactives",
    "key_name": "id",
    "score_name": "like_cnt",
    "column_names": ("biz_id", "biz", "read_cnt"),
}
"""What everything is called, as a status has it."""


def sample(**changed: Any) -> EngineStatus:
    """A healthy engine in the middle of things."""
    ms = NOW_MS
    status = EngineStatus(
        at_ms=ms,
        started_at_ms=ms - 60_000,
        **NAMES,
        size=10,
        exactness=Exactness(
            state=State.EXACT, since_at_ms=ms - 40_000, as_of_at_ms=ms - 1_000,
            verified_at_ms=ms - 12_000,
        ),
        standing=Standing(
            publication=Publication.OWNER, epoch=4, version=88_214, published_at_ms=ms - 1_000
        ),
        board=BOARD,
        board_count=10,
        heap=HEAP,
        reserve=ReserveStatus(
            held=24, capacity=32, low_mark=8, next_up=RESERVE[0], next_to_spill=RESERVE[-1],
            best=RESERVE,
        ),
        tracked=34,
        floor=(12, 9),
        last_load=LoadStatus(
            why="refill", phase="swapped", opened_at_ms=ms - 42_000, ended_at_ms=ms - 41_000,
            query_ms=12.0, rows=43,
        ),
        last_audit=LoadStatus(
            why="audit", phase="equal", opened_at_ms=ms - 13_000, ended_at_ms=ms - 12_000,
            query_ms=9.0, rows=43,
        ),
        counters=Counters(
            messages=1_000, changes=81_000, ignored=(("QUERY", 12),), dead_letters=1, loads=3,
            evicted=2, spilled=418, superseded_in_batch=25_110, audits=3, publishes=900,
        ),
        rates=Rates(
            changes_per_s=1_204.0, delay_ms=1_310.0, stored_ms=2.4,
            changes_history=(200, 400, 900, 1_100, 1_300, 1_250, 1_100, 1_204),
            lag_history=(0, 0, 4, 9, 2, 0, 0, 0),
            delay_history=(1_120.0, 1_300.0, 1_250.0, 1_310.0, 1_900.0, 1_310.0),
            stored_history=(1.1, 1.9, 2.2, 12.0, 3.1, 2.4),
        ),
        partitions=tuple(
            PartitionStatus(partition=p, position=81_009 + p, end=81_009 + p,
                            last_message_at_ms=ms - 3_000 * (p + 1), passed="yes")
            for p in range(3)
        ),
        services=SERVICES,
        events=EVENTS,
        events_total=9,
        evictions=EVICTIONS,
        notices=(Notice(number=1, at_ms=ms - 60_000, level="info", text="loaded 43 rows"),),
    )  # fmt: skip
    return replace(status, **changed)
