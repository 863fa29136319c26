"""Our themes are held to what they promise: text can be read, and states told apart by everybody."""

from __future__ import annotations

from itertools import combinations

import pytest
from rich.color import Color as RichColor
from rich.segment import Segment
from textual.theme import BUILTIN_THEMES, Theme

from engine.errors import WrongSetting
from engine.status import Exactness, State
from tests.tui.colours import VISIONS, Rgb, apart, contrast
from tests.tui.conftest import NOW_MS, Open, Operator
from topn_tui.appearance import Appearance
from topn_tui.themes import DARK, LIGHT, OURS, checked_theme

READABLE, SEEN = 4.5, 3.0
"""WCAG 2.2, level AA: contrast of text, and of signs."""
TOLD_APART = 20
"""In CIE Lab, where 2.3 is just noticed: for small text, not side by side."""


def test_contrast_and_distance_are_those_that_are_known() -> None:
    assert round(contrast((0, 0, 0), (255, 255, 255)), 1) == 21
    assert round(contrast((118, 118, 118), (255, 255, 255)), 2) == 4.54
    red, olive = (200, 40, 40), (110, 110, 0)
    for vision in VISIONS:
        assert round(apart((0, 0, 0), (255, 255, 255), vision)) == 100
        assert apart(red, red, vision) == 0
    assert apart(red, olive, "no red cones") < apart(red, olive, "usual") / 2


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
@pytest.mark.parametrize("vision", VISIONS)
def test_well_warning_and_bad_are_told_apart_by_everybody(theme: Theme, vision: str) -> None:
    variables = theme.variables
    states = [variables[f"text-{of}"] for of in ("success", "warning", "error")]
    for one, other in combinations(states, 2):
        assert apart(_rgb(one), _rgb(other), vision) >= TOLD_APART, (one, other)


SCREENS = {
    "the panels, a row under the cursor": "down down",
    "a row followed": "down down f down",
    "the cursor elsewhere": "down down tab",
    "paused": "space",
    "the help": "question_mark",
    "the notices": "n down",
    "the export": "e",
    "finding": "3 slash a",
}


@pytest.mark.slow
@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
async def test_all_text_on_the_screen_can_be_read_in_our_themes(
    dashboard: Open, theme: Theme
) -> None:
    look = Appearance(theme=theme.name)
    async with dashboard(appearance=look, size=(80, 24)) as operator:
        check_readable(operator, "tabs")
    async with dashboard(appearance=look, production=True, mode="EMBEDDED") as operator:
        inexact = Exactness(state=State.INEXACT, since_at_ms=NOW_MS, reason="dead letter")
        for what, keys in SCREENS.items():
            await operator.press(*keys.split())
            check_readable(operator, what)
            await operator.press("escape", "escape", "escape")
        await operator.show(exactness=inexact)
        check_readable(operator, "inexact")


def check_readable(operator: Operator, what: str) -> None:
    """Fails with all text that is too faint; what a modal screen covers is dimmed on purpose."""
    rows = operator.strips()
    box = operator.app.screen.children[0].region if len(operator.app.screen_stack) > 1 else None
    for y, strip in enumerate(rows):
        if box is not None and not box.y <= y < box.bottom:
            continue
        line = strip if box is None else strip.crop(box.x, box.right)
        for segment in line:
            shown, ratio = segment.text.strip(), _ratio(segment)
            if ratio is None:
                continue
            text = any(char.isalnum() for char in shown)
            least = READABLE if text else SEEN
            drawn = all(0x2500 <= ord(char) < 0x25A0 for char in shown)  # lines and bars
            assert drawn or ratio >= least, (what, y, shown, round(ratio, 2), segment.style)


def _ratio(segment: Segment) -> float | None:
    style = segment.style
    if not segment.text.strip() or style is None or style.color is None or style.bgcolor is None:
        return None
    return contrast(_triplet(style.color), _triplet(style.bgcolor))


def _triplet(of: RichColor) -> Rgb:
    return tuple(of.get_truecolor())


def _rgb(hexed: str) -> Rgb:
    return tuple(bytes.fromhex(hexed.removeprefix("#")))  # type: ignore[return-value]


@pytest.mark.slow
async def test_the_palette_changes_to_any_theme_and_the_board_stays_readable(
    dashboard: Open,
) -> None:
    async with dashboard() as operator:
        assert operator.app.theme == DARK.name
        await operator.press("ctrl+p", *"theme")
        await operator.pilot.pause(0.3)
        await operator.press("enter")
        await operator.press(*LIGHT.name)
        await operator.pilot.pause(0.3)
        await operator.press("enter")
        await operator.pilot.pause(0.2)
        assert operator.app.theme == LIGHT.name
        for name in BUILTIN_THEMES:
            operator.app.theme = name
            assert "● EXACT" in await operator.look(), name


def test_a_theme_that_is_not_there_is_told_with_those_that_were_meant() -> None:
    assert checked_theme("nord") == "nord"
    with pytest.raises(WrongSetting, match=r"'topn-drak'.*did you mean topn-dark"):
        checked_theme("topn-drak")
    with pytest.raises(WrongSetting, match=r"there are topn-dark, topn-light, .*nord"):
        checked_theme("zzzz")
