"""Lines to a pipe that is not read: nobody waits, the newest status wins, order is kept."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TextIO

import pytest

from topn_tui.line_writer import LINES_KEPT, LineWriter


class FullPipe:
    """A pipe with no room left: full of x."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(self.writing, b"x" * 1024)
        os.set_blocking(self.writing, True)


@pytest.fixture
def full() -> Iterator[tuple[FullPipe, TextIO]]:
    pipe = FullPipe()
    with os.fdopen(pipe.writing, "w") as stream:
        yield pipe, stream


def test_who_puts_a_line_never_waits_for_a_reader(full: tuple[FullPipe, TextIO]) -> None:
    pipe, stream = full
    writer = LineWriter(stream, "test")
    began = time.monotonic()
    for n in range(3):
        writer.put(f"line {n}\n")
    for n in range(50):
        writer.put(f"status {n}\n", only_newest=True)
    writer.put("last\n")
    writer.end(within_ms=100)
    assert time.monotonic() - began < 1
    # Once it is read: in order, and of the status lines the newest.
    os.set_blocking(pipe.reading, False)
    seen = b""
    while not seen.endswith(b"last\n"):
        with contextlib.suppress(BlockingIOError):
            seen += os.read(pipe.reading, 65536)
        assert time.monotonic() - began < 10, seen[-200:]
    os.close(pipe.reading)
    assert seen.lstrip(b"x").decode() == "line 0\nline 1\nline 2\nstatus 49\nlast\n"
    assert writer.dropped == 0


def test_what_waits_is_bounded_and_what_is_dropped_is_counted(
    full: tuple[FullPipe, TextIO],
) -> None:
    pipe, stream = full
    writer = LineWriter(stream, "test")
    for n in range(LINES_KEPT + 10):
        writer.put(f"line {n}\n")
    # One of them may be in the thread's hands.
    assert writer.dropped in (9, 10)
    os.close(pipe.reading)
    writer.end()
    assert isinstance(writer.error, BrokenPipeError)


def test_a_stream_without_a_descriptor_is_written_too() -> None:
    out = io.StringIO()
    writer = LineWriter(out, "test")
    writer.put("one\n")
    writer.put("two\n")
    writer.end()
    assert out.getvalue() == "one\ntwo\n"


def test_a_process_with_an_unread_pipe_ends_without_a_word() -> None:
    """At its end the interpreter wants the locks of its streams: a stuck thread must not hold one."""
    pipe = FullPipe()
    program = (
        "import sys; from topn_tui.line_writer import LineWriter\n"
        "w = LineWriter(sys.stdout, 'x'); w.put('line\\n'); w.end(50); print('end', file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        stdout=pipe.writing,
        stderr=subprocess.PIPE,
        timeout=10,
        check=False,
    )
    os.close(pipe.writing)
    os.close(pipe.reading)
    assert (ended.returncode, ended.stderr) == (0, b"end\n")
