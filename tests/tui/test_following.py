"""A followed row's trail, and a load in words: pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.status import Cause, EvictionEntry, LoadStatus, ReserveStatus, Verdict
from tests.tui.conftest import Open
from tests.tui.scripted import BOARD, EVENTS, NOW_MS, event, on_board, row, sample
from topn_tui.following import Trail, read_key, whereabouts
from topn_tui.panels.refill import MOVED_S, load_lines


def told(trail: Trail) -> list[str]:
    return ["".join(text for text, _ in seen.what) for seen in trail.sightings]


def evicted(number: int, **changed: object) -> EvictionEntry:
    entry = EvictionEntry(number=number, at_ms=NOW_MS + number, row=row(70, 53), rank=10,
                          cause=Cause.DISPLACED, by=row(44, 500), successor=None)  # fmt: skip
    return replace(entry, **changed)  # type: ignore[arg-type]


class TestTrail:
    def test_begins_with_what_is_still_kept_and_goes_on(self) -> None:
        trail = Trail(82)
        assert trail.see(sample())
        assert told(trail) == ["↕ moved 2 → 1"]
        assert not trail.see(sample())
        behind = (row(1, 700), *BOARD[:9])
        trail.see(sample(board=behind))
        assert told(trail)[1:] == ["▼ 1 → 2, others moved"]

    def test_an_eviction_and_the_return_are_each_told_once(self) -> None:
        trail = Trail(70)
        without = BOARD[:9]
        trail.see(sample(events=(), board=BOARD, evictions=()))
        trail.see(sample(events=(), board=without, evictions=(evicted(3),)))
        back = event(10, Verdict.ENTERED, key=70, new_score=60, after=on_board(8, 60),
                     at_ms=NOW_MS + 9)  # fmt: skip
        again = (*BOARD[:7], row(70, 60), *BOARD[7:9])
        trail.see(sample(events=(back,), board=again, evictions=(evicted(3),)))
        assert told(trail) == [
            "• at rank 10",
            "▼ left the board: displaced by 44 (500)",
            "▲ back: entered at 8",
        ]
        assert [seen.rank for seen in trail.sightings] == [10, None, 8]

    def test_a_row_that_comes_up_for_another_is_told(self) -> None:
        trail = Trail(70)
        gone = evicted(4, row=row(66, 61), cause=Cause.DELETED, by=None, successor=row(70, 53))
        trail.see(sample(events=(), evictions=(gone,)))
        assert told(trail)[0] == "▲ came up for 66"

    def test_a_score_that_no_change_on_show_explains_went_unseen(self) -> None:
        trail = Trail(98)
        trail.see(sample(events=(), evictions=()))
        for score, rank in ((170, 3), (300, 2)):
            others = [of for of in BOARD if of.key != 98]
            board = (*others[:rank], row(98, score), *others[rank:])
            assert trail.see(sample(events=(), evictions=(), board=board))
            assert not trail.see(sample(events=(), evictions=(), board=board))
        assert told(trail) == [
            "• at rank 4",
            "• #4, score 160 → 170: changes of it went unseen",
            "▲ #4 → #3, score 170 → 300: changes of it went unseen",
        ]
        assert [seen.score for seen in trail.sightings] == [160, 170, 300]

    def test_a_change_that_is_on_show_did_not_go_unseen(self) -> None:
        trail = Trail(62)
        trail.see(sample(events=(), evictions=(), board=(*BOARD[:6], row(62, 78), *BOARD[7:])))
        trail.see(sample(evictions=()))
        assert told(trail) == ["• at rank 7", "= score 78 → 79 at rank 7"]

    def test_is_bounded_and_keeps_the_newest(self) -> None:
        trail = Trail(82, kept=3)
        many = tuple(event(n, Verdict.SUPERSEDED, new_score=n) for n in range(1, 30))
        trail.see(sample(events=many, evictions=(), board=()))
        assert [seen.score for seen in trail.sightings] == [27, 28, 29]


def test_what_is_known_of_a_row_depends_on_where_it_may_be() -> None:
    status = sample()
    assert whereabouts(98, status) == "rank 4 of 10, score 160"
    assert whereabouts(41, status) == "in the reserve at 12, score 50"
    assert whereabouts(9, status) == "not on the board, nor among the reserve's best 3"
    nothing = ReserveStatus()
    assert whereabouts(9, sample(reserve=nothing)) == "not tracked: below the floor 12·9"
    known = sample(reserve=nothing, floor=None, whole_table_known=True)
    assert whereabouts(9, known) == "not in the table, or its score is NULL"
    hidden = sample(board_count=5_000)
    assert whereabouts(9, hidden) == "not among the first 10 rows, which are those shown"


def test_a_key_is_read_as_this_tables_keys_are() -> None:
    assert read_key(" 82 ", sample()) == 82
    assert read_key("82", sample(board=(row("x", 1),))) == "82"
    with pytest.raises(ValueError, match="no key here"):
        read_key("x", sample())
    with pytest.raises(ValueError, match="type the key"):
        read_key(" ", sample())


def test_a_load_is_told_in_each_phase_and_for_some_seconds_after_its_end() -> None:
    def line(now_ms: int = NOW_MS, **changed: object) -> str:
        lines = load_lines(sample(**changed), now_ms)
        return "\n".join("".join(text for text, _ in of) for of in lines)

    load = LoadStatus(why="refill", phase="querying", opened_at_ms=NOW_MS - 3_000)
    assert line(load=load) == "◐ load: refill · querying 3 s"
    held = replace(load, phase="held", rows=43, query_ms=12.0)
    assert line(load=held) == "◐ load: refill · held 3 s, waits for the log, 43 rows in 12 ms"
    ended = replace(held, phase="swapped", ended_at_ms=NOW_MS)
    merged = line(last_load=ended)
    assert merged == "✔ refill merged: rows of the table swapped in, 43 rows in 12 ms"
    assert line(NOW_MS + MOVED_S * 1_000, last_load=ended) == ""
    failed = replace(ended, phase="failed: \x1b[31mno route")
    assert line(last_load=failed).startswith("✖ refill failed: ")
    assert "\x1b" not in line(last_load=failed)


async def test_a_refill_is_seen_as_it_happens_and_the_floors_move_fades(dashboard: Open) -> None:
    async with dashboard(size=(120, 40)) as operator:
        low = replace(sample().reserve, held=3)
        load = LoadStatus(why="refill", phase="held", opened_at_ms=NOW_MS - 2_000)
        screen = await operator.show(reserve=low, load=load)
        assert "▼ low" in screen
        assert "held 2 s, waits for the log" in screen
        ended = replace(load, phase="swapped", ended_at_ms=NOW_MS, rows=43, query_ms=9.0)
        counters = replace(sample().counters, loads=4)
        screen = await operator.show(
            reserve=sample().reserve, load=None, last_load=ended, floor=(10, 3), counters=counters
        )
        assert "floor 12·9 → 10·3" in screen
        assert "✔ refill merged" in screen
        operator.now[0] += MOVED_S * 1_000
        screen = await operator.look()
        assert "floor 10·3" in screen
        assert "merged" not in screen


async def test_hostile_text_of_a_followed_row_stays_on_its_lines(dashboard: Open) -> None:
    hostile = "a\x1b[2J\n[bold]\u202e名前"
    board = (row(hostile, 900, 1, "et", 0), *(row(str(of.key), of.score) for of in BOARD[1:]))
    async with dashboard(size=(80, 24)) as operator:
        entered = event(10, Verdict.ENTERED, key=hostile, op="\x1b]0;x", after=on_board(1, 900))
        await operator.show(board=board, events=(*EVENTS, entered), events_total=10)
        operator.app.follow(hostile)
        screen = await operator.look()
        assert "Following" in screen
        assert "\x1b" not in screen
        assert "\u202e" not in screen
        for strip in operator.strips():
            assert strip.cell_length == 80
