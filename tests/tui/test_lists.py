"""The lists of changes and evictions: what the cursor stays on, and what stands where nothing is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.status import Cause, Counters, EngineStatus, Health, Notice, Verdict
from tests.tui.conftest import SIZES, Open
from tests.tui.scripted import (
    BOARD,
    EVENTS,
    EVICTIONS,
    NOW_MS,
    SERVICES,
    ScriptedEngine,
    event,
    row,
    sample,
)
from topn_tui.panels.events import Events
from topn_tui.panels.tones import spans

GONE = "the picked change is no longer kept; following the newest"


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_picked_change_is_kept_while_it_exists_and_let_go_of_with_a_word(
    dashboard: Open, size: tuple[int, int]
) -> None:
    async with dashboard(size=size) as operator:
        await operator.panel("events")
        await operator.press("end")
        picked = EVENTS[0]
        more = tuple(event(n, Verdict.BELOW_FLOOR, key=n, gap=1) for n in range(10, 410))
        everything = (*EVENTS, *more)
        for last in (20, 200, 400):
            await operator.show(events=everything[:last], events_total=last)
            lines = await operator.panel("events")
            assert operator.app.marked == picked.explained.key == 91
            assert [line for line in lines if "▸" in line and "p0@81001" in line]
            assert GONE not in lines[1]
        # The oldest that are kept go now, and the picked one is the first of them.
        await operator.show(events=everything[-400:], events_total=409)
        lines = await operator.panel("events")
        assert GONE in lines[1]
        assert "p0@81409" in lines[2]  # the newest
        assert not [line for line in lines if "▸" in line or "▹" in line]
        assert operator.app.marked is None
        newer = event(410, Verdict.BELOW_FLOOR, key=410, gap=1)
        await operator.show(events=(*everything[-399:], newer), events_total=410)
        lines = await operator.panel("events")
        assert "p0@81410" in lines[2]
        assert GONE in lines[1]  # until somebody has read it
        await operator.press("down")
        lines = await operator.panel("events")
        assert "verdict" in lines[1]
        assert "▸" in lines[2]


async def test_escape_takes_the_word_away_that_the_picked_row_is_gone(dashboard: Open) -> None:
    async with dashboard() as operator:
        await operator.panel("board")
        await operator.press("down", "down")
        assert operator.app.marked == 78
        left = tuple(of for of in BOARD if of.key != 78)
        await operator.show(board=left)
        lines = await operator.panel("board")
        assert "the picked row is not on the board any more" in lines[1]
        assert operator.app.marked is None
        await operator.press("escape")
        assert "like_cnt" in (await operator.panel("board"))[1]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_where_nothing_has_come_yet_the_lists_say_what_they_wait_for(
    dashboard: Open, size: tuple[int, int]
) -> None:
    quiet = sample(
        events=(), events_total=0, evictions=(), board=(), board_count=0, counters=Counters()
    )
    async with dashboard(ScriptedEngine(EngineStatus()), size=size) as operator:
        assert "Waiting for the first change." in "\n".join(await operator.panel("events"))
        operator.engine.status = quiet
        text = " ".join(line.strip("│ ") for line in await operator.panel("events"))
        assert "No change on topic canal.interactives since the start." in text
        assert "Write a row to webook.interactives to see it here." in text
        assert "verdict" not in text
        assert "Nobody has left the board yet." in "\n".join(await operator.panel("evictions"))
        assert "Nothing is loaded yet." in "\n".join(await operator.panel("board"))
        operator.engine.status = replace(quiet, counters=Counters(loads=1))
        assert "no row that can be ranked" in "\n".join(await operator.panel("board"))
        operator.engine.status = sample()
        assert "No change on topic" not in "\n".join(await operator.panel("events"))
        assert "Nobody has left" not in "\n".join(await operator.panel("evictions"))


@pytest.mark.parametrize("size", [(40, 10), *SIZES], ids=str)
async def test_before_the_first_load_the_board_names_every_service_that_is_waited_for(
    dashboard: Open, size: tuple[int, int]
) -> None:
    refused = "refuses the connection: nothing listens there; start the service"
    mysql, kafka, engine, redis = SERVICES
    away = [
        replace(of, health=Health.AWAY, detail=f"{of.name}.example {refused}")
        for of in (mysql, kafka, redis)
    ]
    starting = sample(
        board=(), board_count=0, counters=Counters(), services=(*away[:2], engine, away[2])
    )
    async with dashboard(ScriptedEngine(starting), size=size) as operator:
        text = " ".join(line.strip("│ ") for line in await operator.panel("board"))
        assert "waiting for MySQL, Kafka, Redis" in text
        if size == (40, 10):
            return
        for name in ("MySQL", "Kafka", "Redis"):
            assert f"○ {name}: {name}.example {refused}" in text
        assert "5 shows each stage, n what was told." in text
        await operator.show(services=(mysql, away[1], engine, redis))
        text = " ".join(line.strip("│ ") for line in await operator.panel("board"))
        assert "waiting for Kafka." in text
        assert "MySQL" not in text
        await operator.show(services=SERVICES)
        assert "Nothing is loaded yet." in "\n".join(await operator.panel("board"))


async def test_a_long_notice_ends_before_the_key_that_leads_to_all_of_it(dashboard: Open) -> None:
    told = Notice(number=2, at_ms=NOW_MS, level="warning", text="Kafka: " + "a long reason " * 12)
    async with dashboard(size=(80, 24)) as operator:
        line = (await operator.show(notices=(told,))).splitlines()[-2]
        assert line.rstrip().endswith("…  n: more")
        line = (await operator.show(notices=(*sample().notices, told))).splitlines()[-2]
        assert line.rstrip().endswith("…  n: more")


@pytest.mark.slow
async def test_who_came_up_is_told_or_an_ellipsis_says_that_there_is_more(dashboard: Open) -> None:
    gone = replace(EVICTIONS[0], cause=Cause.FELL, row=row(900_066, 61), successor=row(900_070, 53))
    left = event(10, Verdict.LEFT, key=900_066, reason="score fell", other=900_070)
    async with dashboard(size=(200, 60)) as operator:
        await operator.show(evictions=(gone,), events=(left,), events_total=1)
        for width, height in ((200, 60), (120, 40), (100, 30), (80, 24), (60, 20), (40, 10)):
            await operator.resize(width, height)
            for panel in ("evictions", "events"):
                (told,) = [
                    line
                    for line in await operator.panel(panel)
                    if "▼ score" in line or " score f" in line
                ]
                assert re.search(r"900070 (came )?up|…", told), (width, panel)


async def test_a_list_that_was_wide_is_as_narrow_as_before_when_it_has_no_room(
    dashboard: Open,
) -> None:
    async with dashboard() as operator:
        before = await operator.panel("events")
        await operator.press("m")
        assert re.search(r"\d\d:\d\d:\d\d\.\d", await operator.look())
        await operator.press("m")
        assert await operator.panel("events") == before


def test_an_operation_that_has_no_room_is_cut_to_three_letters() -> None:
    """Four or five of them would be taken for the whole word."""
    of = Events()
    for width, told in ((8, "UPDATE"), (5, "UPD"), (4, "UPD"), (3, "UPD")):
        assert of.fill(event(1, Verdict.MOVED), width) == spans(told)


async def test_a_reserve_is_not_low_where_the_whole_table_is_known(dashboard: Open) -> None:
    reserve = replace(sample().reserve, held=0)
    async with dashboard(ScriptedEngine(replace(sample(), reserve=reserve))) as operator:
        assert "▼ low" in await operator.look()
        screen = await operator.show(floor=None, whole_table_known=True)
        assert "none: whole table known" in screen
        assert "▼ low" not in screen
