"""A table of rows that come, move and go many times a second, drawn line by line.

DataTable adds only at its end and pays for every row it holds; this pays for the lines in view,
and of those only for the ones that look different. The cursor sits on a row's identity, not on a
line: rows that come above it do not carry it away.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from topn_tui.formatting import wrapped
from topn_tui.keys import LIST_KEYS
from topn_tui.language import mark, t
from topn_tui.panels.columns import Column, fit_columns, translated
from topn_tui.panels.detail import Detail
from topn_tui.panels.looks import Line, Painter
from topn_tui.panels.tones import Spans, fit_spans, shorten, width_of

T = TypeVar("T")

END = 1_000_000
"""A step that leads past any row."""


class Ledger(ScrollView, Generic[T], can_focus=True):
    """Abstract: a subclass says what a row's identity, key and cells are."""

    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    ROOMY: ClassVar[int] = 0
    """From this width on two blanks stand between columns, below it one."""
    PREPENDS: ClassVar[bool] = False
    """New rows come at the top: then a row in view stays where it is while they do."""
    GONE: ClassVar[str] = mark("the picked row is gone")
    """What stands in the head once the row under the cursor is no longer in the list."""
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("escape", "release", "Let go", show=False, id="back"),
    ]

    cursor: var[Hashable | None] = var(None, init=False)
    """The identity of the row under the cursor; None: none, the list follows its top.

    It stays on its row wherever that goes. With the row it goes too, which the head then says until
    somebody picks a row, or lets go of it: another row in its place would be taken for the picked one.
    """
    marked: var[int | str | None] = var(None, init=False)
    """A key picked out somewhere; its rows are marked here."""
    followed: var[int | str | None] = var(None, init=False)
    """The key that is followed; its rows are marked here whatever the cursor picks out."""

    class Marked(Message):
        """The cursor came to a row of this key (None: it was let go)."""

        def __init__(self, key: int | str | None) -> None:
            self.key = key
            super().__init__()

    class Opened(Message):
        """Enter, or a second click, on a row."""

        def __init__(self, detail: Detail) -> None:
            self.detail = detail
            super().__init__()

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, classes=classes)
        self._columns = translated(self.COLUMNS)
        self._rows: Sequence[T] = ()
        self._natural = [0] * len(self._columns)
        self._widths: tuple[int, ...] = ()
        self._lines: list[Line] = []
        self._painter = Painter(self)
        self._gone = False

    # ── what a subclass says ──

    def identity(self, row: T) -> Hashable:
        raise NotImplementedError

    def key_of(self, row: T) -> int | str | None:
        """The key of the table's row this line is about."""
        raise NotImplementedError

    def cells(self, row: T) -> tuple[Spans, ...]:
        """One per column, of safe text."""
        raise NotImplementedError

    def fill(self, row: T, width: int) -> Spans:
        """The cell of a drawn column."""
        raise NotImplementedError

    def shorter(self, row: T, width: int) -> Spans:
        """The cell of a worded column that is too wide."""
        raise NotImplementedError

    def detail(self, row: T) -> Detail | None:
        """What Enter shows."""
        return None

    def nothing(self) -> str:
        """What is said in place of rows: safe text, a line for each thing."""
        return ""

    # ── what is shown ──

    def show(self, rows: Sequence[T]) -> None:
        """Replace the rows; draws the lines in view that look different. O(lines in view)."""
        before, at, top = self._rows, self._index(), round(self.scroll_y)
        anchor = None
        if self.PREPENDS and before and (at is not None or top):
            anchor = self.identity(before[at if at is not None else min(top, len(before) - 1)])
        offset = (at if at is not None else top) - top
        self._rows = rows
        if len(rows) != len(before):
            self._grow(len(rows) + 1)
        now = None if anchor is None else self._find(anchor)
        if now is not None and now - offset != top:
            self.set_scroll(None, now - offset)
        if self.cursor is not None and self._index() is None:
            self._let_go(gone=True)
            if self.PREPENDS:
                self.set_scroll(None, 0)
        self.redraw()

    def _grow(self, lines: int) -> None:
        """Tell the scroll bar how long the list is.

        Textual arranges the whole screen anew when `virtual_size` changes; a list that grows ten
        times a second is worth that only where its scroll bar comes or goes.
        """
        size, height = Size(0, lines), self.scrollable_content_region.height
        bar = self.show_vertical_scrollbar
        if bar != (lines > height) or round(self.scroll_y) > max(0, lines - height):
            self.virtual_size = size
            return
        self.set_reactive(Ledger.virtual_size, size)
        if bar:
            self.vertical_scrollbar.window_virtual_size = lines

    def show_columns(self, columns: tuple[Column, ...]) -> None:
        """Other columns from now on."""
        if columns != self._columns:
            self._columns, self._natural = columns, [0] * len(columns)
            self._widths = ()

    def redraw(self) -> None:
        """Draw those lines in view that look different now."""
        top, height = round(self.scroll_y), self.scrollable_content_region.height - 1
        rows = self._rows[top : top + max(0, height)]
        cells = [self.cells(row) for row in rows]
        for row_cells in cells:
            for i, cell in enumerate(row_cells):
                self._natural[i] = max(self._natural[i], width_of(cell))
        width = self.scrollable_content_region.width - 2  # the gutter, and a blank at the end
        widths = fit_columns(self._columns, self._natural, width, self._gap()) if width > 0 else ()
        drawn, self._lines = self._lines, []
        if not rows and width > 0:
            told = (wrapped(of, width) for of in self.nothing().splitlines())
            said = list(chain(*told))[: max(0, height)]
            self._lines = [Line("", (fit_spans(((of, "dim"),), width),)) for of in said]
        elif widths:
            self._lines = [self._line(row, of, widths) for row, of in zip(rows, cells, strict=True)]
        if widths != self._widths:
            self._widths = widths
            self.refresh()
            return
        for y in range(max(len(drawn), len(self._lines))):
            if drawn[y : y + 1] != self._lines[y : y + 1]:
                self.refresh(Region(0, y + 1, width + 2, 1))

    def _gap(self) -> int:
        return 2 if self.size.width >= self.ROOMY else 1

    def _line(self, row: T, cells: tuple[Spans, ...], widths: tuple[int, ...]) -> Line:
        look = ""
        if self.cursor is not None and self.identity(row) == self.cursor:
            look = "cursor" if self.has_focus else "blurred"
        elif self.marked is not None and self.key_of(row) == self.marked:
            look = "marked"
        if self.followed is not None and self.key_of(row) == self.followed:
            look = f"{look} followed" if look in ("cursor", "blurred") else "followed"
        shown = tuple(
            fit_spans(self._cell(row, column, cell, w), w, right=column.right)
            for column, cell, w in zip(self._columns, cells, widths, strict=True)
            if w
        )
        return Line(look, shown)

    def _cell(self, row: T, column: Column, cell: Spans, width: int) -> Spans:
        if column.drawn:
            return self.fill(row, width)
        if column.worded and width_of(cell) > width:
            return self.shorter(row, width)
        return shorten(cell, width, keep=1)

    def render_line(self, y: int) -> Strip:
        if y == 0 and self._gone:
            line = Line("head", (((t(self.GONE), "warn"),),))
        elif y == 0 and not self._rows:
            line = Line("head", ())
        elif y == 0:
            titles = tuple(
                fit_spans(((column.title, ""),), w, right=column.right)
                for column, w in zip(self._columns, self._widths, strict=False)
                if w
            )
            line = Line("head", titles)
        elif y <= len(self._lines):
            line = self._lines[y - 1]
        else:
            line = Line("", ())
        return self._painter.strip(line, self._gap(), self.scrollable_content_region.width)

    # ── the cursor ──

    def _find(self, identity: Hashable) -> int | None:
        return next((i for i, r in enumerate(self._rows) if self.identity(r) == identity), None)

    def _index(self) -> int | None:
        return None if self.cursor is None else self._find(self.cursor)

    @property
    def picked(self) -> T | None:
        """The row under the cursor."""
        at = self._index()
        return None if at is None else self._rows[at]

    def action_cursor(self, by: int) -> None:
        if not self._rows:
            return
        at, top, last = self._index(), round(self.scroll_y), len(self._rows) - 1
        # The first step only picks the first row in view; a jump to an end goes there at once.
        to = top if at is None and abs(by) < END else (at or 0) + by
        to = max(0, min(last, to))
        self._put_cursor(to)

    def pick(self, identity: Hashable) -> bool:
        """Put the cursor on this row and show it; says whether there is one."""
        at = self._find(identity)
        if at is not None:
            self._put_cursor(at)
        return at is not None

    def _put_cursor(self, at: int) -> None:
        top, height = round(self.scroll_y), max(1, self.scrollable_content_region.height - 1)
        self.cursor = self.identity(self._rows[at])
        self.set_scroll(None, min(max(top, at - height + 1), at))
        self.redraw()

    def action_page(self, by: int) -> None:
        self.action_cursor(by * max(1, self.scrollable_content_region.height - 2))

    def action_top(self) -> None:
        """Let the cursor go and follow the top again."""
        self._let_go(gone=False)
        self.set_scroll(None, 0)
        self.redraw()

    def action_release(self) -> None:
        """As :meth:`action_top`; where there is nothing to let go of the key is somebody else's."""
        if self.cursor is None and not self._gone and not round(self.scroll_y):
            raise SkipAction
        self.action_top()

    def _let_go(self, *, gone: bool) -> None:
        self.cursor = None
        if gone != self._gone:
            self._gone = gone
            self.refresh(Region(0, 0, self.size.width, 1))

    def action_open(self) -> None:
        at = self._index()
        if at is None:
            self.action_cursor(0)
            at = self._index()
        if at is not None and (detail := self.detail(self._rows[at])) is not None:
            self.post_message(self.Opened(detail))

    def watch_cursor(self) -> None:
        if self.cursor is not None and self._gone:
            self._gone = False
            self.refresh(Region(0, 0, self.size.width, 1))
        at = self._index()
        self.post_message(self.Marked(None if at is None else self.key_of(self._rows[at])))

    # ── what asks for another look ──

    def watch_marked(self) -> None:
        self.redraw()

    def watch_followed(self) -> None:
        self.redraw()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.redraw()

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self._natural = [0] * len(self._columns)  # what a cell says may depend on the width
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        at = round(self.scroll_y) + event.get_content_offset_capture(self).y - 1
        if event.get_content_offset_capture(self).y < 1 or at >= len(self._rows):
            return
        again = self._index() == at
        self.cursor = self.identity(self._rows[at])
        self.redraw()
        if again:
            self.action_open()

    def notify_style_update(self) -> None:
        self._painter.forget()
        super().notify_style_update()
