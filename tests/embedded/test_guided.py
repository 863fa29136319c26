"""The walkthrough by keys on the embedded pipeline, read from the drawn panels, in virtual time."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from engine.assembly import make_embedded_engine
from engine.settings import BoardSection, Settings
from engine.status import State
from engine.walkthrough_steps import START, STEPS
from tests.embedded.dashboard import Operator, newcomer
from tests.tui.screen import ids_on_board
from tests.tui.speaking import speaking

pytestmark = pytest.mark.slow

TEN = ["78", "58", "20", "60", "72", "56", "62", "64", "68", "70"]


async def sees(person: Operator, what: str, condition: Callable[[list[str]], object]) -> list[str]:
    """The screen, as soon as it is as the operator expects it."""
    for _ in range(600):
        lines = await person.screen()
        if condition(lines):
            return lines
        await person.clock.advance(50)
    raise AssertionError(f"never seen: {what}\n" + "\n".join(lines))


async def press_and_see(person: Operator, text: str, key: str = "w") -> list[str]:
    await person.pilot.press(key)
    return await sees(person, text, lambda lines: any(text in line for line in lines))


async def board_keys(person: Operator) -> list[str]:
    return ids_on_board(await person.panel("board"))


async def does(person: Operator, nth: int) -> list[str]:
    """Two presses: step `nth` is announced, and done; the screen then."""
    step = STEPS[nth - 1]
    lines = await press_and_see(person, f"{nth}/5  {step.title}")
    assert step.will[:60] in "\n".join(lines)
    lines = await press_and_see(
        person, "w goes on" if nth < len(STEPS) else "w puts the table back"
    )
    said = re.sub(r"\s+", "", "".join(lines))
    assert step.conclusion.replace(" ", "") in said
    assert step.conclusion_zh.replace(" ", "") in said
    return lines


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=str)
async def test_the_operator_presses_the_key_and_sees_row_70_leave_and_come_back(
    size: tuple[int, int],
) -> None:
    async with newcomer(size) as person:
        workload = person.app._workload
        assert workload is not None
        await person.wait(10)
        await does(person, 1)
        assert workload.paused  # nothing but the steps writes
        assert await board_keys(person) == TEN
        assert "53·70" in " ".join(await person.panel("heap"))

        lines = await does(person, 2)
        (told,) = [line for line in lines if re.search(r"INS(ERT)? +90 ", line)]
        assert re.search(r"below the (bar|floor) by \d+", told)
        assert await board_keys(person) == TEN

        await does(person, 3)
        assert await board_keys(person) == ["78", "82", *TEN[1:9]]
        (left, *_) = [line for line in await person.panel("evictions") if "displaced by 82" in line]
        assert re.search(r" 70 +53 ", left)
        assert "54·68" in " ".join(await person.panel("heap"))

        await does(person, 4)
        board = "\n".join(await person.panel("board"))
        assert re.search(r"78 .* 650 ", board)
        assert re.search(r"82 .* 550 ", board)
        assert await board_keys(person) == ["78", "82", *TEN[1:9]]

        await does(person, 5)
        assert await board_keys(person) == [*TEN[1:], "30"]
        told = "\n".join(await person.panel("evictions"))
        assert re.search(r" 82 .*score fell; 70 came up", told)
        assert re.search(r" 78 .*deleted; 30 came up", told)

        text = "\n".join(await press_and_see(person, "5 of 5"))
        assert "五步全部通过。" in text
        assert "The table is as it was at the start, and so is its traffic." in text
        assert not workload.paused
        await person.pilot.press("w")
        before = person.app.status.events_total
        await person.wait(3)
        assert person.app.status.events_total > before + 100  # the start rows, and traffic
        assert person.app.status.exactness.state is State.EXACT
        assert all("walkthrough" not in line.lower() for line in (await person.screen())[:-1])


async def test_the_operator_walks_through_in_chinese_and_no_line_leaves_its_columns() -> None:
    with speaking("zh"):
        async with newcomer((80, 24)) as person:
            await person.wait(5)
            for nth, step in enumerate(STEPS, 1):
                lines = await press_and_see(person, f"{nth}/5  ")
                assert "w 执行" in "\n".join(lines)
                said = "\n".join(
                    await press_and_see(person, " w 继续 " if nth < 5 else " w 恢复表 ")
                )
                assert step.conclusion_zh[:20] in said
                for line in (*lines, *said.split("\n")):
                    assert cell_len(line) == 80
                    assert "…" not in line
            assert "表已恢复为初始状态" in "\n".join(await press_and_see(person, "五步全部通过"))


async def test_escape_half_way_brings_back_the_table_and_its_traffic_as_they_were() -> None:
    async with newcomer((120, 40)) as person:
        workload = person.app._workload
        assert workload is not None
        await person.wait(3)
        await person.pilot.press("x")
        assert workload.paused
        await does(person, 1)
        await person.pilot.press("escape")
        await sees(person, "the guide is gone", lambda lines: "closes" not in "\n".join(lines[:9]))
        assert person.app.progress is None
        assert workload.paused  # as the operator had it
        assert workload._table.count > 500  # type: ignore[attr-defined]  # the embedded one's
        text = "\n".join(of.message for of in person.app._notifications)
        assert "ended after 1 of 5 steps. The table is as it was" in text


async def test_meanwhile_no_other_key_writes_to_the_table() -> None:
    async with newcomer((120, 40)) as person:
        await person.wait(3)
        await does(person, 1)
        for key in ("i", "t", "u", "x", "0", "plus"):
            person.app.clear_notifications()
            await person.pilot.press(key)
            (said,) = [of.message for of in person.app._notifications]
            assert said == "The walkthrough has the table: esc ends it."
        await does(person, 2)  # nobody has written in between
        assert await board_keys(person) == TEN


async def test_stepping_back_through_the_steps_and_on_with_the_next() -> None:
    async with newcomer((160, 50)) as person:
        await person.wait(3)
        for nth in (1, 2, 3):
            await does(person, nth)
        await person.pilot.press("left")
        assert person.app.paused
        keys = await board_keys(person)
        assert keys == TEN  # as it was before 82 came
        await does(person, 4)
        assert not person.app.paused
        assert (await board_keys(person))[:2] == ["78", "82"]


async def test_an_engine_that_ends_half_way_is_told_and_the_board_stays() -> None:
    async with newcomer((120, 40)) as person:
        await person.wait(3)
        await does(person, 1)
        await press_and_see(person, "2/5  ")
        person.app._engine.stop()
        await person.clock.advance(3000)
        text = "\n".join(await press_and_see(person, "✖ This did not hold"))
        assert "the engine ended: stopped" in text
        assert "78" in await board_keys(person)
        text = "\n".join(await press_and_see(person, "1 of 5 steps held."))
        assert "as it was at the start" in text


def test_a_board_of_another_size_says_why_not_and_what_to_do() -> None:
    five = Settings.model_construct(board=BoardSection(size=5))
    assert "add --set board.size=10" in str(make_embedded_engine(five).walk)


def test_every_row_that_a_step_speaks_of_is_one_it_has() -> None:
    keys = {row.id for row in START} | {82, 90}
    for step in STEPS:
        for text in (step.will, *(of.sight for of in step.watch)):
            for number in re.findall(r"\b(\d\d)\b(?! likes)", text.replace("·", " ")):
                assert int(number) in keys | {53, 54, 80}, text
