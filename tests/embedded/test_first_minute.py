"""The first minute of `topn-tui` with nothing configured, as a newcomer sees it, in virtual time."""

from __future__ import annotations

import re

import pytest

from tests.embedded.dashboard import newcomer
from topn_tui.panels import PANELS

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (160, 50)]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x50"])
async def test_within_the_first_minute_every_panel_has_moved(size: tuple[int, int]) -> None:
    async with newcomer(size) as person:
        before = {name: await person.panel(name) for name in PANELS}
        await person.wait(59)
        after = {name: await person.panel(name) for name in PANELS}
        counters = person.app.status.counters
        assert counters.evicted > 10
        assert counters.spilled > 5
        assert counters.loads > 1  # refills, after the first load
        assert counters.audits > 0
        assert counters.audit_mismatches == counters.dead_letters == 0
        for name in PANELS:
            assert sum(a != b for a, b in zip(before[name], after[name], strict=True)) >= 3, name
        told = {name: "\n".join(lines) for name, lines in after.items()}
        assert "displaced by" in told["evictions"]
        assert re.search(r"spilled [1-9].*loads [1-9]", told["heap"])
        assert re.search(r"checks [1-9]", told["pipeline"])


@pytest.mark.parametrize("size", [*SIZES, (100, 30), (120, 40)], ids=str)
async def test_the_header_says_what_this_is_and_nothing_is_cut(size: tuple[int, int]) -> None:
    async with newcomer(size) as person:
        await person.wait(2)
        lines = await person.screen()
        assert lines[0].rstrip().endswith("EMBEDDED")
        assert "webook.interactives  TOP 10 by like_cnt " in lines[0]
        assert re.match(r" ● EXACT .* ◆ OWNER v\d+ published \d+ s ago $", lines[1])
        assert "…" not in "".join(lines[:2] + lines[-2:])
        footer = re.split(r" {2,}", lines[-1].replace("▏", "  ").strip())
        bindings = [of.binding for of in person.app.screen.active_bindings.values()]
        keys = {f"{person.app.get_key_display(of)} {of.description}" for of in bindings}
        assert set(footer) <= keys
        assert {"? Help", "q Quit", "i Insert", "space Pause"} <= set(footer)


@pytest.mark.parametrize("size", [*SIZES, (100, 30), (120, 40), (200, 60)], ids=str)
async def test_no_panel_cuts_anything(size: tuple[int, int]) -> None:
    async with newcomer(size) as person:
        workload = person.app._workload
        assert workload is not None
        assert "…" not in "".join(await person.screen())
        for _ in range(4):
            await person.wait(12)
            workload.insert_into_top()  # a row whose key has six digits
            workload.update_in_top()
            await person.clock.advance(200)
            for name in PANELS:
                for line in await person.panel(name):
                    assert "…" not in line, (name, line)
            assert re.search(r" 90000\d ", " ".join(await person.panel("events")))


async def test_services_are_called_what_they_are() -> None:
    async with newcomer((160, 50)) as person:
        await person.wait(2)
        pipeline = "\n".join(await person.panel("pipeline"))
        for name in ("SQLite", "change log", "engine", "memory"):
            assert f"● {name}" in pipeline
        for name in ("MySQL", "Kafka", "Redis"):
            assert name not in "\n".join(await person.screen())


async def test_a_change_before_the_first_load_is_not_called_below_a_floor() -> None:
    async with newcomer((160, 50)) as person:
        entries = [of for of in person.app._engine.status.events if of.explained.floor is None]
        assert entries
        events = "\n".join(await person.panel("events"))
        assert "· before the first load" in events


async def test_plain_information_gives_way_to_a_welcome_and_trouble_does_not() -> None:
    async with newcomer((80, 24)) as person:
        await person.wait(1)
        assert "publishes the board" in person.app.live.notices[-1].text  # of its start: no news
        assert "Made-up rows and traffic" in (await person.screen())[-2]
        await person.wait(10)
        person.app._engine._engine._notify("info", "the table has another column")
        await person.wait(1)
        assert "the table has another column" in (await person.screen())[-2]
        await person.wait(30)
        assert "Made-up rows and traffic" in (await person.screen())[-2]
        person.app._engine._engine._notify("warning", "the reserve is too small")
        await person.wait(31)
        assert "the reserve is too small" in (await person.screen())[-2]


@pytest.mark.parametrize("size", [(100, 30), (120, 28)], ids=str)
async def test_where_two_panels_have_room_the_board_has_company(size: tuple[int, int]) -> None:
    async with newcomer(size) as person:
        await person.wait(1)
        text = "\n".join(await person.screen())
        assert "Board" in text
        assert "Binlog events" in text
        await person.panel("pipeline")
        text = "\n".join(await person.screen())
        assert "─ Board" in text
        assert "─ Pipeline" in text
        assert len([line for line in text.splitlines() if re.match(r"│ +\d+ ", line)]) >= 10


async def test_the_help_says_what_embedded_means() -> None:
    async with newcomer((80, 24)) as person:
        await person.pilot.press("question_mark")
        text = "\n".join(await person.screen())
        assert "Here all of it runs in this process" in text
        assert "best rows by score" in text
