"""What an operator does and sees, at both ends of the sizes."""

from __future__ import annotations

import asyncio
import inspect
import re
from dataclasses import replace
from typing import Any

import pytest
from textual.strip import Strip
from textual.widgets import Static
from wcwidth import wcswidth

from engine.errors import ServiceAway, WrongSetting
from engine.past import After, Moment, Past
from engine.status import (
    EngineStatus,
    Exactness,
    LoadStatus,
    Notice,
    Publication,
    Rates,
    Standing,
    State,
    Verdict,
)
from engine.told import told
from tests.tui.conftest import FRAME_S, Open
from tests.tui.hostile import HOSTILE, hostile
from tests.tui.scripted import (
    BOARD,
    EVENTS,
    EVICTIONS,
    NOW_MS,
    ScriptedEngine,
    event,
    on_board,
    row,
)
from topn_tui import running
from topn_tui.app import Dashboard
from topn_tui.keys import KEYS
from topn_tui.panels.ledger import Ledger
from topn_tui.panels.lines import Lines

Size = tuple[int, int]


def line_with(text: str, lines: list[str]) -> str:
    return next(line for line in lines if text in line)


def tone_of(text: str, strips: list[Strip]) -> object:
    """The colour in which a piece of the screen is drawn."""
    return next(
        segment.style and segment.style.color
        for strip in strips
        for segment in strip
        if segment.text.strip() == text
    )


# ── following one change ──


async def test_the_operator_follows_one_change_through_all_panels(
    dashboard: Open, size: Size
) -> None:
    async with dashboard(size=size) as operator:
        board = (row(82, 650, 100, "et", 0), row(44, 500, 1, "et", 0), *BOARD[1:9])
        entered = event(
            10, Verdict.ENTERED, key=44, op="UPDATE", old_score=51, new_score=500, other=70,
            after=on_board(2, 500),
        )  # fmt: skip
        gone = replace(EVICTIONS[1], number=3, row=row(70, 53), by=row(44, 500))
        await operator.show(
            board=board,
            heap=tuple(sorted(of.rank_key for of in board)),
            events=(*EVENTS, entered),
            events_total=10,
            evictions=(*EVICTIONS, gone),
        )
        events = await operator.panel("events")
        assert "entered at 2, pushed 70 out" in events[2]
        assert "p0@81010" in events[2]
        heap = await operator.panel("heap")
        assert "500·44" in "".join(heap)
        assert "54·68" in heap[1]  # the bar to beat is another row now
        assert "new" in line_with(" 44 ", await operator.panel("board"))
        assert "displaced by 44 (500)" in (await operator.panel("evictions"))[2]


async def test_the_board_shows_ranks_columns_movement_and_ties_in_order(
    dashboard: Open, size: Size
) -> None:
    async with dashboard(size=size) as operator:
        lines = await operator.panel("board")
        keys = [line.split()[2] for line in lines[2:12]]
        assert keys == [str(of.key) for of in BOARD]
        assert "12,345" in line_with(" 78 ", lines)
        moved = (row(78, 660, 11, "et", 12_345), *(of for of in BOARD if of.key != 78))
        await operator.show(board=moved)
        lines = await operator.panel("board")
        assert "▲1" in line_with(" 78 ", lines)
        assert "+210" in line_with(" 78 ", lines)
        assert "▼1" in line_with(" 82 ", lines)
        fresh = tone_of("▲1", operator.strips())
        operator.now[0] += 2_000
        await operator.look()
        assert tone_of("▲1", operator.strips()) != fresh
        operator.now[0] += 2_000
        assert "▲1" not in await operator.look()


async def test_v_shows_the_reserve_below_the_board_and_hides_it(
    dashboard: Open, size: Size
) -> None:
    async with dashboard(size=size) as operator:
        assert " res " not in await operator.look()
        assert await operator.press("v")
        line = line_with(" 44 ", await operator.panel("board"))
        assert line.split()[1:4] == ["11", "res", "44"]
        assert " res " not in await operator.press("v")


