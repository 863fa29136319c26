"""Key changes where the feed has several partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.core.changes import Delete, RowChange
from engine.core.evidence import BatchRef
from engine.core.keychanges import KeyChange, KeyChanges
from engine.core.leaderboard import Leaderboard
from engine.core.loading import Load
from engine.core.rank import Key
from engine.core.topn import TopN
from tests.core import test_stories as stories
from tests.core import test_traps as traps
from tests.core.laws import Law
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


def dead_letter_is_no_key_change(arm: Original) -> Original:
    """Any load heals a dead letter, also where it may have been a key change or TRUNCATE."""

    def wrong(self: KeyChanges, batch: BatchRef | None, now_ms: float, reason: str) -> None:
        if reason != "dead letter":
            arm(self, batch, now_ms, reason)

    return wrong


def dead_letter_is_a_batch(see: Original) -> Original:
    """A dead letter counts as a batch of its own, though its number could not be read."""

    def wrong(self: KeyChange, batch: BatchRef, now_ms: float) -> None:
        if self.batch is not None and self.batch.number is None:
            batch = BatchRef(batch.partition, batch.offset, None)
        see(self, batch, now_ms)

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


def opened_before_the_ghost(advance: Original) -> Original:
    """Whatever load is swapped in counts as the cure, also one opened before the cure was due."""

    def wrong(self: TopN, load: Load, now_ms: float) -> None:
        load.cures = tuple(self._changes.due)
        advance(self, load, now_ms)

    return wrong


def cure_held_like_any_other(resolve: Original) -> Original:
    """The cure's answer waits until it equals a board that a ghost stands on: a deadlock."""

    def wrong(self: TopN, load: Load, now_ms: float) -> None:
        cures, load.cures = load.cures, ()

        def swap(*args: Any) -> None:
            load.cures = cures
            TopN._swap(self, *args)

        self.__dict__["_swap"] = swap
        resolve(self, load, now_ms)
        load.cures = cures
        del self.__dict__["_swap"]

    return wrong


def old_row_stays(apply: Original) -> Original:
    """A row that gets another key stays under the old one too."""

    def wrong(self: Leaderboard, latest: dict[Key, RowChange]) -> None:
        moved = [k for k, c in latest.items() if isinstance(c, Delete) and c.new_key is not None]
        apply(self, {k: c for k, c in latest.items() if k not in moved})

    return wrong


def truncate_knows_the_table(clear: Original) -> Original:
    """TRUNCATE leaves a table that is wholly known, also where there are several partitions."""

    def wrong(self: TopN) -> None:
        clear(self)
        self.board.clear(floor=None)

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
        laws=(Law.CUT, Law.AUDIT, Law.PROGRESS),
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
        "dead letter is no key change",
        KeyChanges,
        "arm",
        dead_letter_is_no_key_change,
        [
            stories.test_with_several_partitions_a_dead_letter_may_have_been_a_truncate,
            stories.test_a_dead_letter_is_of_the_batch_that_follows_it_on_its_partition_at_the_latest,
        ],
    ),
    Mutant(
        "dead letter is a batch",
        KeyChange,
        "see",
        dead_letter_is_a_batch,
        [stories.test_a_dead_letter_is_of_the_batch_that_follows_it_on_its_partition_at_the_latest],
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
    Mutant(
        "opened before the ghost",
        TopN,
        "_advance",
        opened_before_the_ghost,
        [
            stories.test_a_load_opened_before_the_cure_was_due_is_discarded_for_it,
            traps.test_a_ghost_in_the_buffer_of_an_open_load_is_not_laid_by_that_load,
        ],
        histories=300,
        laws=(Law.PROGRESS, Law.CUT, Law.AUDIT),
        world={"move": 1, "partitions": 3, "evidence": "position"},
    ),
    Mutant(
        "cure held like any other",
        TopN,
        "_resolve",
        cure_held_like_any_other,
        [traps.test_the_cure_of_a_ghost_is_taken_in_though_the_feed_is_silent],
        histories=300,
        laws=(Law.PROGRESS,),
        world={"move": 1, "partitions": 2},
    ),
    Mutant(
        "old row stays",
        Leaderboard,
        "apply",
        old_row_stays,
        [stories.test_a_key_change_is_exact_at_once_where_there_is_one_partition],
        histories=40,
        laws=(Law.MEMORY,),
        world={"move": 1},
    ),
    Mutant(
        "TRUNCATE knows the table",
        TopN,
        "_clear",
        truncate_knows_the_table,
        [stories.test_with_several_partitions_a_truncate_waits_for_a_load_and_knows_no_table],
    ),
)
