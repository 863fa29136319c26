"""Pause, and the way back: on the real engine over the embedded table, in virtual time."""

from __future__ import annotations

import re

import pytest

from tests.embedded.dashboard import Operator, live


async def test_the_operator_pauses_steps_back_two_events_and_sees_the_evicted_row_again() -> None:
    async with live() as operator:
        before, floor = operator.board, told_floor(operator)
        await operator.press("t")  # into the top: the last row of the board has to go
        await operator.run(500)
        await operator.press("i")  # outside: nobody moves
        await operator.run(500)
        evicted, now = before[-1], operator.board
        assert evicted not in now
        left = operator.lines("evictions")[2]
        assert re.search(rf" {evicted} .*displaced by {now[1]}", left)
        screen = await operator.press("space")
        assert "❚❚ PAUSED 0 missed" in screen
        assert "below the floor" in screen or "in reserve" in screen

        screen = await operator.press("left")
        assert "◀◀ PAST" in screen
        assert f"pushed {evicted} out" in screen
        assert operator.board == now

        screen = await operator.press("left")
        assert operator.board == before
        assert f"·{evicted}" in "".join(operator.lines("heap")[1:4])  # at the root
        assert told_floor(operator) == floor
        assert left not in operator.lines("evictions")  # it has not happened yet
        assert f"pushed {evicted} out" not in screen

        await operator.press("u")  # meanwhile the engine goes on
        screen = await operator.run(500)
        assert operator.board == before
        assert "1 missed" in screen
        screen = await operator.press("right", "right")
        assert operator.board == now
        assert operator.lines("evictions")[2] == left
        screen = await operator.press("escape")
        assert "PAST" not in screen
        assert "PAUSED" not in screen
        assert operator.board == [now[1], now[0], *now[2:]]  # `u` let the second overtake the first


def told_floor(operator: Operator) -> str:
    """``12·9``, as the heap's panel has it, wherever it has been before."""
    (line,) = [line for line in operator.lines("heap") if "floor " in line]
    found = re.search(r"floor (?:\S+ → )?(\S+) ", line)
    assert found is not None
    return found[1]


async def test_the_bound_of_the_past_is_on_the_screen_and_its_ends_are_a_key_away() -> None:
    async with live(size=(80, 24)) as operator:
        screen = await operator.press("left_square_bracket")  # pauses, too
        view = operator.app.view
        assert view is not None
        assert f"event {view.count - 1} of {view.count} kept, " in screen
        assert "; oldest 1" in screen
        await operator.press("ctrl+home")
        assert operator.app.view is not None
        assert operator.app.view.index == 0
        first = operator.board
        await operator.press("shift+right")
        assert operator.app.view.index == 10
        await operator.press("ctrl+end")
        assert operator.app.view.newest
        assert operator.board == latest(operator) != first
        assert "PAST" not in await operator.press("space")


def latest(operator: Operator) -> list[str]:
    """The keys on the board as the table has it, whatever is drawn."""
    return [str(key) for key, _ in operator.table.best(10)]


@pytest.mark.slow
async def test_a_followed_row_keeps_its_mark_when_it_is_evicted_and_when_it_returns() -> None:
    async with live() as operator:
        last = operator.board[-1]
        screen = await operator.press("1", "end", "f")
        assert f"◆ Following id {last} · rank 10 of 10" in screen
        await operator.press("escape")
        assert operator.app.marked is None
        screen = await operator.press("t")
        screen = await operator.run(500)
        assert last not in operator.board
        assert "in the reserve at 11" in screen
        assert f"left the board: displaced by {operator.board[1]}" in screen
        marked = [line for line in screen.splitlines() if "◆" in line and "displaced by" in line]
        assert len(marked) == 1  # its line among the evictions
        await operator.press("0")  # the table as it was at the start: it may come back
        screen = await operator.run(1_500)
        assert last in operator.board
        told = operator.lines("follow")
        assert any("left the board" in line for line in told)
        assert re.search(r"rank \d+ of 10", told[0])
        (line,) = marked_on_board(operator)
        assert f" {last} " in line
        screen = await operator.press("f")
        assert "Following" not in screen


@pytest.mark.slow
async def test_a_followed_row_is_on_the_board_again_in_the_past_and_not_back_in_the_present() -> (
    None
):
    async with live(size=(120, 50)) as operator:
        tenth = operator.board[-1]
        await operator.press("1", "end", "f", "escape", "t")
        await operator.run(500)
        assert not marked_on_board(operator)
        screen = await operator.press("space", "left")
        assert f"pushed {tenth} out" not in screen
        (line,) = marked_on_board(operator)
        assert re.search(rf"◆ *10 .* {tenth} ", line)
        assert f"◆ Following id {tenth} · rank 10 of 10" in operator.lines("follow")[0]
        screen = await operator.press("right")
        assert f"pushed {tenth} out" in screen
        assert not marked_on_board(operator)
        await operator.press("left", "escape", "escape")
        assert "PAST" not in await operator.look()
        assert tenth not in operator.board
        assert operator.board == latest(operator)


def marked_on_board(operator: Operator) -> list[str]:
    """The lines of the board that are marked as that of the row that is followed."""
    return [line for line in operator.lines("board") if "◆" in line]


async def test_a_row_outside_of_board_and_reserve_is_followed_by_its_key() -> None:
    async with live(size=(80, 24)) as operator:
        screen = await operator.press("F", "x", "enter")
        assert "'x' is no key here" in screen
        screen = await operator.press("backspace", "5", "0", "0", "0", "0", "enter")
        floor = operator.app.status.floor
        assert floor is not None
        assert f"not tracked: below the floor {floor[0]}·{floor[1]}" in screen
        assert "Nothing is known of this row yet" in screen
        assert "Following" not in await operator.press("escape")


@pytest.mark.slow
async def test_back_from_the_past_nothing_looks_as_if_it_had_just_happened() -> None:
    async with live() as operator:
        for _ in range(3):
            await operator.press("t")  # each pushes a row out and moves all others down
            await operator.run(300)
        await operator.press("i")
        await operator.run(6_000)  # long enough for all marks to fade
        assert not moving(operator)
        await operator.press("space", "left", "left")
        assert moving(operator)  # of the moment shown
        await operator.press("escape")
        assert not operator.app.paused
        assert not moving(operator)
        assert not [
            s for of in operator.strips("heap") for s in of if s.style and s.style.underline
        ]
        await operator.run(500)
        assert not moving(operator)
        await operator.press("u")
        await operator.run(300)
        assert moving(operator) == {"▲1", "▼1"}  # and what happens from now on is told


def moving(operator: Operator) -> set[str]:
    """The marks of movement on the board, as drawn."""
    lines = operator.lines("board")[2:]
    return {mark for line in lines for mark in re.findall(r"[▲▼][0-9]+|\bnew\b", line)}
