"""What silence and steps back prove."""

from __future__ import annotations

from typing import Any

import engine.core.evidence
import engine.core.loading
from engine.core.changes import Answer, Event
from engine.core.evidence import BatchRef, comparable
from engine.core.feed import FeedView, HighWater
from engine.core.loading import Load, Passed
from tests.core import test_answers as answers
from tests.core import test_steady_changes as steady
from tests.core import test_stories as stories
from tests.core import test_traps as traps
from tests.core.laws import Law
from tests.core.mutants.mutant import Mutant, Original


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


def same_second_is_later(slack_ms: Original) -> int:
    """An event of the very second in which the query ran counts as later than the answer."""
    return -1000


def ends_of_any_time(see_order: Original) -> Original:
    """End offsets count although they were read before the batch was surely in the log."""

    def wrong(self: Load, event: Event, batch: BatchRef, now_ms: float) -> None:
        see_order(self, event, batch, now_ms)
        if self.ends_wanted_ms is not None:
            self.ends_wanted_ms = float("-inf")

    return wrong


def below_the_mark_is_a_step_back(see: Original) -> Original:
    """Each message below the mark counts as another step back, also one that follows in order."""

    def wrong(self: HighWater, event: Event, now_ms: float) -> None:
        see(self, event, now_ms)
        if self.rewound_ms is not None:
            self.rewound_ms = now_ms

    return wrong


def step_back_moves_no_load(rewind_stuck: Original) -> Original:
    """After a step back the open load, or the one on show, is waited for like any other."""
    return lambda self, load, now_ms, patience_ms: False


def mark_at_the_load(restart_at: Original) -> Original:
    """A load that ends a step back sets the mark to its own place, behind what has come since."""

    def wrong(self: HighWater, answer: Answer) -> None:
        restart_at(self, answer)
        self._position = answer.position

    return wrong


def places_of_any_server(same_log: Original) -> Original:
    """Places are compared wherever the files have the same names, whosever log they are of."""
    return lambda event, answer: comparable(event.position, answer.position)


def place_against_time(much_older: Original) -> Original:
    """A place beyond the answer's is proof even if the event is much older by its time."""
    return lambda event, answer: False


def gtid_against_time(much_older: Original) -> Original:
    """A GTID that the answer lacks is proof even if the event is much older by its time."""

    def wrong(event: Event, answer: Answer) -> bool:
        return not (event.gtid and answer.gtid) and bool(much_older(event, answer))

    return wrong


def never_another_log(much_later: Original) -> Original:
    """A place before the answer's is believed however much later the event is by its time."""
    return lambda event, answer: False


def later_than_now(is_newer: Original) -> Original:
    """Also an event that is later than it can be by now shows that it is of another log."""
    return lambda event, answer, waited_ms: is_newer(event, answer, waited_ms=float("inf"))


def silence_from_the_question(take_answer: Original) -> Original:
    """Silence is counted from when the query was wanted, however late the table was read."""

    def wrong(self: Load, *args: Any) -> None:
        take_answer(self, *args)
        self.answered_ms = self.asked_ms

    return wrong


def log_begun_anew() -> None:
    steady.test_a_log_begun_anew_is_exact_again_under_any_traffic(1000)


def backlog_of_another_server() -> None:
    answers.test_a_backlog_out_of_another_servers_log_does_not_pass_the_first_load(2, 0)


def log_passed_by_time() -> None:
    answers.test_a_log_behind_that_of_the_tables_server_is_passed_by_time_under_traffic(500)


def backlog_through_a_replica() -> None:
    answers.test_a_backlog_out_of_another_servers_log_does_not_pass_the_first_load(1, 5000)


def step_back() -> None:
    stories.test_a_step_back_in_the_feed_is_catching_up_until_its_mark_is_passed("position")


def step_back_ended_by_a_load() -> None:
    stories.test_a_step_back_is_ended_by_a_load_opened_after_it("es")


