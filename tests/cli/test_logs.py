"""The log: in its file, for its owner, harmless to look at, and never on the terminal."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.configuration import default_log_file
from engine.errors import WrongSetting
from engine.settings import LogSection
from topn_tui.logs import start_logging


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for ours in set(root.handlers) - set(handlers):
        ours.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_it_is_written_to_the_state_home_unless_told_otherwise() -> None:
    assert start_logging(LogSection()) == default_log_file()
    assert default_log_file().name == "topn-tui.log"
    logging.getLogger("engine.runtime").info("said")
    last = default_log_file().read_text().splitlines()[-1]
    assert "INFO    engine.runtime" in last
    assert last.endswith(" said")


def test_folders_on_the_way_to_it_are_made(tmp_path: Path) -> None:
    named = tmp_path / "deep" / "down" / "x.log"
    assert start_logging(LogSection(file=named)) == named
    assert named.exists()


def test_it_is_for_its_owner_alone_also_after_it_was_rotated(tmp_path: Path) -> None:
    file = start_logging(LogSection(file=tmp_path / "x.log", max_bytes=200))
    for _ in range(20):
        logging.getLogger("a").warning("x" * 100)
    files = sorted(tmp_path.iterdir())
    assert [f.name for f in files] == ["x.log", "x.log.1", "x.log.2", "x.log.3"]
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    assert file.stat().st_size <= 200


def test_it_keeps_what_is_at_least_of_its_level(tmp_path: Path) -> None:
    file = start_logging(LogSection(file=tmp_path / "x.log", level="WARNING"))
    logging.getLogger("a").info("too quiet")
    logging.getLogger("a").warning("loud enough")
    assert "too quiet" not in file.read_text()
    assert "loud enough" in file.read_text()


def test_what_came_from_outside_cannot_forge_a_line_or_move_a_terminal(tmp_path: Path) -> None:
    file = start_logging(LogSection(file=tmp_path / "x.log"))
    logging.getLogger("a").info("row %s", "1\n2026-01-01 INFO forged\x1b[2J\x9b31m\u202e")
    text = file.read_text("utf-8")
    assert text.count("\n") == 1
    assert "1␊2026-01-01 INFO forged␛[2J\\x9b31m\\u202e" in text


def test_a_traceback_keeps_its_lines(tmp_path: Path) -> None:
    file = start_logging(LogSection(file=tmp_path / "x.log"))
    try:
        raise ValueError("ours")
    except ValueError:
        logging.getLogger("a").exception("ended")
    assert file.read_text().splitlines()[-1] == "ValueError: ours"


@pytest.mark.parametrize("file", ["/dev/null/x.log", "/proc/x.log", "/"])
def test_a_file_that_cannot_be_written_is_a_wrong_setting(file: str) -> None:
    before = logging.getLogger().handlers[:]
    with pytest.raises(WrongSetting, match=r"log\.file .* set log\.file to another place"):
        start_logging(LogSection(file=Path(file)))
    assert logging.getLogger().handlers == before


def test_a_full_disk_puts_nothing_on_the_terminal() -> None:
    program = (
        "import logging, pathlib\n"
        "from engine.settings import LogSection\n"
        "from topn_tui.logs import start_logging\n"
        "start_logging(LogSection(file=pathlib.Path('/dev/full')))\n"
        "logging.getLogger('a').error('not to be kept')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_no_library_reaches_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    start_logging(LogSection(file=tmp_path / "x.log"))
    logging.getLogger("asyncio").error("a library's complaint")
    logging.getLogger("aiokafka.client").error("a driver's complaint")
    assert capfd.readouterr() == ("", "")
