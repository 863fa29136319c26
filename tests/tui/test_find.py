"""The operator looks for something in events and evictions."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.status import Verdict
from tests.tui.conftest import Open, Operator
from tests.tui.scripted import EVENTS, event
from topn_tui.panels import Events


async def write(operator: Operator, text: str) -> str:
    return await operator.press("slash", *text)


async def test_events_are_narrowed_while_the_operator_types_and_enter_keeps_it(
    dashboard: Open, size: tuple[int, int]
) -> None:
    async with dashboard(size=size) as operator:
        screen = await write(operator, "op:ins")
        assert "82  key:82  op:insert" in screen
        assert "/op:ins 3 of 9" in screen
        assert "entered at 4" in screen
        assert "moved 2" not in screen
        screen = await operator.press(" ", "v", ":", "e", "enter")
        assert "no v: here" in screen  # told in place, and the line stays open
        await operator.press("backspace", "backspace", "backspace", "9", "enter")
        lines = await operator.panel("events")
        assert "/op:ins 9 2 of 9" in lines[0]
        newer = event(10, Verdict.ENTERED, op="INSERT", key=99, old_score=None)
        await operator.show(events=(*EVENTS, newer), events_total=10)
        assert "3 of 10" in (await operator.panel("events"))[0]
        await operator.press("slash", "escape")
        lines = await operator.panel("events")
        assert "/op:ins" not in lines[0]
        assert "moved 2" in "".join(lines)


@pytest.mark.slow
async def test_every_operation_that_is_listed_can_be_found(dashboard: Open) -> None:
    async with dashboard() as operator:
        for op in ("TRUNCATE", "ERASE", "ALTER", "CREATE", "RENAME", "QUERY", "XACOMMIT"):
            other = event(10, Verdict.NO_EFFECT, op=op, key=None, old_score=None, new_score=None)
            await operator.show(events=(*EVENTS, other), events_total=10)
            word = op.lower()
            assert f"/op:{word} 1 of 10" in await write(operator, f"op:{word}")
            await operator.press("escape")


async def test_evictions_have_words_of_their_own_and_nothing_found_is_said(
    dashboard: Open,
) -> None:
    async with dashboard() as operator:
        await operator.panel("evictions")
        screen = await write(operator, "cause:del")
        assert "/cause:del 1 of 2" in screen
        screen = await operator.press("enter", "slash", "9", "enter")
        assert "No row here is what / asks for" in screen
        assert operator.app.query_one(Events).sought.text == ""


async def test_an_export_holds_what_was_found(
    dashboard: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with dashboard() as operator:
        await write(operator, "op:delete")
        await operator.press("enter")
        assert "1 of 9 rows" in await operator.press("e")
        await operator.press("enter")
    assert exported(tmp_path) == ["66"]


def exported(folder: Path) -> list[str]:
    (file,) = folder.iterdir()
    return [line["key"] for line in csv.DictReader(file.read_text("utf-8").splitlines())]
