"""Loads: the buffer, the overlap, what an answer heals, when there must be another."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.core.changes import Answer
from engine.core.leaderboard import Leaderboard
from engine.core.loading import Load, Why
from engine.core.topn import TopN
from tests.core import test_answers as answers
from tests.core import test_steady_changes as steady
from tests.core import test_stories as stories
from tests.core.laws import Law
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


def cut_answer_is_whole(take_answer: Original) -> Original:
    """An answer that was cut at N + R rows is taken for the whole table: no floor."""

    def wrong(self: Load, answer: Answer, tracked_limit: int, now_ms: float) -> None:
        cut = msgspec.structs.replace(answer, rows=answer.rows[:tracked_limit])
        take_answer(self, cut, tracked_limit, now_ms)

    return wrong


def answer_over_the_buffer(build: Original) -> Original:
    """The answer is laid over the buffered changes, not under them."""

    def wrong(self: Load, size: int, reserve: int) -> Leaderboard:
        whole = self._buffer
        self._buffer = {k: c for k, c in whole.items() if k not in self._answered_keys}
        built: Leaderboard = build(self, size, reserve)
        self._buffer = whole
        return built

    return wrong


def any_answer_will_do(answered: Original) -> Original:
    """The answer of a load that is no longer open is taken for that of the one that is."""

    def wrong(self: TopN, load: Load, answer: Answer, now_ms: float) -> None:
        answered(self, self.load, answer, now_ms)

    return wrong


def lagging_replica(answered: Original) -> Original:
    """Not the core's fault: a replica that lags answers, with the rows that it had a query ago."""

    def wrong(self: TopN, load: Load, answer: Answer, now_ms: float) -> None:
        late = self.__dict__.get("_late", answer.rows)
        self.__dict__["_late"] = answer.rows
        answered(self, load, msgspec.structs.replace(answer, rows=late), now_ms)

    return wrong


def loss_unnoticed(lose: Original) -> Original:
    """A dead letter is counted, and no more."""
    return lambda self, reason: None


def altered_under_an_open_load(swap: Original) -> Original:
    """A load counts as taken after an ALTER that came while it was open."""

    def wrong(self: TopN, *args: Any) -> None:
        swap(self, *args)
        self._reshaped = None

    return wrong


def overtaken_by_any_cure(resolve: Original) -> Original:
    """Any answer is discarded for a newer cure, also one that would be taken in at once."""

    def wrong(self: TopN, load: Load, now_ms: float) -> None:
        if any(change not in load.cures for change in self._changes.due):
            self._close(load, "discarded", now_ms, gap_ms=0)
        else:
            resolve(self, load, now_ms)

    return wrong


def missing_table_is_an_outage(failed: Original) -> Original:
    """A query that says the table is not there is one that failed, and no more."""

    def wrong(self: TopN, *args: Any, missing: bool = False, **options: Any) -> None:
        failed(self, *args, **options)

    return wrong


def start_under_steady_changes() -> None:
    steady.test_a_start_under_steady_key_changes_is_left(400, 50)


def loss_under_steady_changes() -> None:
    steady.test_a_loss_under_steady_key_changes_is_healed(3000, 3000)


def deficit_under_steady_changes() -> None:
    steady.test_a_short_board_under_steady_key_changes_is_filled(600, 500)


MUTANTS = (
    Mutant(
        "no buffer",
        Load,
        "remember",
        no_buffer,
        [stories.test_what_changes_while_a_load_is_open_is_not_lost_in_it],
        histories=40,
        laws=(Law.MEMORY, Law.AUDIT),
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
        laws=(Law.CUT, Law.AUDIT, Law.PASSED),
        world={"late_visible": 1, "canal_lag_ms": 0, "pace_ms": 20, "evidence": "position"},
    ),
    Mutant(
        "healed by an open load",
        TopN,
        "_swap",
        healed_by_an_open_load,
        [stories.test_a_loss_while_a_load_is_open_is_healed_only_by_the_next_one],
        histories=100,
        laws=(Law.CUT, Law.PASSED),
        world={
            "dead": 1,
            "slow_query": 1,
            "partitions": 1,
            "evidence": "position",
            "pace_ms": 80,
            "steps": 400,
        },
    ),
    Mutant(
        "cleared answer kept",
        Load,
        "forget_all",
        cleared_answer_kept,
        [stories.test_the_answer_of_a_load_over_which_the_table_was_cleared_is_discarded],
        histories=100,
        laws=(Law.AUDIT, Law.PASSED, Law.CUT),
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
        "cut answer is whole",
        Load,
        "take_answer",
        cut_answer_is_whole,
        [stories.test_a_row_below_the_floor_stays_out_even_if_there_is_room],
        histories=40,
        laws=(Law.MEMORY,),
    ),
    Mutant(
        "answer over the buffer",
        Load,
        "build",
        answer_over_the_buffer,
        [stories.test_what_changes_while_a_load_is_open_is_not_lost_in_it],
        histories=40,
        laws=(Law.MEMORY, Law.AUDIT),
    ),
    Mutant(
        "any answer will do",
        TopN,
        "answered",
        any_answer_will_do,
        [stories.test_the_answer_of_a_load_that_is_no_longer_open_is_ignored],
    ),
    Mutant(
        "lagging replica",
        TopN,
        "answered",
        lagging_replica,
        [stories.test_a_resync_loads_everything_anew],
        histories=40,
        laws=(Law.MEMORY,),
    ),
    Mutant(
        "loss unnoticed",
        TopN,
        "lose",
        loss_unnoticed,
        [stories.test_a_dead_letter_is_inexact_until_a_load_heals_it],
        histories=100,
        laws=(Law.CUT, Law.AUDIT),
        world={"dead": 1, "evidence": "position"},
    ),
    Mutant(
        "altered under an open load",
        TopN,
        "_swap",
        altered_under_an_open_load,
        [stories.test_an_alter_under_an_open_load_needs_another_one],
    ),
    Mutant(
        "overtaken by any cure",
        TopN,
        "_resolve",
        overtaken_by_any_cure,
        [
            start_under_steady_changes,
            loss_under_steady_changes,
            deficit_under_steady_changes,
            steady.test_a_cure_is_taken_in_although_the_next_one_is_due_and_only_the_next_one_ends_it,
        ],
        histories=60,
        laws=(Law.STEADY,),
        world={"steady": 1, "move": 1, "partitions": 3, "log_reset": 0},
    ),
    Mutant(
        "missing table is an outage",
        TopN,
        "failed",
        missing_table_is_an_outage,
        [answers.test_a_board_of_a_table_that_is_gone_is_inexact_until_it_is_back_and_loaded],
        histories=60,
        laws=(Law.KNOWN,),
        world={"gone": 1},
    ),
)
