"""The made-up traffic over a long time: ten minutes of it, in virtual time."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from statistics import mean

import pytest

from engine.assembly import make_embedded_engine
from engine.settings import Settings
from engine.status import State
from tests.embedded.clock import ManualClock

MINUTES = 10
LOOKS_A_MINUTE = 12


@pytest.mark.slow
@pytest.mark.parametrize(("presses", "rate_per_s"), [(0, 30), (1, 100)])
async def test_in_ten_minutes_the_board_neither_wears_down_nor_runs_away(
    presses: int, rate_per_s: int
) -> None:
    clock = ManualClock()
    engine = make_embedded_engine(Settings.model_construct(), clock=clock, screen=False)
    for _ in range(presses):
        engine.workload.faster()
    assert engine.workload.rate_per_s == rate_per_s
    table = engine.workload._table  # type: ignore[attr-defined]
    start = sum(likes for _, likes in table.best(10))
    running = asyncio.create_task(engine.run())
    exact, likes, counts = 0, [], [(0, 0, 0)]
    for _ in range(MINUTES):
        of_minute = []
        for _ in range(LOOKS_A_MINUTE):
            await clock.advance(60_000 / LOOKS_A_MINUTE, step_ms=50)
            board = engine.status.board
            assert len(board) >= 7  # a moment's deficit is part of the show
            exact += engine.status.exactness.state is State.EXACT
            assert board[0].score < 1_500
            assert 400 < table.count < 800
            of_minute.append(sum(row.score for row in board))
        likes.append(mean(of_minute))
        counters = engine.status.counters
        counts.append((counters.evicted, counters.spilled, counters.loads - 1))
    engine.stop()
    await clock.advance(3_000)
    await running
    assert exact > 0.85 * MINUTES * LOOKS_A_MINUTE
    # The ten best together have never fewer likes than at the start, and not ever more.
    assert min(likes) > start, likes
    assert max(likes[5:]) < 1.5 * mean(likes[3:]), likes
    assert counters.changes > 0.9 * rate_per_s * 60 * MINUTES
    for before, after in pairwise(counts[::2]):
        assert all(b < a for b, a in zip(before, after, strict=True)), counts
    assert all(count > 0 for count in counts[1])  # all three within the first minute
