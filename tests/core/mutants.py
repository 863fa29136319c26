"""Wrong variants of the core, a few lines each: what the laws and the stories must be able to tell.

A mutant replaces one method of the real core while :func:`applied`. Its docstring says what is wrong;
its ``caught_by`` names what is expected to notice: a story, or random histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.core.changes import BoardChange, Delivery, Event, Row, RowChange, Upsert
from engine.core.evidence import BatchRef
from engine.core.feed import FeedView
from engine.core.keychanges import KeyChange, KeyChanges
from engine.core.leaderboard import Leaderboard
from engine.core.loading import Load, Passed, Why
from engine.core.rank import NOTHING_KNOWN, Key
from engine.core.topn import TopN
from tests.core import test_stories as stories

Original = Callable[..., Any]
"""The method that a mutant stands in for."""


@dataclass(frozen=True)
class Mutant:
    """One wrong variant."""

    name: str
    owner: type
    method: str
    make: Callable[[Original], Callable[..., Any]]
    """Gets the original method, gives the wrong one."""
    stories: Sequence[Callable[[], None]] = ()
    """Each of these must fail."""
    histories: int = 0
    """Within this many random histories one must fail; 0: they catch it too rarely."""
    world: dict[str, Any] = field(default_factory=dict)
    """What to force in those histories."""


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    original = getattr(mutant.owner, mutant.method)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mutant.owner, mutant.method, mutant.make(original))
        yield


# ── the tracked rows ──────────────────────────────────────────────────────────────────────────


def no_floor_at_all(apply: Original) -> Original:
    """With R = 0 the original scheme: a map and a heap of N rows, and nothing is known to be missing."""

    def wrong(self: Leaderboard, latest: dict[Key, RowChange]) -> None:
        apply(self, latest)
        if self.floor != NOTHING_KNOWN:
            self.floor = None

    return wrong


def no_floor_raise(settle: Original) -> Original:
    """A row spills and the floor stays where it was."""

    def wrong(self: Leaderboard) -> None:
        floor = self.floor
        settle(self)
        self.floor = floor

    return wrong


def insert_where_there_is_room(apply: Original) -> Original:
    """While there is room, rows below the floor are taken in too."""

    def wrong(self: Leaderboard, latest: dict[Key, RowChange]) -> None:
        floor = self.floor
        room = floor != NOTHING_KNOWN and self.tracked < self.size + self.reserve_size
        self.floor = None if room else floor
        apply(self, latest)
        self.floor = self.floor or floor

    return wrong


def keep_the_fallen(apply: Original) -> Original:
    """A tracked row whose new score is below the floor is kept."""

    def wrong(self: Leaderboard, latest: dict[Key, RowChange]) -> None:
        tracked = {key for _, key in self.known(None)}
        apply(self, latest)
        for key, change in latest.items():
            if key in tracked and isinstance(change, Upsert) and change.score is not None:
                self._put_in(Row(key, change.score, change.columns))
        self._settle()

    return wrong


# ── loads ─────────────────────────────────────────────────────────────────────────────────────


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


# ── evidence ──────────────────────────────────────────────────────────────────────────────────


def silence_is_proof(passed: Original) -> Original:
    """An answer on a silent feed counts as proved."""

    def wrong(self: FeedView, load: Load) -> list[Passed]:
        return [Passed.NO if p is Passed.NO else Passed.YES for p in passed(self, load)]

    return wrong


def silence_after_a_mixed_board(mind_dirt: Original) -> Original:
    """Messages that came while the answer was under way are not held against later silence."""
    return lambda self: None


def silence_survives_older_messages(see: Original) -> Original:
    """An older message after the answer takes nothing back."""

    def wrong(self: Load, event: Event, batch: BatchRef, now_ms: float) -> None:
        passed, unquiet = list(self.passed), list(self.unquiet)
        see(self, event, batch, now_ms)
        self.passed = [max(a, b) for a, b in zip(passed, self.passed, strict=True)]
        self.unquiet = unquiet

    return wrong


def rewinds_end_only_at_their_mark(end_rewinds: Original) -> Original:
    """No load ends a step back."""
    return lambda self, settled: None


def rewinds_unseen(rewound: Original) -> Original:
    """A step back in the feed is no reason to doubt the board."""
    return property(lambda self: [])  # type: ignore[return-value]  # it stands in for a property


# ── key changes ───────────────────────────────────────────────────────────────────────────────


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


# ── last arrival wins ─────────────────────────────────────────────────────────────────────────


def drop_what_is_not_beyond(receive: Original) -> Original:
    """A message that is not beyond the greatest place seen is taken for a duplicate and dropped."""

    def wrong(
        self: TopN, deliveries: Sequence[Delivery], now_ms: float, **options: Any
    ) -> BoardChange:
        seen: dict[int, Any] = self.__dict__.setdefault("_greatest", {})
        kept = []
        for delivery in deliveries:
            place = delivery.events[0].position
            greatest = seen.get(delivery.partition)
            if place is not None and greatest is not None and place <= greatest:
                continue
            seen[delivery.partition] = place
            kept.append(delivery)
        return receive(self, kept, now_ms, **options)  # type: ignore[no-any-return]

    return wrong


def step_back() -> None:
    stories.test_a_step_back_in_the_feed_is_catching_up_until_its_mark_is_passed("position")


def step_back_ended_by_a_load() -> None:
    stories.test_a_step_back_is_ended_by_a_load_opened_after_it("es")


def forgotten_after_a_fall() -> None:
    stories.test_when_a_member_falls_the_row_that_was_forgotten_takes_its_place(0)


def forgotten_after_a_delete() -> None:
    stories.test_when_a_member_is_deleted_the_next_one_comes_up(0)


def forgotten_after_a_null() -> None:
    stories.test_when_a_members_score_becomes_null_the_next_one_comes_up(0)


MUTANTS = (
    Mutant(
        "the original scheme",
        Leaderboard,
        "apply",
        no_floor_at_all,
        [forgotten_after_a_fall, forgotten_after_a_delete, forgotten_after_a_null],
        histories=40,
        world={"reserve": 0},
    ),
    Mutant(
        "no floor raise",
        Leaderboard,
        "_settle",
        no_floor_raise,
        [stories.test_a_spill_raises_the_floor],
        histories=40,
    ),
    Mutant(
        "insert where there is room",
        Leaderboard,
        "apply",
        insert_where_there_is_room,
        [stories.test_a_row_below_the_floor_stays_out_even_if_there_is_room],
        histories=40,
    ),
    Mutant(
        "keep the fallen",
        Leaderboard,
        "apply",
        keep_the_fallen,
        [stories.test_a_tracked_row_that_falls_below_the_floor_is_forgotten],
        histories=40,
    ),
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
    Mutant(
        "silence is proof",
        FeedView,
        "passed",
        silence_is_proof,
        [
            stories.test_an_older_message_takes_a_provisional_exact_back,
            stories.test_a_table_ahead_of_a_silent_feed_is_catching_up_until_the_feed_follows,
        ],
        histories=40,
    ),
    Mutant(
        "silence after a mixed board",
        Load,
        "mind_dirt",
        silence_after_a_mixed_board,
        [stories.test_a_message_while_the_answer_is_under_way_makes_silence_worthless_too],
        histories=300,
        world={"stall": 1, "slow_query": 1, "pace_ms": 250},
    ),
    Mutant(
        "silence survives older messages",
        Load,
        "see",
        silence_survives_older_messages,
        [
            stories.test_an_older_message_takes_a_provisional_exact_back,
            stories.test_silence_after_older_messages_proves_nothing_and_is_loaded_again,
        ],
        histories=60,
    ),
    Mutant(
        "rewinds end only at their mark",
        FeedView,
        "end_rewinds",
        rewinds_end_only_at_their_mark,
        [step_back_ended_by_a_load],
        histories=300,
        world={"crash": 1, "long_transaction": 1, "evidence": "es"},
    ),
    Mutant(
        "rewinds unseen",
        FeedView,
        "rewound",
        rewinds_unseen,
        [step_back],
        histories=100,
        world={"crash": 1, "evidence": "position"},
    ),
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
    Mutant(
        "drop what is not beyond",
        TopN,
        "receive",
        drop_what_is_not_beyond,
        [
            stories.test_a_resend_that_begins_with_the_last_image_converges,
            stories.test_last_arrival_wins_even_if_the_log_places_it_earlier,
        ],
        histories=100,
        world={"hole": 1, "evidence": "position"},
    ),
)
