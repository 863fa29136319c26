"""Dead letters in a bounded local file: JSON lines, the oldest go first.

The bound is kept by rotation: what would make ``FILE`` longer than half of it makes ``FILE`` become
``FILE.1``, in the place of the one before. So at least the newest half of the bound is there.

Several engines, and readers beside them, may use one file. A writer holds an exclusive ``flock`` on the
file itself while it writes one line or rotates, and looks, once it has the lock, whether the file is
still the one of that name (another may have rotated it meanwhile). A line that was not written whole
(disk full) is taken back; what a killed writer left is closed off by the next one, and skipped by
readers. Lines survive the process; a power cut may take the last seconds of them.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.dead_letter_lines import LINE_MIN_BYTES, DeadLetter, line_of
from engine.errors import NotKept, ServiceAway, WrongSetting
from engine.told import told

LOCK_MS = 1_000
"""How long to wait for another engine's lock. It is held for one line; but an engine can be paused."""

NEXT_STEP = told(
    "make room or give the right to write there, or set dead_letters.file to another place"
)

_LOOK_S = 0.005

_PLAIN = os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
"""Never wait for the other end of a pipe, never follow a link that somebody put there."""


class DeadLetterFile:
    """A :class:`~engine.ports.DeadLetterSink` that is a file, and the way to read it again.

    Args:
        path: the file; it and its folder are made where they are missing, for their owner alone.
        max_bytes: of the file and the older one beside it together.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self.path, self.older = path, path.with_name(path.name + ".1")
        self._half_bytes = max(max_bytes // 2, LINE_MIN_BYTES)

    @property
    def files(self) -> tuple[Path, Path]:
        """The older file and the one that is written; each may be missing."""
        return self.older, self.path

    @property
    def place(self) -> str:
        """See :class:`engine.ports.DeadLetterSink`."""
        return f"the file {self.path}"

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """See :meth:`engine.ports.DeadLetterSink.keep`. Off the event loop: a disk may be slow."""
        await asyncio.to_thread(self._keep, letters)

    async def close(self) -> None:
        """See :meth:`engine.ports.DeadLetterSink.close`. The file is open only while it is written."""

    def read(self) -> list[tuple[Path, bytes]]:
        """Each file that there is with its content, the older one first. An engine may be writing.

        Raises:
            WrongSetting: a file is there and cannot be read.
        """
        try:
            with _locked(self.path, os.O_RDONLY, fcntl.LOCK_SH, patient=False) as current:
                older, newer = self._content(self.older), _all_of(current)
            return [*older, (self.path, newer)]
        except FileNotFoundError:
            return self._content(self.older)  # none yet, or an engine is just rotating
        except OSError as error:
            raise WrongSetting(
                told("{path} cannot be read: {reason}", path=self.path, reason=error.strerror)
            ) from None

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    def _keep(self, letters: Sequence[DeadLetter]) -> None:
        for number, letter in enumerate(letters):
            line = line_of(letter, max_bytes=self._half_bytes)
            try:
                while not self._append(line):
                    pass  # rotated: there is another file of this name now
            except OSError as error:
                # All that follow: there is no room, no folder or no right for them either.
                reason = error.strerror or str(error)
                raise NotKept(reason, NEXT_STEP, len(letters) - number) from None

    def _append(self, line: bytes) -> bool:
        """Write the line; False: the file was full, and has been put aside."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        with _locked(self.path, flags, fcntl.LOCK_EX, patient=True) as file:
            size = os.fstat(file).st_size
            if size and size + len(line) > self._half_bytes:
                os.replace(self.path, self.older)
                return False
            unfinished = size and os.pread(file, 1, size - 1) != b"\n"
            _write_whole(file, b"\n" + line if unfinished else line, size)
        return True

    def _content(self, path: Path) -> list[tuple[Path, bytes]]:
        try:
            file = os.open(path, os.O_RDONLY | _PLAIN)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WrongSetting(
                told("{path} cannot be read: {reason}", path=path, reason=error.strerror)
            ) from None
        try:
            _check_plain(file, path)
            return [(path, _all_of(file))]
        finally:
            os.close(file)


@contextmanager
def _locked(path: Path, flags: int, lock: int, *, patient: bool) -> Iterator[int]:
    """The file of this name, open and locked.

    Args:
        path, flags: as for :func:`os.open`.
        lock: shared or exclusive.
        patient: whether it must be locked. Otherwise it is given without, after the same wait.

    Raises:
        ServiceAway: the lock is another's, for longer than a line can take.
        OSError: it cannot be opened, or is no plain file.
    """
    until_s = time.monotonic() + LOCK_MS / 1000
    while True:
        file = os.open(path, flags | _PLAIN, 0o600)
        try:
            _check_plain(file, path)
            locked = _lock(file, lock, until_s)
            if not locked and patient:
                raise ServiceAway(
                    told("dead letters"),
                    told("{path} is locked by another process", path=path),
                    told("look for an engine on this board that is stopped or paused"),
                )
            if not locked or _is_at(file, path):
                yield file
                return
        finally:
            os.close(file)  # and with it the lock


def _lock(file: int, lock: int, until_s: float) -> bool:
    while True:
        try:
            fcntl.flock(file, lock | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until_s:
                return False
            time.sleep(_LOOK_S)
        else:
            return True


def _is_at(file: int, path: Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file), os.lstat(path))
    except FileNotFoundError:
        return False


def _check_plain(file: int, path: Path) -> None:
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "not a plain file", str(path))


def _write_whole(file: int, content: bytes, size: int) -> None:
    """Append all of it or nothing. The lock is held: what was appended is ours alone."""
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        os.ftruncate(file, size)
        raise


def _all_of(file: int) -> bytes:
    with open(os.dup(file), "rb") as content:
        return content.read()
