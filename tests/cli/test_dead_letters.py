"""`topn-tui dead-letters`: what it prints of a file, whatever the file holds."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.configuration import default_dead_letter_file
from engine.dead_letter_lines import DeadLetter, line_of
from tests.cli.conftest import Program, Said
from tests.dead_letters.letters import letter

CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
Letters = Callable[..., Said]
NOW_MS = time.time_ns() // 1_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "dead.jsonl"


@pytest.fixture
def letters(topn: Program, file: Path) -> Letters:
    """The command on the file of this test."""

    def call(*arguments: str) -> Said:
        return topn("dead-letters", "--set", f"dead_letters.file={file}", *arguments)

    return call


def write(file: Path, *kept: DeadLetter | bytes) -> None:
    file.write_bytes(b"".join(one if isinstance(one, bytes) else line_of(one) for one in kept))


def numbers(said: Said) -> list[int]:
    return [json.loads(line)["number"] for line in said.out.splitlines()]


def test_a_list_is_aligned_and_numbered_oldest_first(letters: Letters, file: Path) -> None:
    write(file, letter(7, b"x" * 1_234), letter(12, partition=2, reason="another\x1b[31m\nreason"))
    said = letters("list")
    assert (said.code, said.err) == (0, "")
    header, first, second = said.out.splitlines()
    assert header.split() == ["#", "noticed", "topic", "place", "bytes", "reason"]
    assert re.fullmatch(r"1  2023-11-1\d \d\d:\d\d:20  d_t    p0@7   1,234  broken", first)
    assert second.endswith("d_t    p2@12      1  another␛[31m␊reason")


def test_a_list_for_programs_has_an_object_a_line(letters: Letters, file: Path) -> None:
    write(file, letter(7, b"x\xff", timestamp_ms=-1, raw_size=9))
    assert json.loads(letters("list", "--json").out) == {
        "number": 1,
        "topic": "d_t",
        "partition": 0,
        "offset": 7,
        "timestamp_ms": None,
        "noticed_ms": 1_700_000_000_500,
        "reason": "broken",
        "raw_size": 9,
        "cut": True,
    }


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["export", "-"]])
def test_none_is_no_error_and_is_said(letters: Letters, arguments: list[str]) -> None:
    assert letters(*arguments) == Said(0, "", "topn-tui: there is no dead letter\n")


def test_filters_choose_and_numbers_stay(letters: Letters, file: Path) -> None:
    old, new = NOW_MS - 3 * 3_600_000, NOW_MS - 60_000
    write(
        file,
        letter(1, noticed_ms=old, reason="not readable as JSON"),
        letter(2, noticed_ms=old, reason="a score"),
        letter(3, noticed_ms=new, reason="Not Readable as a packet"),
        letter(4, noticed_ms=new, reason="a score"),
    )
    assert numbers(letters("list", "--json", "--since", "1h")) == [3, 4]
    assert numbers(letters("list", "--json", "--since", "2020-01-01")) == [1, 2, 3, 4]
    assert numbers(letters("list", "--json", "--reason", "not readable")) == [1, 3]
    assert numbers(letters("list", "--json", "--limit", "3")) == [2, 3, 4]
    both = letters("list", "--json", "--limit", "1", "--reason", "score", "--since", "5h")
    assert numbers(both) == [4]
    none = letters("list", "--reason", "nothing of it")
    assert (none.code, none.out) == (0, "")
    assert none.err == "topn-tui: none of 4 dead letters is meant by these options\n"


@pytest.mark.parametrize("since", ["yesterday", "3x", "2026-13-01", "-1h", "9999999999d", "\x1b["])
def test_a_time_that_is_none_is_wrong_usage(letters: Letters, since: str) -> None:
    said = letters("list", f"--since={since}")
    assert said.code == 2
    assert "is no time: write 2026-11-23" in said.err
    assert CONTROLS.search(said.err) is None


@pytest.mark.parametrize("wanted", ["2", "p3@12"])
def test_one_is_shown_by_number_and_by_place(letters: Letters, file: Path, wanted: str) -> None:
    write(file, letter(1), letter(12, b'{"data":[{"id":"1"}]}', partition=3, reason="r" * 500))
    lines = letters("show", wanted).out.splitlines()
    fields = dict(line.split(maxsplit=1) for line in lines[:8])
    assert (fields["number"], fields["partition"], fields["offset"]) == ("2", "3", "12")
    assert (fields["topic"], fields["reason"], fields["message"]) == ("d_t", "r" * 500, "21 bytes")
    assert fields["produced"].startswith("2023-11-1")
    assert lines[8:] == ["", "{", '  "data": [', "    {", '      "id": "1"', "    }", "  ]", "}"]


@pytest.mark.parametrize(
    "value",
    [
        b"\x1b[2J\x1b]0;x\x07",
        b"\xfe\xed\x9b31m",
        "\u202e\u2066x\x9b".encode(),
        b"",
        b'"\\u001b[2J"',
    ],
    ids=range(5),
)
def test_no_byte_of_a_message_moves_the_terminal(
    letters: Letters, file: Path, value: bytes
) -> None:
    write(file, letter(1, value, topic="t\x1b[1m", reason="\x1b[31m\x9b\u202e\nforged"))
    for arguments in (["list"], ["list", "--json"], ["show", "1"], ["export", "-"]):
        said = letters(*arguments)
        assert said.code == 0
        assert CONTROLS.search(said.out + said.err) is None
    assert len(letters("list").out.splitlines()) == 2


def test_a_cut_or_long_message_says_so(letters: Letters, file: Path) -> None:
    write(file, letter(1, bytes(10_000), raw_size=3_000_000))
    lines = letters("show", "1").out.splitlines()
    assert "message    3,000,000 bytes, of which the first 10,000 are kept" in lines
    assert lines[-1] == "… (`topn-tui dead-letters export` has all of it)"
    assert len(lines) == 410


@pytest.mark.parametrize("wanted", ["0", "2", "-1", "p0@2", "x", ""])
def test_one_that_is_not_there_is_wrong_usage(letters: Letters, file: Path, wanted: str) -> None:
    write(file, letter(1))
    said = letters("show", "--", wanted)
    assert said.code == 2
    assert "1 dead letter kept" in said.err


def test_damaged_lines_are_skipped_and_told(letters: Letters, file: Path) -> None:
    write(file.with_name("dead.jsonl.1"), letter(1), b"\x1b[2J\n")
    write(file, b"[]\n", letter(2), line_of(letter(3))[:20])
    said = letters("list", "--json")
    assert (said.code, numbers(said)) == (0, [1, 2])
    complaints = said.err.splitlines()
    assert [re.search(r"dead\.jsonl\S*, line \d", line)[0] for line in complaints] == [  # type: ignore[index]
        "dead.jsonl.1, line 2",
        "dead.jsonl, line 1",
        "dead.jsonl, line 3",
    ]
    assert all(line.endswith("; skipped") for line in complaints)


def test_what_two_engines_noticed_counts_once(letters: Letters, file: Path) -> None:
    write(
        file, letter(1), letter(1, noticed_ms=5), letter(1, b"other bytes"), letter(1, partition=1)
    )
    assert numbers(letters("list", "--json")) == [1, 2, 3]


def test_an_export_is_what_was_kept_and_private(
    letters: Letters, file: Path, tmp_path: Path
) -> None:
    write(file, letter(1), letter(2, b"\x00" * 50), letter(3, reason="score"))
    out = tmp_path / "out.jsonl"
    said = letters("export", str(out))
    assert said == Said(0, "", f"topn-tui: 3 dead letters written to {out}\n")
    assert out.read_bytes() == file.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    assert letters("export", "-", "3", "p0@1").out.encode() == line_of(letter(1)) + line_of(
        letter(3, reason="score")
    )
    letters("export", str(out), "--reason", "score")
    assert out.read_bytes() == line_of(letter(3, reason="score"))


def test_an_export_does_not_overwrite_what_it_reads(letters: Letters, file: Path) -> None:
    write(file, letter(1))
    said = letters("export", str(file))
    assert said.code == 2
    assert "is the file of the dead letters itself" in said.err
    assert file.read_bytes() == line_of(letter(1))


def test_an_export_that_cannot_be_written_says_so(letters: Letters, file: Path) -> None:
    write(file, letter(1))
    assert letters("export", "/dev/null/x").code == 2
    assert "cannot be written" in letters("export", "/dev/full").err


def test_replay_says_the_same_reason(
    letters: Letters, topn: Program, file: Path, tmp_path: Path
) -> None:
    reason = "an empty message (0 bytes)"
    write(file, letter(5, b"", reason=reason))
    letters("export", str(tmp_path / "x.jsonl"))
    steps = topn("replay", str(tmp_path / "x.jsonl"), "--steps").out.splitlines()
    (dead,) = [step for step in map(json.loads, steps[:-1]) if step["kind"] == "dead_letter"]
    assert dead == {
        "kind": "dead_letter",
        "batch": 1,
        "partition": 0,
        "offset": 5,
        "reason": reason,
    }


def test_the_default_file_is_the_boards_in_the_state_home(topn: Program, complete: Path) -> None:
    file = default_dead_letter_file("b")
    assert file.parts[-3:] == ("topn-tui", "dead-letters", "b.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file, letter(1))
    try:
        assert numbers(topn("dead-letters", "--config", str(complete), "list", "--json")) == [1]
        assert numbers(topn("dead-letters", "list", "--config", str(complete), "--json")) == [1]
    finally:
        file.unlink()


def test_a_name_of_a_board_cannot_lead_out_of_the_folder() -> None:
    assert default_dead_letter_file("../../x").parent == default_dead_letter_file("b").parent


def test_without_a_board_there_is_no_file_to_look_at(topn: Program) -> None:
    said = topn("dead-letters", "list")
    assert said.code == 2
    assert "not set: board.name or dead_letters.file" in said.err


def test_a_topic_that_is_the_feeds_own_is_refused(topn: Program, complete: Path) -> None:
    said = topn("run", "--headless", "--config", str(complete), "--set", "dead_letters.topic=d_t")
    assert said.code == 2
    assert "dead_letters.topic is 'd_t', which is feed.topic" in said.err


def test_a_bound_below_one_line_is_refused(topn: Program) -> None:
    assert topn("config", "--show", "--set", "dead_letters.max_bytes=65535").code == 2
