"""Values into text, and any text made safe for any terminal."""

from __future__ import annotations

import unicodedata
from datetime import UTC
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from wcwidth import wcswidth

from topn_tui import formatting as f


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\n\t\0", "␛[31mred␊␉␀"),
        ("\x7f\x9b", "␡\\x9b"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
        ("中文", "中文"),
        ("e\u0301", "e\u0301"),
        ("\u0301first", "\\u0301first"),
        ("z\u0301\u0302\u0303", "z\u0301\u0302\\u0303"),
        ("👨\u200d👧", "👨\\u200d👧"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_is_made_visible(text: str, shown: str) -> None:
    assert f.safe(text) == shown


@given(st.text(st.characters()), st.integers(0, 60), st.booleans())
def test_any_text_takes_exactly_the_asked_width(text: str, width: int, right: bool) -> None:
    shown = f.safe(text, width, right=right)
    assert cell_len(shown) == width
    assert wcswidth(shown) == width


@given(st.text(st.characters()))
def test_no_control_is_left_in_any_text(text: str) -> None:
    shown = f.safe(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode()
    assert cell_len(shown) == sum(map(cell_len, shown)) == wcswidth(shown)


@given(st.binary(max_size=200))
def test_any_message_becomes_lines_of_safe_text(message: bytes) -> None:
    for line in f.raw(message):
        assert f.safe(line) == line


@given(st.text(st.sampled_from("ab 中,"), max_size=40), st.integers(-1, 30))
def test_a_text_cut_after_a_word_fits_and_says_that_it_was_cut(text: str, width: int) -> None:
    cut = f.crop_words(text, width)
    assert cell_len(cut) <= max(0, width)
    assert cut == text or not cut or cut.endswith("…")
    assert text.startswith(cut.removesuffix("…").rstrip())


def test_a_text_is_cut_after_a_word_unless_half_of_it_would_go() -> None:
    assert f.crop_words("score fell; 24 came up", 20) == "score fell; 24 …"
    assert f.crop_words("score fell; 24 came up", 21) == "score fell; 24 came …"
    assert f.crop_words("a" * 30, 9) == "a" * 8 + "…"


def test_json_is_pretty_other_text_is_text_and_the_rest_is_hex() -> None:
    assert f.raw(b'{"id":"\xe4\xb8\xad\\u001b","n":9007199254740993}') == [
        "{", '  "id": "中\\u001b",', '  "n": 9007199254740993', "}"
    ]  # fmt: skip
    assert f.raw(b'{"cut": "sho') == ['{"cut": "sho']
    assert f.raw(b"\x08\x96\xff") == ["000000  08 96 ff" + " " * 42 + "···"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (f.number(None), "-"),
        (f.number(0), "0"),
        (f.number(-1234567), "-1,234,567"),
        (f.number(Decimal("12345678901234567890.1200")), "12,345,678,901,234,567,890.1200"),
        (f.number(Decimal("1E+3")), "1,000"),
        (f.number_within(10**40, 20), "≈1.0000e+40"),
        (f.change(100), "+100"),
        (f.change(Decimal("-1.50")), "−1.50"),
        (f.change(0), ""),
        (f.rate(0.0), "0/s"),
        (f.rate(1.25), "1.2/s"),
        (f.rate(1204.4), "1,204/s"),
        (f.percent(31, 100), "31 %"),
        (f.percent(0, 0), "-"),
        (f.duration(None), "-"),
        (f.duration(0.84), "0.8 ms"),
        (f.duration(310), "310 ms"),
        (f.duration(1_240), "1.2 s"),
        (f.duration(75_000), "1 min"),
        (f.age(12_900), "12 s"),
        (f.age(-5), "0 s"),
        (f.age(7_200_000), "2 h"),
        (f.age(4 * 86_400_000), "4 d"),
        (f.since(None, 5), "-"),
        (f.since(0, 5), "-"),
        (f.since(1_000, 4_000), "3 s"),
        (f.clock(None), "-"),
        (f.clock(1_700_000_000_310, millis=True, zone=UTC), "22:13:20.310"),
        (f.key(1234567), "1234567"),
        (f.key(None), "-"),
        (f.value(None), "NULL"),
        (f.value(b"\x00\xff"), "0x00ff"),
        (f.value(12_345), "12,345"),
        (f.value("a\nb"), "a␊b"),
        (f.spark((), 3), "   "),
        (f.spark((0, 0), 3), " ▁▁"),
        (f.spark((0, 50, 100), 3), "▁▃▆"),
        (f.spark((None, 100, None, 0), 4), " ▆ ▁"),
        (f.spark((1204,) * 4, 4), "▆▆▆▆"),
        (f.bar(0.5, 4), "━━  "),
        (f.bar(0.625, 4), "━━╸ "),
        (f.bar(7, 2), "━━"),
        (f.crop("中文字", 4), "中…"),
    ],
)  # fmt: skip
def test_values_as_a_person_reads_them(shown: str, expected: str) -> None:
    assert shown == expected
