"""The pictures that are pinned: what is on each, and how one is drawn, always the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from engine.errors import ServiceAway
from engine.past import After, Moment, Past
from engine.runtime_api import WalkOffer
from engine.status import (
    Cause,
    EngineStatus,
    EvictionEntry,
    Exactness,
    Health,
    LoadStatus,
    Notice,
    Place,
    Publication,
    ReserveStatus,
    ServiceStatus,
    Standing,
    State,
    Verdict,
    Where,
)
from engine.walkthrough_steps import START
from tests.tui.conftest import Operator, opened
from tests.tui.drawing import greenwich, named_alike
from tests.tui.scripted import (
    BOARD,
    EVENTS,
    NAMES,
    NOW_MS,
    RESERVE,
    ScriptedEngine,
    ScriptedWalk,
    event,
    row,
    sample,
)
from topn_tui import language
from topn_tui.appearance import Appearance
from topn_tui.guided import NOT_HERE
from topn_tui.themes import LIGHT
from topn_tui.tools import alone

FOLDER = Path(__file__).parent / "snapshots"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One screen: an engine that shows this, in a terminal of this size, after these keys."""

    size: tuple[int, int] = (80, 24)
    engine: Callable[[], ScriptedEngine] = ScriptedEngine
    keys: str = ""
    mode: str = ""
    environment: str = ""
    production: bool = False
    appearance: Appearance = field(default_factory=Appearance)
    dies: bool = False
    then: Callable[[Operator], Awaitable[object]] | None = None
    """What happens at last, while somebody looks."""
    walk: WalkOffer | str = NOT_HERE


def _catching_up() -> ScriptedEngine:
    behind = tuple(
        replace(p, end=p.position + 4_000 * (p.partition + 1)) for p in sample().partitions
    )
    state = Exactness(
        state=State.CATCHING_UP, since_at_ms=NOW_MS - 3_000, reason="24,000 records behind"
    )
    return ScriptedEngine(sample(exactness=state, partitions=behind))


def _deficit() -> ScriptedEngine:
    state = Exactness(state=State.DEFICIT, since_at_ms=NOW_MS - 2_000, reason="waiting for a load")
    reserve = replace(sample().reserve, held=0, next_up=None, next_to_spill=None, best=())
    board, heap = BOARD[:8], tuple(sorted(of.rank_key for of in BOARD[:8]))
    return ScriptedEngine(
        sample(exactness=state, board=board, board_count=8, heap=heap, reserve=reserve)
    )


def _inexact() -> ScriptedEngine:
    state = Exactness(
        state=State.INEXACT, since_at_ms=NOW_MS - 5_000, reason="dead letter at p0@81005: not JSON"
    )
    told = Notice(
        number=2, at_ms=NOW_MS - 5_000, level="error", text="dead letter at p0@81005: not JSON; a load follows"
    )  # fmt: skip
    return ScriptedEngine(sample(exactness=state, notices=(*sample().notices, told)))


def _loading() -> ScriptedEngine:
    """The first second of an engine: the table is being read, nothing is known of it yet."""
    load = LoadStatus(
        why="start", phase="querying", opened_at_ms=NOW_MS - 800, buffered_rows=7, buffer_rows_limit=10_000
    )  # fmt: skip
    return ScriptedEngine(
        EngineStatus(
            at_ms=NOW_MS,
            started_at_ms=NOW_MS - 1_000,
            **NAMES,
            size=10,
            exactness=Exactness(
                state=State.LOADING, since_at_ms=NOW_MS - 1_000, reason="nothing loaded yet"
            ),
            standing=Standing(publication=Publication.STANDBY),
            reserve=ReserveStatus(held=0, capacity=32, low_mark=8),
            load=load,
            services=sample().services,
        )
    )


def _standby() -> ScriptedEngine:
    away = ServiceStatus(
        name="Kafka", health=Health.AWAY, detail="cannot be reached: 127.0.0.1:9092", since_at_ms=NOW_MS - 9_000
    )  # fmt: skip
    services = (sample().services[0], away, *sample().services[2:])
    standing = Standing(publication=Publication.STANDBY, by="e-2 at host-b")
    return ScriptedEngine(sample(standing=standing, services=services))


def _refilling() -> ScriptedEngine:
    reserve = replace(sample().reserve, held=5, next_to_spill=RESERVE[0])
    load = LoadStatus(
        why="refill", phase="querying", opened_at_ms=NOW_MS - 3_000, buffered_rows=120, buffer_rows_limit=10_000
    )  # fmt: skip
    return ScriptedEngine(sample(reserve=reserve, load=load))


