"""Asks for the key of a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from engine.status import Key
from topn_tui.formatting import safe
from topn_tui.language import mark, t
from topn_tui.panels.tones import content, spans
from topn_tui.remapping import key_of
from topn_tui.screens.over_panels import OverPanels

LONGEST = 1024
"""Characters of a key: MySQL's indexes take no longer ones."""


class AskKeyScreen(OverPanels[Key | None]):
    """One line to type into.

    Args:
        name: what the key column is called; any text.
        read: makes a key of what was typed, or raises ValueError, which says what is wrong with it.
    """

    DEFAULT_CSS = """
    AskKeyScreen { align: center middle; }
    AskKeyScreen > Vertical {
        width: 60; max-width: 90%; height: auto; padding: 0 1;
        border: round $accent; border-title-color: $text-accent; border-title-style: bold;
        background: $surface;
    }
    AskKeyScreen Static { height: auto; min-height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", mark("Close"), id="back")]

    def __init__(self, name: str, read: Callable[[str], Key]) -> None:
        super().__init__()
        self._column, self._read = safe(name) or t("key"), read

    def compose(self) -> ComposeResult:
        box = Vertical(
            Input(placeholder=self._column, max_length=LONGEST, compact=True),
            Static(
                content(
                    [
                        spans(
                            (
                                t(
                                    "enter follows the row, {back} closes",
                                    back=key_of(self, "back"),
                                ),
                                "dim",
                            )
                        )
                    ]
                ),
                markup=False,
            ),
        )
        box.border_title = Content(t("Follow the row of which key?"))
        yield box

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            of = self._read(event.value)
        except ValueError as error:
            self.query_one(Static).update(content([spans(("✖ ", "bad"), safe(str(error)))]))
        else:
            self.dismiss(of)

    def action_leave(self) -> None:
        self.dismiss(None)
