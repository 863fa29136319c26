"""Figures over time: rates, delay, and one value a second for the sparklines."""

from __future__ import annotations

from collections import deque

from engine.status import Rates

HISTORY_S = 120
"""How many seconds of history are kept."""


class Meter:
    """Counts what passes and closes a bucket each second.

    Args:
        now_ms: monotonic.
    """

    def __init__(self, now_ms: float) -> None:
        self.delay_ms: float | None = None
        """From binlog time to applied here, of the newest change."""
        self.stored_ms: float | None = None
        """From applied here to being in the store."""
        self.worked_ms = 0.0
        """Decoding and applying since the last bucket was closed."""
        self.gave_ms = 0.0
        """How long others in the same event loop were given way to, so far."""
        self._gave_before_ms = 0.0
        self._bucket_ms = now_ms
        self._changes_before = 0
        self._busy = 0.0
        self._rate = 0.0
        self._changes: deque[float] = deque(maxlen=HISTORY_S)
        self._lags: deque[float | None] = deque(maxlen=HISTORY_S)
        self._delays: deque[float | None] = deque(maxlen=HISTORY_S)
        self._stored: deque[float | None] = deque(maxlen=HISTORY_S)
        self._rates: Rates | None = None

    def tick(self, now_ms: float, *, changes_total: int, lag: int | None) -> None:
        """Let time pass; closes a bucket when a second is over."""
        elapsed_ms = now_ms - self._bucket_ms
        if elapsed_ms < 1000:
            return
        self._rate = (changes_total - self._changes_before) / elapsed_ms * 1000
        had_ms = elapsed_ms - (self.gave_ms - self._gave_before_ms)
        self._busy = self.worked_ms / max(had_ms, self.worked_ms, 1.0)
        self.worked_ms, self._gave_before_ms = 0.0, self.gave_ms
        self._changes_before, self._bucket_ms = changes_total, now_ms
        self._changes.append(self._rate)
        self._lags.append(None if lag is None else float(lag))
        self._delays.append(self.delay_ms)
        self._stored.append(self.stored_ms)
        self._rates = None

    def rates(self) -> Rates:
        """The figures now; the same object until a bucket has closed."""
        if self._rates is None:
            self._rates = Rates(
                changes_per_s=self._rate,
                busy=self._busy,
                delay_ms=self.delay_ms,
                stored_ms=self.stored_ms,
                changes_history=tuple(self._changes),
                lag_history=tuple(self._lags),
                delay_history=tuple(self._delays),
                stored_history=tuple(self._stored),
            )
        return self._rates
