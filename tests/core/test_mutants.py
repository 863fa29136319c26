"""Teeth: every wrong variant is caught by its stories, and most by random histories too."""

from __future__ import annotations

import pytest

from tests.core.mutants import MUTANTS, Mutant, applied
from tests.core.world import World

BY_HISTORIES = [mutant for mutant in MUTANTS if mutant.histories]


def names(mutant: Mutant) -> str:
    return mutant.name


@pytest.mark.parametrize("mutant", MUTANTS, ids=names)
def test_each_story_of_a_mutant_fails(mutant: Mutant) -> None:
    assert mutant.stories
    for story in mutant.stories:
        story()
        with applied(mutant), pytest.raises(AssertionError):
            story()


@pytest.mark.slow
@pytest.mark.parametrize("mutant", BY_HISTORIES, ids=names)
def test_random_histories_catch_it(mutant: Mutant) -> None:
    """By the oracles alone: the core's own checks are off."""
    with applied(mutant), pytest.raises(AssertionError):
        play(mutant)


def play(mutant: Mutant) -> None:
    for seed in range(mutant.histories):
        World(seed, check_core=False, **mutant.world).play()
