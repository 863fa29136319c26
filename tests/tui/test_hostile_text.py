"""Whatever a database or a feed holds: lines stay as wide as they are, and nothing in it is obeyed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from wcwidth import wcswidth

from tests.tui.conftest import Open, Operator
from tests.tui.hostile import HOSTILE, INJECTED, hostile, is_inert, texts
from tests.tui.scripted import EVICTIONS, ScriptedEngine
from topn_tui.copying import row_text
from topn_tui.journey import Step, View
from topn_tui.panels import PANELS, past_line
from topn_tui.panels.board import BoardLine
from topn_tui.panels.event_detail import event_detail
from topn_tui.panels.ledger import Ledger
from topn_tui.panels.tones import Spans

KEYS = {"step_back": "←", "step_on": "→", "back": "space"}
many_texts = st.lists(texts, min_size=5, max_size=8, unique=True)
QUIETLY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def check(strips: Iterable[Strip], where: object) -> None:
    """Each line has its width, for Textual and for terminals, and only what our own panels draw."""
    for strip in strips:
        text = strip.text
        assert is_inert(text), (where, text)
        assert cell_len(text) == strip.cell_length == wcswidth(text), (where, text)
        for segment in strip:
            style = segment.style
            if style is None:
                continue
            assert style.link is None
            assert not style.blink
            assert "@click" not in style.meta, (where, text)
            for colour in (style.color, style.bgcolor):
                assert colour is None or colour.name != INJECTED, (where, text)


def drawn(widget: Widget) -> list[Strip]:
    """The widget's lines, borders and titles included, as they go to the screen."""
    width, height = widget.region.size
    return widget.render_lines(Region(0, 0, width, height))


async def panels_with_any_text(operator: Operator, wanted: set[str]) -> None:
    """All that is on the screen, `wanted` among it."""
    app, engine = operator.app, operator.engine
    shown = [
        of
        for of in app.screen.walk_children(Widget)
        if of.region.area and of.id not in ("panels", None) and not of.id.startswith("tab")
    ]
    assert {"state", "notice", "follow", *wanted} <= {of.id for of in shown}

    @QUIETLY
    @given(many_texts)
    def panels(of: list[str]) -> None:
        engine.status = hostile(of)
        app.follow(of[0])
        app._frame()
        app.ended = of[1] if len(of[1]) % 2 else None
        for widget in shown:
            if isinstance(widget, Ledger):
                widget.redraw()
            strips = drawn(widget)
            assert {strip.cell_length for strip in strips} == {widget.region.width}, widget.id
            check(strips, widget.id)

    panels()


@pytest.mark.slow
@pytest.mark.parametrize("width", [120, 200])
async def test_any_text_leaves_every_line_of_every_panel_at_its_width(
    dashboard: Open, width: int
) -> None:
    async with dashboard(ScriptedEngine(hostile(HOSTILE)), size=(width, 46)) as operator:
        operator.app.follow(HOSTILE[0])
        await operator.look()
        await panels_with_any_text(operator, {"board", "heap", "events", "evictions", "stages"})
        assert operator.engine.asked == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=str)
@pytest.mark.parametrize("panel", PANELS)
async def test_any_text_leaves_every_line_at_its_width_where_one_panel_has_room(
    dashboard: Open, size: tuple[int, int], panel: str
) -> None:
    async with dashboard(ScriptedEngine(hostile(HOSTILE)), size=size) as operator:
        operator.app.follow(HOSTILE[0])
        await operator.panel(panel)
        await panels_with_any_text(operator, {panel})
        assert operator.engine.asked == []


def check_spans(lines: Iterable[Spans]) -> None:
    for line in lines:
        for text, _ in line:
            assert is_inert(text), text
            assert cell_len(text) == wcswidth(text), text


@QUIETLY
@given(many_texts)
def test_any_text_stays_on_its_line_in_details_in_the_past_and_in_the_clipboard(
    of: list[str],
) -> None:
    status = hostile(of)
    for entry in status.events:
        detail = event_detail(entry, status)
        assert is_inert(detail.title)
        check_spans(detail.lines)
        view = View(
            index=0, count=2, step=Step(0, entry), at_ms=1, oldest_ms=1, loaded=False, first=0, changes=2
        )  # fmt: skip
        check_spans([past_line._where(view, 2, KEYS), past_line._what(view)])
    for row in status.board:
        eviction = replace(EVICTIONS[1], row=row, by=row, successor=row)
        for copied in (BoardLine(1, row), status.events[0], eviction, status.notices[0]):
            text = row_text(copied)
            assert text is not None
            assert is_inert(text.replace("\t", ""))


@pytest.mark.slow
async def test_the_nastiest_texts_in_every_screen_that_opens(dashboard: Open) -> None:
    async with dashboard(
        ScriptedEngine(hostile(HOSTILE)), size=(80, 24), environment=HOSTILE[0], toasts=True
    ) as operator:
        for keys in (
            "1 down enter",
            "escape 3 down enter",
            "escape 4 down enter",
            "escape n",
            "enter",
            "escape escape e",
            "escape F",
            "escape 3 down f",
            "c",
            "space left",
            "2",
        ):
            await operator.press(*keys.split())
            strips = operator.strips()
            footer = -1  # its keys may be clicked
            check(strips[:footer], keys)
            assert {strip.cell_length for strip in strips} == {80}, keys
        assert operator.engine.asked == []
