"""What has just moved stands out for a while, on the board and in the heap alike."""

from __future__ import annotations

import re

import pytest
from rich.style import Style

from tests.embedded.dashboard import Operator, live
from topn_tui.appearance import Appearance

pytestmark = pytest.mark.slow

INSERTED = "900001"


def look_of(operator: Operator, panel: str, text: str) -> Style:
    """How this text is drawn in a panel."""
    found = [
        segment.style
        for strip in operator.strips(panel)
        for segment in strip
        if re.search(text, segment.text)
    ]
    assert len(found) == 1, (text, operator.lines(panel))
    assert found[0] is not None
    return found[0]


@pytest.mark.parametrize("colour", [True, False], ids=["colours", "no colours"])
async def test_a_node_that_is_new_in_the_heap_fades_in_step_with_its_mark_on_the_board(
    colour: bool,
) -> None:
    async with live(size=(160, 50), appearance=Appearance(colour=colour)) as operator:
        await operator.run(5_000)
        old = look_of(operator, "heap", rf"·{operator.board[0]}\b")
        await operator.press("t")
        while INSERTED not in operator.board:
            await operator.run(100)
        marks = [look_of(operator, "board", "^new$")]
        nodes = [look_of(operator, "heap", rf"·{INSERTED}\b")]
        seen_at_s = [operator.app.drawn_s]
        for _ in range(60):
            await operator.run(100)
            if not any(" new " in line for line in operator.lines("board")):
                break
            mark = look_of(operator, "board", "^new$")
            node = look_of(operator, "heap", rf"·{INSERTED}\b")
            if mark != marks[-1] or node != nodes[-1]:  # both in the same frame
                marks.append(mark)
                nodes.append(node)
                seen_at_s.append(operator.app.drawn_s)
        seen_at_s.append(operator.app.drawn_s)
        assert [s - seen_at_s[0] for s in seen_at_s] == [0, 2, 4]
        assert look_of(operator, "heap", rf"·{INSERTED}\b") == old
        bright, fading = nodes
        # Without colour, and for those who do not see it, it is bold and underlined, then underlined.
        assert [(of.bold or False, of.underline or False) for of in (bright, fading, old)] == [
            (True, True),
            (False, True),
            (False, False),
        ]
        assert (bright.color is not None) is colour
