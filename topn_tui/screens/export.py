"""Asks what to export, how and where to; writes the file."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from topn_tui.exporting import Form, Shown, What, default_name, export
from topn_tui.formatting import number, safe
from topn_tui.keys import WRITE_KEY
from topn_tui.language import mark, t
from topn_tui.new_files import NotWritten, write_new
from topn_tui.panels.tones import Span, content, spans
from topn_tui.remapping import key_of
from topn_tui.screens.choice import Choice
from topn_tui.screens.over_panels import OverPanels

_NAMED_KEYS = ("write", "next_panel", "previous_choice", "next_choice", "back")


class ExportScreen(OverPanels[str | None]):
    """Writes what was shown when it was opened; what it did is its result, None for nothing.

    Args:
        shown: what there is to export.
        what: the choice to begin with.
        at_ms: wall time, for the file's name.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the choices, which would take Enter for themselves.
        Binding("escape", "dismiss", mark("Close"), priority=True, id="back"),
        WRITE_KEY,
    ]

    def __init__(self, shown: Shown, what: What, *, at_ms: int) -> None:
        super().__init__()
        self._shown, self._what, self._form, self._at_ms = shown, what, Form.CSV, at_ms
        self._offered = ""
        """The name that was offered last; one that the operator wrote is left alone."""

    def compose(self) -> ComposeResult:
        box = Vertical(id="export")
        box.border_title = Content(t("Export"))
        box.border_subtitle = Content(
            t(
                "{write} write · {next_panel} next · {previous_choice} {next_choice} choose · {back} close",
                **{of: key_of(self, of) for of in _NAMED_KEYS},
            )
        )
        with box:
            yield Choice(list(What), self._what, id="export-what")
            yield Choice(list(Form), self._form, id="export-form")
            yield Input(id="export-path", compact=True, placeholder=t("file to write"))
            yield Static(id="export-told", markup=False)

    def on_mount(self) -> None:
        self._offer()
        self.query_one("#export-what").focus()

    @on(Choice.Changed, "#export-what")
    def _choose_what(self, event: Choice.Changed) -> None:
        self._what = What(event.choice.chosen)
        self._offer()

    @on(Choice.Changed, "#export-form")
    def _choose_form(self, event: Choice.Changed) -> None:
        self._form = Form(event.choice.chosen)
        self._offer()

    def _offer(self) -> None:
        """A name that fits the choice; of a name that the operator wrote only the suffix is changed."""
        path = self.query_one(Input)
        before, self._offered = (
            self._offered,
            default_name(self._what, self._form, self._shown.status, at_ms=self._at_ms),
        )
        stem, dot, suffix = path.value.rpartition(".")
        if path.value == before:
            path.value = self._offered
        elif dot and suffix in list(Form):
            path.value = f"{stem}.{self._form}"
        path.cursor_position = len(path.value)
        self._tell()

    @on(Input.Changed)
    def _tell(self) -> None:
        """How many rows it would be."""
        count, of = self._shown.count(self._what)
        rows = number(count) if count == of else t("{n} of {of}", n=number(count), of=number(of))
        self._say((t("{rows} rows, as they stood when this opened", rows=rows), "dim"))

    @work(exclusive=True)
    async def action_write(self) -> None:
        """In a thread: the folder may be on a disk that lets one wait."""
        name, what = self.query_one(Input).value, self._what
        try:
            path = await asyncio.to_thread(self._write, name)
        except NotWritten as error:
            self._say(("✖ ", "bad"), safe(t(error.told)))
            return
        count, _ = self._shown.count(what)
        self.dismiss(
            t(
                "{count} rows of the {what} written to {path}",
                count=number(count),
                what=t(what),
                path=safe(str(path)),
            )
        )

    def _say(self, *parts: str | Span) -> None:
        self.query_one("#export-told", Static).update(content([spans(*parts)]))

    def _write(self, name: str) -> str:
        return str(write_new(name, export(self._what, self._form, self._shown)))
