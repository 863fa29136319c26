"""Help, versions, wrong usage: exit codes that mean something, and never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine import __version__
from tests.cli.conftest import Program

COMMANDS = [(), ("run",), ("query",), ("config",), ("replay",)]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(topn: Program, command: tuple[str, ...], option: str) -> None:
    said = topn(*command, option)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: {' '.join(('topn-tui', *command))} ")
    assert "--config" in said.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_tells_what_is_read_without_a_settings_file(
    topn: Program, command: tuple[str, ...]
) -> None:
    text = " ".join(topn(*command, "--help").out.split())
    asks_around = command != ("replay",)
    assert ("Default: TOPN_CONFIG, else topn-tui/topn.toml" in text) == asks_around
    assert ("the environment is not read either" in text) != asks_around


def test_a_replay_reads_neither_environment_nor_default_file_unless_told_to(
    topn: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As its help says: an incident's recording gives the same board on every machine."""
    changes, file = tmp_path / "changes.jsonl", tmp_path / "topn.toml"
    changes.write_text("")
    file.write_text("[table]\nname = 'other'\nscore = 'a b'\n[board]\nsize = 0\n")
    alone = topn("replay", str(changes))
    monkeypatch.setenv("TOPN_CONFIG", str(file))
    monkeypatch.setenv("TOPN_BOARD__SIZE", "0")
    assert topn("replay", str(changes)) == alone
    assert alone.code == 0
    monkeypatch.delenv("TOPN_BOARD__SIZE")
    assert "board.size = 0" in topn("replay", str(changes), "--config", str(file)).err
    monkeypatch.setenv("TOPN_BOARD__SIZE", "-7")
    assert "board.size = '-7'" in topn("replay", str(changes), "--config", str(file)).err


def test_the_help_tells_the_exit_codes_of_a_query(topn: Program) -> None:
    text = " ".join(topn("query", "--help").out.split())
    assert "Exit 0 only when" in text
    assert "3 when it is not; 4 when there is no such board; 5 when Redis cannot be reached" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_the_version(topn: Program, command: tuple[str, ...]) -> None:
    assert topn(*command, "--version") == (0, f"topn-tui, version {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--no-such-option",),
        ("no-such-command",),
        ("run", "surplus"),
        ("query", "--size"),
        ("query", "--size", "0"),
        ("query", "--size", "many"),
        ("config", "--config"),
        ("--config", "/"),
    ],
)
def test_wrong_usage_ends_with_2(topn: Program, arguments: tuple[str, ...]) -> None:
    said = topn(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "Error: " in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--set", "board.size"), "--set without a value: write --set SECTION.NAME=VALUE"),
        (("--set", "board.sise=1"), "there is no setting board.sise; did you mean board.size?"),
        (("--set", "board.size=x"), "board.size = 'x' (from a flag)"),
        (("--set", "=x"), "there is no setting ;"),
        (("--set", "board.size=1", "--set", "board.size.of=2"), "no setting board.size.of"),
        (("--config", "/no/such/file.toml"), "`topn-tui config > /no/such/file.toml`"),
        (("--set", "log.file=\x1b[31m", "--set", "board.size=\x1b"), r"board.size = '\x1b'"),
    ],
)
@pytest.mark.parametrize("command", ["run", "query", "config"])
def test_wrong_settings_end_with_2_and_one_sentence(
    topn: Program, command: str, arguments: tuple[str, ...], sentence: str
) -> None:
    show = ("--show",) if command == "config" else ()
    said = topn(command, *show, *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("topn-tui: ")
    assert said.err.count("\n") == 1
    assert sentence in said.err


@pytest.mark.parametrize("command", [("--observe",), ("run", "--observe"), ("run", "--headless")])
def test_nothing_configured_says_what_is_missing(topn: Program, command: tuple[str, ...]) -> None:
    said = topn(*command)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "topn-tui: not set: table.url, table.name, table.score, feed.bootstrap_servers, "
        "feed.topic, store.url; `topn-tui config` writes a file to start from, "
        "`topn-tui config --show` tells what is set and where\n"
    )


@pytest.mark.parametrize("command", [(), ("run",), ("run", "--headless")])
def test_half_configured_says_what_is_missing(topn: Program, command: tuple[str, ...]) -> None:
    said = topn("--set", "table.name=t", "--set", "store.url=redis://127.0.0.1:1/0", *command)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(
        "topn-tui: not set: table.url, table.score, feed.bootstrap_servers, feed.topic; "
    )


def test_the_word_behind_a_bare_embedded_is_the_command(topn: Program) -> None:
    said = topn("--embedded", "run", "--observe", "--headless")
    assert (said.code, "--observe with --embedded" in said.err) == (2, True)
    assert "'x' is not one of 'json', 'protobuf'" in topn("--embedded=x", "run").err


