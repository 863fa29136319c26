"""Wait for a condition, not for a time."""

import time
from collections.abc import Callable

POLL_INTERVAL_S = 0.05
"""How often a condition is looked at."""


def wait_until(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Return as soon as `condition()` is true; raise TimeoutError naming `what` if it stays false.

    What the condition raises goes through: a condition that can see that waiting is useless
    (the process has ended) says so by raising.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not after {timeout_s:g} s")
        time.sleep(POLL_INTERVAL_S)
