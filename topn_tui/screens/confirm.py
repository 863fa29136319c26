"""Asks before rows of a real table are written."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from engine.runtime_api import WriteTarget
from engine.sample import SAMPLE
from engine.walkthrough_steps import START, TOUCHED
from topn_tui.formatting import number, safe
from topn_tui.language import mark, t
from topn_tui.panels.detail import fact
from topn_tui.panels.state_bar import production
from topn_tui.panels.tones import Spans, content, spans
from topn_tui.remapping import key_of
from topn_tui.screens.over_panels import OverPanels
from topn_tui.walking import ALONE

LONGEST = 256
"""Characters of what may be typed: MySQL's table names have 64."""


class ConfirmScreen(OverPanels[bool]):
    """True only where the table's name was typed; a slip of one key confirms nothing.

    Args:
        target: what would be written, by whom.
        alarms: in production, which is said first.
    """

    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > VerticalScroll {
        width: 76; max-width: 96%; height: auto; max-height: 100%; padding: 0 1; margin: 2 0 1 0;
        border: round $warning; border-title-color: $text-warning; border-title-style: bold;
        border-subtitle-color: $text-muted;
        background: $surface; scrollbar-size-vertical: 1;
    }
    ConfirmScreen Static { height: auto; width: 1fr; }
    ConfirmScreen #confirm-what { margin-bottom: 1; }
    ConfirmScreen #confirm-told { min-height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", mark("Close"), id="back")]

    def __init__(self, target: WriteTarget, *, alarms: bool) -> None:
        super().__init__()
        self._target, self._alarms = target, alarms

    def compose(self) -> ComposeResult:
        box = VerticalScroll(
            Static(content(self._what()), id="confirm-what", markup=False),
            Input(max_length=LONGEST, compact=True),
            Static(id="confirm-told", markup=False),
            can_focus=False,
        )
        alarm = production(colour=not self.app.no_color) if self._alarms else ()
        box.border_title = content(
            [spans(*alarm, " " if alarm else "", t("Write to a real table?"))]
        )
        box.border_subtitle = Content(
            t("enter confirms · {back} writes nothing", back=key_of(self, "back"))
        )
        yield box

    def on_mount(self) -> None:
        name = safe(self._target.table)
        self._tell(spans((t("Type {table} to confirm.", table=name), "dim")))
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value == self._target.table:
            self.dismiss(True)
            return
        said = t(
            "that is {typed}, not {table}: nothing is written",
            typed=repr(event.value),
            table=self._target.table,
        )
        self._tell(spans(("✖ ", "bad"), safe(said)))

    def action_leave(self) -> None:
        self.dismiss(False)

    def _tell(self, line: Spans) -> None:
        self.query_one("#confirm-told", Static).update(content([line]))

    def _what(self) -> list[Spans]:
        of = self._target
        touched = [str(key) for key in sorted(TOUCHED)]
        return [
            spans(
                t(
                    "It will insert, update and delete rows {keys}.",
                    keys=", ".join(touched),
                )
            ),
            spans(
                t(
                    "If the table is empty, its {start} start rows are put in first; if it holds other "
                    "rows than these, or than the whole sample of {sample}, nothing is written.",
                    start=number(len(START)),
                    sample=number(len(SAMPLE)),
                )
            ),
            spans(
                t("At the end, also if you leave half-way, the table is put back as it was found.")
            ),
            spans((t(ALONE), "warn")),
            (),
            fact(t("table"), (safe(f"{of.database}.{of.table}"), "strong")),
            fact(t("account"), (safe(of.account), "strong")),
            fact(t("server"), (safe(of.server), "strong")),
        ]
