"""Histories, rates and waits: bounded, numbered without gaps, the same object while nothing changes."""

from __future__ import annotations

from collections.abc import Sequence

from engine.backoff import Backoff
from engine.core.changes import (
    BoardChange,
    Cause,
    Delete,
    Delivery,
    Event,
    Eviction,
    Explained,
    Kind,
    Row,
    Upsert,
    Value,
    Verdict,
)
from engine.core.states import Claim, State
from engine.core.verdicts import Candidate
from engine.dead_letter_lines import DeadLetter
from engine.history import (
    DEAD_LETTERS_KEPT,
    EVENTS_KEPT,
    EVICTIONS_KEPT,
    NOTICES_KEPT,
    RAW_BYTES_KEPT,
    TEXT_KEPT,
    TRANSITIONS_KEPT,
    History,
    Log,
)
from engine.meter import HISTORY_S, Meter
from engine.ports import Message
from engine.rows_before import READ_AGAIN_BYTES
from engine.status import Publication


class TestLog:
    def test_keeps_the_newest_and_counts_all(self) -> None:
        log: Log[int] = Log(3)
        for number in range(5):
            log.add(number)
        assert (log.entries(), log.total) == ((2, 3, 4), 5)

    def test_hands_out_the_same_tuple_until_one_is_added(self) -> None:
        log: Log[int] = Log(3)
        assert log.entries() is log.entries()
        log.add(1)
        before = log.entries()
        assert log.entries() is before
        log.add(2)
        assert log.entries() == (1, 2)
        assert before == (1,)


def explained(offset: int) -> tuple[Explained, Candidate]:
    line = Explained(0, offset, None, "INSERT", 1, None, 5, Verdict.ENTERED)
    change = Upsert(1, 5)
    event = Event(Kind.ROWS, "INSERT", changes=(change,))
    return line, Candidate(Delivery(0, offset, (event,)), event, change)


def letter_of(value: bytes | None, *, noticed_ms: int = 1) -> DeadLetter:
    return DeadLetter(
        topic="t",
        partition=0,
        offset=7,
        timestamp_ms=1,
        noticed_ms=noticed_ms,
        reason="broken",
        value=value,
        raw_size=len(value or b""),
    )


