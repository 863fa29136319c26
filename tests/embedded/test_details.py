"""A change in full on the whole pipeline, now and in the past: the row as the feed says that it was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import pytest

from tests.embedded.dashboard import Operator, live
from topn_tui.panels import Board
from topn_tui.screens import DetailScreen

pytestmark = pytest.mark.slow


async def newest(operator: Operator) -> Sequence[str]:
    """The detail of the newest change that is shown, line by line; closed again."""
    await operator.press("3", "home", "enter")
    screen = operator.app.screen
    assert isinstance(screen, DetailScreen)
    lines = ["".join(text for text, _ in line).strip() for line in screen.detail.lines]
    await operator.press("escape")
    return lines


def bar(operator: Operator) -> str:
    score, of = operator.app.status.heap[0]
    return f"{score}·{of}"


@pytest.mark.parametrize("wire", ["json", "protobuf"])
async def test_update_and_delete_show_the_row_before_and_the_heaps_root(
    wire: Literal["json", "protobuf"],
) -> None:
    async with live(wire=wire) as operator:
        table, key, root = operator.table, operator.board[0], bar(operator)
        was = table.row(int(key))
        assert was is not None
        table.update({int(key): {"read_cnt": 12_345, "like_cnt": was["like_cnt"] + 7}})  # type: ignore[operator]
        await operator.run(500)
        lines = await newest(operator)
        assert "The row before → after the change" in lines
        assert f"id            {key}  as before" in lines
        assert f"read_cnt      {was['read_cnt']:,} → 12,345" in lines
        assert f"like_cnt      {was['like_cnt']:,} → {was['like_cnt'] + 7:,}" in lines  # type: ignore[operator]
        assert f"bar to beat   {root}, as before" in lines
        table.delete([int(key)])
        await operator.run(500)
        lines = await newest(operator)
        assert "The row before the change" in lines
        assert "read_cnt      12,345" in lines
        assert "the row is gone" in lines
        assert f"bar to beat   {root} → {bar(operator)}" in lines
        came_up = operator.app.status.evictions[-1].successor
        assert came_up is not None
        assert f"came up       {came_up.key}, score {came_up.score}" in lines


async def test_in_the_past_a_detail_leads_to_the_row_on_the_board_of_then() -> None:
    async with live() as operator:
        gone = operator.board[3]
        table = operator.table
        table.update({int(gone): {"read_cnt": 777}})
        await operator.run(300)
        table.delete([int(gone)])
        await operator.run(300)
        assert gone not in operator.board
        await operator.press("space", "left")
        lines = await newest(operator)
        assert [line for line in lines if re.match(r"read_cnt +[\d,]+ → 777$", line)]
        await operator.press("3", "home", "enter", "g")
        board = operator.app.query_one(Board)
        assert (operator.app.focused, board.cursor) == (board, int(gone))
        assert operator.app.paused
        await operator.press("escape", "escape")
        assert await jumped_nowhere(operator, gone)


async def jumped_nowhere(operator: Operator, gone: str) -> bool:
    """Live again: from the detail of its deletion there is no way to the row."""
    assert not operator.app.paused
    await operator.press("3", "home", "enter", "g")
    return gone not in operator.board and operator.app.query_one(Board).cursor is None
