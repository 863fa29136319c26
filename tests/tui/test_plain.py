"""The dashboard on terminals without colours, without Unicode, and on those that are none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

import topn_tui
from engine.errors import WrongSetting
from engine.view_settings import ViewSection
from tests.embedded.terminals import terminal
from tests.tui.conftest import Open
from tests.tui.scripted import BOARD, ScriptedEngine, row, sample
from topn_tui.appearance import Appearance, appearance_of, charset, has_colours, is_production
from topn_tui.plain import SIGNS, Ascii, Colourless

BLACK = Color(0, 0, 0)
OPENED = ("", "question_mark", "n", "e", "ctrl+p", "2 f", "space", "3 down enter")


def plain(text: str, encoding: str = "ascii") -> str:
    return Ascii(encoding).apply([Segment(text)], BLACK)[0].text


# ── without colours ──


async def test_without_colours_nothing_has_one_and_the_cursor_and_production_are_reversed(
    dashboard: Open,
) -> None:
    async with dashboard(appearance=Appearance(colour=False), production=True) as operator:
        for keys in OPENED:
            await operator.press(*keys.split())
            styles = [s.style for strip in operator.strips() for s in strip if s.style is not None]
            assert not any(of.color or of.bgcolor for of in styles), keys
            await operator.press("escape", "escape")
        await operator.press("1", "down")
        header, cursor = operator.strips()[0], operator.strips()[4]
        assert all(s.style and s.style.reverse for s in header if s.text.strip())
        assert [s.text.strip() for s in cursor if s.style and s.style.reverse and s.text.strip()]


def test_a_click_does_the_same_without_colours() -> None:
    style = Style(color="red", bold=True, meta={"@click": "app.quit"})
    (segment,) = Colourless().apply([Segment("q", style)], BLACK)
    assert segment.style is not None
    assert (segment.style.color, segment.style.bold) == (None, True)
    assert segment.style.meta == {"@click": "app.quit"}


@pytest.mark.slow
def test_in_a_real_terminal_no_color_writes_no_colour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LC_ALL", "C")
    with terminal(tmp_path) as it:
        it.until(b"EXACT")
        it.until(b"Quit")
        it.press(b"q")
        assert it.ended() == 0
    numbers = {
        int(n) for of in re.findall(rb"\x1b\[([0-9;]*)m", it.written) for n in of.split(b";") if n
    }
    assert numbers & {1, 7}
    assert not [n for n in numbers if 30 <= n <= 49 or 90 <= n <= 107]
    assert it.written.isascii()  # LC_ALL=C


# ── without Unicode ──


@pytest.mark.parametrize("size", [(60, 20), (120, 40)], ids=str)
async def test_in_ascii_every_screen_is_ascii_and_every_line_as_wide_as_before(
    dashboard: Open, size: tuple[int, int]
) -> None:
    wide = (row("李雷的书🎉", 700, 1, "中文", 0), *BOARD[1:])
    async with dashboard(
        ScriptedEngine(sample(board=wide)), size=size, appearance=Appearance(encoding="ascii")
    ) as operator:
        for keys in OPENED:
            screen = await operator.press(*keys.split())
            assert screen.isascii(), keys
            assert {len(line) for line in screen.splitlines()} == {size[0]}, keys
            await operator.press("escape", "escape")


def test_every_sign_in_our_sources_has_one_of_ascii() -> None:
    folder = Path(topn_tui.__file__).parent
    told = "".join(of.read_text() for of in (*folder.rglob("*.py"), *folder.rglob("*.tcss")))
    ours = {
        char for char in told if not char.isascii() and not char.isalpha() and cell_len(char) == 1
    }
    controls = {
        chr(0x2400),
        *"␊␛␡",
    }  # of foreign text; a question mark where the terminal has them not
    assert ours - controls <= {chr(code) for code in SIGNS}
    assert all(len(sign) == 1 and sign.isascii() for sign in SIGNS.values())


def test_a_sign_becomes_one_character_and_foreign_text_as_many_as_it_has_cells() -> None:
    assert plain("● EXACT · 650·82 ▲2 ╭──╮") == "* EXACT : 650:82 ^2 +--+"
    assert plain("李🎉é") == "?????"
    assert plain("李é●", "gbk") == "李é*"
    assert plain("🎉", "gbk") == "??"
    assert plain("李🎉é●", "utf-8") == "李🎉é*"
    assert plain("e\N{COMBINING ACUTE ACCENT}x") == "ex"


@pytest.mark.parametrize(
    ("environment", "encoding", "coerced", "is_"),
    [
        ({}, "utf-8", True, "utf-8"),
        ({"LC_CTYPE": "C.UTF-8"}, "utf-8", True, "utf-8"),
        ({"LANG": "en_US.UTF-8"}, "utf-8", False, "utf-8"),
        ({"LANG": "zh_CN.utf8@x"}, "UTF-8", False, "utf-8"),
        ({"LC_CTYPE": "UTF-8"}, "utf-8", False, "utf-8"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "utf-8", False, "utf-8"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "utf-8", True, "ascii"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "utf-8", True, "ascii"),
        ({"LC_ALL": "POSIX"}, "ascii", False, "ascii"),
        ({"LANG": "en_US"}, "iso8859-1", False, "iso8859-1"),
        ({"LANG": "zh_CN.GBK"}, "gbk", False, "gbk"),
        ({"LANG": "zh_CN.GBK"}, "utf-8", True, "ascii"),
        ({"LANG": "xx.no-such"}, "utf-8", False, "ascii"),
        ({"LANG": "en_US.UTF-8"}, "ascii", False, "ascii"),
    ],
)
def test_what_a_terminal_can_show_is_what_locale_and_output_agree_on(
    environment: dict[str, str], encoding: str, coerced: bool, is_: str
) -> None:
    assert charset(environment, encoding, coerced=coerced) == is_


# ── what the settings and the environment make of it ──


def looks(environment: dict[str, str], encoding: str = "utf-8", **view: object) -> Appearance:
    return appearance_of(ViewSection(**view), environment, encoding, coerced=False)  # type: ignore[arg-type]


def test_the_setting_goes_before_the_locale() -> None:
    c, utf8 = {"LC_ALL": "C"}, {"LC_ALL": "en_US.UTF-8"}
    assert (looks(c).encoding, looks(utf8).encoding) == ("ascii", None)
    assert (looks(c, ascii=False).encoding, looks(utf8, ascii=True).encoding) == (None, "utf-8")


def test_no_color_counts_unless_it_is_empty_and_a_terminal_without_colours_gets_none() -> None:
    assert looks({"NO_COLOR": ""}).colour
    assert not looks({"NO_COLOR": "0"}).colour
    assert looks({"TERM": "no-such-terminal"}).colour
    assert has_colours("")


def test_a_terminal_on_which_nothing_can_be_placed_is_refused_with_the_next_step() -> None:
    with pytest.raises(WrongSetting, match=r"TERM=dumb: .*run --headless"):
        looks({"TERM": "dumb"})


@pytest.mark.parametrize(
    ("view", "is_"),
    [
        ({}, False),
        ({"environment": "Production"}, True),
        ({"environment": "live-eu"}, True),
        ({"environment": "生产"}, True),
        ({"environment": "staging"}, False),
        ({"environment": "prod-copy", "production": False}, False),
        ({"environment": "eu-1", "production": True}, True),
        ({"production": True}, True),
    ],
)
def test_production_is_what_the_setting_says_or_the_name(
    view: dict[str, object], is_: bool
) -> None:
    assert is_production(ViewSection(**view)) is is_  # type: ignore[arg-type]
