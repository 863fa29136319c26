"""The pages written by hand: what they name exists, what they show runs, both languages agree."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine.configuration import load_settings
from engine.setting_names import leaves, variable
from engine.status import State
from tests.docs.pages import CHINESE, PAGES, README, ROOT, Page, read
from tests.docs.reference import PROGRAM, commands
from topn_tui.cli import cli
from topn_tui.keys import KEYS, OVER_KEYS, WORKLOAD_KEYS, panel_keys
from topn_tui.panels import PANELS

MADE = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
OTHER_VARIABLES = [
    ROOT / "compose.yaml",
    ROOT / "engine" / "setting_names.py",
    *(ROOT / "tests" / "stack").glob("*.py"),
]
"""Where variables are read that are no settings."""

each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)


# ── what is named exists ──────────────────────────────────────────────────────────────────────


def invocations(page: Page) -> list[str]:
    """All that a page would have a reader type after `topn-tui`."""
    lines = page.lines("sh") + [c for c in page.codes if "[OPTIONS]" not in c]
    return [line for line in lines if re.match(rf"{PROGRAM}( |$)", line)]


def arguments(line: str) -> list[str]:
    """An invocation as words: what is optional is there, and N is a number."""
    line = re.sub(r"\[=(\w+)(\|\w+)*\]", r"=\1", line)
    line = re.sub(r"[\[\]]", "", line).split(">")[0]
    words = shlex.split(line, comments=True)[1:]
    return ["1" if re.fullmatch(r"[A-Z]", word) else word for word in words]


def parse(words: list[str]) -> click.Context:
    """What the program's own parser makes of it.

    Raises:
        click.UsageError: nothing.
    """
    context = cli.make_context(PROGRAM, words)
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            break
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context


@each_page
def test_every_command_on_a_page_is_one(path: Path) -> None:
    names = [context.command_path for context in commands(cli, PROGRAM)]
    for line in invocations(read(path)):
        if line in names:
            continue  # only named: what it needs is not there
        try:
            parse(arguments(line))
        except click.exceptions.Exit:
            pass  # --help, --version
        except click.UsageError as error:
            pytest.fail(f"{path.name}: `{line}`: {error.format_message()}")


@pytest.mark.parametrize(
    "line", ["topn-tui quary", "topn-tui query --size x", "topn-tui --embeded"]
)
def test_a_command_with_a_slip_is_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(arguments(line))


@each_page
def test_every_make_target_on_a_page_is_in_the_makefile(path: Path) -> None:
    page = read(path)
    targets = {*MADE.findall((ROOT / "Makefile").read_text())}
    named = [line.split("#")[0] for line in page.lines("sh") + page.codes]
    asked = {word for line in named for word in re.findall(r"^make ([a-z][a-z-]*)", line)}
    assert asked <= targets


@each_page
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    for link in read(path).links:
        if not re.match(r"https?://|#", link):
            assert (path.parent / link.partition("#")[0]).exists(), link


@each_page
def test_every_setting_on_a_page_exists(path: Path) -> None:
    page = read(path)
    settings = {name for name, _ in leaves()}
    sections = {name.rpartition(".")[0] for name in settings}
    for code in page.codes:
        if re.fullmatch(rf"({'|'.join(sections)})\.[a-z_.]+", code):
            assert code in settings | sections
    others = " ".join(file.read_text("utf-8") for file in OTHER_VARIABLES)
    for name in re.findall(r"TOPN_\w+", path.read_text("utf-8")):
        assert name in {*map(variable, settings)} or name in others


@each_page
def test_every_settings_file_on_a_page_is_accepted(path: Path, tmp_path: Path) -> None:
    for number, (language, text) in enumerate(read(path).blocks):
        if language == "toml":
            file = tmp_path / f"{number}.toml"
            file.write_text(text, "utf-8")
            load_settings(file)  # raises, and says what is wrong


@each_page
def test_every_block_says_its_language(path: Path) -> None:
    assert {language for language, _ in read(path).blocks} <= {
        "sh",
        "toml",
        "json",
        "sql",
        "python",
        "text",
    }


# ── the README ────────────────────────────────────────────────────────────────────────────────


def run(script: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as a reader would, with neither settings nor a terminal."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TOPN_", "XDG_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=kept | {"PATH": path, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def block(having: str) -> str:
    """The shell block of the README that has this in it."""
    (found,) = [text for name, text in read(README).blocks if name == "sh" and having in text]
    return found


@pytest.mark.slow
def test_what_the_readme_shows_without_a_screen_is_what_comes_out(tmp_path: Path) -> None:
    ended = run("set -e\n" + block("replay"), ROOT, tmp_path)
    assert ended.returncode == 0
    assert re.match(r"topn-tui: 4 dead letters, .* --steps prints each\n$", ended.stderr)
    (shown,) = read(README).lines("json")
    assert ended.stdout.splitlines()[-1] == shown
    assert "All 5 steps held." in ended.stdout


@pytest.mark.slow
def test_the_readmes_way_to_own_services_ends_at_the_dashboard(tmp_path: Path) -> None:
    ended = run(block("topn-tui config >"), tmp_path, tmp_path)
    assert load_settings(tmp_path / "topn.toml").settings.missing() == []
    # Everything was accepted; only a terminal is missing here.
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("topn-tui: the dashboard needs a terminal")


def test_the_exit_codes_that_the_readme_tells(tmp_path: Path) -> None:
    nowhere = "--set store.url=redis://127.0.0.1:1/0 --set board.name=b"
    assert run(f"topn-tui query {nowhere}", tmp_path, tmp_path).returncode == 5
    for context in commands(cli, PROGRAM):
        words = context.command_path.split()[1:]
        assert CliRunner().invoke(cli, [*words, "--no-such-option"]).exit_code == 2
        assert CliRunner().invoke(cli, [*words, "--help"]).exit_code == 0


def test_the_readme_has_every_command_and_every_state() -> None:
    page = read(README)
    (table,) = [rows for rows in page.tables if rows[0] == "command"]
    (states,) = [rows for rows in page.tables if rows[0] == "state"]
    for context in commands(cli, PROGRAM):
        if context.parent is None or context.parent.parent is None:
            assert any(f"{context.command_path} " in f"{row.strip('`')} " for row in table[1:])
    assert {row.strip("`") for row in states[1:]} == {s.value for s in State} - {"STOPPED"}


def test_the_keys_that_the_readme_names_are_keys() -> None:
    bound = (*KEYS, *OVER_KEYS, *WORKLOAD_KEYS, *panel_keys(list(PANELS)))
    keys = {key for of in bound for key in (of.key_display or of.key).split()}
    assert {code for code in read(README).codes if len(code) == 1} <= keys


# ── two languages ─────────────────────────────────────────────────────────────────────────────


def codes(cell: str) -> list[str]:
    return re.findall(r"`[^`]+`", cell)


def test_both_readmes_say_the_same_in_the_same_order() -> None:
    english, chinese = read(README), read(CHINESE)
    assert chinese.headings == english.headings
    for theirs, ours in zip(english.blocks, chinese.blocks, strict=True):
        assert ours == theirs, "a code block differs: write it into both READMEs"
    assert chinese.lists == english.lists
    assert [len(rows) for rows in chinese.tables] == [len(rows) for rows in english.tables]
    for cells, their_cells in zip(chinese.tables, english.tables, strict=True):
        assert [*map(codes, cells)][1:] == [*map(codes, their_cells)][1:]
    assert {*chinese.codes} == {*english.codes}
    assert chinese.links[1:] == english.links[1:]
    assert (english.links[0], chinese.links[0]) == (CHINESE.name, README.name)
