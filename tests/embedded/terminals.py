"""A process in a terminal of its own, which the test reads and types into."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ENDS_WITHIN_S = 5.0
STARTS_WITHIN_S = 30.0


class Terminal:
    """A process that has a terminal of its own, and what it wrote there."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process, self._master = process, master
        self.written = b""

    def until(self, what: bytes, within_s: float = STARTS_WITHIN_S) -> None:
        """Read until this has been written."""
        end = time.monotonic() + within_s
        while what not in self.written:
            assert time.monotonic() < end, f"no {what!r} in {self.written[-2000:]!r}"
            self.read(0.2)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def send(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)

    def close(self) -> None:
        """The window is closed: there is no terminal any more."""
        os.close(self._master)
        self._master = -1

    def ended(self, within_s: float = ENDS_WITHIN_S) -> int:
        """The exit code, once it has ended."""
        end = time.monotonic() + within_s
        while self.process.poll() is None:
            assert time.monotonic() < end, f"still there: {self.written[-500:]!r}"
            self.read(0.05)
        while self.read(0.05):
            pass
        return self.process.returncode

    def until_stopped(self) -> None:
        """Until the process does nothing more before it is told to go on; all it wrote is read."""
        end = time.monotonic() + STARTS_WITHIN_S
        while self._stat()[0] != "T":
            assert time.monotonic() < end, f"not stopped: {self.written[-500:]!r}"
            self.read(0.05)
        while self.read(0.05):
            pass

    def cpu_s(self) -> float:
        """Processor time used so far."""
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _stat(self) -> list[str]:
        """What the kernel tells of it from its state on."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()

    def read(self, within_s: float) -> bool:
        """Take what is written within this time: whether there was anything."""
        if self._master < 0:
            time.sleep(within_s)
            return False
        if not select.select([self._master], [], [], within_s)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # nobody has the other end
            return False
        self.written += data
        return bool(data)


@contextmanager
def terminal(
    home: Path, *arguments: str, owned: bool = True, stderr: int | None = None
) -> Iterator[Terminal]:
    """`python …` in a terminal; without its being `owned` no SIGHUP comes when it is closed."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (40, 120))

    def log_in() -> None:
        os.setsid()
        # What a shell starts in the background has these ignored, and so has all that it starts.
        for signum in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(signum, signal.SIG_DFL)
        if owned:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    # COLUMNS and LINES, where they are set, count for more than the terminal's own size.
    foreign = ("TOPN_", "XDG_", "TEXTUAL", "COLUMNS", "LINES")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    with subprocess.Popen(
        [sys.executable, *(arguments or ("-m", "topn_tui"))],
        stdin=slave,
        stdout=slave,
        stderr=slave if stderr is None else stderr,
        env=kept | {"HOME": str(home), "TERM": "xterm-256color"},
        preexec_fn=log_in,
    ) as process:
        os.close(slave)
        it = Terminal(process, master)
        try:
            yield it
        finally:
            if process.poll() is None:
                process.kill()
            if it._master >= 0:
                it.close()
