"""Lines to a stream that may not be read: whoever reads it must not decide how the engine runs.

A pipe whose reader has stopped takes some 64 KiB and then makes its writer wait, which in the event
loop would stop the lease's heartbeat and the way out. So a thread of its own writes.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from typing import TextIO

LINES_KEPT = 1000
"""Lines that wait for a reader at most; then the oldest are dropped, and counted."""

END_MS = 500
"""How long the last lines may take on the way out."""


class LineWriter:
    """Writes lines in the order in which they were put, and never makes anybody wait.

    Args:
        stream: where to. From now on nobody else writes to it.
        name: of its thread.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._fd = stream, _descriptor(stream)
        self._changed = threading.Condition()
        self._waiting: deque[tuple[str, bool]] = deque()
        self._ending = False
        self.dropped = 0
        """Lines that were put and never written."""
        self.error: OSError | ValueError | None = None
        """Why nothing can be written any more."""
        # A daemon: a write that nobody reads must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, line: str, *, only_newest: bool = False) -> None:
        """Have a line written.

        Args:
            only_newest: it takes the place of an earlier one of this kind that still waits.
        """
        with self._changed:
            if only_newest:
                self._waiting = deque(w for w in self._waiting if not w[1])
            self._waiting.append((line, only_newest))
            if len(self._waiting) > LINES_KEPT:
                self._waiting.popleft()
                self.dropped += 1
            self._changed.notify()

    def end(self, within_ms: float = END_MS) -> None:
        """Wait until all is written, but no longer than that."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(within_ms / 1000)

    # ── the thread ────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        try:
            while (line := self._next()) is not None:
                self._write(line)
        except (OSError, ValueError) as error:  # ValueError: somebody has closed it
            self.error = error

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
            return self._waiting.popleft()[0] if self._waiting else None

    def _write(self, line: str) -> None:
        if self._fd is None:
            self._stream.write(line)
            self._stream.flush()
            return
        # Not through the stream: at the interpreter's end its lock, held by a thread that waits for a
        # reader, is a fatal error.
        rest = memoryview(line.encode(self._stream.encoding or "utf-8", "backslashreplace"))
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:  # somebody else who has this pipe does not want to wait
                select.select([], [self._fd], [])


def _descriptor(stream: TextIO) -> int | None:
    """The file behind a stream; None where there is none."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream.flush()
        return stream.fileno()
    return None
