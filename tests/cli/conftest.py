"""The command line, called in this process: fast, and nothing is left running."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from topn_tui.cli import main


class Said(NamedTuple):
    """What a command ended with."""

    code: int
    out: str
    err: str


class Program(Protocol):
    """Calls the program as the console does."""

    def __call__(self, *arguments: str) -> Said:
        """Return its exit code and what it wrote."""


@pytest.fixture
def topn(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """The program, with neither settings nor a terminal."""
    for name in list(os.environ):
        if name.upper().startswith("TOPN_"):
            monkeypatch.delenv(name)

    root = logging.getLogger()
    handlers = root.handlers[:]

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["topn-tui", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        assert "Traceback" not in said.err
        return Said(code, said.out, said.err)

    yield call
    for ours in set(root.handlers) - set(handlers):
        ours.close()
    root.handlers[:] = handlers


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    """A settings file with all that is needed, of services that are not there."""
    file = tmp_path / "complete.toml"
    file.write_text(
        f"""
[board]
name = "b"
[table]
url = "mysql://u@127.0.0.1:1/d"
name = "t"
score = "s"
[feed]
bootstrap_servers = "127.0.0.1:1"
topic = "d_t"
[store]
url = "redis://127.0.0.1:1/0"
[log]
file = "{tmp_path / "topn.log"}"
"""
    )
    return file
