"""Seeded histories of real engines in a simulated world; see the package's text.

A failing one prints its seed; ``python -m tests.simulator --seed <seed>`` plays it again and tells it.
"""

from __future__ import annotations

import pytest

from tests.core.mutants import applied
from tests.simulator.__main__ import again
from tests.simulator.history import play
from tests.simulator.mutants import MUTANTS
from tests.simulator.plan import FAULTS, draw
from tests.simulator.shrink import shrunk
from tests.simulator.tally import Tally, play_all, play_many

FAST = range(15)
SLOW = range(100, 600)


def judge(tally: Tally) -> None:
    assert not tally.failed, str(tally)
    assert tally.exact > 0.2 * tally.steps, f"hardly ever EXACT, which proves little:\n{tally}"
    assert sum(tally.limits.values()) < 0.1 * tally.histories, f"the limits excuse a lot:\n{tally}"


def test_a_few_histories_keep_every_promise() -> None:
    tally = Tally()
    for result in play_all(FAST):
        tally.add(result)
    assert not tally.failed, str(tally)


@pytest.mark.slow
def test_five_hundred_histories_keep_every_promise() -> None:
    tally = play_many(SLOW)
    judge(tally)
    assert tally.happened.keys() >= FAULTS.keys(), "some fault never came"


def test_a_seed_is_one_history_for_ever() -> None:
    first, second = play(draw(3)), play(draw(3))
    assert first == second
    assert first.story


def test_a_history_without_some_of_its_steps_is_a_history() -> None:
    plan = draw(4)
    result = play(plan.with_steps(plan.steps[::2]))
    assert result.law is None, result.wrong
    assert result.steps == len(plan.steps[::2])


def test_a_seed_can_be_played_again_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert again(3) == 0
    told = capsys.readouterr().out
    assert len(told.splitlines()) > len(draw(3).steps)
    assert told.endswith("seed 3: every promise was kept\n")


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_a_failing_history_is_made_short_and_still_fails_the_same_way() -> None:
    mutant = next(m for m in MUTANTS if m.name == "evicted members stay")
    plan = mutant.plan(0)
    with applied(mutant):
        law = play(plan).law
        assert law in mutant.law
        short, how = shrunk(plan, law, most_plays=60)
    assert how.law == law
    assert len(short.steps) < len(plan.steps) / 3
    assert "WRONG" in how.story[-1]
    assert play(short).law is None, "it is the mutant that is at fault"
