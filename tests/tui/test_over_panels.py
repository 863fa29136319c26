"""What is opened over the panels shows them through, as Textual would and in less time."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen

from tests.tui.conftest import Open
from tests.tui.scripted import ScriptedEngine

Drawn = list[list[tuple[str, str]]]


def merged(segments: list[Segment]) -> list[tuple[str, str]]:
    """Text and style, neighbours of one style as one."""
    found: list[tuple[str, str]] = []
    for text, style, _ in segments:
        if found and found[-1][1] == str(style):
            found[-1] = (found[-1][0] + text, str(style))
        else:
            found.append((text, str(style)))
    return found


@pytest.mark.parametrize("key", ["question_mark", "n", "e", "ctrl+p"])
async def test_the_panels_show_through_as_textual_would_draw_them(
    dashboard: Open, key: str
) -> None:
    async with dashboard(ScriptedEngine()) as it:
        await it.press(key)
        app = it.app
        over, below = app.screen, app.screen_stack[0]
        assert isinstance(over, ModalScreen)
        ours = over.render_lines(below.size.region)
        theirs = BackgroundScreen(below, over.styles.background)
        options = app.console.options.update(width=below.size.width, height=below.size.height)
        lines = Segment.split_lines(app.console.render(theirs, options))
        assert len(ours) == below.size.height
        for strip, line in zip(ours, lines, strict=True):
            assert merged(list(strip)) == merged(line)
