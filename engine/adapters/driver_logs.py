"""Keeps a chatty driver's log readable, and off the terminal.

While a broker is away aiokafka writes some fifty lines a second, all alike. A dashboard owns the
terminal, so nothing may reach Python's last-resort handler, which writes there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

MAX_TEMPLATES = 500
"""How many different messages are remembered; a driver has some dozens."""


class RateLimit(logging.Filter):
    """Lets one record of each message template through in `every_s` seconds.

    The next one that passes says how many like it were held back. Works on the template, not on the
    finished text: the same complaint about two brokers is one complaint.
    """

    def __init__(
        self, *, every_s: float = 10.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._every_s, self._monotonic = every_s, monotonic
        self._passed_at: dict[tuple[str, str], float] = {}
        self._held_back: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        template, now = (record.name, str(record.msg)), self._monotonic()
        last = self._passed_at.get(template)
        if last is not None and now - last < self._every_s:
            self._held_back[template] = self._held_back.get(template, 0) + 1
            return False
        if last is None and len(self._passed_at) >= MAX_TEMPLATES:
            self._passed_at.clear()
            self._held_back.clear()
        self._passed_at[template] = now
        held_back = self._held_back.pop(template, 0)
        if held_back:
            record.msg = f"{record.getMessage()} ({held_back} more like this were not written)"
            record.args = None
        return True


class _Forward(logging.Handler):
    """Hands records on to another logger, if anybody listens there."""

    def __init__(self, target: logging.Logger) -> None:
        super().__init__()
        self._target = target

    def emit(self, record: logging.LogRecord) -> None:
        # Without a handler the record would end in the last-resort handler: on the terminal.
        if self._target.hasHandlers() and self._target.isEnabledFor(record.levelno):
            self._target.handle(record)


def _not_debug(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO


def tame_driver_log(
    driver: str, *, into: str, secretive: Sequence[str] = (), every_s: float = 10.0
) -> None:
    """From now on the log of `driver` is rate-limited and goes where the logger `into` goes.

    Calling it again changes nothing.

    Args:
        secretive: loggers of the driver that write passwords at DEBUG. Whatever levels and handlers
            somebody sets, these stay silent below INFO.
    """
    for name in secretive:
        logging.getLogger(name).addFilter(_not_debug)
    logger = logging.getLogger(driver)
    if any(isinstance(h, _Forward) for h in logger.handlers):
        return
    forward = _Forward(logging.getLogger(into))
    forward.addFilter(RateLimit(every_s=every_s))
    logger.addHandler(forward)
    logger.propagate = False
    logger.setLevel(logging.INFO)
