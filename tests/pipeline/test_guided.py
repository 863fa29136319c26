"""The walkthrough by keys on the real services: asked first, written by its own account, put back."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from engine.configuration import load_settings
from engine.walkthrough_steps import STEPS
from tests.embedded.terminals import terminal
from tests.pipeline.engines import eventually
from tests.pipeline.test_walkthrough_command import (
    WRITER_PASSWORD,
    rows,
    settings,
    waits_for_a_lock,
)
from tests.stack.fixtures import WorldFactory
from tests.stack.world import TABLE, World
from tests.tui.screen import Screen
from topn_tui.app import Dashboard
from topn_tui.cli import make_app

pytestmark = pytest.mark.service

TEN = ["78", "58", "20", "60", "72", "56", "62", "64", "68", "70"]


def dashboard(config: Path) -> Dashboard:
    return make_app(load_settings(config).settings, observe=False, embedded=None)


async def stored(shop: World) -> list[tuple[object, ...]]:
    return await asyncio.to_thread(rows, shop)


def told(app: Dashboard) -> list[str]:
    """The toasts."""
    return [toast.message for toast in app._notifications]


async def confirm(screen: Screen) -> None:
    """Ask for the walkthrough and type the table's name."""
    await screen.sees_text("● EXACT")
    await screen.pilot.press("w")
    await screen.sees_text("Write to a real table?")
    await screen.pilot.press(*TABLE, "enter")
    await screen.sees_text(f"1/5  {STEPS[0].title}")


async def leave(screen: Screen) -> None:
    """Quit, and wait for the engine to have let go of everything."""
    await screen.pilot.press("q")
    async with asyncio.timeout(30):
        while screen.app.return_code is None:  # noqa: ASYNC110  Textual has no event for it
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
async def test_the_operator_confirms_and_walks_through_and_the_table_is_as_it_was(
    world: WorldFactory, tmp_path: Path, flat: bool
) -> None:
    shop = world(flat=flat)
    before = await stored(shop)
    app = dashboard(settings(shop, tmp_path))
    async with app.run_test(size=(160, 50)) as pilot:
        screen = Screen(app, pilot)
        await confirm(screen)
        boards = []
        for nth, step in enumerate(STEPS, 1):
            await screen.sees_text(f"{nth}/5  {step.title}")
            await pilot.press("w")
            await screen.sees_text(f"✔ {step.conclusion[:60]}")
            boards.append(screen.board_ids())
            await pilot.press("w")
        second = ["78", "82", *TEN[1:9]]
        assert boards == [TEN, TEN, second, second, [*TEN[1:], "30"]]
        assert "五步全部通过。" in await screen.sees_text("5 of 5")
        await screen.sees_text("The table is as it was found.")
        assert await stored(shop) == before
        await screen.sees("the board as it was", lambda: screen.board_ids() == TEN)
        await pilot.press("w")
        await leave(screen)
    assert app.return_code == 0


async def test_the_operator_is_asked_with_the_account_and_declines_and_nothing_is_written(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world(canal=False)
    before = await stored(shop)
    app = dashboard(settings(shop, tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = Screen(app, pilot)
        await screen.sees_text("● EXACT")
        await pilot.press("w")
        await screen.sees_text(f"{shop.database}.{TABLE}")
        await screen.sees_text("writer")
        await screen.sees_text(f"127.0.0.1:{shop.mysql.port}")
        assert WRITER_PASSWORD not in "".join(screen.lines())
        await pilot.press(*"yes", "enter")
        await screen.sees_text("nothing is written")
        await pilot.press("escape")
        assert "Nothing was written." in told(app)
        assert app.progress is None
        assert await stored(shop) == before
        await leave(screen)


async def test_without_an_account_that_may_write_the_key_says_which_setting_is_missing(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world(canal=False)
    before = await stored(shop)
    app = dashboard(shop.write_settings(tmp_path / "topn.toml"))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = Screen(app, pilot)
        await screen.sees_text("● EXACT")
        await pilot.press("w")
        assert any("not set: walkthrough.url" in said for said in told(app))
        assert await stored(shop) == before
        await leave(screen)
    observing = make_app(
        load_settings(settings(shop, tmp_path)).settings, observe=True, embedded=None
    )
    assert "--observe, which only watches" in str(observing._walk_offer)


async def test_a_table_with_other_rows_is_refused_in_place(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world(canal=False)
    await asyncio.to_thread(shop.execute, "UPDATE interactives SET like_cnt = 11 WHERE id = 70")
    before = await stored(shop)
    app = dashboard(settings(shop, tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = Screen(app, pilot)
        await screen.sees_text("● EXACT")
        await pilot.press("w", *TABLE, "enter")
        await screen.sees_text("neither empty nor holds exactly the 22 start rows")
        await screen.sees_text("w closes")
        assert await stored(shop) == before
        await pilot.press("w")
        await leave(screen)


async def test_the_operator_quits_half_way_and_the_table_is_put_back(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world(canal=False)  # the board never follows: the second step waits after its write
    before = await stored(shop)
    app = dashboard(settings(shop, tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = Screen(app, pilot)
        await confirm(screen)
        await pilot.press("w")
        await screen.sees_text("w goes on")
        await pilot.press("w")
        await screen.sees_text("2/5  ")
        await pilot.press("w")
        await screen.sees_text("under way")
        async with asyncio.timeout(30):
            while await stored(shop) == before:
                await pilot.pause(0.05)
        await leave(screen)
    assert await stored(shop) == before
    assert app.return_code == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_half_way_puts_the_table_back_too(
    world: WorldFactory, tmp_path: Path, signum: signal.Signals
) -> None:
    shop = world(canal=False)
    before = rows(shop)
    with terminal(tmp_path, "-m", "topn_tui", "--config", str(settings(shop, tmp_path))) as it:
        it.until(b"EXACT")
        it.press(b"w")
        it.until(b"esc writes nothing")
        it.press(TABLE.encode() + b"\r")
        it.until(STEPS[0].will.encode()[:40])
        it.press(b"w")
        it.until(b"goes on")
        it.press(b"w")
        it.until(b"Row 90 is inserted")
        it.press(b"w")
        eventually(lambda: it.read(0.05) and rows(shop) != before, "it has begun to write")
        with shop.mysql.connect(database=shop.database) as other, other.cursor() as cursor:
            # Row 78 is somebody's for a moment: putting back has to wait for it.
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT * FROM {TABLE} WHERE id = 78 FOR UPDATE")
            it.send(signum)
            eventually(lambda: it.read(0.05) is not None and waits_for_a_lock(shop), "it waits")
            for again in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                it.send(again)  # none of them hurries it
                it.read(0.05)
            cursor.execute("ROLLBACK")
        assert it.ended(within_s=30) == 0
    assert rows(shop) == before
    assert b"Traceback" not in it.written
