"""What a person should know: the newest in a line, all of them in a list, and why the engine ended."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from rich.cells import cell_len
from textual.reactive import var

from engine.status import EngineStatus, Notice
from engine.told import told
from topn_tui.formatting import clock, crop, crop_words, safe, wrapped
from topn_tui.keys import WELCOME_KEYS
from topn_tui.language import mark, t
from topn_tui.panels.columns import Column
from topn_tui.panels.detail import Detail, fact
from topn_tui.panels.ledger import Ledger
from topn_tui.panels.lines import Lines
from topn_tui.panels.tones import LEVELS, Spans, spans, width_of
from topn_tui.remapping import key_of

END_LINES, _INDENT = 3, 3
"""Lines that the engine's end may take, and the width of the sign before each."""
QUIET_S = 20
"""How long plain information stands before the welcome may take its place."""
STARTING_MS = 3_000
"""Plain information of a start so far is no news to whoever started it: the welcome stays."""


class NoticeLine(Lines):
    """The newest notice. Never paused; the engine's end outranks any notice.

    Args:
        welcome: said where there is no notice, or only plain information that is no longer new.
    """

    live: var[EngineStatus] = var(EngineStatus)
    now_s: var[int] = var(0)
    ended: var[str | None] = var(None)

    def __init__(self, welcome: str = "", *, id: str) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._welcome = welcome

    def watch_live(self, old: EngineStatus, new: EngineStatus) -> None:
        if new.notices is not old.notices:
            self.redraw()

    def watch_now_s(self) -> None:
        if self._welcome:
            self.redraw()

    def watch_ended(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        notices = self.live.notices
        trouble = bool(notices) and notices[-1].level != "info"
        self.set_class(self.ended is None and not trouble, "-calm")
        if self.ended is not None:
            self.show(self._end(t(self.ended)))
        elif self._welcome and not self._pressing():
            self.show(
                [
                    spans(
                        (" i ", "name"),
                        t(self._welcome, **{of: key_of(self, of) for of in WELCOME_KEYS}),
                    )
                ]
            )
        elif notices:
            self.show([self._newest(notices)])
        else:
            self.show([spans((t(" no notices"), "faint"))])

    def _newest(self, notices: tuple[Notice, ...]) -> Spans:
        """The text ends before the key that leads to all of it."""
        newest, width = notices[-1], self.size.width or 80
        glyph, tone = LEVELS.get(newest.level, LEVELS["info"])
        head = spans((f" {glyph} ", tone), (f"{clock(newest.at_ms)}  ", "dim"))
        text, room = safe(t(newest.text)), width - width_of(head)
        more = t("  {key}: more", key=key_of(self, "notices"))
        told = more if len(notices) > 1 or cell_len(text) > room else ""
        return spans(*head, crop_words(text, room - cell_len(told)), (told, "dim"))

    def _end(self, reason: str) -> list[Spans]:
        """Why the engine ended and what to do, whole where that takes no more than some lines."""
        said = t(_NEXT_STEP, quit=key_of(self, "quit")) + safe(reason)
        room = max(1, (self.size.width or 80) - _INDENT)
        lines = wrapped(said, room)
        if len(lines) > END_LINES:
            more = t("  {key}: the rest", key=key_of(self, "notices"))
            rest = crop(" ".join(lines[END_LINES - 1 :]), room - cell_len(more))
            lines = [*lines[: END_LINES - 1], rest + more]
        signs = (" ✖ ", *[" " * _INDENT] * (END_LINES - 1))
        return [spans((sign, "bad"), line) for sign, line in zip(signs, lines, strict=False)]

    def on_resize(self) -> None:
        self.redraw()

    def _pressing(self) -> bool:
        """Whether the newest notice is a trouble, or new."""
        if not self.live.notices:
            return False
        newest = self.live.notices[-1]
        is_old = self.now_s - newest.at_ms / 1_000 >= QUIET_S
        of_start = newest.at_ms - self.live.started_at_ms < STARTING_MS
        return newest.level != "info" or not (is_old or of_start)


_NEXT_STEP = mark("The board is as it was; {quit} quits, then start again: ")


class NoticeList(Ledger[Notice]):
    """All notices the engine still holds, and what the screen said in passing, newest first."""

    PREPENDS = True
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(title=mark("time"), keep=8),
        Column(title=mark("level"), keep=7),
        Column(title=mark("notice"), keep=10, at_least=20, at_most=400, stretch=True),
    )

    live: var[EngineStatus] = var(EngineStatus)
    ended: var[str | None] = var(None)
    """Why the engine ended: the newest, and the last there will be."""
    said: var[tuple[Notice, ...]] = var(())
    """What toasts have said, oldest first."""

    def watch_live(self, old: EngineStatus, new: EngineStatus) -> None:
        if new.notices is not old.notices:
            self._list()

    def watch_ended(self) -> None:
        self._list()

    def watch_said(self) -> None:
        self._list()

    def _list(self) -> None:
        notices = self.live.notices
        if self.ended is not None:
            number = notices[-1].number + 1 if notices else 1
            text = told("the engine ended: {reason}", reason=self.ended)
            end = Notice(number=number, at_ms=self.live.at_ms, level="error", text=text)
            notices = (*notices, end)
        everything = sorted((*self.said, *notices), key=lambda of: of.at_ms)
        self.show(everything[::-1])

    def nothing(self) -> str:
        return t("No notices.")

    def identity(self, row: Notice) -> Hashable:
        return row.number

    def key_of(self, row: Notice) -> None:
        return None

    def cells(self, row: Notice) -> tuple[Spans, ...]:
        glyph, tone = LEVELS.get(row.level, LEVELS["info"])
        return (
            spans((clock(row.at_ms), "dim")),
            spans((f"{glyph} {safe(t(row.level))}", tone)),
            spans(safe(t(row.text))),
        )

    def detail(self, row: Notice) -> Detail:
        text = spans(safe(t(row.text)))
        return Detail(safe(t(row.level)), (fact(t("when"), clock(row.at_ms)), text))
