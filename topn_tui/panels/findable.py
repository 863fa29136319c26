"""A list that can be narrowed to the rows that a filter finds, in the order they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from textual.reactive import var

from topn_tui.filtering import Filter, Words
from topn_tui.formatting import crop, number, safe
from topn_tui.language import t
from topn_tui.panels.ledger import Ledger
from topn_tui.panels.titles import retitle
from topn_tui.remapping import key_of

T = TypeVar("T")


class Findable(Ledger[T]):
    """Abstract: a subclass offers its rows and says what a filter may ask of one."""

    WORDS: ClassVar[Words] = {}
    """What a filter may name here, for its parser."""

    sought: var[Filter] = var(Filter(), init=False)

    def __init__(self, **keywords: str) -> None:
        super().__init__(**keywords)
        self._offered: Sequence[T] = ()
        self._found: Sequence[T] = ()
        self._title = ""

    def facts(self, row: T) -> Mapping[str, str]:
        """Field -> what the row has there, as it is shown."""
        raise NotImplementedError

    @property
    def found(self) -> tuple[T, ...]:
        """The rows that are shown or would be by scrolling, in their order."""
        return tuple(self._found)

    def offer(self, rows: Sequence[T]) -> None:
        """All rows there are; those found are shown. O(rows) with a filter, else as `show`."""
        self._offered = rows
        if self.sought.terms:
            rows = tuple(row for row in rows if self.sought.finds(self.facts(row)))
        self._found = rows
        self.show(rows)
        self.entitle(self._title)

    def watch_sought(self) -> None:
        self.offer(self._offered)

    def entitle(self, title: str) -> None:
        """The panel's title, with what is sought and how much of it there is."""
        self._title = title
        if self.sought.terms:
            found, of = number(len(self._found)), number(len(self._offered))
            count = t("{found} of {of}", found=found, of=of)
            title = f"{title} · /{crop(safe(self.sought.text), 30)} {count}"
        retitle(self, title=title)

    def none_found(self) -> str:
        """Why nothing is shown, where that is the filter's doing."""
        if not self._offered:
            return ""
        keys = {of: key_of(self, of) for of in ("find", "back")}
        return t("No row here is what {find} asks for; {find} and {back} show all.", **keys)