async def test_enter_shows_a_change_in_full(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        await operator.panel("events")
        screen = await operator.press("enter")
        for told in ("moved 2 → 1", "550 → 650", "rank 2, score 550", "offset 81009"):
            assert told in screen
        assert '"table"' in await operator.press("pagedown")
        assert '"table"' not in await operator.press("escape")


async def test_a_picked_row_is_marked_in_the_other_panels(dashboard: Open) -> None:
    async with dashboard() as operator:
        await operator.panel("events")
        await operator.press("down", "down")
        assert operator.app.marked == 98
        lines = await operator.panel("board")
        assert "•" in line_with(" 98 ", lines)
        assert "•" not in line_with(" 82 ", lines)


async def test_the_cursor_stays_on_its_row_while_new_ones_come(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        await operator.panel("events")
        await operator.press("down", "down")
        more = tuple(event(n, Verdict.BELOW_FLOOR, key=n, gap=1) for n in range(10, 60))
        await operator.show(events=(*EVENTS, *more), events_total=59)
        lines = await operator.panel("events")
        assert "entered at 4" in line_with("▸", lines)
        assert "home follows" in lines[-1]
        await operator.press("home")
        assert "p0@81059" in (await operator.panel("events"))[2]


async def test_changes_that_came_too_fast_are_counted(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        assert "not shown" not in (await operator.panel("events"))[-1]
        await operator.show(events=(event(500, Verdict.BELOW_FLOOR, gap=1),), events_total=500)
        last = (await operator.panel("events"))[-1]
        assert "500 in all · 490 not shown" in last


# ── is it right? ──


CLAIMS = (
    (
        Exactness(state=State.EXACT, verified_at_ms=NOW_MS - 12_000),
        "● EXACT  verified 12 s ago",
    ),
    (
        Exactness(state=State.EXACT, provisional=True, reason="feed quiet"),
        "● EXACT · feed quiet",
    ),
    (
        Exactness(state=State.CATCHING_UP, reason="rewind", since_at_ms=NOW_MS - 3_000),
        "◐ CATCHING UP 3 s: rewind",
    ),
    (
        Exactness(
            state=State.DEFICIT,
            since_at_ms=NOW_MS - 1_000,
            reason=told("{count} of {size}", count=8, size=10),
        ),
        "◌ DEFICIT 8 of 10 · 1 s   ",
    ),
    (
        Exactness(state=State.DEFICIT, since_at_ms=NOW_MS - 1_000, reason="no load yet"),
        "◌ DEFICIT 8 of 10 · 1 s: no load yet",
    ),
    (
        Exactness(state=State.INEXACT, reason="dead letter p0@7", since_at_ms=NOW_MS),
        "✖ INEXACT 0 s: dead letter p0@7",
    ),
    (Exactness(state=State.LOADING), "◔ LOADING -"),
    (Exactness(state=State.STOPPED, reason="asked to"), "■ STOPPED: asked to"),
)


async def test_the_header_says_how_exact_the_board_is(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        for exactness, said in CLAIMS:
            screen = await operator.show(exactness=exactness, board_count=8)
            assert said in screen.splitlines()[1]


async def test_the_header_names_the_topic_in_as_much_room_as_there_is(dashboard: Open) -> None:
    async with dashboard(size=(200, 40)) as operator:
        for width, told in (
            (200, "→ topn:{interactives}  topic canal.interactives "),
            (100, "like_cnt  topic canal.interactives "),
            (80, "like_cnt  topic canal.interactives "),
            (60, "webook.interactives  TOP 10 by like_cnt  ← canal.intera…"),
        ):
            assert told in (await operator.resize(width, 40)).splitlines()[0]
    async with dashboard(size=(80, 40), mode="EMBEDDED") as operator:
        told = " webook.interactives  TOP 10 by like_cnt  ← canal.interactives "
        assert told in (await operator.look()).splitlines()[0]


async def test_the_header_says_which_environment_this_is(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size, environment="staging") as operator:
        await operator.look()
        assert operator.strips()[0].text.rstrip().endswith("staging")


STANDINGS = (
    (Standing(publication=Publication.OWNER, version=7), "◆ OWNER v7"),
    (Standing(publication=Publication.STANDBY, by="e-2"), "◇ STANDBY: owned by e-2"),
    (Standing(publication=Publication.FENCED, by="e-2"), "✖ FENCED by e-2"),
    (Standing(publication=Publication.AWAY, reason="refused"), "○ AWAY: refused"),
    (Standing(publication=Publication.OBSERVER, by="e-2"), "◇ OBSERVER: owned by e-2"),
    (Standing(publication=Publication.OBSERVER), "◇ OBSERVER: never publishes"),
    (Standing(publication=Publication.STOPPED), "■ STOPPED"),
)


async def test_header_and_pipeline_say_who_publishes(dashboard: Open) -> None:
    async with dashboard() as operator:
        for standing, said in STANDINGS:
            screen = (await operator.show(standing=standing)).splitlines()
            assert said in screen[1]
            assert said in "".join(screen[2:])


async def test_that_nobody_publishes_stays_in_the_header_whatever_the_reasons_are(
    dashboard: Open,
) -> None:
    reason = "cannot be reached: 127.0.0.1:6379: Connection refused; start it, or correct store.url"
    waiting = Exactness(
        state=State.LOADING, since_at_ms=NOW_MS - 2_000, reason="waiting for the services"
    )
    away = Standing(publication=Publication.AWAY, reason=reason)
    async with dashboard() as operator:
        await operator.show(exactness=waiting, standing=away)
        line = operator.strips()[1].text
        assert line.startswith(
            " ◔ LOADING 2 s: waiting for the services  ○ AWAY: cannot be reached"
        )
        assert line.rstrip().endswith("…")
        line = (await operator.resize(60, 40)).splitlines()[1]
        assert re.search(r"waiting for the services +○ AWAY", line)
        await operator.show(exactness=replace(waiting, reason=f"MySQL {reason}"))
        line = operator.strips()[1].text
        assert re.fullmatch(r" ◔ LOADING 2 s: MySQL cannot be .*… +○ AWAY *", line)
        line = (await operator.resize(40, 20)).splitlines()[1]
        assert re.fullmatch(r" ◔ LOADING 2 s: .*… +○ AWAY *", line)


async def test_unknown_is_a_dash_and_never_a_zero(dashboard: Open, size: Size) -> None:
    async with dashboard(ScriptedEngine(EngineStatus()), size=size) as operator:
        pipeline = "".join(await operator.panel("pipeline"))
        assert "lag" in pipeline
        lag = pipeline.split("lag")[1].split()[0]
        assert lag == "-"
        heap = await operator.panel("heap")
        assert line_with("bar to beat  ", heap).split()[4] == "-"
        assert line_with("reserve", heap).split()[2] == "-"


async def test_the_pipeline_tells_stages_lag_loads_and_audits(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        text = "\n".join(await operator.panel("pipeline"))
        for told in ("● MySQL", "● Kafka", "● Redis", "1,204/s", "≤ 1.3 s", "p2 81,011 lag 0",
                     "refill swapped 41 s ago", "equal 12 s ago", "mismatches 0", "dead letters 1",
                     "31 %", "ms late"):  # fmt: skip
            assert told in text
        load = LoadStatus(why="heal", phase="querying", opened_at_ms=NOW_MS - 3_000)
        await operator.show(load=load)
        assert "◐ heal querying 3 s" in "\n".join(await operator.panel("pipeline"))
        assert "◐ load: heal · querying 3 s" in "\n".join(await operator.panel("heap"))


async def test_the_pipeline_tells_both_delays_with_their_units(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        partitions = tuple(
            replace(p, end=p.position + 30_000) for p in operator.engine.status.partitions
        )
        await operator.show(partitions=partitions)
        text = "\n".join(await operator.panel("pipeline"))
        for told in (
            r"lag +[▁-█]+ 90,000 msg ",
            r"delay +[▁-█]+ ≤ 1.3 s",
            r"stored +[▁-█]+ 2.4 ms",
        ):
            assert re.search(told, text)


async def test_what_has_no_room_in_the_pipeline_goes_whole(dashboard: Open) -> None:
    async with dashboard(size=(120, 40)) as operator:
        (line,) = [of for of in await operator.panel("pipeline") if "◆ OWNER" in of]
        standing = re.split(" {2,}", line)[0]
        assert standing.removeprefix("│").strip() in (
            "◆ OWNER v88,214",
            "◆ OWNER v88,214 published 1 s ago",
        )


async def test_a_maximised_pipeline_has_all_partitions(dashboard: Open) -> None:
    async with dashboard(size=(120, 40)) as operator:
        first = operator.engine.status.partitions[0]
        await operator.show(partitions=tuple(replace(first, partition=p) for p in range(60)))
        assert "and 56 more" in "".join(await operator.panel("pipeline"))
        screen = await operator.press("m")
        assert "more, no further behind" not in screen
        assert " p30 " in screen
        assert " p59 " in await operator.press("end")
        assert "and 56 more" in await operator.press("m")


# ── keys ──


async def test_the_operator_pauses_and_the_missed_changes_are_counted(
    dashboard: Open, size: Size
) -> None:
    async with dashboard(size=size) as operator:
        await operator.press("space")
        screen = await operator.show(
            board=BOARD[1:], events_total=1_213, exactness=Exactness(state=State.INEXACT, reason="lost")
        )  # fmt: skip
        assert "PAUSED 1,204 missed" in screen.splitlines()[0]
        assert "INEXACT" in screen.splitlines()[1]  # the claim is never paused
        assert " 82 " in line_with("650", await operator.panel("board"))
        assert "PAUSED" not in await operator.press("space")
        assert not [line for line in await operator.panel("board") if " 82 " in line]


async def test_a_pause_keeps_what_the_operator_saw_not_what_came_a_moment_later(
    dashboard: Open,
) -> None:
    async with dashboard() as operator:
        assert " 82 " in line_with("650", await operator.panel("board"))
        operator.engine.remembered = past_of(operator.engine.status)
        operator.engine.show(at_ms=NOW_MS + 90, board=BOARD[1:], events_total=1_213)  # and no frame
        await operator.pilot.press("space")
        await operator.look()
        assert " 82 " in line_with("650", await operator.panel("board"))


async def test_where_nothing_of_what_is_shown_is_kept_a_pause_shows_what_is(
    dashboard: Open,
) -> None:
    async with dashboard() as operator:
        operator.engine.show(at_ms=NOW_MS + 90, board=BOARD[1:], events_total=1_213)
        operator.engine.remembered = past_of(operator.engine.status)
        await operator.pilot.press("space")
        await operator.look()
        assert not [line for line in await operator.panel("board") if " 82 " in line]
        assert operator.app.view is not None


def past_of(status: EngineStatus) -> Past:
    """One moment: that of the status."""
    after = After(events_total=status.events_total)
    rows = {row.key: row for row in status.board}
    return Past(moments=(Moment(status.at_ms, rows, status.events_total, False, after),))


async def test_r_and_a_ask_the_engine(dashboard: Open) -> None:
    async with dashboard() as operator:
        await operator.press("r", "a")
        assert operator.engine.asked == ["refill", "audit"]


async def test_before_the_first_load_r_and_a_say_that_it_is_on_its_way(dashboard: Open) -> None:
    async with dashboard(ScriptedEngine(EngineStatus()), toasts=True) as operator:
        for key in ("r", "a"):
            assert "Nothing is loaded yet" in await operator.press(key)
        assert operator.engine.asked == []


async def test_n_lists_the_notices_as_they_come(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        assert "loaded 43 rows" in (await operator.look()).splitlines()[-2]
        screen = await operator.press("n")
        assert "Notices, and what this screen said in passing; newest first" in screen
        second = Notice(number=2, at_ms=NOW_MS, level="error", text="dead letter at p0@7")
        screen = await operator.show(notices=(*operator.engine.status.notices, second))
        assert screen.count("dead letter at p0@7") == 2  # in the list and in the line
        screen = await operator.press("escape")
        assert "✖" in screen.splitlines()[-2]


async def test_n_has_what_toasts_have_said_at_its_place_in_time(
    dashboard: Open, size: Size
) -> None:
    async with dashboard(size=size, toasts=True) as operator:
        operator.now[0] += 5_000
        assert "Asked for a refill" in await operator.press("r")
        later = Notice(number=2, at_ms=NOW_MS + 9_000, level="warning", text="the broker is away")
        await operator.show(notices=(*operator.engine.status.notices, later))
        screen = await operator.press("n")
        order = (
            "the broker is away",
            "Asked for a refill: the table is read again.",
            "loaded 43 rows",
        )
        listed = screen[screen.index("Notices, and what") :]
        places = [listed.index(text) for text in order]
        assert places == sorted(places)
        assert screen.count("Asked for a refill") == 1  # no toast over the list


@pytest.mark.parametrize("size", [(40, 10), (80, 24)], ids=str)
async def test_no_toast_covers_the_help(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size, toasts=True) as operator:
        assert "Asked for" in await operator.press("r", "a")
        screen = await operator.press("question_mark")
        assert "Asked for" not in screen
        assert re.search(r"freeze the\s", screen)


async def test_every_word_of_the_pipeline_is_in_the_help(dashboard: Open) -> None:
    """But those that say what they are: lag, rate, dead letters."""
    async with dashboard(size=(120, 40)) as operator:
        shown = "\n".join(await operator.panel("pipeline"))
        await operator.press("question_mark")
        told = str(operator.app.screen.query_one("#detail-text", Static).content)
        words = told[told.index("Words") :]
        for word in ("delay", "stored", "screen", "checks", "mismatches", "superseded", "swapped"):
            assert word in shown
            assert re.search(rf"^  .*\b{word}\b", words, re.MULTILINE), word
        for word in ("verified", "as of", "batch"):
            assert re.search(rf"^  .*\b{word}\b", words, re.MULTILINE), word


async def test_help_tells_every_key(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        bound = {
            of.binding.tooltip
            for of in operator.app.active_bindings.values()
            if of.node is operator.app
        }
        screen = await operator.press("question_mark")
        assert "freeze the panels" in screen
        told = str(operator.app.screen.query_one("#detail-text", Static).content)
        bound |= {of.tooltip for of in KEYS}  # some are there only while paused
        assert {of for of in bound if of.lower() not in told.lower()} == set()


async def test_the_footer_tells_all_keys_at_both_sizes(dashboard: Open, size: Size) -> None:
    async with dashboard(size=size) as operator:
        footer = (await operator.look()).splitlines()[-1]
        for key in (
            "space Pause",
            "r Refill",
            "a Audit",
            "v Reserve",
            "n Notices",
            "? Help",
            "q Quit",
        ):
            assert key in footer


async def test_a_resize_rearranges_the_panels_and_loses_nothing(dashboard: Open) -> None:
    async with dashboard() as operator:
        for size in ((40, 10), (80, 50), (99, 24), (200, 60), (120, 30), (120, 40)):
            screen = (await operator.resize(*size)).split("\n")
            assert {wcswidth(line) for line in screen} == {size[0]}
            assert any(" 650 " in line for line in screen) or size == (40, 10)
        assert all(of in "".join(screen) for of in ("Board", "Heap", "Binlog", "Evict", "Pipeline"))


async def test_with_two_panels_worth_of_height_a_narrow_screen_keeps_the_board(
    dashboard: Open,
) -> None:
    async with dashboard(size=(80, 50)) as operator:
        await operator.panel("events")
        screen = await operator.look()
        assert "Board" in screen
        assert "Binlog events" in screen


# ── the end ──


@pytest.mark.parametrize(
    ("error", "said", "by_setting"),
    [
        (ServiceAway("Kafka", "no broker", "start it"), "Kafka: no broker; start it", False),
        (WrongSetting("size is 0; make it 1 or more"), "size is 0", True),
        (
            RuntimeError("x\x1b[31m"),
            "a bug, its traceback is in the log: RuntimeError: x␛[31m",
            False,
        ),
        (None, "it stopped though nobody asked it to", False),
    ],
)
async def test_after_a_crash_the_board_stays_and_the_exit_code_says_so(
    dashboard: Open, size: Size, error: Exception | None, said: str, by_setting: bool
) -> None:
    async with dashboard(size=size) as operator:
        operator.engine.end(error)
        screen = await operator.look()
        assert f"✖ ENGINE ENDED: {said[:50]}" in screen.splitlines()[1]
        notice = " ".join(" ".join(screen.splitlines()[-4:-1]).split())
        assert "q quits, then start again" in notice
        assert "EXACT" not in screen.splitlines()[1]
        assert said in notice
        assert "Traceback" not in screen
        assert "650" in "".join(await operator.panel("board"))
        await operator.press("r")
        assert operator.engine.asked == []
        await operator.pilot.press("q")
        await operator.pilot.pause(0.1)
        assert operator.app.return_code == 1
        assert operator.app.ended_by_setting is by_setting


async def test_a_long_reason_of_the_end_can_be_read_whole_with_its_next_step(
    dashboard: Open,
) -> None:
    reason = (
        "table.score = 'like_cnt': " + "a column of this type cannot be ranked exactly, for it is "
    )
    reason += "DOUBLE; choose a column of whole numbers or a DECIMAL: set table.score to the name"
    assert 165 <= len(reason) <= 175
    async with dashboard(size=(80, 24)) as operator:
        operator.engine.end(WrongSetting(reason))
        lines = (await operator.look()).splitlines()
        assert reason in " ".join(" ".join(lines[-4:-1]).split())
        screen = await operator.press("n")
        assert "the engine ended: table.score" in screen
        await operator.press("down")
        opened = await operator.press("enter")
        assert "set table.score" in opened


async def test_a_reason_beyond_all_room_is_in_the_notices_which_the_line_says(
    dashboard: Open,
) -> None:
    async with dashboard(size=(60, 20)) as operator:
        operator.engine.end(WrongSetting("word " * 60 + "LAST"))
        line = (await operator.look()).splitlines()[-2]
        assert "n: the rest" in line
        assert "LAST" not in line
        assert "LAST" in await operator.press("n", "down", "enter")


async def test_quitting_stops_the_engine(dashboard: Open) -> None:
    async with dashboard() as operator:
        await operator.pilot.press("q")
        await operator.pilot.pause(0.1)
    assert operator.engine.asked == ["stop"]
    assert operator.app.return_code == 0
    assert operator.app.ended is None


async def test_an_engine_that_does_not_stop_is_left_behind(
    dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "STOP_TIMEOUT_S", 0.1)
    engine = ScriptedEngine()
    engine.deaf = True
    async with dashboard(engine) as operator:
        await operator.pilot.press("q")
        await operator.pilot.pause(0.3)
    assert operator.app.return_code == 1


async def test_q_again_leaves_at_once(dashboard: Open) -> None:
    engine = ScriptedEngine()
    engine.deaf = True
    async with dashboard(engine) as operator:
        await operator.pilot.press("q", "q")
        await operator.pilot.pause(0.1)
    assert operator.app.return_code == 1


# ── work ──


def test_the_engine_is_looked_at_ten_times_a_second_at_most() -> None:
    assert inspect.signature(Dashboard).parameters["frame_s"].default >= 0.1


async def test_frames_in_which_nothing_changed_draw_nothing(
    dashboard: Open, size: Size, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dashboard(size=size, frame_s=FRAME_S) as operator:
        drawn: list[str] = []
        for widget in (Ledger, Lines):
            refresh = widget.refresh

            def counted(self: Any, *args: Any, _of: Any = refresh, **keywords: Any) -> Any:
                drawn.append(self.id)
                return _of(self, *args, **keywords)

            monkeypatch.setattr(widget, "refresh", counted)
        await asyncio.sleep(0.5)
        assert drawn == []
        await operator.show(at_ms=NOW_MS + 100)  # a new status that says nothing new
        assert drawn == []
        await operator.show(rates=Rates(changes_per_s=5.0))
        assert set(drawn) <= {"events", "flow"}
        drawn.clear()
        moved = (row(82, 651, 100, "et", 0), *BOARD[1:])
        await operator.show(board=moved)
        assert set(drawn) == {"board"}


async def test_only_lines_that_differ_are_drawn(
    dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dashboard() as operator:
        lines: list[int] = []
        render_line = Ledger.render_line

        def counted(self: Any, y: int) -> Any:
            lines.append(y)
            return render_line(self, y)

        monkeypatch.setattr(Ledger, "render_line", counted)
        changed = (*BOARD[:4], row(72, 80, 10, "et", 0), *BOARD[5:])
        await operator.show(board=changed)
        assert set(lines) == {5}


# ── hostile text ──


@pytest.mark.slow
@pytest.mark.parametrize("texts", [HOSTILE, HOSTILE[::-1]], ids=["forward", "backward"])
async def test_hostile_text_leaves_every_line_at_its_width(
    dashboard: Open, size: Size, texts: tuple[str, ...]
) -> None:
    async with dashboard(ScriptedEngine(hostile(texts)), size=size) as operator:
        for keys in (
            "1",
            "v",
            "enter",
            "escape 2",
            "3",
            "enter",
            "escape 4",
            "enter",
            "escape 5",
            "n",
        ):
            screen = await operator.press(*keys.split())
            for line in screen.split("\n"):
                assert wcswidth(line) == size[0], (keys, line)
        assert operator.engine.asked == []  # and no markup in it was obeyed
