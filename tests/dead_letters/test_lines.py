"""A dead letter as a line: whole, readable by `replay`, never longer than its bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dead_letter_lines import LINE_MIN_BYTES, DeadLetter, letters_in, line_of
from engine.recordings import read_changes
from tests.dead_letters.letters import letter

letters = st.builds(
    letter,
    st.integers(0, 2**63 - 1),
    st.none() | st.binary(max_size=40_000),
    partition=st.integers(0, 2**31 - 1),
    timestamp_ms=st.integers(-1, 2**53),
    reason=st.text(max_size=2_000),
)


@given(letters)
def test_a_letter_comes_back_as_it_was(sent: DeadLetter) -> None:
    ((number, found),) = letters_in(line_of(sent))
    assert isinstance(found, DeadLetter)
    assert number == 1
    assert (found.topic, found.place, found.timestamp_ms) == ("d_t", sent.place, sent.timestamp_ms)
    assert (found.value, found.raw_size, found.cut) == (sent.value, sent.raw_size, False)
    assert found.reason == sent.reason[:1000].encode("utf-8", "backslashreplace").decode()


@given(letters)
def test_a_line_keeps_to_its_bound_and_says_what_is_missing(sent: DeadLetter) -> None:
    line = line_of(sent, max_bytes=LINE_MIN_BYTES)
    assert len(line) <= LINE_MIN_BYTES
    assert line.count(b"\n") == 1
    ((_, found),) = letters_in(line)
    assert isinstance(found, DeadLetter)
    value, kept = sent.value or b"", found.value or b""
    assert value.startswith(kept)
    assert found.raw_size == len(value)
    assert found.cut == (len(kept) < len(value))
    assert len(kept) == len(value) or len(line) > LINE_MIN_BYTES - 8  # as much as there is room for


def test_replay_reads_a_line_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(
        line_of(letter(12, b"\x00\xff", partition=3, timestamp_ms=-1)) + line_of(letter(13, None))
    )
    first, second = read_changes(file)
    assert (first.partition, first.offset, first.timestamp_ms, first.value) == (3, 12, 0, b"\0\xff")
    assert (second.offset, second.value) == (13, None)


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"topic":"t"}',
        line_of(letter(1)).replace(b'"/g=="', b'"?"'),
        line_of(letter(1)).replace(b'"offset":1', b'"offset":-1'),
        b'{"a":' + b"[" * 100_000,
    ],
    ids=range(7),
)
def test_a_damaged_line_is_told_with_its_number_and_the_others_are_read(line: bytes) -> None:
    content = line_of(letter(1)) + b"\n" + line.strip() + b"\n" + line_of(letter(2))
    found = dict(letters_in(content))
    assert list(found) == [1, 3, 4]
    assert str(found[3]).startswith("not a dead letter: ")
    assert isinstance(found[4], DeadLetter)


def test_a_last_line_that_is_not_whole_is_cut_off() -> None:
    assert list(letters_in(line_of(letter(1))[:-9])) == [(1, "cut off")]


def test_the_names_in_a_line_are_a_contract() -> None:
    assert json.loads(line_of(letter(12))) == {
        "topic": "d_t",
        "partition": 0,
        "offset": 12,
        "timestamp_ms": 1_700_000_000_000,
        "noticed_ms": 1_700_000_000_500,
        "reason": "broken",
        "raw_size": 1,
        "value_base64": "/g==",
    }
