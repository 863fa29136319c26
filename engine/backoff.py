"""How long to wait before trying again: exponential, with jitter (tenacity's strategy)."""

from __future__ import annotations

from tenacity import RetryCallState, wait_random_exponential
from tenacity.wait import wait_base


class Backoff:
    """Waits that grow while a thing fails and start again once it has worked.

    Args:
        first_ms: the first wait is drawn from 0 to this.
        most_ms: no wait is longer than this.
    """

    def __init__(self, *, first_ms: float = 500, most_ms: float = 10_000) -> None:
        self._wait: wait_base = wait_random_exponential(
            multiplier=first_ms / 1000, max=most_ms / 1000
        )
        self._attempts = 0

    def next_ms(self) -> float:
        """It has failed once more: how long to wait, at least 50 ms."""
        self._attempts += 1
        state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]  # only the attempt number is read
        state.attempt_number = self._attempts
        return max(50.0, self._wait(state) * 1000)

    def reset(self) -> None:
        """It has worked."""
        self._attempts = 0
