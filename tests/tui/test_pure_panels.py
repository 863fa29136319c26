"""The panels' pure parts: columns, the tree, movements, verdicts in words, lateness."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.status import Cause, EventEntry, EvictionEntry, Place, Verdict, Where
from tests.tui.scripted import BOARD, EVENTS, event, on_board, row
from topn_tui.panels import tree
from topn_tui.panels.columns import Column, fit_columns
from topn_tui.panels.lateness import Lateness
from topn_tui.panels.movement import FADE_MS, Movements
from topn_tui.panels.tones import Spans, fit_spans, shorten, spans, width_of
from topn_tui.panels.verdicts import shorter, why_left, why_left_parts, words

COLUMNS = (
    Column(title="#", keep=10, right=True),
    Column(title="key", keep=9, at_least=4),
    Column(title="note", keep=2, at_least=4, stretch=True),
    Column(title="score", keep=8, right=True),
)


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4), st.integers(1, 200), st.integers(1, 2))
def test_columns_never_take_more_than_the_width(natural: list[int], width: int, gap: int) -> None:
    widths = fit_columns(COLUMNS, natural, width, gap)
    shown = [w for w in widths if w]
    assert sum(shown) + gap * (len(shown) - 1) <= width


def test_the_least_kept_column_goes_first_and_numbers_are_never_narrowed() -> None:
    assert fit_columns(COLUMNS, [2, 10, 30, 9], 60, 1) == (2, 10, 36, 9)
    assert fit_columns(COLUMNS, [2, 10, 30, 9], 40, 1) == (2, 10, 16, 9)
    assert fit_columns(COLUMNS, [2, 10, 30, 9], 20, 1) == (2, 7, 0, 9)
    assert fit_columns(COLUMNS, [2, 10, 30, 9], 9, 1) == (2, 6, 0, 0)


def lines_of(drawn: list[Spans]) -> list[str]:
    return ["".join(text for text, _ in line) for line in drawn]


def test_the_heap_is_drawn_as_the_tree_it_is() -> None:
    nodes = [tree.Node((label,)) for label in ("1·a", "2·b", "3·c", "4·d")]
    drawn, count = tree.draw(nodes, 24, 9)
    assert lines_of(drawn) == [
        "           1·a",
        "      ╭─────┴─────╮",
        "     2·b         3·c",
        "   ╭──╯",
        "  4·d",
    ]
    assert count == 4


def test_a_tree_without_room_shows_its_top_levels_only() -> None:
    nodes = [tree.Node((f"{1_000 + i}·key", f"{1_000 + i}")) for i in range(100)]
    drawn, count = tree.draw(nodes, 60, 30)
    assert count == 7
    assert "1003·key" in lines_of(drawn)[4]
    assert tree.draw(nodes, 60, 4)[1] == 3
    assert tree.draw(nodes, 22, 30)[1] == 7  # without keys, for then three levels have room
    assert tree.draw([], 60, 30) == ([], 0)


@given(st.integers(0, 70), st.integers(1, 120), st.integers(0, 30), st.integers(1, 9))
def test_a_tree_never_leaves_its_box(count: int, width: int, height: int, size: int) -> None:
    drawn, shown = tree.draw([tree.Node(("x" * size,))] * count, width, height)
    assert len(drawn) <= height
    assert all(width_of(line) <= width for line in drawn)
    assert shown <= count


@given(st.lists(st.tuples(st.text("ab中"), st.just("")), max_size=5), st.integers(0, 20))
def test_a_cell_has_exactly_its_width(parts: list[tuple[str, str]], width: int) -> None:
    assert width_of(fit_spans(spans(*parts), width)) == width
    assert width_of(fit_spans(spans(*parts), width, right=True)) == width


def test_a_line_too_long_loses_whole_pieces() -> None:
    line = spans("load ", "swapped", ", 1,204 rows", " in 12 ms")
    assert shorten(line, 30) == line[:3]
    assert shorten(line, 5) == line[:2]


def test_movements_fade_and_the_first_board_has_none() -> None:
    movements = Movements()
    movements.follow(BOARD, 0)
    assert not movements
    moved = (row(78, 700), *(of for of in BOARD[:-1] if of.key != 78), row(5, 1))
    movements.follow(moved, 1_000)
    up, down, new = movements.of(78), movements.of(82), movements.of(5)
    assert up is not None
    assert (up.rank, up.score) == (2, 450)
    assert down is not None
    assert down.rank == 1
    assert new is not None
    assert new.rank is None
    assert movements.of(58) is None
    assert not movements.fade(1_000 + FADE_MS // 2 - 1)
    assert not movements.is_dim(78)
    assert movements.fade(1_000 + FADE_MS // 2)
    assert movements.is_dim(78)
    assert not movements.fade(1_000 + FADE_MS - 1)
    assert movements.fade(1_000 + FADE_MS)
    assert not movements.is_dim(78)
    assert not movements


SAID = [
    "below the floor by 3",
    "below the bar by 3, in reserve",
    "superseded in its batch",
    "no score: NULL",
    "dead letter: not JSON",
    "left: deleted; 70 came up",
    "score 78 → 79 at rank 7",
    "entered at 4, pushed 53 out",
    "moved 2 → 1",
]
OUTSIDE = Place(where=Where.OUTSIDE)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        *zip(EVENTS, SAID, strict=True),
        (event(1, Verdict.IGNORED, key=None, reason="QUERY"), "ignored: QUERY"),
        (event(1, Verdict.BELOW_FLOOR, gap=0), "at the floor's score, its key loses the tie"),
        (event(1, Verdict.BELOW_FLOOR), "before the first load"),
        (event(1, Verdict.LEFT, reason="displaced", other=7), "left: displaced by 7"),
        (event(1, Verdict.LEFT, reason="score fell", other=7), "left: score fell; 7 came up"),
        (event(1, Verdict.LEFT, reason="score fell"), "left: score fell; nobody in reserve"),
        (event(1, Verdict.LEFT, reason="table cleared"), "left: table cleared"),
        (event(1, Verdict.ENTERED, after=on_board(3), reason="key was 9"),
         "entered at 3 (key was 9)"),
        (event(1, Verdict.NO_EFFECT, before=OUTSIDE, after=OUTSIDE),
         "no effect: it was not tracked"),
        (event(1, Verdict.NO_EFFECT, after=on_board(3, 5)), "no effect: same score at rank 3"),
        (event(1, Verdict.NO_EFFECT, reason="table cleared"), "table cleared"),
        (event(1, Verdict.MOVED, before=on_board(2), after=None), "moved 2 → -"),
    ],
)  # fmt: skip
def test_verdicts_in_words(entry: EventEntry, said: str) -> None:
    assert words(entry.explained) == said


def test_why_a_row_left_in_words() -> None:
    left = EvictionEntry(
        number=1, at_ms=1, row=row(1, 2), cause=Cause.DISPLACED, rank=3, by=row(8, 1_400), successor=None
    )  # fmt: skip
    assert why_left(left) == "displaced by 8 (1,400)"
    fell = replace(left, cause=Cause.FELL, by=None)
    assert why_left(fell) == "score fell; nobody in reserve"
    assert why_left(replace(fell, successor=row(70, 53))) == "score fell; 70 came up"
    assert why_left(replace(fell, cause=Cause.CLEARED)) == "table cleared"
    assert why_left(replace(fell, cause=Cause.LOADED)) == "a load says so"


@pytest.mark.parametrize(
    ("cause", "successor", "width", "said"),
    [
        (Cause.FELL, 900_001, 26, "score fell; 900001 came up"),
        (Cause.FELL, 900_001, 25, "score fell; 900001 up"),
        (Cause.FELL, 900_001, 20, "score fell; 900001 …"),
        (Cause.FELL, 900_001, 19, "score fell …"),
        (Cause.FELL, 900_001, 9, "score …"),
        (Cause.FELL, None, 29, "score fell; nobody in reserve"),
        (Cause.FELL, None, 28, "score fell; nobody"),
        (Cause.DISPLACED, None, 22, "displaced by 8 (1,400)"),
        (Cause.DISPLACED, None, 21, "displaced by 8"),
        (Cause.DISPLACED, None, 13, "displaced …"),
    ],
)
def test_where_there_is_no_room_who_came_up_is_told_in_fewer_words_or_an_ellipsis_says_so(
    cause: Cause, successor: int | None, width: int, said: str
) -> None:
    entry = EvictionEntry(
        number=1, at_ms=1, row=row(1, 2), cause=cause, rank=3,
        by=row(8, 1_400) if cause is Cause.DISPLACED else None,
        successor=None if successor is None else row(successor, 53),
    )  # fmt: skip
    parts = why_left_parts(entry)
    whole = "".join(parts)
    assert (whole if len(whole) <= width else shorter(parts, width)) == said


def test_lateness_is_the_worst_of_the_last_seconds() -> None:
    lateness = Lateness(0.1)
    assert lateness.worst_ms is None
    for at in (0.0, 0.1, 0.25, 0.35):
        lateness.frame(at)
    assert lateness.worst_ms == 50
    for at in range(1, 60):
        lateness.frame(0.35 + at / 10)
    assert lateness.worst_ms == 0
