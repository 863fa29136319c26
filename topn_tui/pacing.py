"""How often the engine is looked at: less often where drawing would keep a busy engine from its work. Pure."""

from __future__ import annotations

SHARE = 0.04
"""The part of the time that drawing may take while the engine takes in all it can."""
MOST_S = 1.0
"""Frames are at most so far apart: what takes longer to draw costs more than its share."""


class Pace:
    """When the next frame is due.

    Engine and screen have one event loop and one core. A key is answered whenever it comes; what waits
    here is only the drawing that nobody asked for.

    Args:
        frame_s: time between two frames while the engine has time to spare.
    """

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s
        self._began_s: float | None = None
        self._cost_s = 0.0
        self._due_s = self._last_s = 0.0

    def due(self, now_s: float) -> bool:
        """Whether a frame should be drawn at this monotonic time."""
        return now_s >= self._due_s

    def asked(self, now_s: float, answer_s: float) -> None:
        """Somebody waits for an answer for so long: what nobody asked for is drawn after it.

        Not put off beyond a second since the last frame: a key may be held down.
        """
        self._due_s = max(self._due_s, min(now_s + answer_s, self._last_s + MOST_S))

    def began(self, now_s: float, *, saturated: bool) -> None:
        """A frame begins; `saturated`: the engine takes in all it can."""
        self._began_s = self._last_s = now_s
        wait_s = min(MOST_S, self._cost_s / SHARE) if saturated else 0.0
        # A timer's tick comes a little early or late: at the usual pace each one is taken.
        self._due_s = now_s + max(wait_s, self._frame_s / 2)

    def drawn(self, now_s: float) -> None:
        """What that frame changed is on the terminal."""
        if self._began_s is not None:
            took_s, self._began_s = now_s - self._began_s, None
            # Half of the way: one frame that drew everything, or nothing, does not decide alone.
            self._cost_s += (took_s - self._cost_s) / 2