MUTANTS = (
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
        laws=(Law.CUT, Law.AUDIT, Law.PASSED),
    ),
    Mutant(
        "silence after a mixed board",
        Load,
        "mind_dirt",
        silence_after_a_mixed_board,
        [stories.test_a_message_while_the_answer_is_under_way_makes_silence_worthless_too],
        histories=300,
        laws=(Law.CUT, Law.AUDIT, Law.PASSED),
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
        histories=400,
        laws=(Law.CUT, Law.AUDIT, Law.PASSED),
        world={"stall": 1},
    ),
    Mutant(
        "rewinds end only at their mark",
        FeedView,
        "end_rewinds",
        rewinds_end_only_at_their_mark,
        [step_back_ended_by_a_load],
        histories=300,
        laws=(Law.PROGRESS,),
        world={"crash": 1, "long_transaction": 1, "evidence": "es"},
    ),
    Mutant(
        "rewinds unseen",
        FeedView,
        "rewound",
        rewinds_unseen,
        [step_back],
        histories=100,
        laws=(Law.CUT, Law.AUDIT),
        world={"crash": 1, "evidence": "position"},
    ),
    Mutant(
        "same second is later",
        engine.core.evidence,
        "SLACK_MS",
        same_second_is_later,
        [traps.test_an_event_of_the_second_of_the_query_proves_nothing],
        histories=100,
        laws=(Law.CUT, Law.AUDIT, Law.PASSED),
        world={"evidence": "es"},
    ),
    Mutant(
        "ends of any time",
        Load,
        "_see_order",
        ends_of_any_time,
        [traps.test_batch_order_needs_end_offsets_that_were_read_after_it],
    ),
    Mutant(
        "below the mark is a step back",
        HighWater,
        "see",
        below_the_mark_is_a_step_back,
        [log_begun_anew],
        histories=60,
        laws=(Law.STEADY, Law.PROGRESS),
        world={"steady": 1, "log_reset": 1, "move": 0, "evidence": "position"},
    ),
    Mutant(
        "step back moves no load",
        FeedView,
        "rewind_stuck",
        step_back_moves_no_load,
        [steady.test_an_answer_held_while_the_log_is_begun_anew_is_given_up],
        histories=60,
        laws=(Law.STEADY, Law.PROGRESS),
        world={"steady": 1, "log_reset": 1, "move": 0, "evidence": "position"},
    ),
    Mutant(
        "mark at the load",
        HighWater,
        "restart_at",
        mark_at_the_load,
        [
            steady.test_the_mark_after_a_log_begun_anew_is_what_has_come_of_it_not_what_the_load_saw,
        ],
    ),
    Mutant(
        "places of any server",
        engine.core.evidence,
        "same_log",
        places_of_any_server,
        [backlog_of_another_server],
        histories=60,
        laws=(Law.CUT, Law.AUDIT, Law.PASSED),
        world={"elsewhere": 1, "evidence": "position"},
    ),
    Mutant(
        "place against time",
        engine.core.evidence,
        "_much_older",
        place_against_time,
        [backlog_through_a_replica],
    ),
    Mutant(
        "GTID against time",
        engine.core.evidence,
        "_much_older",
        gtid_against_time,
        [answers.test_a_backlog_of_a_log_begun_anew_does_not_pass_by_its_gtid],
    ),
    Mutant(
        "never another log",
        engine.core.evidence,
        "much_later",
        never_another_log,
        [log_passed_by_time],
    ),
    Mutant(
        "later than now",
        engine.core.loading,
        "is_newer",
        later_than_now,
        [answers.test_a_backlog_from_before_the_clock_was_set_back_is_not_of_another_log],
    ),
    Mutant(
        "silence from the question",
        Load,
        "take_answer",
        silence_from_the_question,
        [answers.test_a_slow_query_on_a_sparse_feed_is_no_sign_that_canal_hangs],
        histories=300,
        laws=(Law.AUDIT,),
        world={
            "slow_query": 1,
            "partitions": 1,
            "pace_ms": 250,
            "steps": 400,
            "dead": 0,
            "silent": 0,
            "hole": 0,
            "stall": 0,
            "crash": 0,
        },
    ),
)
