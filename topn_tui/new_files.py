"""Files that the operator asks for: never over another one, never half of one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from engine.errors import TopnError
from engine.told import told

MOST_OF_A_NAME = 100
"""So many files get a number for a name that is taken."""


class NotWritten(TopnError):
    """The file is not there; the message says why and what to do. The operator can mend it."""


def write_new(name: str, text: str) -> Path:
    """Write a new file as UTF-8; its whole path.

    Args:
        name: relative to the current folder, absolute, or with ~.

    Raises:
        NotWritten: it exists, or it cannot be written; then nothing is left of it.
    """
    path = _path(name)
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    path.unlink()
                raise
    except FileExistsError:
        raise NotWritten(
            told(
                "there is one already, and it stays as it is; write another name: {path}", path=path
            )
        ) from None
    except FileNotFoundError:
        raise NotWritten(
            told("no such folder; make it or name another: {path}", path=path.parent)
        ) from None
    except ValueError:  # a NUL, or what the file system's encoding has no bytes for
        raise NotWritten(told("not a file's name; write another one")) from None
    except OSError as error:
        raise NotWritten(
            told(
                "cannot be written ({reason}); name another place: {path}",
                reason=error.strerror,
                path=f"{path!s:.200}",
            )
        ) from None
    return path


def write_numbered(name: str, text: str) -> Path:
    """As :func:`write_new`; where the name is taken a number is added to it: ``name-2.svg``.

    Raises:
        NotWritten: as :func:`write_new`; also after many numbers.
    """
    stem, suffix = os.path.splitext(name)
    for number in range(2, MOST_OF_A_NAME + 1):
        if not os.path.lexists(name):
            break
        name = f"{stem}-{number}{suffix}"
    return write_new(name, text)


def _path(name: str) -> Path:
    if not name.strip():
        raise NotWritten(told("the file has no name yet; write one"))
    try:
        path = Path(name).expanduser()
    except RuntimeError:
        raise NotWritten(
            told("there is no such user; write the whole path: {name}", name=name)
        ) from None
    path = Path(os.path.abspath(path))
    if os.path.isdir(path):  # pathlib's raises for a name that is too long
        raise NotWritten(told("a folder; add the file's name to it: {path}", path=path))
    return path