class TestHistory:
    def test_rows_before_are_read_again_once_a_message_and_never_from_a_huge_one(self) -> None:
        changes = (Upsert(1, 5, (b"x",)), Delete(2), Upsert(4, 5, old_key=3))
        event = Event(Kind.ROWS, "UPDATE", changes=changes)
        line = Explained(0, 7, None, "UPDATE", 1, None, 5, Verdict.MOVED)
        delivery = Delivery(0, 7, (Event(Kind.IGNORED, ""), event))
        told = [(line, Candidate(delivery, event, of)) for of in changes]
        # Half of a change of the key, as the core makes it.
        told.append((line, Candidate(delivery, event, Delete(3, new_key=4))))
        asked = []

        def read(value: bytes | None) -> Sequence[Sequence[tuple[Value, ...] | None]]:
            asked.append(value)
            return [[], [("a" * 1000,), ("b",), ("c",)]]

        for size, known in ((100, ["a" * TEXT_KEPT, "b", "c", "c"]), (READ_AGAIN_BYTES + 1, [])):
            history, value = History(), b"m" * size
            found = {(0, 7): Message(0, 7, 1, value)}
            history.add_events(told, found, total=4, at_ms=1, read_before=read)
            befores = [e.columns_before for e in history.events.entries()]
            assert befores == ([(of,) for of in known] or [None] * 4)
        assert asked == [b"m" * 100]

    def test_numbers_of_events_say_how_many_were_not_kept(self) -> None:
        history = History()
        history.add_events([explained(7), explained(8)], {}, total=100, at_ms=1)
        assert [e.number for e in history.events.entries()] == [99, 100]
        history.add_events([explained(9)], {}, total=300, at_ms=2)
        assert [e.number for e in history.events.entries()] == [99, 100, 300]
        assert [e.explained.offset for e in history.events.entries()] == [7, 8, 9]

    def test_of_a_message_only_the_beginning_is_kept_and_its_size(self) -> None:
        history = History()
        big = Message(0, 7, 1, b"x" * (RAW_BYTES_KEPT + 1))
        history.add_events([explained(7), explained(8)], {(0, 7): big}, total=2, at_ms=1)
        history.add_dead_letter(letter_of(big.value))
        first, second = history.events.entries()
        assert (len(first.raw), first.raw_size) == (RAW_BYTES_KEPT, RAW_BYTES_KEPT + 1)
        assert (second.raw, second.raw_size) == (b"", 0)
        (letter,) = history.dead_letters.entries()
        assert (len(letter.raw), letter.raw_size) == (RAW_BYTES_KEPT, RAW_BYTES_KEPT + 1)
        assert (letter.partition, letter.offset, letter.reason) == (0, 7, "broken")

    def test_a_null_message_can_be_a_dead_letter(self) -> None:
        history = History()
        history.add_dead_letter(letter_of(None))
        assert history.dead_letters.entries()[0].raw == b""

    def test_a_notice_is_not_repeated_one_after_the_other(self) -> None:
        history = History()
        for text in ("a", "a", "b", "a"):
            history.add_notice("info", text, at_ms=1)
        history.add_notice("error", "a", at_ms=1)
        noticed = [(n.number, n.level, n.text) for n in history.notices.entries()]
        assert noticed == [(1, "info", "a"), (2, "info", "b"), (3, "info", "a"), (4, "error", "a")]

    def test_a_transition_is_a_change_of_claim_or_publication(self) -> None:
        history = History()
        loading, exact = Claim(State.LOADING, "x"), Claim(State.EXACT)
        owner, standby = Publication.OWNER, Publication.STANDBY
        for claim, who in ((loading, standby),) * 2 + ((exact, standby), (exact, owner)) * 2:
            history.add_transition(claim, who, at_ms=1)
        told = [(t.number, t.state, t.publication) for t in history.transitions.entries()]
        assert told[:3] == [
            (1, State.LOADING, standby),
            (2, State.EXACT, standby),
            (3, State.EXACT, owner),
        ]
        assert [number for number, *_ in told] == [1, 2, 3, 4, 5]

    def test_of_a_row_with_megabytes_in_it_a_line_is_kept(self) -> None:
        history = History()
        row = Row(1, 1, ("x" * 2_000_000, b"y" * 2_000_000, 7, None))
        eviction = Eviction(row, Cause.DISPLACED, by=row, successor=row)
        history.add_evictions(BoardChange(left=(eviction,)), at_ms=1)
        line, candidate = explained(1)
        change = Upsert(row.key, row.score, row.columns)
        long = Candidate(candidate.delivery, candidate.event, change)
        history.add_events([(line, long)], {}, total=1, at_ms=1)
        (kept,), (event,) = history.evictions.entries(), history.events.entries()
        cut = ("x" * TEXT_KEPT, b"y" * TEXT_KEPT, 7, None)
        assert kept.by is not None
        assert kept.successor is not None
        assert kept.row.columns == kept.by.columns == kept.successor.columns == event.columns == cut

    def test_everything_is_bounded(self) -> None:
        history = History()
        row = Row(1, 1)
        for i in range(1000):
            history.add_events([explained(i)], {}, total=i + 1, at_ms=i)
            history.add_evictions(BoardChange(left=(Eviction(row, Cause.FELL),)), at_ms=i)
            history.add_notice("info", str(i), at_ms=i)
            history.add_transition(Claim(State.EXACT, str(i)), Publication.OWNER, at_ms=i)
            history.add_dead_letter(letter_of(b"", noticed_ms=i))
        bounds = {
            history.events: EVENTS_KEPT,
            history.evictions: EVICTIONS_KEPT,
            history.notices: NOTICES_KEPT,
            history.transitions: TRANSITIONS_KEPT,
            history.dead_letters: DEAD_LETTERS_KEPT,
        }
        for log, kept in bounds.items():
            assert (len(log.entries()), log.total) == (kept, 1000)
            assert log.entries()[-1].at_ms == 999
        numbered = (history.evictions, history.notices, history.transitions, history.dead_letters)
        for log in numbered:
            assert log.entries()[-1].number == 1000


