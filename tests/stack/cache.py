"""A folder that keeps what is expensive to make, shared by all runs of this user."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


def cache_root() -> Path:
    """Return TOPN_STACK_CACHE, or the user's cache folder."""
    if chosen := os.environ.get("TOPN_STACK_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "topn-tui" / "stack"


def fingerprint(*parts: bytes) -> str:
    """Return a short name that changes when any of the parts does."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def cache_lock(name: str) -> Iterator[None]:
    """Hold the lock `name`: one process at a time, released by the kernel if that process dies."""
    cache_root().mkdir(parents=True, exist_ok=True)
    with (cache_root() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_once(name: str, build: Callable[[Path], None]) -> Path:
    """Return the folder `name` of the cache; if it is not there, let `build` fill it first.

    `build` works in a folder beside, which gets its name in one step when all is done: whoever sees
    the folder sees it whole. Runs that need it at the same time wait for the one that builds.
    """
    folder = cache_root() / name
    if folder.is_dir():
        return folder
    with cache_lock(name):
        if folder.is_dir():
            return folder
        _remove_abandoned(name)
        partial = Path(tempfile.mkdtemp(prefix=f"{name}.partial-", dir=cache_root()))
        try:
            build(partial)
            partial.chmod(0o755)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)  # there only if the build failed
    return folder


def _remove_abandoned(name: str) -> None:
    """Remove what a killed build has left; the caller holds the lock, so nobody is building."""
    for partial in cache_root().glob(f"{name}.partial-*"):
        shutil.rmtree(partial, ignore_errors=True)
