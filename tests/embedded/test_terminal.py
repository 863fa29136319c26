"""The terminal under `topn-tui`: a real one, left as it was found, whatever ends the program."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from tests.embedded.terminals import ENDS_WITHIN_S, terminal
from topn_tui.app import ANSWER_MS
from topn_tui.interpreter import SWITCH_S, THRESHOLDS
from topn_tui.terminal import ASKING, ENDING

pytestmark = pytest.mark.slow

RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l")
"""Back from the alternate screen, cursor shown, no mouse, no bracketed paste."""

DRAWN_WITH_ALL = b"Walkthrough"
"""In the line of keys: drawn only with the whole screen."""


BUG = """
import logging, sys
from engine.publisher import Publisher
from topn_tui import app, cli
def broken(self):
    raise RuntimeError("the frame\\x1b[31m broke")
release = Publisher.release
async def told(self):
    await release(self)
    logging.getLogger("test").info("the lease is released")
Publisher.release = told
app.Dashboard.action_reserve = broken
sys.argv[1:] = []
cli.main()
"""


PROFILED = """
import signal, sys
from topn_tui import cli
signal.signal(signal.SIGPROF, lambda *_: sys.__stdout__.write("one sample") and sys.__stdout__.flush())
sys.argv[1:] = []
cli.main()
"""


def log_of(home: Path) -> str:
    return "\n".join(file.read_text() for file in home.rglob("*.log"))


@pytest.mark.parametrize(
    "signum",
    [
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGABRT,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
        signal.SIGXCPU,
    ],
)
def test_a_signal_leaves_as_the_key_does(tmp_path: Path, signum: signal.Signals) -> None:
    with terminal(tmp_path) as it:
        it.until(b"EXACT")
        it.send(signum)
        assert it.ended() == 0
        for sequence in RESTORED:
            assert it.written.rfind(sequence) > it.written.rfind(b"EXACT"), sequence
        assert b"Traceback" not in it.written
        assert it.written.rpartition(RESTORED[0])[2].count(b"\n") == 0  # nothing is said either
    assert f"leaving: {signum.name}" in log_of(tmp_path)


def test_no_signal_that_can_be_caught_and_ends_a_process_is_forgotten() -> None:
    uncaught = {"KILL", "STOP"}
    of_a_fault = {"SEGV", "BUS", "FPE", "ILL", "TRAP", "SYS"}
    errors_in_python = {"PIPE", "XFSZ"}
    end_nobody = {"CHLD", "CLD", "CONT", "TSTP", "TTIN", "TTOU", "URG", "WINCH", "IO", "POLL"}
    named = {of.name.removeprefix("SIG") for of in signal.Signals if "RTM" not in of.name}
    rest = named - uncaught - of_a_fault - errors_in_python - end_nobody
    assert rest == {of.name.removeprefix("SIG") for of in (*ASKING, *ENDING)}


def test_a_handler_of_somebody_else_is_left_to_them(tmp_path: Path) -> None:
    with terminal(tmp_path, "-c", PROFILED) as it:
        it.until(b"EXACT")
        it.send(signal.SIGPROF)
        it.until(b"one sample")
        it.press(b"q")
        assert it.ended() == 0


@pytest.mark.parametrize("signum", [signal.SIGTSTP, signal.SIGSTOP])
def test_it_can_be_stopped_and_goes_on(tmp_path: Path, signum: signal.Signals) -> None:
    with terminal(tmp_path) as it:
        it.until(DRAWN_WITH_ALL)
        for _ in range(2):
            it.written = b""
            it.send(signum)
            it.until_stopped()
            if signum == signal.SIGTSTP:
                for sequence in RESTORED:
                    assert sequence in it.written
            it.written = b""
            it.send(signal.SIGCONT)
            it.until(b"\x1b[?1049h")
            it.until(DRAWN_WITH_ALL)
        it.press(b"q")
        assert it.ended() == 0
        assert it.written.rfind(RESTORED[0]) > it.written.rfind(DRAWN_WITH_ALL)
    log = log_of(tmp_path)
    assert "the terminal is gone" not in log
    assert "Traceback" not in log


def test_a_signal_that_came_while_it_was_stopped_leaves_in_order(tmp_path: Path) -> None:
    with terminal(tmp_path) as it:
        it.until(b"EXACT")
        it.send(signal.SIGTSTP)
        it.until_stopped()
        it.send(signal.SIGTERM)
        it.send(signal.SIGCONT)
        assert it.ended() == 0
        assert it.written.rfind(b"\x1b[?1049l") > it.written.rfind(b"\x1b[?1049h")
    assert "leaving: SIGTERM" in log_of(tmp_path)


def test_a_signal_while_it_starts_leaves_too(tmp_path: Path) -> None:
    with terminal(tmp_path) as it:
        it.until(b"\x1b[?1049h")
        it.send(signal.SIGTERM)
        assert it.ended(10) == 0
        assert RESTORED[0] in it.written


def test_it_draws_on_the_terminal_also_where_stderr_goes_to_a_file(tmp_path: Path) -> None:
    with (
        (tmp_path / "err").open("wb") as err,
        terminal(tmp_path, stderr=err.fileno()) as it,
    ):
        it.until(b"EXACT")
        it.press(b"q")
        assert it.ended() == 0
        assert RESTORED[0] in it.written
    assert (tmp_path / "err").read_bytes() == b""


DEAF = """
import sys
from topn_tui import cli
from engine.runtime import Engine
Engine.stop = lambda self: None
sys.argv[1:] = []
cli.main()
"""

STOOD_STILL = """
import asyncio, logging, sys, time
from topn_tui import cli
from engine.runtime import Engine
run = Engine.run
async def watched(self):
    longest_s = 0.0
    async def tick():
        nonlocal longest_s
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(0.05)
            longest_s = max(longest_s, time.monotonic() - before_s)
    task = asyncio.create_task(tick())
    await run(self)
    task.cancel()
    logging.getLogger("test").info("the loop stood still for %.2f s", longest_s)