class TestMeter:
    def test_a_rate_is_of_the_time_that_really_passed(self) -> None:
        meter = Meter(0)
        meter.tick(999, changes_total=50, lag=3)
        assert meter.rates().changes_history == ()
        meter.tick(2_000, changes_total=100, lag=3)
        assert meter.rates().changes_per_s == 50
        assert meter.rates().lag_history == (3,)
        meter.tick(3_000, changes_total=100, lag=0)
        assert meter.rates().changes_history == (50, 0)

    def test_the_same_object_until_a_second_is_over(self) -> None:
        meter = Meter(0)
        before = meter.rates()
        meter.tick(500, changes_total=9, lag=None)
        assert meter.rates() is before
        meter.tick(1_000, changes_total=9, lag=None)
        assert meter.rates() is not before

    def test_what_is_not_known_is_none(self) -> None:
        meter = Meter(0)
        assert (meter.rates().delay_ms, meter.rates().stored_ms) == (None, None)
        meter.tick(1_000, changes_total=0, lag=None)
        meter.delay_ms, meter.stored_ms = 250.0, 3.0
        meter.tick(2_000, changes_total=0, lag=0)
        assert meter.rates().lag_history == (None, 0)
        assert meter.rates().delay_history == (None, 250)
        assert meter.rates().stored_history == (None, 3)

    def test_an_engine_without_time_to_spare_says_so_for_that_second_only(self) -> None:
        meter = Meter(0)
        meter.worked_ms = 900
        assert not meter.rates().saturated  # the second is not over
        meter.tick(1_000, changes_total=9, lag=None)
        assert (meter.rates().busy, meter.rates().saturated) == (0.9, True)
        meter.worked_ms += 200
        meter.tick(2_000, changes_total=9, lag=None)
        assert (meter.rates().busy, meter.rates().saturated) == (0.2, False)

    def test_time_that_others_needed_is_none_that_an_engine_had_to_spare(self) -> None:
        meter = Meter(0)
        meter.worked_ms, meter.gave_ms = 150, 800
        meter.tick(1_000, changes_total=9, lag=None)
        assert meter.rates().saturated
        meter.worked_ms += 150  # and of its next second nobody else wanted any: gave_ms only grows
        meter.tick(2_000, changes_total=9, lag=None)
        assert not meter.rates().saturated

    def test_two_minutes_are_kept(self) -> None:
        meter = Meter(0)
        for second in range(1, 200):
            meter.tick(second * 1000, changes_total=second, lag=second)
        assert len(meter.rates().changes_history) == HISTORY_S
        assert meter.rates().lag_history[-1] == 199


class TestBackoff:
    def test_waits_stay_within_their_bounds(self) -> None:
        backoff = Backoff(first_ms=300, most_ms=3_000)
        waits = [backoff.next_ms() for _ in range(2_000)]  # 2**2000 would not fit a float
        assert all(50 <= wait <= 3_000 for wait in waits)
        assert len(set(waits)) > 100  # jitter

    def test_they_grow_and_start_again_after_a_success(self) -> None:
        def longest(attempt: int) -> float:
            waits = []
            for _ in range(300):
                backoff = Backoff(first_ms=100, most_ms=100_000)
                waits += [[backoff.next_ms() for _ in range(attempt)][-1]]
            return max(waits)

        assert longest(1) <= 100 < longest(4) <= 800
        backoff = Backoff(first_ms=100, most_ms=100_000)
        for _ in range(10):
            backoff.next_ms()
        backoff.reset()
        assert backoff.next_ms() <= 100
