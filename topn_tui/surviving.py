"""Writing to a terminal that may stand still or go away: neither is any trouble to whoever writes."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import TextIO

PATIENCE_MS = 1_000
"""A terminal that takes nothing for so long stands still: what it is not shown is left out."""

START_OVER = b"\x18\x1b[0m\x1b[?2026l"
"""After something was left out: half a sequence is cancelled, no style, no frame held back."""


class Surviving:
    """A terminal to write to.

    Args:
        file: the terminal.
        lost: called with what the first failing write met; from then on all is left out.
        again: called when it takes text again after it stood still, and wants to be drawn anew.

    Both are called in the thread of the writer.
    """

    def __init__(
        self, file: TextIO, lost: Callable[[OSError], None], again: Callable[[], None]
    ) -> None:
        self._file, self._lost, self._again = file, lost, again
        self._encoding = file.encoding or "utf-8"
        # A descriptor of our own: that the shell's must not block would outlive this program.
        try:
            name = os.ttyname(file.fileno())
            self._fd = os.open(name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            self._fd = os.dup(file.fileno())  # it has no name here: then it may make us wait
        self._ready = select.poll()
        self._ready.register(self._fd, select.POLLOUT)
        self._is_lost = self._stands_still = False

    def write(self, text: str) -> None:
        """Write, or leave out what the terminal does not take in time."""
        if self._is_lost:
            return
        data = text.encode(self._encoding, "replace")
        try:
            if self._stands_still:
                if not self._ready.poll(0):
                    return
                self._stands_still = False
                data = START_OVER + data
                self._again()
            self._write(data)
        except OSError as error:
            self._is_lost = True
            self._lost(error)

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                if not self._ready.poll(PATIENCE_MS):
                    self._stands_still = True
                    return

    def flush(self) -> None:
        """Nothing is kept back."""

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        """Once more does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
