"""The operator looks for something in events and evictions."""

from __future__ import annotations

import re

import pytest

from engine.assembly import make_embedded_engine
from engine.settings import Settings
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
async def test_a_line_that_is_no_filter_leaves_the_list_as_it_was_kept_and_says_what_is_wrong(
    dashboard: Open, size: tuple[int, int]
) -> None:
    async with dashboard(size=size) as operator:
        screen = await write(operator, "op:foo bogus:1")
        # Nothing is sought by the part of the line that is a filter.
        assert " of 9" not in line_with(screen, "─ Binlog events ")
        assert "moved 2" in screen
        assert "✖ op: has no foo; write insert, update, delete, truncate, alter" in screen
        assert "all rows are still shown · esc clear" in screen
        screen = await operator.press("enter")
        assert "✖ op: has no foo" in screen  # and the line stays open
        await operator.press("escape")
        await write(operator, "op:ins")
        await operator.press("enter")
        screen = await write(operator, " verdict:gone")
        assert "/op:ins 3 of 9" in line_with(screen, "─ Binlog events ")
        assert "✖ verdict: has no gone; write entered, moved" in screen
        assert "still shown: /op:ins · esc clear" in screen


@pytest.mark.parametrize("size", [(40, 10), (80, 24)], ids=str)
async def test_what_is_wrong_is_whole_or_ends_in_an_ellipsis(
    dashboard: Open, size: tuple[int, int]
) -> None:
    async with dashboard(size=size) as operator:
        lines = (await write(operator, "op:foo")).splitlines()
        at = next(i for i, line in enumerate(lines) if "✖ op: has no foo; write insert" in line)
        said = "".join(lines[at:-2])
        assert re.search(r"(mheartbeat|…) *$", said)
        assert "moved 2 → 1" in "".join(lines[:at])  # the list has not gone for it


@pytest.mark.slow
async def test_while_the_line_is_written_the_footer_has_no_key_that_would_be_typed(
    dashboard: Open,
) -> None:
    async with dashboard(
        workload=make_embedded_engine(Settings.model_construct()).workload
    ) as operator:
        assert "+ Faster" in await operator.look()
        footer = (await write(operator, "8")).splitlines()[-1]
        assert footer.replace("▏", " ").split() == ["⏎", "Keep", "esc", "Clear", "^p", "palette"]
        footer = (await operator.press("plus", "minus", "enter")).splitlines()[-1]
        assert "+ Faster" in footer
        assert operator.app.query_one(Events).sought.text == "8+-"


def line_with(screen: str, text: str) -> str:
    return next(line for line in screen.splitlines() if text in line)


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
