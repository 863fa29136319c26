"""The same dashboard in terminals of every size, from one too small for anything up to 200x60."""

from __future__ import annotations

import pytest

from engine.status import Exactness, State
from tests.tui.conftest import Open
from tests.tui.scripted import NOW_MS
from topn_tui.appearance import Appearance
from topn_tui.panels.grid import PIPELINE, rows_of

SIZES = [(40, 10), (60, 20), (80, 24), (120, 40), (200, 60)]
INEXACT = Exactness(state=State.INEXACT, since_at_ms=NOW_MS - 4_000, reason="a dead letter")


@pytest.mark.slow
async def test_production_comes_first_in_every_layout_whatever_else_is_told(
    dashboard: Open,
) -> None:
    for look in (Appearance(), Appearance(colour=False, encoding="ascii")):
        async with dashboard(production=True, environment="eu-1", appearance=look) as operator:
            sign = "‼" if look.colour else "!"
            for keys in ("1", "question_mark", "escape", "space"):
                await operator.press(keys)
                for size in SIZES:
                    screen = await operator.resize(*size)
                    assert screen.startswith(f" {sign} PRODUCTION {sign} "), (keys, size)
                    header = operator.strips()[0]
                    styles = {(s.style.bgcolor, s.style.reverse) for s in header if s.style}
                    grounds = {(bg.name if bg else None) for bg, reverse in styles if not reverse}
                    if look.colour and keys == "question_mark":
                        assert all(red(of) > 1.5 * green(of) for of in grounds)  # dimmed
                    elif look.colour:
                        assert grounds == {operator.app.theme_variables["error"].lower()}
                    else:
                        assert any(reverse for _, reverse in styles)


def red(of: str | None) -> int:
    return int((of or "#000000")[1:3], 16)


def green(of: str | None) -> int:
    return int((of or "#ffffff")[3:5], 16)


@pytest.mark.slow
async def test_whatever_opens_over_the_panels_leaves_the_state_in_sight(dashboard: Open) -> None:
    async with dashboard() as operator:
        await operator.show(exactness=INEXACT)
        for keys in ("question_mark", "n", "e", "F", "3 down enter"):
            await operator.press(*keys.split())
            assert len(operator.app.screen_stack) == 2
            for size in SIZES:
                screen = await operator.resize(*size)
                assert screen.splitlines()[1].startswith(" ✖ INEXACT 4 s"), (keys, size)
            await operator.press("escape")


async def test_a_terminal_too_small_says_so_beside_the_state_and_grows_again(
    dashboard: Open,
) -> None:
    async with dashboard(production=True, size=(60, 20)) as operator:
        await operator.show(exactness=INEXACT)
        for size in ((39, 20), (60, 9), (20, 6)):
            lines = (await operator.resize(*size)).splitlines()
            assert lines[0].strip() == "‼ PRODUCTION ‼"
            assert lines[1].startswith("✖ INEXACT 4 s")
            assert lines[2].strip() == f"{size[0]}x{size[1]}: too small"
            assert lines[3].strip() == "40x10 needed"
            assert "Board" not in "".join(lines)
        later = await operator.show(exactness=Exactness(state=State.EXACT))
        assert "● EXACT" in later
        await operator.resize(3, 1)
        screen = await operator.resize(40, 10)
        assert "650" in screen
        assert "too small" not in screen
        await operator.resize(20, 6)
        await operator.press("q")
        assert operator.engine.asked == ["stop"]


@pytest.mark.parametrize(
    ("height", "size", "below", "upper"),
    [
        (56, 10, 0, "16"),  # as high as the tree of ten nodes and what stands under it
        (56, 10, 5, "18"),  # the reserve under the board
        (56, 3, 0, "12"),
        (56, 40, 0, "1fr"),  # no room for all: half of it
        (35, 10, 0, "1fr"),
        (32, 10, 0, "13"),  # a line more than half, and the board is whole
        (29, 10, 0, "1fr"),  # too little would be left for the lists
        (56, 0, 0, "1fr"),  # not told yet
    ],
)
def test_board_and_heap_get_what_they_can_fill_and_hardly_more_than_half(
    height: int, size: int, below: int, upper: str
) -> None:
    assert rows_of(height, size, below) == f"{upper} 1fr {PIPELINE}"


async def test_on_a_high_terminal_the_lists_get_the_rest(dashboard: Open) -> None:
    async with dashboard(size=(120, 40)) as operator:
        await operator.resize(200, 60)
        board, events = operator.app.query_one("#board"), operator.app.query_one("#events")
        assert (board.region.height, events.region.height) == (16, 33)
        await operator.press("v")  # three rows of reserve still fit
        assert board.region.height == 16
        await operator.resize(120, 40)
        assert abs(board.region.height - events.region.height) <= 1
