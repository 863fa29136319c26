"""Key changes where the feed has several partitions."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.evidence import BatchRef
from engine.core.keychanges import KeyChange, KeyChanges
from tests.core import test_stories as stories
from tests.core.mutants.mutant import Mutant, Original


def no_cure(arm: Original) -> Original:
    """Key changes across partitions are applied and forgotten."""
    return lambda self, batch, now_ms, reason: None


def start_is_no_key_change(arm: Original) -> Original:
    """A start in the middle of a batch is not treated as a key change."""

    def wrong(self: KeyChanges, batch: BatchRef | None, now_ms: float, reason: str) -> None:
        if batch is not None:
            arm(self, batch, now_ms, reason)

    return wrong


def cure_at_once(arm: Original) -> Original:
    """The cure is opened at once, whatever may still come of the same batch."""

    def wrong(self: KeyChanges, batch: BatchRef | None, now_ms: float, reason: str) -> None:
        arm(self, batch, now_ms, reason)
        self._open[-1].ready = True

    return wrong


def ends_read_at_once(arm: Original) -> Original:
    """The end offsets that bound the batch are read before it is surely in the log."""

    def wrong(self: KeyChanges, batch: BatchRef | None, now_ms: float, reason: str) -> None:
        arm(self, batch, now_ms, reason)
        self._open[-1].ends_wanted_ms = now_ms

    return wrong


def any_other_batch_is_later(later_than: Original) -> Original:
    """Another batch's message counts as a later one, even from an earlier batch."""
    return BatchRef.differs


def fallback_is_final(cured: Original) -> Original:
    """A cure that was taken because time ran out disarms the rule."""

    def wrong(self: KeyChanges, cures: Sequence[KeyChange]) -> None:
        for change in cures:
            change.provisional = False
        cured(self, cures)

    return wrong


MUTANTS = (
    Mutant(
        "no cure",
        KeyChanges,
        "arm",
        no_cure,
        [
            stories.test_with_several_partitions_a_key_change_waits_for_a_load,
            stories.test_a_ghost_raised_after_the_key_change_is_laid_by_the_cure,
            stories.test_another_batch_that_is_an_earlier_one_is_not_a_later_one,
        ],
        histories=300,
        world={"move": 1, "partitions": 3, "evidence": "position"},
    ),
    Mutant(
        "start is no key change",
        KeyChanges,
        "arm",
        start_is_no_key_change,
        [stories.test_a_start_within_a_batch_is_treated_as_a_key_change],
    ),
    Mutant(
        "cure at once",
        KeyChanges,
        "arm",
        cure_at_once,
        [
            stories.test_with_several_partitions_a_key_change_waits_for_a_load,
            stories.test_another_batch_that_is_an_earlier_one_is_not_a_later_one,
        ],
    ),
    Mutant(
        "ends read at once",
        KeyChanges,
        "arm",
        ends_read_at_once,
        [
            stories.test_with_several_partitions_a_key_change_waits_for_a_load,
            stories.test_another_batch_that_is_an_earlier_one_is_not_a_later_one,
        ],
    ),
    Mutant(
        "any other batch is later",
        BatchRef,
        "later_than",
        any_other_batch_is_later,
        [stories.test_another_batch_that_is_an_earlier_one_is_not_a_later_one],
    ),
    Mutant(
        "fallback is final",
        KeyChanges,
        "cured",
        fallback_is_final,
        [stories.test_a_cure_taken_because_time_ran_out_stays_provisional],
    ),
)