def test_a_query_needs_only_the_store_and_a_name(topn: Program) -> None:
    assert topn("query").err.startswith("topn-tui: not set: store.url;")
    url = ("--set", "store.url=redis://127.0.0.1:1/0")
    assert topn("query", *url).err.startswith("topn-tui: not set: board.name;")
    away = topn("query", *url, "--set", "board.name=b")
    assert (away.code, away.out) == (5, "")
    assert "127.0.0.1:1" in away.err


@pytest.mark.parametrize("command", [(), ("run",), ("run", "--observe"), ("--observe",)])
def test_a_dashboard_without_a_terminal_says_what_to_do(
    topn: Program, complete: Path, command: tuple[str, ...]
) -> None:
    said = topn("--config", str(complete), *command)
    assert said == (
        2,
        "",
        "topn-tui: the dashboard needs a terminal; without one: topn-tui run --headless\n",
    )


def test_options_of_the_command_go_before_those_of_the_program(
    topn: Program, complete: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[board]\nname = 'other'\n")
    whole = ("--config", str(complete), "--set", "board.size=3", "--set", "board.reserve=4")
    shown = topn(*whole, "config", "--show", "--config", str(other), "--set", "board.size=5").out
    assert f"# file: {other}\n" in shown
    assert 'board.name = "other"' in shown
    assert "board.size = 5 " in shown
    assert "board.reserve = 4 " in shown


@pytest.mark.parametrize("file", ["/dev/null/topn.log", "/proc/topn.log", "/"])
def test_a_log_that_cannot_be_written_is_a_wrong_setting(
    topn: Program, complete: Path, file: str
) -> None:
    said = topn("--config", str(complete), "run", "--headless", "--set", f"log.file={file}")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"topn-tui: log.file {file} cannot be written: ")
    assert said.err.endswith("; set log.file to another place\n")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("feed.bootstrap_servers=h:x",), "is not host:port"),
        (("feed.security_protocol=SASL_PLAINTEXT",), "needs a SASL user name and a password"),
        (("store.url=redis://h/x",), "redis://host:port/db"),
        (("table.tls.enabled=true", "table.tls.ca_file=/no/ca.pem"), "/no/ca.pem"),
    ],
)
def test_what_an_adapter_refuses_is_a_wrong_setting_too(
    topn: Program, complete: Path, settings: tuple[str, ...], sentence: str
) -> None:
    sets = [part for setting in settings for part in ("--set", setting)]
    said = topn("--config", str(complete), "run", "--headless", *sets)
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert sentence in said.err


class TestAsAProcess:
    """What only a process of its own can show."""

    def run(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "topn_tui", *arguments],
            text=True,
            check=False,
            timeout=30,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **options,  # type: ignore[call-overload]
        )

    def test_a_reader_that_goes_away_is_no_error_to_show(self, complete: Path) -> None:
        command = f"{sys.executable} -m topn_tui --config {complete} run --headless | head -n 1"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.stdout.startswith('{"kind":')
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr

    def test_a_full_disk_under_the_output_ends_the_engine(self, complete: Path) -> None:
        with Path("/dev/full").open("w") as full:
            done = self.run("--config", str(complete), "run", "--headless", stdout=full)
        assert done.returncode == 1
        last = done.stderr.splitlines()[-1]
        assert last == "topn-tui: the output cannot be written: No space left on device"
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize("command", [("config",), ("--help",), ("config", "--show")])
    def test_a_full_disk_under_a_short_command_is_one_sentence(
        self, command: tuple[str, ...]
    ) -> None:
        with Path("/dev/full").open("w") as full:
            done = self.run(*command, stdout=full)
        sentence = "topn-tui: the output cannot be written: No space left on device\n"
        assert (done.returncode, done.stderr) == (1, sentence)

    def test_a_query_in_an_ascii_locale_is_still_utf8(self, complete: Path) -> None:
        program = (
            "from topn_tui import cli, query\n"
            "cli.cli = lambda **_: print(query.envelope(()))\n"
            "cli.main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=False,
            timeout=30,
            env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"},
        )
        assert done.stdout.decode("utf-8") == '{"code":200,"msg":"查询成功","data":[]}\n'


@pytest.mark.parametrize(
    ("term", "setting", "said"),
    [
        ("xterm", "view.theme=topn-drak", "'topn-drak': there is no such theme; did you mean topn-"),
        ("xterm", "view.ascii=perhaps", "view.ascii = 'perhaps' (from a flag): write 'auto', 'true' or 'false'"),
        ("xterm", "view.production=very", "view.production = 'very' (from a flag): write"),
        ("dumb", "view.theme=nord", "TERM=dumb: nothing can be placed on such a terminal; set TERM"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said_before_anything_starts(
    topn: Program, monkeypatch: pytest.MonkeyPatch, term: str, setting: str, said: str
) -> None:
    monkeypatch.setenv("TERM", term)
    ended = topn("--set", setting, "--embedded")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
