"""Frames: each tick's while the engine has time to spare, few while it takes in all it can. Pure."""

from __future__ import annotations

from itertools import pairwise

import pytest

from topn_tui.pacing import MOST_S, SHARE, Pace

TICK_S = 0.125


def frames(cost_s: float, *, saturated: bool, ticks: int = 800) -> list[float]:
    """When frames begin that take `cost_s` to draw, of so many ticks of the timer."""
    pace, begun = Pace(TICK_S), []
    for tick in range(ticks):
        now_s = tick * TICK_S
        if pace.due(now_s):
            pace.began(now_s, saturated=saturated)
            pace.drawn(now_s + cost_s)
            begun.append(now_s)
    return begun


def test_with_time_to_spare_every_tick_is_a_frame_whatever_it_costs() -> None:
    assert len(frames(0.05, saturated=False)) == 800


@pytest.mark.parametrize("cost_s", [0.01, 0.03, 0.038])
def test_beside_a_saturated_engine_drawing_takes_its_share_and_no_more(cost_s: float) -> None:
    begun = frames(cost_s, saturated=True)[10:]  # the first ones do not know yet what they cost
    assert len(begun) * cost_s <= SHARE * (begun[-1] - begun[0]) + cost_s


def test_frames_are_never_far_apart_and_a_slow_one_is_forgotten() -> None:
    begun = frames(5.0, saturated=True, ticks=100)
    assert max(b - a for a, b in pairwise(begun)) <= MOST_S + TICK_S
    pace = Pace(TICK_S)
    now_s = 0.0
    for cost_s in (5.0, *[0.001] * 12):
        pace.began(now_s, saturated=True)
        pace.drawn(now_s + cost_s)
        now_s += MOST_S
    pace.began(now_s, saturated=True)
    assert pace.due(now_s + TICK_S)


def test_a_drawing_that_nobody_began_is_not_counted() -> None:
    pace = Pace(TICK_S)
    pace.drawn(100.0)
    pace.began(101.0, saturated=True)
    assert pace.due(101.0 + TICK_S)


def test_what_nobody_asked_for_is_drawn_after_an_answer() -> None:
    pace = Pace(TICK_S)
    pace.began(100.0, saturated=True)
    pace.asked(100.5, 0.05)
    assert not pace.due(100.54)
    assert pace.due(100.55)


def test_while_a_key_is_held_down_there_still_are_frames() -> None:
    pace, began_s = Pace(TICK_S), 100.0
    pace.began(began_s, saturated=True)
    for repeat in range(100):
        pace.asked(began_s + repeat * 0.03, 0.05)
    assert pace.due(began_s + MOST_S)
