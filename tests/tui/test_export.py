"""What the operator takes away from the screen."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.tui.conftest import Open
from tests.tui.scripted import BOARD, ScriptedEngine, row, sample
from topn_tui.panels import Events


def files(folder: Path) -> dict[str, str]:
    """Name -> text of all files in it."""
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


async def test_the_operator_exports_the_events_as_they_were_when_the_key_was_pressed(
    dashboard: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with dashboard(size=(60, 20)) as operator:
        await operator.panel("events")
        screen = await operator.press("e")
        assert "◉ events" in screen
        assert "interactives-events-20231114-221320.csv" in screen
        assert "9 rows" in screen
        await operator.show(events=())
        screen = await operator.press("enter")
        assert "◉ events" not in screen
        assert operator.app.query_one(Events).status.events == ()
    (written,) = files(tmp_path).values()
    lines = csv.reader(written.splitlines())
    assert [line[9] for line in lines][-2:] == ["entered", "moved"]


async def test_the_operator_chooses_another_list_and_form_and_no_file_is_overwritten(
    dashboard: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "interactives-evictions-20231114-221320.json"
    there.write_text("mine")
    async with dashboard(size=(80, 24)) as operator:
        await operator.press("e", "shift+tab", "right", "shift+tab", "left")
        screen = await operator.look()
        assert "◉ evictions" in screen
        assert "◉ json" in screen
        screen = await operator.press("enter")
        assert "there is one already, and it stays as it is" in screen
        assert files(tmp_path) == {there.name: "mine"}
        await operator.press("tab", "tab", "home", "x", "enter")
        assert "◉" not in await operator.look()
    written = json.loads(files(tmp_path)[f"x{there.name}"])
    assert [row["cause"] for row in written["rows"]] == ["deleted", "displaced"]


async def test_what_cannot_be_written_is_told_in_place_and_escape_writes_nothing(
    dashboard: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with dashboard(size=(80, 24)) as operator:
        await operator.press("e", "home", "n", "o", "/")
        assert "no such folder; make it or name another" in await operator.press("enter")
        assert "no such folder" not in await operator.press("x")  # it is being mended
        assert "Export ─" not in await operator.press("escape")
    assert files(tmp_path) == {}


# ── a row, a picture ──


async def test_c_copies_the_picked_row_without_anything_a_terminal_would_obey(
    dashboard: Open,
) -> None:
    hostile = row("k\x1b]0;x\a", Decimal("1234.50"), 100, "a\tb\n\u202e=1", None)
    async with dashboard(ScriptedEngine(sample(board=(hostile, *BOARD)))) as operator:
        await operator.panel("board")
        await operator.press("c")
        assert operator.app.clipboard == ""  # no row is picked, and that is said
        await operator.press("down", "c")
        assert operator.app.clipboard == "k␛]0;x␇\t100\ta␉b␊\\u202e=1\t\t1234.50"
        await operator.press("down", "c")
        assert operator.app.clipboard == "82\t100\tet\t0\t650"
        said = [of.message for of in operator.app._notifications]
        assert said[-1] == "Copied: 82  100  et  0  650"
        await operator.panel("events")
        await operator.press("down", "c")
        assert operator.app.clipboard.split("\t")[:5] == [
            "82", "2023-11-14T22:13:19.509Z", "UPDATE", "550", "650",
        ]  # fmt: skip
        await operator.panel("evictions")
        await operator.press("down", "c")
        assert operator.app.clipboard.endswith("\t10\tdisplaced by 98 (160)")


async def test_s_draws_the_screen_into_a_new_file_each_time(
    dashboard: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with dashboard(size=(80, 24)) as operator:
        for count in (1, 2):
            await operator.press("s")
            while sum(text.endswith("</svg>\n") for text in files(tmp_path).values()) < count:
                await operator.pilot.pause(0.01)
    name = "interactives-screen-20231114-221320"
    pictures = files(tmp_path)
    assert sorted(pictures) == [f"{name}-2.svg", f"{name}.svg"]
    assert "EXACT" in pictures[f"{name}.svg"]
    assert "font-face" not in pictures[f"{name}.svg"]
