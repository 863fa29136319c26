"""Teeth: every wrong variant is caught by its stories, and most by random histories too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.core import oracle, world
from tests.core.laws import LAWS, Law
from tests.core.mutants import MUTANTS, Mutant, applied
from tests.core.teeth import catch

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
def test_random_histories_catch_it_by_a_law_that_has_a_name(mutant: Mutant) -> None:
    caught = catch(mutant)
    assert caught is not None, "no law was broken"
    assert caught.law in mutant.laws


def test_every_wrong_variant_is_told_apart_by_name_and_says_what_is_wrong() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.fault.endswith(".") for mutant in MUTANTS)


def test_every_complaint_of_the_oracles_is_about_a_law() -> None:
    said = r"(?:complain|_wrong|wrong_or_limit)\(\s*\"([^\"]+)\""
    sources = [Path(module.__file__ or "").read_text("utf-8") for module in (oracle, world)]
    complaints = {text for source in sources for text in re.findall(said, source)}
    assert complaints == LAWS.keys()


def test_the_laws_are_needed_each_is_the_first_to_catch_something() -> None:
    """What is wrong at rest, or in a passed answer, another law has mostly seen before."""
    assert {mutant.laws[0] for mutant in BY_HISTORIES} >= set(Law) - {Law.REST, Law.PASSED}
