"""Teeth: wrong engines and wrong stores are caught, each by the law that is meant for it."""

from __future__ import annotations

import pytest

from tests.simulator.history import play
from tests.simulator.mutants import MUTANTS, SimMutant, caught_after

# An engine that meets a broken law ends in the middle of things, and may be killed while it does.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_is_caught_by_its_law_within_its_seeds(mutant: SimMutant) -> None:
    caught = caught_after(mutant)
    assert caught is not None
    seeds, law = caught
    assert law in mutant.law
    assert play(mutant.plan(seeds - 1)).law is None, "the right engine must keep it"