def _walked() -> ScriptedEngine:
    """The start rows after the third step: 82 has come in, 70 is the first of the reserve."""
    rows = [row(of.id, of.like_cnt, of.biz_id, of.biz, of.read_cnt) for of in START]
    newcomer = row(82, 400, 100, "et", 0)
    board, below = (rows[0], newcomer, *rows[1:9]), tuple(rows[9:])
    reserve = replace(
        sample().reserve, held=13, best=below, next_up=below[0], next_to_spill=below[-1]
    )
    outside = event(
        1,
        Verdict.RESERVE,
        op="INSERT",
        key=90,
        old_score=None,
        new_score=5,
        gap=48,
        columns=(9, "z", 0),
    )
    entered = event(
        2, Verdict.ENTERED, op="INSERT", key=82, old_score=None, new_score=400, other=70,
        before=Place(where=Where.OUTSIDE), after=Place(where=Where.BOARD, rank=2, score=400),
    )  # fmt: skip
    left = EvictionEntry(
        number=1, at_ms=NOW_MS - 400, row=rows[9], cause=Cause.DISPLACED, rank=10, by=newcomer, successor=None
    )  # fmt: skip
    return ScriptedEngine(
        sample(
            board=board,
            heap=tuple(sorted(of.rank_key for of in board)),
            reserve=reserve,
            tracked=23,
            floor=None,
            whole_table_known=True,
            events=(outside, entered),
            events_total=2,
            evictions=(left,),
        )
    )


def _with_a_past() -> ScriptedEngine:
    """Three moments, one change each: 62 gets a score, 98 pushes 53 out, 82 passes 78."""
    engine = ScriptedEngine()
    before = {of.key: of for of in BOARD}
    del before[98]
    before[53] = row(53, 52, 5, "et", 0)
    before[62] = msgspec.structs.replace(before[62], score=78)
    before[82] = msgspec.structs.replace(before[82], score=430)
    changes = ({62: BOARD[6]}, {98: BOARD[3], 53: None}, {82: BOARD[0]})
    moments = tuple(
        Moment(
            at_ms=EVENTS[6 + n].at_ms,
            rows=rows,
            events_before=6 + n,
            told=True,
            after=After(
                floor=(12, 9),
                reserve=sample().reserve,
                spilled=418,
                loads=3,
                events_total=7 + n,
                evictions_total=1 + (n > 0),
            ),
        )
        for n, rows in enumerate(changes)
    )
    engine.remembered = Past(base=before, moments=moments)
    return engine


async def _moves(operator: Operator) -> None:
    """98 climbs two ranks; two seconds later 68 climbs one, while the first arrows fade."""
    climbed = row(98, 460, 12, "et", 7)
    await operator.show(board=(BOARD[0], climbed, *BOARD[1:3], *BOARD[4:]))
    operator.now[0] += 2_000
    await operator.look()
    above = (BOARD[0], climbed, *BOARD[1:3], *BOARD[4:7])
    await operator.show(board=(*above, row(68, 56, 15, "et", 0), BOARD[7], BOARD[9]))


def _whole_event() -> ScriptedEngine:
    """The newest change with the row before it, and what it did to the heap."""
    newest = EVENTS[-1]
    explained = msgspec.structs.replace(newest.explained, bar=(53, 70), bar_before=(52, 53))
    return ScriptedEngine(
        sample(
            events=(
                *EVENTS[:-1],
                replace(newest, explained=explained, columns_before=(100, "wq3", 0)),
            )
        )
    )


PICTURES = {
    "layout-60x20": Picture(size=(60, 20)),
    "layout-80x24-events": Picture(keys="3 down down down"),
    "layout-120x40": Picture(size=(120, 40), keys="down down", mode="EMBEDDED"),
    "layout-200x60": Picture(size=(200, 60), keys="v"),
    "theme-light": Picture(
        size=(120, 40), keys="down f tab", appearance=Appearance(theme=LIGHT.name)
    ),
    "plain-production": Picture(
        environment="prod-eu", production=True, keys="down down",
        appearance=Appearance(colour=False, encoding="ascii"),
    ),
    "state-catching-up": Picture(engine=_catching_up, keys="5"),
    "state-deficit": Picture(size=(60, 20), engine=_deficit, production=True),
    "state-inexact": Picture(engine=_inexact, keys="3", environment="staging"),
    "state-dead-engine": Picture(dies=True),
    "state-loading": Picture(engine=_loading),
    "state-standby": Picture(engine=_standby, keys="5"),
    "past": Picture(size=(120, 40), engine=_with_a_past, keys="space left left"),
    "movement": Picture(then=_moves),
    "event": Picture(engine=_whole_event, size=(80, 40), keys="3 enter"),
    "refill": Picture(engine=_refilling, keys="2"),
    "walkthrough": Picture(
        size=(120, 40), engine=_walked, walk=ScriptedWalk().offer(), keys="w w w w w w"
    ),
}  # fmt: skip


async def draw(of: Picture) -> str:
    """The screen as SVG: the same on every machine, in every shell and language."""
    language.speak(language.ENGLISH)
    with greenwich():
        async with opened(
            of.engine(),
            size=of.size,
            mode=of.mode,
            environment=of.environment,
            production=of.production,
            appearance=of.appearance,
            walk=of.walk,
        ) as operator:
            if of.dies:
                operator.engine.end(ServiceAway("Redis", "refuses this password"))
                while operator.app.ended is None:
                    await operator.pilot.pause(0.01)
            for key in of.keys.split():
                await operator.press(key)
            if of.then is not None:
                await of.then(operator)
            await operator.look()
            return named_alike(alone(operator.app.export_screenshot(simplify=True)))
