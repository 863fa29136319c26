"""What the operator finds and takes away from the screen: exports, a copied row, a picture."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.adapters.embedded import Wire
from engine.adapters.embedded.rows import Fields
from tests.embedded.dashboard import Operator, live
from tests.tui.screen import PATIENCE_S

pytestmark = pytest.mark.slow

INSERTED = "900001"
"""The key of the row that the key `t` inserts."""
SHOWN = ("biz_id", "biz", "read_cnt")
"""The columns that are shown, beside key and score."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the dashboard was started."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def until(operator: Operator, what: str, holds: Callable[[str], object]) -> str:
    """The screen, once this holds for it: a file is written beside the screen, in no virtual time."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(await operator.look()):
                await operator.pilot.pause(0.01)
    except TimeoutError:
        raise AssertionError(f"never seen: {what}\n{await operator.look()}") from None
    return await operator.look()


async def exported(operator: Operator, panel: str, *choosing: str) -> Path:
    """The file that an export writes, begun in this panel."""
    before = set(Path.cwd().iterdir())
    await operator.press(panel, "e", *choosing, "enter")
    await until(operator, "the export is closed", lambda screen: "◉" not in screen)
    (file,) = set(Path.cwd().iterdir()) - before
    assert file.name in operator.said[-1]
    return file


JSON = ("tab", "right")
"""From what is exported to its form, and on to the other one."""


def cells(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text("utf-8").splitlines()))


def entries(file: Path) -> list[dict[str, object]]:
    found = json.loads(file.read_text("utf-8"))
    assert found["rows_here"] == len(found["rows"])
    return found["rows"]


def told(row: Fields | None) -> dict[str, object]:
    """The columns that are shown of a row of the table."""
    assert row is not None
    return {name: row[name] for name in SHOWN}


def rows(operator: Operator, panel: str) -> list[str]:
    """The drawn rows of a list, without its head."""
    lines = [line[1:-1].strip() for line in operator.lines(panel)[2:-1]]
    return [line for line in lines if line]


async def test_the_operator_finds_the_deletions_and_exports_only_those(folder: Path) -> None:
    async with live() as operator:
        second, third = operator.board[1:3]
        operator.table.delete([int(second)])
        await operator.run(300)
        await operator.press("3", "slash", *"op:del")
        found = rows(operator, "events")
        assert [line.split()[2] for line in found if re.search(r" DEL\w* ", line)][:1] == [second]
        assert all(re.search(r" DEL\w* ", line) for line in found)
        await operator.press("enter", "t")  # what comes later goes through the filter as well
        operator.table.delete([int(third)])
        await operator.run(300)
        assert [line.split()[2] for line in rows(operator, "events")][:2] == [third, second]
        title = operator.lines("events")[0]
        (of,) = re.findall(r"/op:del (\d+) of \d+", title)
        written = cells(await exported(operator, "3"))
        assert len(written) == int(of)
        assert {row["op"] for row in written} == {"DELETE"}
        assert [row["key"] for row in written[-2:]] == [second, third]
        await operator.press("slash", "escape")
        assert rows(operator, "events")[1].split()[2] == INSERTED

        await operator.press("4", "slash", *"cause:displaced", "enter")
        found = rows(operator, "evictions")
        assert found
        assert all("displaced by" in line for line in found)
        assert f"displaced by {INSERTED}" in found[0]
        await operator.press("slash", *["backspace"] * 15, *"key:", *third, "enter")
        (line,) = rows(operator, "evictions")
        assert re.search(rf" {third} .*deleted; \d+ came up", line)


async def test_the_operator_exports_the_board_and_no_file_is_overwritten(folder: Path) -> None:
    async with live() as operator:
        best = [operator.table.row(key) for key, _ in operator.table.best(10)]
        rows_shown = [{"id": of["id"], **told(of), "like_cnt": of["like_cnt"]} for of in best if of]
        assert [str(of["id"]) for of in rows_shown] == operator.board
        file = await exported(operator, "1")
        assert re.fullmatch(r"interactives-board-\d{8}-\d{6}\.csv", file.name)
        assert cells(file) == [
            {"rank": str(rank)} | {name: str(value) for name, value in of.items()}
            for rank, of in enumerate(rows_shown, 1)
        ]
        as_json = await exported(operator, "1", *JSON)
        facts = json.loads(as_json.read_text("utf-8"))
        assert (facts["state"], facts["table"]) == ("EXACT", "webook.interactives")
        assert entries(as_json) == rows_shown

        text = files(folder)[file.name]
        await operator.press("t")
        await operator.press("1", "e", "enter")
        screen = await until(operator, "the refusal", lambda screen: "✖" in screen)
        assert "there is one already, and it stays as it is; write another name" in screen
        screen = await operator.press("tab", "tab", "home", "n", "o", "/", "enter")
        screen = await until(
            operator, "the other refusal", lambda screen: "no such folder" in screen
        )
        assert "no such folder; make it or name another" in screen
        assert "✖" not in await operator.press("x")  # it is being mended
        assert "Export ─" not in await operator.press("escape")
        there = files(folder)
        assert set(there) == {file.name, as_json.name}
        assert there[file.name] == text


async def test_the_operator_exports_what_happened_as_it_was_when_the_key_was_pressed(
    folder: Path,
) -> None:
    async with live() as operator:
        table, (first, *_, tenth) = operator.table, operator.board
        was = table.row(int(first))
        table.update({int(first): {"read_cnt": 12_345, "biz": "moved"}})
        await operator.press("t")
        table.delete([int(first)])
        await operator.run(300)
        inserted = table.row(int(INSERTED))
        now = told(was) | {"read_cnt": 12_345, "biz": "moved"}

        await operator.press("3", "e")
        table.delete([int(INSERTED)])
        screen = await operator.run(300)  # meanwhile: it is not in the file
        assert (
            f"{operator.app.status.events_total - 1} rows, as they stood when this opened" in screen
        )
        await operator.press("enter")
        await until(operator, "the export is closed", lambda screen: "◉" not in screen)
        (name,) = files(folder)
        update, insert, delete = cells(folder / name)[-3:]
        assert [of["op"] for of in (update, insert, delete)] == ["UPDATE", "INSERT", "DELETE"]
        assert columns(update, "before") == as_text(told(was))
        assert columns(update, "after") == as_text(now)
        assert set(columns(insert, "before").values()) == {""}
        assert columns(insert, "after") == as_text(told(inserted))
        assert (insert["explanation"], insert["rank_after"]) == (
            f"entered at 2, pushed {tenth} out",
            "2",
        )
        assert columns(delete, "before") == as_text(now)
        assert set(columns(delete, "after").values()) == {""}

        update, insert, delete, last = entries(await exported(operator, "3", *JSON))[-4:]
        assert (update["columns_before"], update["columns"]) == (told(was), now)
        assert (insert["columns_before"], insert["columns"]) == (None, told(inserted))
        assert (delete["columns_before"], delete["columns"]) == (now, {})
        assert last["columns_before"] == told(inserted)
        assert json.loads(str(update["message"]))["data"][0]["id"] == first

        displaced, deleted, _ = cells(await exported(operator, "4"))[-3:]
        assert (displaced["key"], displaced["by_key"], displaced["rank"]) == (tenth, INSERTED, "10")
        assert (deleted["key"], deleted["cause"], deleted["row.biz"]) == (first, "deleted", "moved")
        assert deleted["successor_key"] == tenth
        displaced, deleted, _ = entries(await exported(operator, "4", *JSON))[-3:]
        assert displaced["by"] == {
            "id": int(INSERTED),
            **told(inserted),
            "like_cnt": score(inserted),
        }
        assert deleted["row"] == {"id": int(first), **now, "like_cnt": score(was)}


def score(row: Fields | None) -> object:
    assert row is not None
    return row["like_cnt"]


def columns(row: dict[str, str], at: str) -> dict[str, str]:
    """A row of the exported events, before or after its change."""
    return {name: row[f"{at}.{name}"] for name in SHOWN}


def as_text(row: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in row.items()}


async def test_the_operator_copies_rows_and_takes_a_picture_of_what_is_drawn(folder: Path) -> None:
    async with live() as operator:
        await operator.press("t")
        await operator.run(300)
        await operator.press("1", "c")
        assert operator.app.clipboard == ""
        assert operator.said[-1] == "No row is picked: ↑ ↓ pick one."
        await operator.press("down", "down", "c")
        inserted = operator.table.row(int(INSERTED))
        values = [INSERTED, *map(str, told(inserted).values()), str(score(inserted))]
        assert operator.app.clipboard.split("\t") == values
        assert operator.said[-1] == f"Sent to the terminal's clipboard: {'  '.join(values)}"
        await operator.press("3", "down", "c")
        key, _, op, old, new, at, verdict, *_ = operator.app.clipboard.split("\t")
        assert (key, op, old, new) == (INSERTED, "INSERT", "", values[-1])
        assert f"{at} " in rows(operator, "events")[0]
        assert re.fullmatch(r"entered at 2, pushed \d+ out", verdict)
        await operator.press("4", "down", "c")
        assert operator.app.clipboard.endswith(f"\t10\tdisplaced by {INSERTED} ({values[-1]})")

        await operator.press("1", "escape")
        for count in (1, 2):
            await operator.press("s")
            await until(operator, f"picture {count}", lambda _, n=count: len(pictures(folder)) == n)
        first, second = sorted(pictures(folder), key=len)
        assert re.fullmatch(r"interactives-screen-\d{8}-\d{6}\.svg", first)
        assert second == first.replace(".svg", "-2.svg")
        drawing = pictures(folder)[first].replace("&#160;", " ")
        assert "EXACT" in drawing
        assert all(re.search(rf">[^<]*\b{key}\b", drawing) for key in operator.board)
        assert "font-face" not in drawing


def files(folder: Path) -> dict[str, str]:
    """Name -> text of all files in it, line ends as they are."""
    return {file.name: file.read_bytes().decode() for file in folder.iterdir()}


def pictures(folder: Path) -> dict[str, str]:
    """As :func:`files`, of the pictures that are there whole."""
    return {name: text for name, text in files(folder).items() if text.endswith("</svg>\n")}


async def test_the_operator_goes_from_a_change_and_from_an_eviction_to_their_rows() -> None:
    async with live() as operator:
        tenth = operator.board[-1]
        await operator.press("t")
        await operator.run(300)
        await operator.press("3", "home", "enter", "g")
        await operator.screen()
        (picked,) = [line for line in operator.lines("board") if "▸" in line]
        assert re.search(rf"▸ *2 .* {INSERTED} ", picked)
        assert "res" not in " ".join(operator.lines("board"))
        await operator.press("4", "home", "enter", "g")
        await operator.screen()
        (picked,) = [line for line in operator.lines("board") if "▸" in line]
        assert re.search(rf"▸ *11 +res +{tenth} ", picked)  # the reserve has come into sight
        operator.table.delete([int(tenth)])
        await operator.run(300)
        await operator.press("3", "home", "enter", "g")
        assert operator.said[-1].startswith(f"{tenth} is not on the board: ")


async def test_the_operator_gives_one_panel_the_screen_and_finds_a_command_by_its_name() -> None:
    async with live() as operator:
        await operator.press("3")
        few = len(operator.lines("events"))
        screen = await operator.press("m")
        assert len(operator.lines("events")) > 2 * few
        assert len(rows(operator, "events")) > few
        assert "─ Board" not in screen
        assert "● EXACT" in screen  # how exact it is stays in sight
        await operator.press("ctrl+p", *"insert top")
        await until(operator, "the command", lambda screen: "insert a row into the top" in screen)
        await operator.press("enter")
        await until(
            operator, "the palette is closed", lambda _: len(operator.app.screen_stack) == 1
        )
        await operator.run(300)
        assert re.search(
            rf" {INSERTED} .*entered at 2, pushed \d+ out", rows(operator, "events")[0]
        )
        assert "─ Board" in await operator.press("m")
        assert len(operator.lines("events")) == few
        assert operator.board[1] == INSERTED


HOSTILE = {
    "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
    "\t@SUM(1)": "'␉@SUM(1)",
    "\x1b]52;c;eA==\x07\x1b[2J": "␛]52;c;eA==␇␛[2J",
    "a\u202eb\u2066\u2028c": "a\\u202eb\\u2066\\u2028c",
    '1\r\n2,"3"\x00\x9b31m': '1␍␊2,"3"␀\\x9b31m',
    "[bold red]x[/] [@click=app.quit]y[/]": "[bold red]x[/] [@click=app.quit]y[/]",
}
"""A text in a column of the table -> what a spreadsheet gets of it."""


@pytest.mark.parametrize("wire", ["json", "protobuf"])
async def test_what_is_taken_away_of_hostile_text_is_obeyed_by_no_terminal_and_no_spreadsheet(
    wire: Wire, folder: Path
) -> None:
    async with live(wire=wire) as operator:
        keys = operator.board[: len(HOSTILE)]
        texts = dict(zip(keys, HOSTILE, strict=True))
        operator.table.update({int(key): {"biz": text} for key, text in texts.items()})
        await operator.run(500)
        operator.table.delete([int(keys[0])])
        await operator.run(500)
        assert harmless((await operator.look()).replace("\n", ""))
        on_board = {key: texts[key] for key in keys[1:]}

        file = await exported(operator, "1")
        assert {of["id"]: of["biz"] for of in cells(file)[: len(on_board)]} == {
            key: HOSTILE[text] for key, text in on_board.items()
        }
        file = await exported(operator, "1", *JSON)
        assert {str(of["id"]): of["biz"] for of in entries(file)[: len(on_board)]} == on_board

        file = await exported(operator, "3")
        *updates, deleted = cells(file)[-len(texts) - 1 :]
        assert {of["key"]: of["after.biz"] for of in updates} == {
            key: HOSTILE[text] for key, text in texts.items()
        }
        assert deleted["before.biz"] == HOSTILE[texts[keys[0]]]
        file = await exported(operator, "3", *JSON)
        *updates, deleted = entries(file)[-len(texts) - 1 :]
        assert {str(of["key"]): of["columns"]["biz"] for of in updates} == texts  # type: ignore[index]
        assert deleted["columns_before"]["biz"] == texts[keys[0]]  # type: ignore[index]

        file = await exported(operator, "4")
        assert cells(file)[-1]["row.biz"] == HOSTILE[texts[keys[0]]]
        file = await exported(operator, "4", *JSON)
        assert entries(file)[-1]["row"]["biz"] == texts[keys[0]]  # type: ignore[index]

        for name, text in files(folder).items():
            assert harmless(text.replace("\r\n" if name.endswith("csv") else "\n", "")), name
        assert len(files(folder)) == 6
        for key in on_board:
            await operator.press("1", "down", "c")
            copied = operator.app.clipboard
            assert copied.startswith(f"{key}\t")
            assert harmless(copied.replace("\t", ""))
            assert copied.split("\t")[2] == HOSTILE[texts[key]]
        await operator.press("s")
        await until(operator, "the picture", lambda _: pictures(folder))
        (drawing,) = pictures(folder).values()
        assert harmless(drawing.replace("\n", ""))


def harmless(text: str) -> bool:
    """No control character, line separator or change of direction."""
    return not any(unicodedata.category(of) in ("Cc", "Cf", "Cs", "Zl", "Zp") for of in text)
