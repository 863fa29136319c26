"""The dashboard on the real services: one change from its event to heap, board and eviction list."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from engine.assembly import make_engine
from engine.configuration import load_settings
from tests.pipeline.boards import stored
from tests.stack.fixtures import WorldFactory
from tests.stack.world import World
from tests.tui.screen import PATIENCE_S, Screen
from topn_tui.app import Dashboard

pytestmark = pytest.mark.service

INSERT = "INSERT INTO interactives (id, biz_id, biz, read_cnt, like_cnt) VALUES "


async def write(world: World, sql: str) -> None:
    await asyncio.to_thread(world.execute, sql)


async def walk(world: World, screen: Screen) -> None:
    """The walkthrough, read from the panels."""
    await screen.sees_text("● EXACT")
    start = ["78", "58", "20", "60", "72", "56", "62", "64", "68", "70"]
    await screen.sees("the ten rows in order", lambda: screen.board_ids() == start)
    assert "53·70" in " ".join(screen.lines("heap")), "the root of the heap is the bar to beat"

    await write(world, INSERT + "(90, 9, 'z', 0, 5)")
    line = await screen.sees_text("below the bar by 48", "events")
    assert "INSERT" in line
    assert screen.board_ids() == start

    await write(world, INSERT + "(82, 100, 'et', 0, 400)")
    line = await screen.sees_text("entered at 2, pushed 70 out", "events")
    assert "400" in line
    await screen.sees("82 second", lambda: screen.board_ids() == ["78", "82", *start[1:9]])
    await screen.sees_text("54·68", "heap")
    line = await screen.sees_text("displaced by 82", "evictions")
    assert "70" in line
    assert "#10" in line

    await write(world, "UPDATE interactives SET like_cnt = 650 WHERE id = 82")
    await screen.sees_text("moved 2 → 1", "events")
    await screen.sees("82 first", lambda: screen.board_ids()[:2] == ["82", "78"])

    await write(world, "UPDATE interactives SET like_cnt = 10 WHERE id = 82")
    await screen.sees_text("70 came up", "evictions")
    await screen.sees("70 tenth again", lambda: screen.board_ids() == start)

    await write(world, "DELETE FROM interactives WHERE id = 78")
    await screen.sees_text("left: deleted", "events")
    await screen.sees("58 first", lambda: screen.board_ids()[0] == "58")
    async with asyncio.timeout(PATIENCE_S):
        while await asyncio.to_thread(stored, world) != list(await asyncio.to_thread(world.top)):
            await screen.pilot.pause(0.05)
    assert screen.board_ids() == [str(row[0]) for row in world.top()]


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
async def test_the_operator_follows_the_walkthrough_on_the_panels(
    world: WorldFactory, tmp_path: Path, flat: bool
) -> None:
    shop = world(flat=flat)
    settings = load_settings(shop.write_settings(tmp_path / "topn.toml")).settings
    app = Dashboard(make_engine(settings))
    async with app.run_test(size=(160, 50)) as pilot:
        screen = Screen(app, pilot)
        await walk(shop, screen)
        await pilot.press("a")
        await screen.sees_text("audit equal", "pipeline")
        await screen.sees_text("verified")
        await pilot.press("q")
    assert app.return_code == 0


async def test_at_80_by_24_the_operator_finds_every_panel(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world()
    settings = load_settings(shop.write_settings(tmp_path / "topn.toml")).settings
    app = Dashboard(make_engine(settings))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = Screen(app, pilot)
        await screen.sees_text("● EXACT")
        await write(shop, INSERT + "(82, 100, 'et', 0, 400)")
        seen = {
            "1": "290",
            "2": "bar to beat",
            "3": "entered at 2",
            "4": "displaced",
            "5": "MariaDB",
        }
        for key, text in seen.items():
            await pilot.press(key)
            await screen.sees_text(text)
            assert all(len(line) <= 80 for line in screen.lines())
        await pilot.press("q")


async def test_an_engine_that_cannot_work_leaves_the_reason_on_the_screen(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world(canal=False)
    config = shop.write_settings(tmp_path / "topn.toml")
    settings = load_settings(config, {"table.score": "likes"}).settings
    app = Dashboard(make_engine(settings))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = Screen(app, pilot)
        await screen.sees_text("likes")
        await screen.sees_text("like_cnt")
        await pilot.press("q")
    assert app.return_code == 1
    assert app.ended_by_setting
    gc.collect()  # a connection to Kafka that was being made when MySQL said no would be told here
