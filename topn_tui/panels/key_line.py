"""The footer: as many keys as there is room for, whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from topn_tui.language import t
from topn_tui.remapping import DEFAULTS


class KeyLine(Footer):
    """Textual's footer cuts what does not fit, wherever it stands; this leaves out whole keys.

    Args:
        leave_first: actions, the first to be left out first. Others stay; the help tells them all.
    """

    def __init__(self, leave_first: Sequence[str]) -> None:
        super().__init__()
        self._leave_first = leave_first
        self._composed_for = 0
        self._told: tuple[tuple[str, bool], ...] = ()

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Compose anew only for other keys: every step from panel to panel is announced."""
        bindings = screen.active_bindings.values()
        told = tuple((of.binding.key, of.enabled) for of in bindings if of.binding.show)
        if told != self._told:
            self._told = told
            super().bindings_changed(screen)

    def compose(self) -> ComposeResult:
        """The keys of Textual's own footer that have room."""
        keys = [_translated(key) for key in super().compose() if isinstance(key, FooterKey)]
        room = self._composed_for = self.app.size.width
        for leaving in self._leave_first:
            if sum(map(_cells, keys)) <= room:
                break
            away = leaving_keys(self.app, leaving)
            keys = [key for key in keys if key.key not in away]
        yield from keys

    async def on_resize(self, event: events.Resize) -> None:
        if event.size.width != self._composed_for:
            await self.recompose()


def leaving_keys(app: App[object], action: str) -> set[str]:
    """All keys of an action, as Textual names them."""
    remapped: Mapping[str, str] = getattr(app, "remapped", {})
    return set(remapped.get(action, DEFAULTS[action]).split(","))


def _translated(key: FooterKey) -> FooterKey:
    """The same key with its word in the screen's language."""
    key.description = t(key.description)
    if isinstance(key.tooltip, str):
        key.tooltip = t(key.tooltip)
    return key


def _cells(key: FooterKey) -> int:
    """A blank before and after the key and one after its word; the palette's has an edge as well."""
    edge = 2 if key.has_class("-command-palette") else 0
    return cell_len(key.key_display) + cell_len(key.description) + 3 + edge
