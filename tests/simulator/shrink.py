"""Makes a failing history as short as it will go: leaves steps out while the same law is broken."""

from __future__ import annotations

from dataclasses import replace

from tests.simulator.history import Result, play
from tests.simulator.plan import Plan

MOST_PLAYS = 400


def shrunk(plan: Plan, law: str, *, most_plays: int = MOST_PLAYS) -> tuple[Plan, Result]:
    """A shorter plan that breaks the same law, and how it went (delta debugging over the steps).

    Args:
        law: what the plan itself is known to break.
        most_plays: how many shorter ones may be tried.
    """
    plays = 0

    def still_fails(candidate: Plan) -> Result | None:
        nonlocal plays
        plays += 1
        result = play(candidate)
        return result if result.law == law else None

    best = play(plan)
    for engines in range(1, plan.engines):
        fewer = replace(plan, engines=engines)
        found = still_fails(fewer)
        if found is not None:
            plan, best = fewer, found
            break
    # What comes after the failure played no part in it.
    plan = plan.with_steps(plan.steps[: best.steps + 1])
    size = max(1, len(plan.steps) // 2)
    while plays < most_plays:
        shorter = False
        for first in range(len(plan.steps) - 1, -1, -size):
            start = max(0, first - size + 1)
            candidate = plan.with_steps(plan.steps[:start] + plan.steps[first + 1 :])
            found = still_fails(candidate)
            if found is not None:
                plan, best, shorter = candidate, found, True
            if plays >= most_plays:
                break
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return plan, best
