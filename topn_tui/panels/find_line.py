"""The line in which `/` is written; it narrows its list while it is typed."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from topn_tui.filtering import Filter, Unclear, parse
from topn_tui.formatting import crop, crop_words, safe, wrapped
from topn_tui.language import mark, t
from topn_tui.panels.findable import Findable
from topn_tui.panels.lines import Lines
from topn_tui.panels.tones import content, spans
from topn_tui.remapping import is_typed, key_of

KEPT_CELLS = 16
"""Of the filter that stays."""
MOST_LINES = 2
"""Of what is wrong, over the line."""
LOW = 14
"""Lines of the screen below which it has one only, for the list must have some."""


class FindText(Input):
    """The key line tells its Enter, and no key that would be typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", mark("Keep"))]

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Textual asks without the character where it has none for the key's name, as for plus."""
        return super().check_consume_key(key, character) or is_typed(key)


class FindLine(Vertical):
    """Enter keeps the filter, Escape clears it; both go back to the list.

    While the text is no filter the list stays as the last Enter left it, and what is wrong stands over
    the line.
    """

    DEFAULT_CSS = """
    FindLine { dock: bottom; height: auto; margin-bottom: 1; display: none; background: $panel; }
    FindLine.-open { display: block; }
    FindLine Horizontal { height: 1; }
    FindLine Input { width: 2fr; }
    FindLine #find-told { width: 3fr; height: 1; padding-left: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    FindLine Lines { display: none; height: auto; }
    FindLine.-unclear Lines { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear", mark("Clear"), id="back")]

    def __init__(self) -> None:
        super().__init__()
        self._list: Findable[Any] | None = None
        self._kept = Filter()
        """In force when the line was opened; it is again while the text is no filter."""
        self._unclear: str | None = None
        """Why the text is no filter."""

    def compose(self) -> ComposeResult:
        yield Lines(id="find-wrong")
        yield Horizontal(
            FindText(compact=True, id="find-text", placeholder=t("find")),
            Static(id="find-told", markup=False),
        )

    def open(self, rows: Findable[Any]) -> None:
        """Begin, with what was sought before."""
        self._list, self._kept = rows, rows.sought
        self.add_class("-open")
        text = self.query_one(Input)
        text.value = rows.sought.text
        text.focus()
        self._tell()

    @on(Input.Changed)
    def _seek(self, event: Input.Changed) -> None:
        if self._list is None:
            return
        try:
            sought, self._unclear = parse(event.value, self._list.WORDS), None
        except Unclear as error:
            sought, self._unclear = self._kept, str(error)
        self._list.sought = sought
        self._tell()

    def _tell(self) -> None:
        """What is unclear, and that nothing is sought by it; else what may be written."""
        unclear, rows = self._unclear, self._list
        self.set_class(unclear is not None, "-unclear")
        if rows is None:
            return
        back = key_of(self, "back")
        if unclear is None:
            named = (f"{t(name)}:{t((of or ('82',))[0])}" for name, of in rows.WORDS.items())
            examples = "  ".join(named)
            said = t("82  {examples} · enter keep · {back} clear", examples=examples, back=back)
        elif self._kept.terms:
            text = crop(safe(self._kept.text), KEPT_CELLS)
            said = t("still shown: /{text} · {back} clear", text=text, back=back)
        else:
            said = t("all rows are still shown · {back} clear", back=back)
        self.query_one("#find-told", Static).update(content([spans((said, "dim"))]))
        self._tell_wrong()

    def _tell_wrong(self) -> None:
        if self._unclear is None:
            return
        width = self.size.width or self.app.size.width
        most = MOST_LINES if self.app.size.height >= LOW else 1
        lines = wrapped(safe(self._unclear), width - 3)
        if len(lines) > most:
            lines = [*lines[: most - 1], crop_words(" ".join(lines[most - 1 :]), width - 3)]
        signs = (spans((" ✖ ", "bad")), *[spans("   ")] * (most - 1))
        said = [spans(*sign, line) for sign, line in zip(signs, lines, strict=False)]
        self.query_one("#find-wrong", Lines).show(said)

    def on_resize(self) -> None:
        self._tell_wrong()

    @on(Input.Submitted)
    def _keep(self) -> None:
        if self._unclear is None:
            self._close()

    def action_clear(self) -> None:
        if self._list is not None:
            self._list.sought = Filter()
        self._close()

    def _close(self) -> None:
        self._unclear = None
        self.remove_class("-open", "-unclear")
        if self._list is not None:
            self._list.focus()
            self._list = None
