"""One temporary folder for all data and logs of one run."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "topn-stack-"
_LOCK = "lock"


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """Give a folder under the system's temporary folder, removed at the end.

    TOPN_STACK_KEEP=1 keeps it, for a look at logs and data. What a killed run could not remove is
    removed by the next one: the lock in each folder is held as long as its owner lives.
    """
    _remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder.chmod(0o711)  # the database server's user must be able to enter, and only that
    # Locked before it has its name: nobody sees a lock of ours that is not held.
    with (folder / "new-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "new-lock").rename(folder / _LOCK)
        if os.environ.get("TOPN_STACK_KEEP") == "1":
            (folder / _LOCK).unlink()
            yield folder
        else:
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)  # a service's last write may race


def _remove_abandoned() -> None:
    for lock_path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        # OSError: another user's folder, a lock that is held, or somebody else removes it too.
        with contextlib.suppress(OSError), lock_path.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock_path.parent, ignore_errors=True)
