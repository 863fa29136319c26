"""The terminal under the dashboard: signals, and what happens when it goes away or stands still.

Textual's driver for Unix knows two ways to end, by a key and by a traceback. More come up in an
operator's day: somebody sends a signal, the terminal is closed, its connection breaks or hangs. Left
alone a signal leaves the terminal in the alternate screen with the mouse reported as text; a terminal
that is closed leaves a process whose input thread reads nothing for ever and whose event loop waits
for a writer that died; and one that nobody reads stops the engine, for the loop is the engine's, too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Protocol, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

from topn_tui.surviving import Surviving

LEAVING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Signals that ask to leave. Ctrl-C is a key while the dashboard runs, so SIGINT comes from others."""

log = logging.getLogger(__name__)


class Leaves(Protocol):
    """What the terminal asks of the app."""

    def asked_to_leave(self, why: str) -> None:
        """Leave as by the key; asked again: at once."""

    def failed_in_thread(self, error: Exception) -> None:
        """A bug outside of the event loop."""


class Terminal(LinuxDriver):
    """Textual's driver, which also leaves in order by a signal and when the terminal is gone."""

    def __init__(self, *arguments: object, **keywords: object) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]  # Textual's own
        self._out = Surviving(drawn_on(), self._lost_in_thread, self._draw_anew_in_thread)
        self._file = cast(Any, self._out)
        self._asked = False

    @property
    def _leaving(self) -> Leaves:
        return cast(Leaves, self._app)

    def start_application_mode(self) -> None:
        """Before the first escape sequence is written, for a signal may come at any time."""
        for signum in LEAVING:
            self._loop.add_signal_handler(signum, self._on_signal, signum)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        super().close()
        self._out.close()
        self._no_more_signals()

    def _on_signal(self, signum: int) -> None:
        # A closed window sends SIGHUP twice, by the shell and by the kernel: nobody insists.
        if self._asked and signum == signal.SIGHUP:
            return
        if self._asked:
            self._no_more_signals()  # whoever insists a third time gets what the signal does
        self._asked = True
        self._leaving.asked_to_leave(signal.Signals(signum).name)

    def _no_more_signals(self) -> None:
        for signum in LEAVING:
            self._loop.remove_signal_handler(signum)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError as error:
            self._lost_in_thread(error)
        except Exception as error:
            log.exception("reading keys ended by a bug")
            self._in_loop(self._leaving.failed_in_thread, error)

    def _draw_anew_in_thread(self) -> None:
        self._in_loop(self._draw_anew)

    def _draw_anew(self) -> None:
        self._app.refresh(layout=True)

    def _lost_in_thread(self, error: OSError) -> None:
        self._in_loop(self._lost, error)

    def _in_loop(self, call: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: so has all else
            self._loop.call_soon_threadsafe(call, *arguments)

    def _lost(self, error: OSError) -> None:
        log.warning("the terminal is gone: %s", error.strerror)
        # The input of a closed terminal is readable for ever and has nothing to read.
        self.exit_event.set()
        _to_nowhere(1, 2)
        if not self._asked:
            self._asked = True
            self._leaving.asked_to_leave("the terminal is gone")


def drawn_on() -> TextIO:
    """The stream of the terminal. Textual's is stderr, which a person may well send to a file."""
    ours = (of for of in (sys.__stderr__, sys.__stdout__) if of and of.isatty())
    return next(ours, sys.stderr)


def _to_nowhere(*descriptors: int) -> None:
    """What is still said on a terminal that is gone must fail nobody, the interpreter's end included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
