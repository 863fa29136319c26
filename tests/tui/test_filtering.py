"""What is written after `/`, and what it finds."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topn_tui.filtering import Unclear, parse

WORDS = {
    "key": (),
    "op": ("insert", "update", "delete"),
    "verdict": ("entered", "left", "below the bar", "below the floor"),
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("  ", True),
        ("82", True),
        ("8", True),
        ("2", False),
        ("key:82", True),
        ("key:8", False),
        ("key:", True),
        ("key:7,82", True),
        ("op:delete", False),
        ("op:update", True),
        ("op:UPD", True),
        ("op:", True),
        ("op:insert,upd", True),
        ("verdict:below-the-bar", True),
        ('verdict:"below the bar"', True),
        ("verdict:below", True),
        ("verdict:below-the-floor", False),
        ("8 op:update verdict:below", True),
        ("8 op:update verdict:entered", False),
        ('"82', True),
    ],
)
def test_all_words_must_hold(text: str, found: bool) -> None:
    facts = {"key": "82", "op": "UPDATE", "verdict": "below the bar"}
    assert parse(text, WORDS).finds(facts) is found


def test_a_key_with_blanks_or_a_colon_stands_between_quotation_marks() -> None:
    facts = {"key": "a b:c", "op": "", "verdict": "left"}
    assert parse('"a b:"', WORDS).finds(facts)
    assert parse('key:"a b:c"', WORDS).finds(facts)
    assert not parse('key:"a b"', WORDS).finds(facts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo:1", "no foo: here; write a key, or key:, op:, verdict:"),
        ("op:drop", "op: has no drop; write insert, update, delete"),
        ("op:foo bogus:1", "op: has no foo; write insert"),
        ("op:" + "x" * 300, "op: has no xxxxxxxxxxxxxxxxxxxxxxx…; write insert, update"),
        ("x" * 300 + ":1", "no xxxxxxxxxxxxxxxxxxxxxxx…: here; write a key, or key:, op:"),
        ("82 verdict:gone", "verdict: has no gone; write entered, left, below-the-bar"),
    ],
)
def test_what_is_unclear_is_told_with_what_there_is(text: str, said: str) -> None:
    with pytest.raises(Unclear) as unclear:
        parse(text, WORDS)
    assert str(unclear.value).startswith(said)


@given(st.text())
def test_any_text_is_a_filter_or_unclear(text: str) -> None:
    facts = {"key": "", "op": "", "verdict": ""}
    with contextlib.suppress(Unclear):
        assert parse(text, WORDS).finds(facts) in (True, False)
