"""The line in which `/` is written; it narrows its list while it is typed."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from topn_tui.filtering import Filter, Unclear, parse
from topn_tui.formatting import safe
from topn_tui.language import mark, t
from topn_tui.panels.findable import Findable
from topn_tui.panels.tones import Span, content, spans
from topn_tui.remapping import key_of


class FindText(Input):
    """The key line tells its Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", mark("Keep"))]


class FindLine(Horizontal):
    """Enter keeps the filter, Escape clears it; both go back to the list."""

    DEFAULT_CSS = """
    FindLine { dock: bottom; height: 1; margin-bottom: 1; display: none; background: $panel; }
    FindLine.-open { display: block; }
    FindLine Input { width: 2fr; }
    FindLine #find-told { width: 3fr; height: 1; padding-left: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear", mark("Clear"), id="back")]

    def __init__(self) -> None:
        super().__init__()
        self._list: Findable[Any] | None = None
        self._unclear = False
        """Whether the text is no filter; then the one before it holds."""

    def compose(self) -> ComposeResult:
        yield FindText(compact=True, id="find-text", placeholder=t("find"))
        yield Static(id="find-told", markup=False)

    def open(self, rows: Findable[Any]) -> None:
        """Begin, with what was sought before."""
        self._list = rows
        self.add_class("-open")
        text = self.query_one(Input)
        text.value = rows.sought.text
        text.focus()
        self._tell()

    @on(Input.Changed)
    def _seek(self, event: Input.Changed) -> None:
        if self._list is None:
            return
        self._unclear = True
        try:
            self._list.sought = parse(event.value, self._list.WORDS)
        except Unclear as error:
            self._tell(("✖ ", "bad"), safe(str(error)))
        else:
            self._unclear = False
            self._tell()

    def _tell(self, *parts: str | Span) -> None:
        """What is unclear; else what may be written."""
        if not parts and self._list is not None:
            named = (f"{t(name)}:{t((of or ('82',))[0])}" for name, of in self._list.WORDS.items())
            examples = "  ".join(named)
            parts = (
                (
                    t(
                        "82  {examples} · enter keep · {back} clear",
                        examples=examples,
                        back=key_of(self, "back"),
                    ),
                    "dim",
                ),
            )
        self.query_one("#find-told", Static).update(content([spans(*parts)]))

    @on(Input.Submitted)
    def _keep(self) -> None:
        if not self._unclear:
            self._close()

    def action_clear(self) -> None:
        if self._list is not None:
            self._list.sought = Filter()
        self._close()

    def _close(self) -> None:
        self._unclear = False
        self.remove_class("-open")
        if self._list is not None:
            self._list.focus()
            self._list = None
