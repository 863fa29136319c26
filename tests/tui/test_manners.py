"""How the dashboard behaves besides what it shows: leaving, closing, toasts, the palette."""

from __future__ import annotations

import os

import pytest
from textual.command import CommandPalette
from textual.widgets._toast import Toast

from tests.tui.conftest import Open, Operator
from topn_tui.keys import KEYS
from topn_tui.panels import PANELS

OPENED = {
    "the notices": ("n", ("escape", "n", "q")),
    "a picked notice": ("n down", ("escape", "n", "q")),
    "the help": ("question_mark", ("escape", "question_mark", "q")),
    "a change in full": ("3 down enter", ("escape", "enter", "q")),
    "the palette": ("ctrl+p", ("escape",)),
}


@pytest.mark.parametrize("what", OPENED)
async def test_what_is_open_over_the_panels_closes_by_escape_and_by_its_own_key(
    dashboard: Open, what: str
) -> None:
    opening, closing = OPENED[what]
    async with dashboard() as operator:
        for key in closing:
            await operator.press(*opening.split())
            assert len(operator.app.screen_stack) == 2, key
            await operator.press(key)
            assert len(operator.app.screen_stack) == 1, key
        assert operator.engine.asked == []  # q closed it and quit nothing


async def test_ctrl_c_says_how_to_leave_and_ctrl_q_does_nothing(dashboard: Open) -> None:
    async with dashboard(toasts=True) as operator:
        assert "q quits." in await operator.press("ctrl+c")
        assert f"kill -TSTP {os.getpid()} stops engine" in await operator.press("ctrl+z")
        await operator.press("ctrl+q")
        assert operator.engine.asked == []
        assert "ctrl+q" not in operator.app.active_bindings


def toasts(operator: Operator) -> list[str]:
    return [of._notification.message for of in operator.app.screen.query(Toast)]


async def test_of_many_toasts_the_two_newest_are_there(dashboard: Open) -> None:
    async with dashboard(toasts=True) as operator:
        for _ in range(3):
            await operator.press("r", "a")
        assert len(operator.engine.asked) == 6
        screen = await operator.press("ctrl+c")
        assert len(toasts(operator)) == 2
        assert toasts(operator)[-1] == "q quits."
        assert screen.count("Asked for a") == 1


async def test_the_palette_has_each_command_once_and_all_of_ours(dashboard: Open) -> None:
    async with dashboard() as operator:
        commands = list(operator.app.get_system_commands(operator.app.screen))
        titles = [of.title for of in commands]
        assert len(set(titles)) == len(titles)
        own = {of.description for of in KEYS} - {"palette"}  # which opens what is looked at
        assert set(titles) == {"Theme", *own, *(name.capitalize() for name in PANELS)}
        for of in commands:
            assert of.help
        await operator.press("ctrl+p")
        await operator.press(*"quit")
        await operator.pilot.pause(0.3)
        assert isinstance(operator.app.screen, CommandPalette)
        await operator.press("enter", "enter")
        await operator.pilot.pause(0.2)
        assert operator.engine.asked == ["stop"]
        assert operator.app.return_code == 0
