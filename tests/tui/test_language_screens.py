"""All screens in another language: nothing is left in English, nothing leaves its columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from engine.core.changes import Cause, Verdict
from engine.core.loading import Phase, Why
from engine.status import (
    Exactness,
    Health,
    LoadStatus,
    Notice,
    Publication,
    Standing,
    State,
)
from engine.told import told
from tests.embedded.dashboard import newcomer
from tests.tui.conftest import NOW_MS, Open
from tests.tui.scripted import ScriptedEngine, sample
from tests.tui.speaking import Accented, speaking, tour
from topn_tui import words
from topn_tui.language import t
from topn_tui.panels import PANELS, Events

pytestmark = pytest.mark.slow

NAMES = {
    # of the table, its columns and what they hold; of the topic and the Redis keys
    *("topn", "tui", "webook", "interactives", "id", "biz", "like", "cnt", "read", "topic"),
    *("c", "rt", "et", "wq", "ry", "b", "a", "pt", "p", "wq3"),
    # what the change log and SQL call it
    *("INSERT", "UPDATE", "DELETE", "TRUNCATE", "NULL", "insert", "update", "delete"),
    # names that are the same in every language
    *("EMBEDDED", "SQLite", "OWNER", "v", "csv", "json", "svg", "board", "no", "op"),
    # keys, as keyboards have them
    *("space", "esc", "enter", "tab", "shift", "home", "end", "PgUp", "PgDn"),
    *(
        "f",
        "F",
        "e",
        "m",
        "n",
        "r",
        "v",
        "i",
        "t",
        "u",
        "x",
        "q",
        "s",
        "k",
        "j",
        "g",
        "w",
        "o",
        "z",
    ),
    # in the words of the write-up, which are Chinese in every language
    *("Redis", "ZSET"),
}
"""All words that may stand on the screen as they are."""
WORD = re.compile(r"[A-Za-z]+")


def untranslated(lines: list[str], known: set[str]) -> set[str]:
    return {word for line in lines for word in WORD.findall(line)} - known


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["80x24", "160x50"])
async def test_nothing_on_any_screen_has_not_been_looked_up(size: tuple[int, int]) -> None:
    found = {}
    with speaking(Accented()):
        async with newcomer(size) as person:
            async for name, lines in tour(person):
                raw = b"".join(entry.raw for entry in person.app.status.events).decode()
                found[name] = untranslated(lines, NAMES | set(WORD.findall(raw)))
    assert {name: words for name, words in found.items() if words} == {}
    assert len(found) > 40


async def test_a_text_that_is_not_looked_up_is_found() -> None:
    with speaking(Accented()):
        assert untranslated([t("Nothing is loaded yet.")], NAMES) == set()
        assert untranslated(["Nothing is loaded yet."], NAMES) == {"Nothing", "is", "loaded", "yet"}
        assert untranslated([t("left: {reason}", reason="nobody knows")], NAMES) == {
            "nobody",
            "knows",
        }


async def test_no_state_of_anything_is_shown_without_being_looked_up(dashboard: Open) -> None:
    """What an embedded engine, which is always well, does not come to."""
    found = {}
    known = NAMES | {"MySQL", "Kafka", "Redis", "engine", "e", "canal"}  # as the script has them
    quiet = tuple(replace(of, detail="") for of in sample().services)
    events = tuple(of for of in sample().events if of.explained.verdict is not Verdict.DEAD)
    engine = ScriptedEngine(sample(notices=(), services=quiet, events=events))
    with speaking(Accented()):
        async with dashboard(engine, size=(200, 60), production=True, environment="p") as operator:
            for name, changed in _states():
                screen = await operator.show(**changed)
                found[name] = untranslated(screen.splitlines(), known)
    assert {name: words for name, words in found.items() if words} == {}
    assert len(found) > 30


def _states() -> Iterator[tuple[str, dict[str, object]]]:
    ms = NOW_MS
    for state in State:
        for provisional in (False, True):
            of = Exactness(state=state, provisional=provisional, since_at_ms=ms - 3_000)
            yield f"{state} {provisional}", {"exactness": replace(of, as_of_at_ms=ms)}
    for publication in Publication:
        for by in (None, "e-2"):
            standing = Standing(publication=publication, by=by, version=3, published_at_ms=ms)
            yield f"{publication} {by}", {"standing": standing}
    for health in Health:
        services = tuple(replace(of, health=health, detail="") for of in sample().services)
        yield health, {"services": services}
    load = LoadStatus(why="start", phase="waiting", opened_at_ms=ms - 1, buffered_rows=1)
    for why in Why:
        yield why, {"load": replace(load, why=why.value, buffer_rows_limit=9)}
    for phase in Phase:
        yield phase, {"load": replace(load, phase=phase.value)}
    for outcome in ("swapped", "equal", told("failed: {reason}", reason=told("see its log"))):
        ended = replace(load, phase=outcome, ended_at_ms=ms, rows=3, query_ms=1.0)
        yield outcome, {"load": None, "last_load": ended, "last_audit": ended}
    for cause in Cause:
        left = replace(sample().evictions[0], cause=cause, number=100 + list(Cause).index(cause))
        yield cause, {"evictions": (left,)}
    told_of = (Notice(number=i, at_ms=ms, level=of, text="") for i, of in enumerate(words.LEVELS))
    yield "notices", {"notices": tuple(told_of)}
    yield "no floor", {"floor": None, "whole_table_known": True}
    yield "a reserve that runs low", {"reserve": replace(sample().reserve, held=2)}
    yield "nothing at all", {"board": (), "board_count": 0, "heap": (), "partitions": ()}


CUT_HERE = ("finding", "what there is not", "no word of these")
"""Where the line has an example more than there is room for."""


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 40)], ids=str)
async def test_the_whole_dashboard_in_chinese_stays_in_its_columns(size: tuple[int, int]) -> None:
    width, height = size
    with speaking("zh"):
        async with newcomer(size) as person:
            async for name, lines in tour(person):
                if "said" in name or "asked" in name or "meanwhile" in name or "half-way" in name:
                    continue
                assert [cell_len(line) for line in lines] == [width] * height, name
                if size == (80, 24) and name not in CUT_HERE:
                    assert "…" not in "".join(lines).replace("查找命令…", ""), name
            for panel in PANELS:
                said = "\n".join(await person.panel(panel))
                assert re.search("[\u4e00-\u9fff]{2}", said), panel


async def test_the_operator_reads_the_board_in_chinese_at_80x24() -> None:
    with speaking("zh"):
        async with newcomer((80, 24)) as person:
            await person.wait(15)
            lines = await person.screen()
            assert re.match(
                r" ● EXACT 精确  (\d+ 秒前核实 · )?截至 [\d:]{8} .*◆ OWNER v\d+", lines[1]
            )
            assert "1 榜单  2 堆  3 事件  4 淘汰  5 管道" in lines[2]
            head = next(line for line in lines if "升降" in line)
            assert head.split()[1:-1] == ["#", "升降", "id", "biz_id", "biz", "read_cnt",
                                          "like_cnt", "变化"]  # fmt: skip
            assert "? 帮助" in lines[-1]
            told = "\n".join(await person.panel("evictions"))
            assert re.search(r"被 \d+ 挤下|递补", told)


async def test_words_of_the_filter_may_be_chinese() -> None:
    with speaking("zh"):
        async with newcomer((120, 40)) as person:
            await person.wait(10)
            await person.pilot.press("3", "slash")
            person.app.query_one("#find-text", Input).value = "判定：低于底线"
            await person.screen()
            found = person.app.query_one(Events).found
            assert {entry.explained.verdict for entry in found} == {Verdict.BELOW_FLOOR}
