"""Options that a command has no use for are refused, not passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Program


@pytest.mark.parametrize(
    "words",
    [
        ("--observe", "query"),
        ("--observe", "walkthrough"),
        ("--embedded", "query"),
        ("--embedded=protobuf", "replay", "changes.jsonl"),
        ("--embedded", "config"),
        ("--observe", "dead-letters", "list"),
    ],
    ids=" ".join,
)
def test_an_option_before_a_command_that_has_no_use_for_it(
    topn: Program, words: tuple[str, ...]
) -> None:
    said = topn(*words)
    option, command = words[0].partition("=")[0], words[1]
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(
        f"topn-tui: {option} has no meaning for topn-tui {command}: it is for"
    )


def test_writing_is_for_a_real_table(topn: Program) -> None:
    for words in (
        ("walkthrough", "--embedded", "--write"),
        ("--embedded=json", "walkthrough", "--write"),
    ):
        said = topn(*words)
        assert (said.code, said.out) == (2, "")
        assert "--write is for a real MySQL table; leave one of the two out" in said.err


def test_defaults_that_depend_on_others_are_shown_worked_out(topn: Program) -> None:
    said = topn("--set", "table.name=likes", "--set", "board.size=50", "config", "--show")
    shown = {line.partition(" ")[0]: line for line in said.out.splitlines()}
    assert "= 50 " in shown["board.reserve"]
    assert shown["board.reserve"].endswith("# default, worked out")
    assert '"topn-tui-likes"' in shown["feed.group_id"]
    assert "likes.jsonl" in shown["dead_letters.file"]
    assert shown["table.key"].endswith("# default")


@pytest.mark.slow
def test_no_place_for_the_default_log_stops_nothing(
    topn: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = tmp_path / "a-file"
    taken.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(taken))
    said = topn("walkthrough", "--embedded")
    assert said.code == 0
    assert said.err.startswith("topn-tui: no log is written: ")
    assert said.err.endswith("; TOPN_LOG__FILE names another place\n")
    named = topn("walkthrough", "--embedded", "--set", f"log.file={taken / 'x.log'}")
    assert (named.code, named.out) == (2, "")
    assert "log.file" in named.err
