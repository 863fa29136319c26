"""Each fault alone, in an ordinary world: what docs/faults.md says of it is what readers see."""

from __future__ import annotations

import pytest

from tests.simulator.alone import play_alone, table
from tests.simulator.plan import FAULTS

SEEN = {
    "poison": "INEXACT dead letter: …",
    "topic_recreated": "LOADING the log was deleted and made anew",
    "partition_added": "LOADING partitions were added",
    "alter": "CATCHING_UP table altered: loading it again",
    "kill": "lease over",
    "emptied": "no board",
}
"""Fault -> what a reader sees of it, whatever the history."""


@pytest.mark.parametrize("kind", SEEN)
def test_readers_see_the_fault_and_are_told_exact_again(kind: str) -> None:
    found = play_alone(kind, 1)
    assert SEEN[kind] in found.said
    assert 0 < found.after_ms < 10_000


def test_a_query_that_hangs_costs_nobody_anything() -> None:
    found = play_alone("hanging_query", 1)
    assert (found.said, found.after_ms) == ({}, 0)


def test_the_table_has_a_line_for_each_fault_and_says_what_was_seen() -> None:
    *_, row = table(("partition_added",), runs=2)
    assert row.startswith("| partition_added | 2 of 2 | ")
    assert "`LOADING partitions were added`" in row


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAULTS)
def test_there_is_a_way_back_from_each_fault_alone(kind: str) -> None:
    play_alone(kind, 0)  # raises where there is none
