"""How the program behaves in a terminal, whatever it shows: leaving, failing, toasts, the palette."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import ClassVar

from rich.console import RenderableType
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.notifications import Notify
from textual.reactive import var
from textual.screen import Screen
from textual.theme import ThemeProvider

from engine.status import Notice
from topn_tui.dressed import Dressed
from topn_tui.language import t
from topn_tui.remapping import key_of
from topn_tui.screens.palette import Palette
from topn_tui.terminal import Terminal

MAX_TOASTS = 2
"""So many at once; a newer one takes the place of the oldest."""
SAID_KEPT = 100
"""Of those that were shown, so many can be read again."""
_LEVELS = {"information": "info", "warning": "warning", "error": "error"}
"""Of a toast's severity, what a notice calls it."""

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # where nobody set up logging: never on the terminal


class Mannered(Dressed, inherit_bindings=False):
    """Textual's App with the habits of this program.

    One key quits, and Textual's Ctrl-Q is not bound: a second one, next to Ctrl-W and Ctrl-A, that
    stops an engine by a slip helps nobody.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "help_quit", show=False, system=True),
        Binding("ctrl+z", "help_stop", show=False, system=True),
    ]

    remapped: Mapping[str, str] = MappingProxyType({})
    """Action -> keys, of those that the settings changed."""
    said: var[tuple[Notice, ...]] = var(())
    """What toasts have said, oldest first, numbered from -1 downwards: the engine's are numbered upwards."""
    _now_ms: Callable[[], int]
    """Wall time."""
    failure: str | None = None
    """Why the screen ended though nobody asked it to: a bug; its traceback is in the log."""

    def get_driver_class(self) -> type[Driver]:
        """Ours in place of Textual's for Unix; any other (Windows, a browser) is left alone."""
        found = super().get_driver_class()
        return Terminal if found is LinuxDriver else found

    def remap(self, keymap: Mapping[str, str]) -> None:
        """Take keys as :func:`topn_tui.remapping.keymap_of` has them; before the screen opens."""
        self.remapped = keymap
        self.set_keymap(keymap)
        if "palette" in keymap:  # where Textual's footer looks for it
            self.COMMAND_PALETTE_BINDING = keymap["palette"].split(",")[0]  # type: ignore[misc]

    # ── leaving ──

    @property
    def may_hurry(self) -> bool:
        """Whether who asks again to leave may have it at once."""
        return True

    def asked_to_leave(self, why: str) -> None:
        """A signal, or the terminal's end: as the key does it."""
        log.info("leaving: %s", why)
        self.call_later(self.action_quit)

    def action_help_quit(self) -> None:
        """Ctrl-C is a reflex: it says how to leave and does nothing. (Over selected text it copies.)"""
        self.notify(t("{quit} quits.", quit=key_of(self, "quit")), timeout=3, markup=False)

    def action_help_stop(self) -> None:
        """Ctrl-Z is one, too; whoever stops the screen for a while stops the engine, and its lease runs out."""
        told = t("kill -TSTP {pid} stops engine and screen for a while.", pid=os.getpid())
        self.notify(told, timeout=5, markup=False)

    # ── failing ──

    def is_asked(self) -> None:
        """Somebody waits for an answer; called in any thread."""

    def failed_in_thread(self, error: Exception) -> None:
        self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """The end of the screen by a bug. Textual would print a traceback with all local values."""
        if self.failure is None:
            log.error("the screen ended by a bug", exc_info=error)
            self.failure = f"a bug, its traceback is in the log: {type(error).__name__}: {error}"
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """What would be printed is in the log already."""
        self._close_messages_no_wait()

    # ── toasts and commands ──

    def on_notify(self, event: Notify) -> None:
        """Room for the one that comes; and it can be read again."""
        of = event.notification
        text = f"{of.title}: {of.message}" if of.title else of.message
        number = self.said[-1].number - 1 if self.said else -1
        now = Notice(number=number, at_ms=self._now_ms(), level=_LEVELS[of.severity], text=text)
        self.said = (*self.said, now)[-SAID_KEPT:]
        for old in list(self._notifications)[: -(MAX_TOASTS - 1)]:
            self._unnotify(old, refresh=False)

    def own_commands(self) -> Sequence[Binding]:
        """Keys that are commands as well, in the palette's order."""
        return ()

    def action_command_palette(self) -> None:
        """As Textual's, in the screen's language."""
        if self.use_command_palette and not CommandPalette.is_open(self):  # type: ignore[arg-type]  # as Textual
            self.push_screen(Palette(placeholder=t("Search for commands…"), id="--command-palette"))

    def search_themes(self) -> None:
        """As Textual's, in the screen's language."""
        self.push_screen(Palette(providers=[ThemeProvider], placeholder=t("Search for themes…")))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Each of ours once. Of Textual's only what we have no key for: the theme."""
        for of in super().get_system_commands(screen):
            if of.title == "Theme":
                yield of._replace(title=t("Theme"), help=t("Change the current theme"))
        for key in self.own_commands():
            name = t(key.description)
            told = f"{t(key.tooltip)} · {key_of(self, str(key.id), all_keys=True)}"
            yield SystemCommand(name, told, partial(self.run_action, key.action))
