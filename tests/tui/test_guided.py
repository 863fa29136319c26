"""The walkthrough in the dashboard: each key of the operator, and everything that may come between."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from engine.errors import ServiceAway, TopnError, WrongSetting
from engine.status import Notice
from engine.walkthrough_steps import STEPS, Step, Watch
from tests.tui.conftest import Open, Operator, settled
from tests.tui.hostile import HOSTILE
from tests.tui.scripted import NOW_MS, TARGET, ScriptedEngine, ScriptedWalk
from tests.tui.speaking import Accented, speaking
from tests.tui.test_language_screens import NAMES, untranslated
from tests.tui.test_themes import check_readable
from topn_tui.app import Dashboard
from topn_tui.appearance import Appearance
from topn_tui.language import t
from topn_tui.panels import PANELS, TITLES
from topn_tui.panels.guide import ALL_HELD, ALL_HELD_ZH
from topn_tui.screens.detail import DetailScreen
from topn_tui.themes import OURS

pytestmark = pytest.mark.slow

AWAY = ServiceAway("MySQL", "cannot be reached: 127.0.0.1:3306", "start it")


async def until(operator: Operator, condition: Callable[[], object]) -> str:
    """The screen, once the condition is true: what a key began goes on beside the screen."""
    async with asyncio.timeout(20):
        while not condition():
            await operator.pilot.pause(0.01)
    return await operator.look()


async def until_left(operator: Operator) -> None:
    async with asyncio.timeout(20):
        while operator.app.return_code is None:  # noqa: ASYNC110  Textual has no event for it
            await asyncio.sleep(0.01)


async def walk_to(operator: Operator, presses: int) -> str:
    """The screen after so many presses of the key: the first announces step 1, the next does it …"""
    for _ in range(presses):
        await operator.press("w")
        await settled(operator.pilot)
    return await operator.look()


def watched(operator: Operator) -> set[str]:
    panels = operator.app.screen_stack[0]
    return {name for name in PANELS if panels.query_one(f"#{name}").has_class("-watched")}


# ── the way through ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_the_operator_is_told_does_and_reads_each_of_the_five_steps(
    dashboard: Open, size: tuple[int, int]
) -> None:
    walk = ScriptedWalk()
    async with dashboard(size=size, walk=walk.offer()) as operator:
        for nth, step in enumerate(STEPS, 1):
            screen = await walk_to(operator, 1)
            assert f"{nth}/5  {step.title}" in screen
            assert step.will in screen
            assert "w does it" in screen
            assert step.watch[0].sight in screen
            assert watched(operator) == {of.panel for of in step.watch}
            for of in watched(operator):
                panel = operator.app.query_one(f"#{of}")
                assert str(panel.border_title).startswith("» ")
                assert not panel.region or f" » {t(TITLES[of])}" in screen or of == "events"
            assert f"step {nth}" not in walk.asked  # not before the key
            screen = await walk_to(operator, 1)
            assert walk.asked[-1] == f"step {nth}"
            assert f"✔ {step.conclusion[:50]}" in screen
            assert step.conclusion_zh[:20] in screen
            assert "w goes on" in screen or nth == 5
        assert "w puts the table back" in screen
        screen = await walk_to(operator, 1)
        assert "5 of 5" in screen
        assert ALL_HELD_ZH in screen
        assert "The table is as it was found." in screen
        assert walk.asked[-2:] == ["put back", "close"]
        assert not watched(operator)
        assert "Walkthrough  " not in (await walk_to(operator, 1)).splitlines()[3]
        assert operator.app.progress is None


async def test_where_one_panel_has_room_it_is_the_one_that_shows_the_step(dashboard: Open) -> None:
    async with dashboard(size=(80, 24), walk=ScriptedWalk().offer()) as operator:
        shown = []
        for _ in STEPS:
            await walk_to(operator, 1)
            shown += [n for n in PANELS if operator.app.query_one(f"#{n}").region.height]
            await walk_to(operator, 1)
        assert shown == [step.watch[0].panel for step in STEPS]


@pytest.mark.parametrize("size", [(40, 10), (40, 12), (60, 14)], ids=str)
async def test_on_the_lowest_screens_two_rows_stay_and_a_key_shows_all_that_the_guide_says(
    dashboard: Open, size: tuple[int, int]
) -> None:
    async with dashboard(size=size, walk=ScriptedWalk().offer()) as operator:
        for step in STEPS:
            for presses, said in ((1, step.will), (1, step.conclusion)):
                lines = (await walk_to(operator, presses)).splitlines()
                panel = operator.app.query_one(f"#{step.watch[0].panel}")
                assert panel.content_region.height >= 3, lines  # a head and two rows
                assert "o: all of it" in "\n".join(lines)
                await operator.press("o")
                detail = operator.app.screen
                assert isinstance(detail, DetailScreen)
                told = ["".join(text for text, _ in line) for line in detail.detail.lines]
                assert any(line.endswith(said) for line in told)
                assert {f"» {key} {t(TITLES[of.panel])} {of.sight}" for key, of in keyed(step)} <= {
                    *told
                }
                assert said.split()[0] in "\n".join(line.text for line in operator.strips())
                await operator.press("escape")
        assert "w puts" in "\n".join(line.text for line in operator.strips())


async def test_the_guide_takes_what_the_screen_has_room_for_however_that_changes(
    dashboard: Open,
) -> None:
    async with dashboard(size=(60, 13), walk=ScriptedWalk().offer()) as operator:
        await walk_to(operator, 1)
        low = await operator.look()
        assert "o: all of it" in low
        assert "5 Pipeline" not in low
        high = await operator.resize(60, 30)
        assert "o: all of it" not in high
        assert "5 Pipeline" in high
        again = await operator.resize(60, 13)
        assert "o: all of it" in again
        assert "5 Pipeline" not in again
        assert operator.app.query_one("#board").content_region.height >= 3  # a head and two rows


def keyed(step: Step) -> list[tuple[int, Watch]]:
    """Each panel to watch with the key that goes there."""
    return [(list(PANELS).index(of.panel) + 1, of) for of in step.watch]


async def test_on_a_low_screen_a_trouble_keeps_its_line_and_all_is_as_before_when_it_is_over(
    dashboard: Open,
) -> None:
    async with dashboard(size=(40, 10), walk=ScriptedWalk().offer()) as operator:
        assert "1 Board" in await operator.look()
        screen = await walk_to(operator, 1)
        assert "1 Board" not in screen
        assert "loaded 43 rows" not in screen
        trouble = Notice(number=2, at_ms=NOW_MS, level="warning", text="Kafka is away")
        assert "Kafka is away" in await operator.show(notices=(trouble,))
        await operator.press("escape")
        screen = await until(operator, lambda: operator.app.progress is None)
        assert "Walkthrough" not in screen  # the guide is gone
        assert "1 Board" in screen
        assert "Kafka is away" in screen


async def test_the_key_of_the_guide_says_how_to_begin_where_none_is_on(dashboard: Open) -> None:
    async with dashboard(walk=ScriptedWalk().offer(), toasts=True) as operator:
        assert "No walkthrough is on: w begins it." in await operator.press("o")


async def test_in_chinese_nothing_is_said_twice_and_the_words_are_the_write_ups(
    dashboard: Open,
) -> None:
    with speaking("zh"):
        assert [t(step.conclusion) for step in STEPS] == [step.conclusion_zh for step in STEPS]
        assert t(ALL_HELD) == ALL_HELD_ZH
        async with dashboard(size=(120, 40), walk=ScriptedWalk().offer()) as operator:
            screen = await walk_to(operator, 2)
            assert screen.count(STEPS[0].conclusion_zh) == 1
            assert t(STEPS[0].title) in screen
            screen = await walk_to(operator, 9)
            assert screen.count(ALL_HELD_ZH) == 1


async def test_a_terminal_without_chinese_characters_says_where_they_would_be_and_has_none(
    dashboard: Open,
) -> None:
    plain = Appearance(colour=False, encoding="ascii")
    async with dashboard(walk=ScriptedWalk().offer(), appearance=plain) as operator:
        screen = await walk_to(operator, 2)
        assert STEPS[0].conclusion in screen
        assert "The same in Chinese: on a terminal whose locale is UTF-8." in screen
        assert "??" not in screen
        assert screen.isascii()
        assert "> Board" in screen  # watched, also without colour
        assert "5 of 5" in await walk_to(operator, 9)


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
async def test_the_guide_can_be_read_in_our_themes(dashboard: Open, theme: object) -> None:
    walk, look = ScriptedWalk(), Appearance(theme=theme.name)  # type: ignore[attr-defined]
    walk.troubles[2] = "the board is not exact"
    async with dashboard(walk=walk.offer(TARGET), appearance=look, production=True) as operator:
        await operator.press("w")
        check_readable(operator, "the confirmation")
        await operator.press(*TARGET.table, "enter")
        for presses in range(5):
            await settled(operator.pilot)
            check_readable(operator, f"the guide after {presses} keys")
            await operator.press("w")


# ── what may come between ─────────────────────────────────────────────────────────────────────


async def test_while_a_step_runs_the_guide_says_so_and_the_key_does_nothing(
    dashboard: Open,
) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 1)
        walk.gate.clear()
        assert "under way" in await operator.press("w")
        assert "under way" in await operator.press("w", "w")
        assert walk.asked == ["begin", "step 1"]
        walk.gate.set()
        assert "w goes on" in await until(operator, lambda: operator.app.progress.outcomes)


@pytest.mark.parametrize("why", ["at rank 1 there must be 78", *HOSTILE])
async def test_a_step_that_does_not_hold_says_why_and_is_the_last(
    dashboard: Open, why: str
) -> None:
    walk = ScriptedWalk()
    walk.troubles[2] = why
    async with dashboard(size=(80, 24), walk=walk.offer()) as operator:
        screen = await walk_to(operator, 4)
        assert "✖ This did not hold: " in screen
        assert "w puts the table back" in screen
        assert all(cell_len(line) == 80 for line in screen.split("\n"))
        assert "1 of 5 steps held." in await walk_to(operator, 1)
        assert walk.asked == ["begin", "step 1", "step 2", "put back", "close"]


async def test_a_table_that_somebody_may_need_is_refused_in_place(dashboard: Open) -> None:
    walk = ScriptedWalk()
    walk.refusal = WrongSetting("the table is neither empty nor holds exactly the 22 start rows")
    async with dashboard(walk=walk.offer()) as operator:
        screen = await walk_to(operator, 1)
        assert "✖ the table is neither empty" in screen
        assert "The table is as it was found." in screen
        assert "steps held" not in screen
        assert "neither" not in await walk_to(operator, 1)
        walk.refusal = None  # mended meanwhile
        assert STEPS[0].title in await walk_to(operator, 1)


async def test_a_table_that_cannot_be_put_back_is_told_and_tried_again(dashboard: Open) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 2)
        walk.stuck = AWAY
        await operator.press("escape")
        screen = await until(operator, lambda: "put back" in walk.asked)
        assert "MySQL: cannot be reached" in screen
        assert "could NOT be put back as it was found: look at its rows with ids 20 to 90" in screen
        assert "w tries again" in screen
        walk.stuck = None
        screen = await walk_to(operator, 1)
        assert "The table is as it was" in operator.app.said[-1].text
        assert "tries again" not in screen
        assert walk.as_found


async def test_a_table_that_is_not_put_back_is_not_forgotten_with_its_guide(
    dashboard: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 2)
        walk.stuck = AWAY
        await operator.press("escape")
        await until(operator, lambda: "put back" in walk.asked)
        assert "could NOT" not in (await operator.press("escape")).split("w shows")[0][:600]
        assert operator.app.progress is None
        (said,) = [of.message for of in operator.app._notifications]
        assert "could NOT be put back" in said
        assert "w shows the walkthrough again" in said
        assert operator.app.walk_has_the_table()
        screen = await walk_to(operator, 1)
        assert "w tries again" in screen
        assert walk.asked.count("begin") == 1
        await operator.press("escape", "q")  # tries it once more
        await until_left(operator)
    assert walk.asked.count("put back") == 2
    assert operator.app.return_code == 1
    assert "could NOT be put back" in " ".join(capsys.readouterr().err.split())


async def test_rows_that_somebody_else_wrote_are_named_at_the_end(dashboard: Open) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 2 * len(STEPS))
        walk.theirs = (58, 82)
        screen = " ".join((await walk_to(operator, 1)).split())
        assert (
            "▲ What the walkthrough wrote was put back, but not the rows with ids 58, 82" in screen
        )
        assert "as it was found" not in screen


async def test_escape_ends_it_in_the_middle_of_a_step_and_the_table_is_put_back(
    dashboard: Open,
) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 3)
        walk.gate.clear()
        await operator.press("w")
        await operator.press("escape")
        screen = await until(operator, lambda: operator.app.progress is None)
        assert "does it" not in screen
        assert walk.asked == ["begin", "step 1", "step 2", "put back", "close"]
        (said,) = [of.message for of in operator.app._notifications]
        assert said == (
            "The walkthrough has ended after 1 of 5 steps. "
            "The table is as it was at the start, and so is its traffic."
        )


async def test_escape_first_comes_back_from_the_past_and_ends_following(dashboard: Open) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 1)
        await operator.press("down", "f", "space")
        await operator.press("escape")
        await operator.press("escape")  # the first has let the cursor of the list go
        assert not operator.app.paused
        assert operator.app.followed is not None
        await operator.press("escape")
        assert operator.app.followed is None
        assert operator.app.progress is not None
        await operator.press("escape")
        await until(operator, lambda: operator.app.progress is None)
        assert walk.as_found


async def test_what_is_done_is_to_be_seen_so_the_key_ends_a_pause(dashboard: Open) -> None:
    async with dashboard(walk=ScriptedWalk().offer()) as operator:
        await walk_to(operator, 1)
        await operator.press("space")
        assert "does it" in await operator.look()  # the guide is never paused
        await walk_to(operator, 1)
        assert not operator.app.paused


async def test_a_bug_of_the_walkthrough_is_a_sentence_and_not_the_end(dashboard: Open) -> None:
    walk = ScriptedWalk()
    walk.troubles = None  # type: ignore[assignment]
    async with dashboard(walk=walk.offer()) as operator:
        screen = await walk_to(operator, 2)
        assert "a bug, its traceback is in the log: AttributeError" in screen
        assert "could NOT be put back" in screen
        assert "The table is as it was found." in await walk_to(operator, 1)


# ── leaving ───────────────────────────────────────────────────────────────────────────────────


async def test_quitting_half_way_puts_the_table_back_before_the_engine_stops(
    dashboard: Open,
) -> None:
    engine = ScriptedEngine()
    walk = ScriptedWalk(engine.asked)
    async with dashboard(engine, walk=walk.offer()) as operator:
        await walk_to(operator, 3)
        walk.gate.clear()
        await operator.press("w", "q")
        await until_left(operator)
    assert engine.asked == ["begin", "step 1", "step 2", "put back", "close", "stop"]
    assert operator.app.return_code == 0


async def test_leaving_with_the_table_not_put_back_is_said_on_the_terminal(
    dashboard: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 2)
        walk.stuck = AWAY
        operator.app.asked_to_leave("SIGTERM")
        await until_left(operator)
    assert operator.app.return_code == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "could NOT be put back as it was found: look at its rows with ids 20 to 90" in said


async def test_whoever_insists_leaves_when_the_table_is_put_back(dashboard: Open) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 2)
        walk.back.clear()
        await operator.press("q")
        await until(operator, lambda: "put back" in walk.asked)
        for _ in range(3):
            await operator.press("q")
            operator.app.asked_to_leave("SIGTERM")
        assert operator.app.return_code is None
        assert not operator.app.may_hurry
        said = [of.message for of in operator.app._notifications]
        assert said[-1] == "First the table is put back: 4 s at most."
        walk.back.set()
        await until_left(operator)
    assert walk.as_found
    assert operator.app.return_code == 0


async def test_a_table_that_is_not_put_back_in_time_keeps_nobody(
    dashboard: Open, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topn_tui.walking.GRACE_S", -2.0)
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        await walk_to(operator, 2)
        walk.back.clear()
        await operator.press("q")
        await until(operator, lambda: "put back" in walk.asked)
        assert "putting the table back" in await operator.look()
        await until_left(operator)
        walk.back.set()
    assert operator.app.return_code == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "The table could NOT be put back" in said


async def test_a_bug_that_ends_the_screen_leaves_the_table_as_it_was_found(
    dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Dashboard) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Dashboard, "action_reserve", broken)
    engine = ScriptedEngine()
    walk = ScriptedWalk(engine.asked)

    async def leaves_half_way() -> None:
        async with dashboard(engine, walk=walk.offer()) as operator:
            await walk_to(operator, 3)
            walk.gate.clear()
            await operator.press("w")
            await operator.pilot.press("v")
            await until_left(operator)

    with pytest.raises(RuntimeError, match="broken"):
        await leaves_half_way()
    assert walk.as_found
    assert engine.asked == ["begin", "step 1", "step 2", "put back", "close", "stop"]


# ── where it cannot be done ───────────────────────────────────────────────────────────────────


async def test_the_key_says_which_setting_is_missing(dashboard: Open) -> None:
    async with dashboard(walk="not set: walkthrough.url, the account") as operator:
        await operator.press("w")
        (said,) = [of.message for of in operator.app._notifications]
        assert said == "not set: walkthrough.url, the account"
        assert operator.app.progress is None


async def test_on_an_engine_that_has_ended_nothing_is_begun(dashboard: Open) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer()) as operator:
        operator.engine.end(TopnError("over"))
        await until(operator, lambda: operator.app.ended)
        await operator.press("w")
        assert walk.asked == []
        assert any("has ended" in of.message for of in operator.app._notifications)


async def test_what_opens_before_a_real_table_is_written_is_in_the_screens_language(
    dashboard: Open,
) -> None:
    known = NAMES | {"writer", "db", "example", "interactives"}
    with speaking(Accented()):
        async with dashboard(walk=ScriptedWalk().offer(TARGET)) as operator:
            await operator.press("w")
            await operator.press("x", "enter")
            box = operator.app.screen.children[0].region
            lines = [line.crop(box.x, box.right).text for line in operator.strips()]
            assert untranslated(lines[box.y : box.bottom], known) == set()


# ── a real table ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)], ids=str)
async def test_before_a_real_table_is_written_the_operator_is_asked_with_all_that_counts(
    dashboard: Open, size: tuple[int, int]
) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer(TARGET), size=size, production=True) as operator:
        await operator.press("w")
        box = operator.app.screen.children[0].region
        lines = [line.crop(box.x + 1, box.right - 1).text for line in operator.strips()]
        told = " ".join(" ".join(lines[box.y : box.bottom]).split())
        assert "‼ PRODUCTION ‼" in told
        assert "insert, update and delete rows 78, 82, 90" in told
        assert "than these, or than the whole sample of 41, nothing is written" in told
        assert "the table is put back as it was found" in told
        assert "no triggers may be on it, nor foreign keys refer to it" in told
        assert re.search(
            "table +webook.interactives account +writer server +db-1.example:3306", told
        )
        assert "Type interactives to confirm" in told
        assert walk.asked == []


@pytest.mark.parametrize("keys", [("escape",), ("enter", "escape"), (*"yes", "enter", "escape")])
async def test_where_the_operator_does_not_confirm_nothing_is_written(
    dashboard: Open, keys: tuple[str, ...]
) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer(TARGET)) as operator:
        await operator.press("w")
        await operator.press(*keys)
        assert walk.asked == []
        assert operator.app.progress is None
        assert "Nothing was written." in [of.message for of in operator.app._notifications]


async def test_the_tables_name_confirms_and_another_does_not(dashboard: Open) -> None:
    walk = ScriptedWalk()
    async with dashboard(walk=walk.offer(TARGET), size=(80, 24)) as operator:
        await operator.press("w")
        operator.app.screen.query_one(Input).value = "\x1b[2J"
        screen = await operator.press("enter")
        assert "✖ that is '\\x1b[2J', not interactives: nothing is written" in screen
        operator.app.screen.query_one(Input).value = TARGET.table
        await operator.press("enter")
        screen = await until(operator, lambda: "begin" in walk.asked)
        assert STEPS[0].title in screen
        assert "esc ends it: the table is then put back as it was found" in screen
