"""One change in full: the row before and after, what it did to the heap, the way to its row, a copy of it."""

from __future__ import annotations

from dataclasses import replace

from engine.status import EventEntry, Verdict
from tests.tui.conftest import Open
from tests.tui.scripted import EVENTS, EVICTIONS, ScriptedEngine, event, on_board, row, sample
from topn_tui.copying import row_text
from topn_tui.panels import Board
from topn_tui.panels.board import BoardLine
from topn_tui.panels.event_detail import event_detail


def told(entry: EventEntry) -> str:
    lines = event_detail(entry, sample()).lines
    return "\n".join("".join(text for text, _ in line) for line in lines)


# ── the whole row, and the heap ──


def test_an_update_shows_the_whole_row_before_and_after() -> None:
    entry = event(
        9, Verdict.ENTERED, before=None, after=on_board(4, 650), other=53, other_score=52,
        bar_before=(52, 53), bar=(53, 70),
    )  # fmt: skip
    text = told(replace(entry, columns_before=(100, "wq3", None)))
    assert "The row before → after the change" in text
    for line in (
        "id            82  as before",
        "biz_id        100  as before",
        "biz           wq3 → et",
        "read_cnt      NULL → 0",
        "like_cnt      550 → 650",
        "bar to beat   52·53 → 53·70",
        "pushed out    53, score 52",
    ):
        assert line in text.splitlines()


def test_a_delete_shows_the_row_that_is_gone_and_who_came_up() -> None:
    entry = replace(EVENTS[5], columns_before=(4, "et", 7))
    explained = entry.explained.__class__(
        **{f: getattr(entry.explained, f) for f in entry.explained.__struct_fields__}
        | {"other_score": 53, "bar": (53, 70), "bar_before": (53, 70)}
    )
    text = told(replace(entry, explained=explained))
    assert "The row before the change\nid            66\nbiz_id        4\nbiz           et" in text
    assert "like_cnt      61\nthe row is gone" in text
    assert "came up       70, score 53" in text
    assert "bar to beat   53·70, as before" in text


def test_what_is_not_known_of_the_row_before_is_said() -> None:
    assert "the message does not say what the other columns were" in told(EVENTS[8])
    inserted = told(EVENTS[7])
    assert "The row after the change" in inserted
    assert "does not say" not in inserted


# ── to the row ──


async def test_from_the_detail_of_a_change_to_its_row_on_the_board(
    dashboard: Open, size: tuple[int, int]
) -> None:
    async with dashboard(size=size) as operator:
        await operator.panel("events")
        await operator.press("down", "down")
        screen = await operator.press("enter")
        assert "g to the row" in screen
        screen = await operator.press("g")
        board = operator.app.query_one(Board)
        assert operator.app.focused is board
        assert board.cursor == 98
        assert [line for line in screen.splitlines() if "▸" in line and " 98 " in line]
        assert operator.app.marked == 98


async def test_to_a_row_that_is_in_the_reserve_which_is_then_shown(dashboard: Open) -> None:
    async with dashboard(size=(80, 24)) as operator:
        await operator.panel("events")
        await operator.press("end", "up", "enter")  # 41, below the bar
        screen = await operator.press("g")
        assert operator.app.query_one(Board).show_reserve
        assert [line for line in screen.splitlines() if "▸" in line and " res " in line]


async def test_from_an_eviction_to_a_row_that_is_nowhere_says_where_it_is(dashboard: Open) -> None:
    async with dashboard(toasts=True) as operator:
        await operator.panel("evictions")
        screen = await operator.press("enter", "g")
        assert "53 is not on the board: not on the board, nor among" in " ".join(screen.split())
        assert "like_cnt" in screen  # the detail is closed
        assert operator.app.query_one(Board).cursor is None


async def test_a_detail_of_no_row_leads_to_none(dashboard: Open) -> None:
    async with dashboard() as operator:
        screen = await operator.press("n", "enter")
        assert "to the row" not in screen
        depth = len(operator.app.screen_stack)
        await operator.press("g")
        assert len(operator.app.screen_stack) == depth


# ── a copy ──


async def test_the_open_detail_is_copied_and_so_is_a_sighting_of_the_followed_row(
    dashboard: Open,
) -> None:
    async with dashboard() as operator:
        await operator.panel("events")
        await operator.press("enter", "c")
        assert operator.app.clipboard.startswith("UPDATE 82\nverdict       ↕ moved 2 → 1\n")
        assert '"table": "interactives"' in operator.app.clipboard
        await operator.press("escape", "f", "tab", "tab", "tab")
        assert operator.app.focused is not None
        assert operator.app.focused.id == "follow"
        await operator.press("down", "c")
        assert operator.app.clipboard.split("\t") == [
            "82", "2023-11-14T22:13:19.509Z", "650", "1", "↕ moved 2 → 1",
        ]  # fmt: skip


async def test_a_notice_is_copied(dashboard: Open) -> None:
    async with dashboard() as operator:
        await operator.press("n", "down", "c")
        assert operator.app.clipboard.endswith("info\tloaded 43 rows")


async def test_nothing_that_is_copied_is_a_formula_in_a_spreadsheet(dashboard: Open) -> None:
    formula = '=HYPERLINK("https://example.org/")'
    assert row_text(BoardLine(1, row(formula, -5, "+1", b"=", -7))) == (
        f"'{formula}\t'+1\t0x3d\t-7\t-5"
    )
    assert row_text(replace(EVICTIONS[0], row=row(-3, 1))).split("\t")[0] == "-3"  # type: ignore[union-attr]
    hostile = sample(
        column_names=("=1+1",), events=(event(1, Verdict.MOVED, op="@SUM", key=formula, columns=("-2",)),)
    )  # fmt: skip
    async with dashboard(ScriptedEngine(hostile)) as operator:
        await operator.panel("events")
        await operator.press("down", "c")
        cells = operator.app.clipboard.split("\t")
        assert (cells[0], cells[2], cells[-1]) == (f"'{formula}", "'@SUM", "'-2")
        await operator.press("enter", "c")
        lines = operator.app.clipboard.split("\n")
        assert lines[0] == f"'@SUM {formula}"
        assert [line for line in lines if line.startswith("'=1+1")]
        assert not [line for line in lines if line[:1] in ("=", "+", "-", "@")]
