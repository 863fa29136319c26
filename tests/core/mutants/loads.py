"""Loads: the buffer, the overlap, what an answer heals, when there must be another."""

from __future__ import annotations

from typing import Any

from engine.core.loading import Load, Why
from engine.core.topn import TopN
from tests.core import test_stories as stories
from tests.core.mutants.mutant import Mutant, Original


def no_buffer(remember: Original) -> Original:
    """What is delivered while a load is open is not remembered."""
    return lambda self, latest: None


def no_overlap(advance: Original) -> Original:
    """The query runs as soon as the buffer is open."""

    def wrong(self: TopN, load: Load, now_ms: float) -> None:
        load.opened_ms -= 1e6
        advance(self, load, now_ms)
        load.opened_ms += 1e6

    return wrong


def healed_by_an_open_load(swap: Original) -> Original:
    """A load heals a loss that was noticed after its buffer had been opened."""

    def wrong(self: TopN, *args: Any) -> None:
        swap(self, *args)
        self._loss = None

    return wrong


def cleared_answer_kept(forget_all: Original) -> Original:
    """TRUNCATE empties the buffer, and the answer counts all the same."""

    def wrong(self: Load) -> None:
        forget_all(self)
        self.spoilt = None

    return wrong


def no_second_look(why_load: Original) -> Original:
    """After a load that leaves the board short or low, nobody looks again until something arrives."""
    looked: dict[TopN, tuple[int, int]] = {}

    def wrong(self: TopN, now_ms: float) -> Why | None:
        loads, messages = self.totals.loads, self.totals.messages
        if looked.get(self, (0, 0))[0] != loads:
            looked[self] = (loads, messages)
        why: Why | None = why_load(self, now_ms)
        nothing_came = loads > 0 and looked[self][1] == messages
        return None if why is Why.REFILL and nothing_came else why

    return wrong


MUTANTS = (
    Mutant(
        "no buffer",
        Load,
        "remember",
        no_buffer,
        [stories.test_what_changes_while_a_load_is_open_is_not_lost_in_it],
        histories=40,
    ),
    Mutant(
        "no overlap",
        TopN,
        "_advance",
        no_overlap,
        [
            stories.test_the_query_waits_for_the_overlap,
            stories.test_without_the_overlap_a_commit_that_is_not_yet_visible_would_be_lost,
        ],
        histories=60,
        world={"late_visible": 1, "canal_lag_ms": 0, "pace_ms": 20, "evidence": "position"},
    ),
    Mutant(
        "healed by an open load",
        TopN,
        "_swap",
        healed_by_an_open_load,
        [stories.test_a_loss_while_a_load_is_open_is_healed_only_by_the_next_one],
    ),
    Mutant(
        "cleared answer kept",
        Load,
        "forget_all",
        cleared_answer_kept,
        [stories.test_the_answer_of_a_load_over_which_the_table_was_cleared_is_discarded],
        histories=100,
        world={"truncate": 1},
    ),
    Mutant(
        "no second look",
        TopN,
        "_why_load",
        no_second_look,
        [stories.test_a_load_that_closes_short_is_followed_by_another],
    ),
)
