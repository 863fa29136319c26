"""The dashboard in tmux: drawn, resized, left, and the shell goes on as if nothing had been."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stack.programs import find

pytestmark = pytest.mark.slow

WITHIN_S = 60.0
PROMPT = "ready>"


class Tmux:
    """A tmux server of its own with one window, in which a shell runs."""

    def __init__(self, program: Path, home: Path) -> None:
        self._command = [str(program), "-S", str(home / "tmux.sock"), "-f", os.devnull]
        foreign = ("TOPN_", "XDG_", "TEXTUAL", "TMUX", "COLUMNS", "LINES", "LC_", "LANG")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        self._env = kept | {
            "HOME": str(home),
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            "ENV": "",  # nobody's own prompt
        }
        self.run("new-session", "-d", "-c", str(home), "-x", "120", "-y", "40", "sh")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments], env=self._env, capture_output=True, text=True, check=True
        )
        return done.stdout

    def type(self, text: str) -> None:
        self.run("send-keys", "-l", text)
        self.run("send-keys", "Enter")

    def lines(self) -> list[str]:
        """What the window shows, blanks at the ends of lines left out."""
        return self.run("capture-pane", "-p").splitlines()

    def modes(self) -> list[str]:
        """Alternate screen, cursor shown, mouse reported: 1 or 0 each."""
        return self.run(
            "display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"
        ).split()

    def until(self, holds: Callable[[list[str]], bool]) -> list[str]:
        """The lines, once this holds for them."""
        end = time.monotonic() + WITHIN_S
        while not holds(lines := self.lines()):
            assert time.monotonic() < end, "\n".join(lines)
            time.sleep(0.05)
        return lines


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    program = find("tmux")
    if program is None and os.environ.get("CI") == "true":
        pytest.fail("tmux is missing: run `python -m tests.stack install`", pytrace=False)
    if program is None:
        pytest.skip("tmux is missing: run `python -m tests.stack install`")
    running = Tmux(program, tmp_path)
    try:
        yield running
    finally:
        running.run("kill-server")


def drawn(lines: list[str], width: int, height: int) -> bool:
    """Whether a whole dashboard fills the window: header, panels' frames, line of keys."""
    text = "\n".join(lines)
    ends = any(line.startswith("╰") and len(line) == width for line in lines)
    return "EXACT" in text and len(lines) == height and "Quit" in lines[-1] and ends


def prompted(lines: list[str]) -> bool:
    """Whether the shell waits for a command."""
    return "\n".join(lines).rstrip().endswith(f"\n{PROMPT}")


def test_it_is_drawn_resized_and_left_in_tmux(tmux: Tmux) -> None:
    tmux.until(any)  # what is typed before the shell's own prompt stands in front of it
    tmux.type(f"PS1='{PROMPT} '; stty -a > before")
    before = tmux.until(prompted)

    tmux.type(f"{shlex.quote(sys.executable)} -m topn_tui")
    wide = tmux.until(lambda lines: drawn(lines, 120, 40))
    assert any("Heap" in line and "Board" in line for line in wide)  # side by side
    assert tmux.modes()[0] == "1"

    tmux.run("resize-window", "-x", "80", "-y", "24")
    narrow = tmux.until(lambda lines: drawn(lines, 80, 24))
    assert "1 Board" in "\n".join(narrow)  # tabs: one panel has room

    tmux.run("resize-window", "-x", "120", "-y", "40")
    tmux.until(lambda lines: drawn(lines, 120, 40))

    tmux.run("send-keys", "q")
    after = tmux.until(prompted)
    asked = before.index(PROMPT)
    assert after[:asked] == before[:asked]
    assert after[asked].startswith(f"{PROMPT} ")  # the command, and what is under it is the shell's
    assert tmux.modes() == ["0", "1", "0"]
    tmux.type("stty -a > after; cmp before after && echo the same")
    tmux.until(lambda lines: "the same" in lines)
