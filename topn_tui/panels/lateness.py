"""How late frames come: the sign that something keeps the event loop busy. Pure."""

from __future__ import annotations

from collections import deque

WINDOW_S = 5.0


class Lateness:
    """The worst lateness of the last seconds.

    Args:
        frame_s: when the next frame is due after the last one.
    """

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s
        self._last_s: float | None = None
        self._late: deque[tuple[float, float]] = deque()

    def frame(self, now_s: float) -> None:
        """A frame came at this monotonic time."""
        late_s = 0.0 if self._last_s is None else max(0.0, now_s - self._last_s - self._frame_s)
        self._last_s = now_s
        # Only a lateness that no later one exceeds can still become the worst.
        while self._late and self._late[-1][1] <= late_s:
            self._late.pop()
        self._late.append((now_s, late_s))
        while self._late[0][0] < now_s - WINDOW_S:
            self._late.popleft()

    @property
    def worst_ms(self) -> int | None:
        """None before the second frame."""
        return round(self._late[0][1] * 1_000) if self._late else None
