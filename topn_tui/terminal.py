"""The terminal under the dashboard: signals, and what happens when it goes away or stands still.

Textual's driver for Unix knows two ways to end, by a key and by a traceback. More come up in an
operator's day: somebody sends a signal, the terminal is closed, its connection breaks or hangs. Left
alone a signal leaves the terminal in the alternate screen with the mouse reported as text; a terminal
that is closed leaves a process whose input thread reads nothing for ever and whose event loop waits
for a writer that died; and one that nobody reads stops the engine, for the loop is the engine's, too.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Protocol, TextIO, cast

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from topn_tui.surviving import Surviving

ASKING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Signals that ask to leave. Ctrl-C is a key while the dashboard runs, so SIGINT comes from others."""

_ENDING = ("QUIT", "ABRT", "USR1", "USR2", "ALRM", "VTALRM", "PROF", "XCPU", "PWR", "STKFLT")
ENDING = tuple(getattr(signal, f"SIG{name}") for name in _ENDING if hasattr(signal, f"SIG{name}"))
"""Signals that mean something else and end a process that has no use for them: then it leaves, too.

Not among them: what nobody can catch (KILL, STOP), what a broken process sends itself (SEGV, BUS, FPE,
ILL, TRAP, SYS), what Python has turned into an error (PIPE, XFSZ), and what stops and goes on (TSTP,
CONT).
"""

REPEATED = (signal.SIGHUP, signal.SIGXCPU)
"""A closed window sends SIGHUP twice, by the shell and by the kernel, and the kernel SIGXCPU each second."""

ANSWERED = (
    events.Key,
    events.Paste,
    events.MouseDown,
    events.MouseUp,  # of which a click is made
    events.MouseScrollDown,
    events.MouseScrollUp,
)
"""What somebody does and waits for; to move the mouse is none of it."""

log = logging.getLogger(__name__)


class Leaves(Protocol):
    """What the terminal asks of the app."""

    def asked_to_leave(self, why: str) -> None:
        """Leave as by the key; asked again: at once."""

    @property
    def may_hurry(self) -> bool:
        """Whether who asks again may have it at once: nothing is under way that must be finished."""

    def is_asked(self) -> None:
        """Somebody has pressed a key, or done something else that is answered. In any thread."""

    def failed_in_thread(self, error: Exception) -> None:
        """A bug outside of the event loop."""


class Terminal(LinuxDriver):
    """Textual's driver, which also leaves in order by a signal and when the terminal is gone."""

    def __init__(self, *arguments: object, **keywords: object) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]  # Textual's own
        self._open()
        self._asked = self._suspended = False
        self._taken: set[int] = set()
        """Signals that are ours while the screen is drawn."""

    def _open(self) -> None:
        self._out = Surviving(drawn_on(), self._lost_in_thread, self._draw_anew_in_thread)
        self._file = cast(Any, self._out)

    @property
    def _leaving(self) -> Leaves:
        return cast(Leaves, self._app)

    def start_application_mode(self) -> None:
        """Signals first, for one may come at any time; then the first escape sequence is written."""
        self._take_signals()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        super().close()
        self._out.close()
        self._no_more_signals()

    # ── signals ──

    def _take_signals(self) -> None:
        for signum in (*ASKING, *ENDING):
            # Whoever put a handler there before, such as a profiler, has use for the signal.
            if signum in ASKING or signal.getsignal(signum) == signal.SIG_DFL:
                self._loop.add_signal_handler(signum, self._on_signal, signum)
                self._taken.add(signum)
        # Textual's are called between any two instructions, also in the midst of a write.
        self._loop.add_signal_handler(signal.SIGTSTP, self._on_stop)
        self._loop.add_signal_handler(signal.SIGCONT, self._on_continue)
        self._taken |= {signal.SIGTSTP, signal.SIGCONT}

    def _on_signal(self, signum: int) -> None:
        if self._asked and (signum in REPEATED or not self._leaving.may_hurry):
            return
        if self._asked:
            self._no_more_signals()  # whoever insists a third time gets what the signal does
        self._asked = True
        self._leaving.asked_to_leave(signal.Signals(signum).name)

    def _no_more_signals(self) -> None:
        for signum in self._taken:
            self._loop.remove_signal_handler(signum)
        self._taken.clear()

    # ── stopped, and going on ──

    def write(self, data: str) -> None:
        if not self._suspended:
            super().write(data)

    def suspend_application_mode(self) -> None:
        """The terminal as it was found. Signals that come meanwhile are obeyed afterwards."""
        self.stop_application_mode()
        super().close()
        self._out.close()
        self._suspended = True

    def resume_application_mode(self) -> None:
        self._suspended = False
        self._open()
        super().resume_application_mode()
        self._draw_anew()

    def _on_stop(self) -> None:
        if not self._suspended:
            self.suspend_application_mode()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _on_continue(self) -> None:
        # Who closes a terminal wakes up those who sleep on it.
        if not os.isatty(self._out.fileno()):
            self._lost(OSError(errno.EIO, os.strerror(errno.EIO)))
            return
        # After a SIGSTOP, which nobody can catch, the shell has set up the terminal for itself.
        if not self._suspended:
            self.suspend_application_mode()
        self.resume_application_mode()

    # ── the terminal is gone, or stands still ──

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError as error:
            self._lost_in_thread(error)
        except Exception as error:
            log.exception("reading keys ended by a bug")
            self._in_loop(self._leaving.failed_in_thread, error)

    def process_message(self, message: Message) -> None:
        """In the input thread: the event loop hears of it when whatever is under way there is done."""
        if isinstance(message, ANSWERED):
            self._leaving.is_asked()
        super().process_message(message)

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
