"""An event loop in virtual time: when everybody waits, the clock jumps to whoever wakes first."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

START_S = 10.0


class Stuck(AssertionError):
    """Everybody waits for somebody else: nothing will ever happen again."""


class _Skipping(selectors.SelectSelector):
    """Waits for nothing: lets the time pass that it was asked to wait."""

    now_s = START_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See :meth:`selectors.BaseSelector.select`."""
        if timeout is None:
            raise Stuck("everybody waits for somebody else")
        self.now_s += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time costs nothing. No sockets, no threads."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now_s


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to its end in virtual time; whatever else still runs then is cancelled."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def finished(call: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        call.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    raise AssertionError("it was not to wait for anything")
