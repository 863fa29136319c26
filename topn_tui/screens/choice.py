"""One of a few words in a line, chosen by arrow or mouse, told apart also without colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from topn_tui.keys import CHOICE_KEYS
from topn_tui.language import t
from topn_tui.panels.tones import Spans, content, width_of

ON, OFF, GAP = "◉ ", "○ ", "   "


class Choice(Static, can_focus=True):
    """Textual's RadioSet stands on several lines and shows the chosen one by colour alone.

    Args:
        words: safe text, looked up where it is drawn; the order on screen.
        chosen: the one to begin with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*CHOICE_KEYS]

    chosen: var[str] = var("", init=False)

    class Changed(Message):
        """Another word is the chosen one."""

        def __init__(self, choice: Choice) -> None:
            self.choice = choice
            super().__init__()

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, words: Sequence[str], chosen: str, *, id: str) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, markup=False)
        self._words = tuple(words)
        self.set_reactive(Choice.chosen, chosen)

    def on_mount(self) -> None:
        self._draw()

    def watch_chosen(self) -> None:
        self._draw()
        self.post_message(self.Changed(self))

    def action_step(self, by: int) -> None:
        self.chosen = self._words[(self._words.index(self.chosen) + by) % len(self._words)]

    def watch_has_focus(self, has_focus: bool) -> None:
        # Not on_focus and on_blur, which come while it still is as it was.
        super().watch_has_focus(has_focus)
        self._draw()

    def on_click(self, event: events.Click) -> None:
        end = 0
        for word in self._words:
            end += cell_len(ON + t(word) + GAP)
            if event.get_content_offset_capture(self).x < end:
                self.chosen = word
                return

    def _draw(self) -> None:
        line: Spans = ()
        for word in self._words:
            picked = word == self.chosen
            tone = ("mark" if self.has_focus else "strong") if picked else "dim"
            line += ((ON if picked else OFF, tone), (t(word), tone), (GAP, ""))
        self.update(content([line]))
        self.styles.width = width_of(line)
