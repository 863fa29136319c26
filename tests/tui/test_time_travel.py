"""Pause, and the way back: on the real engine over the embedded table, in virtual time."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from textual.pilot import Pilot

from engine.assembly import make_embedded_engine
from engine.settings import Settings
from engine.status import Key
from tests.embedded.clock import ManualClock
from tests.tui.conftest import settled
from topn_tui.app import Dashboard
from topn_tui.panels import Board, Evictions, Heap
from topn_tui.panels.follow import Follow

FRAME_MS = 100


class Live:
    """The dashboard on an embedded engine whose time passes when the test says so."""

    def __init__(self, app: Dashboard, pilot: Pilot[None], clock: ManualClock) -> None:
        self.app, self.pilot, self.clock = app, pilot, clock

    async def run(self, ms: int) -> str:
        for _ in range(ms // FRAME_MS):
            await self.clock.advance(FRAME_MS)
            self.app._frame()
        return await self.look()

    async def look(self) -> str:
        await settled(self.pilot)
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def press(self, *keys: str) -> str:
        await self.pilot.press(*keys)
        return await self.look()

    @property
    def board(self) -> list[Key]:
        """The keys on the board that is drawn, from rank 1."""
        return [line.row.key for line in self.app.query_one(Board)._rows]


@asynccontextmanager
async def live(
    *,
    size: tuple[int, int] = (120, 40),
    before_ms: int = 4_000,
    wire: Literal["json", "protobuf"] = "json",
) -> AsyncIterator[Live]:
    """After some seconds of traffic, which is then stopped: only the test writes."""
    clock = ManualClock()
    engine = make_embedded_engine(Settings.model_construct(), wire, clock=clock, seed=0)
    app = Dashboard(engine, workload=engine.workload, now_ms=clock.wall_ms, frame_s=3600)
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        operator = Live(app, pilot, clock)
        await operator.run(before_ms)
        await operator.press("x")
        await operator.run(500)
        yield operator
        engine.stop()
        while not app._run.done:
            await clock.advance(FRAME_MS)


async def test_the_operator_pauses_steps_back_two_events_and_sees_the_evicted_row_again() -> None:
    async with live() as operator:
        before, floor = operator.board, operator.app.status.floor
        await operator.press("t")  # into the top: the last row of the board has to go
        await operator.run(500)
        await operator.press("i")  # outside: nobody moves
        await operator.run(500)
        evicted = before[-1]
        now = operator.board
        assert evicted not in now
        screen = await operator.press("space")
        assert "❚❚ PAUSED 0 missed" in screen
        assert "below the floor" in screen or "in reserve" in screen

        screen = await operator.press("left")
        assert "◀◀ PAST" in screen
        assert f"pushed {evicted} out" in screen
        assert operator.board == now

        screen = await operator.press("left")
        assert operator.board == before
        assert evicted in [rank_key[1] for rank_key in operator.app.query_one(Heap).status.heap]
        assert operator.app.status.floor == floor
        evictions = operator.app.query_one(Evictions)._rows
        assert evicted not in [entry.row.key for entry in evictions[:1]]

        await operator.press("u")  # meanwhile the engine goes on
        screen = await operator.run(500)
        assert operator.board == before
        assert "1 missed" in screen
        screen = await operator.press("right", "right")
        assert operator.board == now
        screen = await operator.press("escape")
        assert "PAST" not in screen
        assert "PAUSED" not in screen
        assert operator.board == [row.key for row in operator.app.live.board] != now


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
        assert operator.board == [row.key for row in operator.app.live.board] != first
        assert "PAST" not in await operator.press("space")


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
        follow = operator.app.query_one(Follow)
        told = "\n".join("".join(text for text, _ in row.what) for row in follow._rows)
        assert "left the board" in told
        assert follow._rows[0].rank is not None
        assert any("◆" in line and f" {last} " in line for line in screen.splitlines())
        screen = await operator.press("f")
        assert "Following" not in screen


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
        assert not operator.app.query_one(Heap)._fresh
        await operator.run(500)
        assert not moving(operator)
        await operator.press("u")
        await operator.run(300)
        assert moving(operator) == {"▲1", "▼1"}  # and what happens from now on is told


def moving(operator: Live) -> set[str]:
    """The marks of movement on the board, as drawn."""
    board = operator.app.query_one(Board)
    lines = [board.render_line(y).text for y in range(1, board.size.height)]
    return {mark for line in lines for mark in re.findall(r"[▲▼][0-9]+|\bnew\b", line)}
