"""What Python's defaults cost a process that runs for days, and is asked for an answer all the time."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.001
"""A thread that has read a key, or has a frame to write, gets the interpreter after so long. Python's 5 ms
come several times on the way from a key to what it draws."""

THRESHOLDS = (10_000, 5, 50)
"""Of the cyclic collector's three generations. Most of what the engine makes has no cycles and is gone
without any collector, so it looks seldom; its middle one took 20 ms where it came every 20 times."""


def settle() -> None:
    """Call this once all is imported and loaded, for what is there then stays.

    The cyclic collector never looks at it again: some 70,000 objects of modules and widgets, through
    which each of its full passes went, every few seconds, for up to 100 ms in which no key was answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(SWITCH_S)