Engine.run = watched
sys.argv[1:] = []
cli.main()
"""


CLICK = b"\x1b[<0;10;20M\x1b[<0;10;20m"

OBSERVED = """
import gc, logging, sys, threading
from topn_tui import cli
from engine.embedded import EmbeddedEngine
log = logging.getLogger("test")
give_way, stop = EmbeddedEngine.give_way, EmbeddedEngine.stop
def told(self, for_ms):
    log.info("stands back for %d ms, asked by %s", for_ms, threading.current_thread().name)
    give_way(self, for_ms)
def ends(self):
    log.info("the collector passes over %d objects", gc.get_freeze_count())
    log.info("it looks at %s, threads change every %g s", gc.get_threshold(), sys.getswitchinterval())
    stop(self)
EmbeddedEngine.give_way, EmbeddedEngine.stop = told, ends
sys.argv[1:] = []
cli.main()
"""


def test_a_key_has_the_engine_stand_back_and_no_old_object_keeps_it_waiting(tmp_path: Path) -> None:
    with terminal(tmp_path, "-c", OBSERVED) as it:
        it.until(DRAWN_WITH_ALL)
        it.until(b"EXACT")
        it.press(b" ")
        it.until(b"PAUSED")
        it.press(CLICK)
        it.press(b"q")
        assert it.ended() == 0
    log = log_of(tmp_path)
    assert log.count("asked by textual-input") == 4  # two keys; down and up
    # In the thread that reads it, and once its turn has come in the event loop.
    by_thread, by_loop = (
        log.find(f"for {ANSWER_MS} ms, asked by {of}") for of in ("textual-input", "MainThread")
    )
    assert 0 < by_thread < by_loop
    passed_over = re.search(r"passes over (\d+) objects", log)
    assert passed_over is not None
    assert int(passed_over[1]) > 10_000
    assert f"it looks at {THRESHOLDS}, threads change every {SWITCH_S:g} s" in log


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    with terminal(tmp_path, "-c", DEAF) as it:
        it.until(b"EXACT")
        it.send(signal.SIGTERM)
        time.sleep(0.3)  # one that comes sooner is not a second one: the kernel keeps no count
        assert it.process.poll() is None
        it.send(signal.SIGTERM)
        assert it.ended(3) == 1
        for sequence in RESTORED:
            assert sequence in it.written
        assert b"topn-tui: left before the engine had stopped" in it.written


def test_a_terminal_that_nobody_reads_does_not_stop_the_engine_nor_its_end(tmp_path: Path) -> None:
    with terminal(tmp_path, "-c", STOOD_STILL) as it:
        it.until(b"EXACT")
        time.sleep(4)  # meanwhile nothing is read: the terminal is full after a moment
        assert it.process.poll() is None
        it.send(signal.SIGTERM)
        assert it.process.wait(ENDS_WITHIN_S) == 0
    (longest_s,) = re.findall(r"the loop stood still for ([\d.]+) s", log_of(tmp_path))
    assert float(longest_s) < 2.0


def test_a_terminal_that_is_read_again_is_drawn_anew(tmp_path: Path) -> None:
    with terminal(tmp_path) as it:
        it.until(b"EXACT")
        it.until(DRAWN_WITH_ALL)
        it.written = b""
        time.sleep(6)  # so long it writes nothing, or the terminal's buffer would be empty
        # What it had written before it stood still has no line of keys.
        it.until(DRAWN_WITH_ALL, ENDS_WITHIN_S)
        it.press(b"q")
        assert it.ended() == 0
        assert RESTORED[0] in it.written


def test_when_the_terminal_goes_away_while_it_is_stopped_the_engine_still_ends_in_order(
    tmp_path: Path,
) -> None:
    with terminal(tmp_path) as it:
        it.until(b"EXACT")
        it.send(signal.SIGTSTP)
        it.until_stopped()
        it.close()
        assert it.process.wait(ENDS_WITHIN_S) == 0
    log = log_of(tmp_path)
    assert "the terminal is gone" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("owned", [True, False], ids=["SIGHUP", "EIO"])
def test_when_the_terminal_goes_away_the_engine_still_ends_in_order(
    tmp_path: Path, owned: bool
) -> None:
    with terminal(tmp_path, owned=owned) as it:
        it.until(b"EXACT")
        it.close()
        assert it.process.wait(ENDS_WITHIN_S) == 0
    log = log_of(tmp_path)
    assert "the terminal is gone" in log
    assert "Traceback" not in log


def test_a_terminal_that_is_gone_is_not_read_again_and_again(tmp_path: Path) -> None:
    with terminal(tmp_path, "-c", DEAF) as it:
        it.until(b"EXACT")
        it.close()
        time.sleep(1)
        used_s = it.cpu_s()
        time.sleep(2)
        assert it.cpu_s() - used_s < 1.0  # the made-up traffic goes on meanwhile
        assert it.process.wait(ENDS_WITHIN_S) == 1  # the engine did not stop in time


def test_a_bug_in_the_screen_is_one_line_and_the_engine_ends_in_order(tmp_path: Path) -> None:
    with terminal(tmp_path, "-c", BUG) as it:
        it.until(b"EXACT")
        it.press(b"v")
        assert it.ended() == 1
        for sequence in RESTORED:
            assert sequence in it.written
        said = it.written.rpartition(RESTORED[0])[2].decode()
        assert "a bug, its traceback is in the log: RuntimeError: the frame␛[31m broke" in said
        assert "(log: " in said
        assert said.strip().count("\n") == 0
        assert "Traceback" not in said
    log = log_of(tmp_path)
    assert "in broken\nRuntimeError: the frame␛[31m broke" in log
    assert "the lease is released" in log
