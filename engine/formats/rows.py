"""Row images -> row changes: which column is read how, and what makes a row unusable."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar, TypeAlias

from engine.columns import Column, Table, feed_reader
from engine.core.changes import Delete, RowChange, Upsert, Value
from engine.core.rank import Key, Score
from engine.formats.entry import Entry, Image
from engine.formats.reasons import shown
from engine.told import said, told

Columns: TypeAlias = tuple[Value, ...]

_ABSENT = object()


class RowReader:
    """Reads row images of one table, tolerantly: every row that can be used is used.

    A row needs its key and, unless deleted, its score: absent is not NULL (a MINIMAL row image or a
    filtered column leaves them out). A display column never costs the row: absent it is None, and
    what cannot be read stays the text that it is.
    """

    WHOLE: ClassVar[bool] = False
    """Whether it wants the display columns of the image before, too."""

    def __init__(self, table: Table) -> None:
        self._key, self._score, self._columns = table.key, table.score, table.columns
        self._read_key = feed_reader(table.key)
        self._read_score = feed_reader(table.score)
        self._read_columns = [display_reader(column) for column in table.columns]

    def changes(self, entry: Entry) -> tuple[list[RowChange], list[str]]:
        """The entry's usable changes, and for each unusable row what is wrong with it."""
        changes: list[RowChange] = []
        problems: list[str] = []
        for i, (before, after) in enumerate(entry.images, 1):
            try:
                if entry.op == "DELETE":
                    changes.append(self._delete(before or {}))
                else:
                    changes.append(self._upsert(after or {}, before))
            except ValueError as error:
                of = entry.row_count
                text = told("row {row} of {count}: {reason}", row=i, count=of, reason=said(error))
                problems.append(text)
        return changes, problems

    def _upsert(self, after: Image, before: Image | None) -> Upsert:
        key = self._key_of(after)
        raw = _find(after, self._score)
        if raw is _ABSENT:
            raise ValueError(
                told("score {name} is missing; {turn}", name=_name(self._score), turn=_WHY_MISSING)
            )
        score = self._score_of(raw)
        columns = self._columns_of(after)
        if before is None:
            return Upsert(key, score, columns)
        return Upsert(key, score, columns, self._old_key(before, key), self._old(before, score))

    def _delete(self, before: Image) -> Delete:
        return Delete(self._key_of(before), self._old(before, None))

    def _has_columns(self, image: Image) -> bool:
        return all(_find(image, column) is not _ABSENT for column in self._columns)

    def _columns_of(self, image: Image) -> Columns:
        return tuple(
            [
                read(_find(image, column))
                for column, read in zip(self._columns, self._read_columns, strict=True)
            ]
        )

    def _key_of(self, image: Image) -> Key:
        raw = _find(image, self._key)
        if raw is _ABSENT:
            raise ValueError(
                told("key {name} is missing; {turn}", name=_name(self._key), turn=_WHY_MISSING)
            )
        if raw is None:
            raise ValueError(
                told("key {name} is NULL; the key must be a NOT NULL column", name=_name(self._key))
            )
        return _as_key(self._read_key, self._key, raw)

    def _old_key(self, before: Image, key: Key) -> Key | None:
        """The key before, if it was another one. A NULL before was a row that had no key."""
        raw = _find(before, self._key)
        if raw is _ABSENT or raw is None:
            return None
        old = _as_key(self._read_key, self._key, raw)
        # Compared, not just present: a multi-row UPDATE's `old` also has columns that only an
        # earlier row changed (Canal 1.1.8, MQMessageUtils: updateSet is never cleared).
        return None if old == key else old

    def _score_of(self, raw: object) -> Score | None:
        try:
            value = self._read_score(_text(raw))
        except ValueError as error:
            raise ValueError(
                told("score {name}: {reason}", name=_name(self._score), reason=said(error))
            ) from error
        if value is None or isinstance(value, int | Decimal):
            return value
        raise ValueError(
            told("score {name} is {value}, not a number", name=_name(self._score), value=shown(raw))
        )

    def _old(self, before: Image, unchanged: Score | None) -> Score | None:
        """The score before, for display: absent it did not change, unreadable it is not known."""
        raw = _find(before, self._score)
        if raw is _ABSENT:
            return unchanged
        try:
            return self._score_of(raw)
        except ValueError:
            return None


def display_reader(column: Column) -> Callable[[object], Value]:
    """The reader of a display column: never fails, what it cannot read stays text."""
    read = feed_reader(column)

    def tolerant(raw: object) -> Value:
        if raw is None or raw is _ABSENT:
            return None
        try:
            return read(raw if isinstance(raw, str) else _text(raw))
        except ValueError:
            return raw if isinstance(raw, str) else str(raw)

    return tolerant


_WHY_MISSING = told("set binlog_row_image=FULL and filter no such column in Canal")


def _as_key(read: Callable[[str | None], Value], column: Column, raw: object) -> Key:
    try:
        value = read(_text(raw))
    except ValueError as error:
        raise ValueError(
            told("key {name}: {reason}", name=_name(column), reason=said(error))
        ) from error
    if isinstance(value, int | str):
        return value
    raise ValueError(
        told(
            "key {name} is {value}, neither an integer nor a string",
            name=_name(column),
            value=shown(raw),
        )
    )


def _find(image: Image, column: Column) -> object:
    """The column's value; by its exact name first, then without regard to case, as MySQL does."""
    value = image.get(column.name, _ABSENT)
    if value is _ABSENT:
        name = column.name.lower()
        for other, candidate in image.items():
            if other.lower() == name:
                return candidate
    return value


def _text(raw: object) -> str | None:
    """Canal writes every value as a string; a JSON number is let through as its text."""
    if raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        return str(raw)
    raise ValueError(told("{value} is not a string", value=shown(raw)))


def _name(column: Column) -> str:
    return shown(column.name, 64)
