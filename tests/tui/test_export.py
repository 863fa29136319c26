"""What the operator takes away of a table whose keys are text; of any other: tests/embedded/test_taking_away.py."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.tui.conftest import Open, Operator
from tests.tui.scripted import BOARD, ScriptedEngine, row, sample


async def test_c_copies_a_row_with_a_hostile_key_without_anything_a_terminal_would_obey(
    dashboard: Open,
) -> None:
    hostile = row("k\x1b]0;x\a", Decimal("1234.50"), 100, "a\tb\n\u202e=1", None)
    async with dashboard(ScriptedEngine(sample(board=(hostile, *BOARD)))) as operator:
        await operator.panel("board")
        await operator.press("down", "c")
        assert operator.app.clipboard == "k␛]0;x␇\t100\ta␉b␊\\u202e=1\t\t1234.50"


@pytest.mark.slow
async def test_an_export_begins_on_its_first_choice_which_arrows_change_at_once(
    dashboard: Open,
) -> None:
    async with dashboard() as operator:
        await operator.panel("board")
        screen = await operator.press("e")
        assert "◉ board" in screen
        assert picked(operator) == ["◉ board"]
        assert "◉ events" in await operator.press("right")
        assert picked(operator) == ["◉ events"]
        await operator.press("tab")
        assert picked(operator) == ["◉ csv"]
        await operator.press("tab")
        assert picked(operator) == []


def picked(operator: Operator) -> list[str]:
    """What stands reversed: the focus, also without colour."""
    line = [
        "".join(of.text for of in strip if of.style is not None and of.style.reverse)
        for strip in operator.strips()
    ]
    return [text for text in line if "◉" in text]
