"""Canal's flat JSON messages (``canal.mq.flatMessage=true``): the fast path.

One record is one binlog event with all its rows. Nearly every message is a row change of our table
with all columns there, and those are decoded by msgspec straight into structs that know only the
columns needed: no dictionaries, numbers parsed on the way. Whatever does not fit that shape goes to
:class:`~engine.formats.flat_message.FlatMessages`, which finds out what it is. So does another
format: to try is cheaper than to look first.

What may pass the fast path is no more than what the tolerant one reads. msgspec's lax integers take
``"5.0"`` and ``"1e3"`` too, so key and score are ``int | float``: then only plain digits give an int,
and a float sends the message to the tolerant path. So does a NULL score of an integer column, since
msgspec would take the text ``"null"`` for it. A value of another type is seen by msgspec itself.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from engine.columns import Column, ColumnKind, FeedReader, Table, feed_reader
from engine.core.changes import Delete, Event, Kind, RowChange, Upsert, Value
from engine.formats.rows import display_reader
from engine.normal_form import INTEGER_DIGITS

_ROWS = Kind.ROWS
_TOO_LONG = 10**INTEGER_DIGITS
_Positive = Annotated[int, msgspec.Meta(gt=0)]  # 0 means unknown: left to the tolerant path


class CanalJson:
    """Decoder of flat messages for one table, with another decoder behind it.

    Args:
        otherwise: takes every message that the fast path does not.
    """

    def __init__(
        self, table: Table, otherwise: Callable[[bytes | None], tuple[Event, ...]]
    ) -> None:
        attributes = _attributes(table)
        message_type = _message_type(table, attributes)
        self._decode: Callable[[bytes], Any]
        self._decode = msgspec.json.Decoder(message_type, strict=False).decode
        self._columns = _columns_of(table.columns, attributes)
        integer = table.score.kind is ColumnKind.INTEGER
        self._read_score: FeedReader | None = None if integer else feed_reader(table.score)
        self._otherwise = otherwise

    def decode(self, value: bytes | None) -> tuple[Event, ...]:
        """The events of one message; never raises on content."""
        if value is None:
            return self._otherwise(value)
        try:
            message = self._decode(value)
            op, rows, olds = message.type, message.data, message.old
            if op == "UPDATE" and olds and len(rows) == 1:
                # Nearly all messages. Written out: each call here costs 5 % of the whole.
                (row,), (old,) = rows, olds
                key, score, old_score = row.key, row.score, old.score
                if (
                    old.key is UNSET
                    and type(score) is int
                    and type(key) is not float
                    and -_TOO_LONG < score < _TOO_LONG
                ):
                    if old_score is UNSET:
                        old_score = score
                    change = Upsert(key, score, self._columns(row), None, old_score)
                    es_ms, batch, gtid = message.es, message.id, message.gtid
                    return (Event(_ROWS, op, es_ms, (change,), batch, None, gtid),)
            changes = self._changes(op, rows, olds)
        except (ValueError, RecursionError):
            return self._otherwise(value)
        return (Event(_ROWS, op, message.es, changes, message.id, None, message.gtid),)

    def _changes(self, op: str, rows: list[Any], olds: list[Any] | None) -> tuple[RowChange, ...]:
        """The changes of any fitting message. ValueError: not for the fast path after all."""
        if not rows or (olds and len(olds) > len(rows)):
            raise _Unfit
        if op == "UPDATE" and olds:
            return tuple([self._update(row, old) for row, old in zip(rows, olds, strict=True)])
        score = self._score
        if op == "DELETE":
            return tuple([Delete(_plain(row.key), score(row.score)) for row in rows])
        columns = self._columns
        return tuple([Upsert(_plain(row.key), score(row.score), columns(row)) for row in rows])

    def _update(self, row: Any, old: Any) -> Upsert:
        key, score = _plain(row.key), self._score(row.score)
        old_key = None if old.key is UNSET or old.key == key else _plain(old.key)
        old_score = score if old.score is UNSET else self._score(old.score)
        return Upsert(key, score, self._columns(row), old_key, old_score)

    def _score(self, raw: Any) -> Any:
        return _plain(raw) if self._read_score is None else self._read_score(raw)


class _Unfit(ValueError):
    """Not for the fast path."""


def _plain(value: Any) -> Any:
    if type(value) is float or (type(value) is int and not -_TOO_LONG < value < _TOO_LONG):
        raise _Unfit
    return value


def _attributes(table: Table) -> dict[str, str]:
    """Column name -> attribute of the row struct. Key or score may be display columns as well."""
    names = {table.key.name: "key", table.score.name: "score"}
    for i, column in enumerate(table.columns):
        names.setdefault(column.name, f"c{i}")
    return names


def _message_type(table: Table, attributes: dict[str, str]) -> type[msgspec.Struct]:
    """The struct of a flat message of this table with these columns."""
    number, text = int | float, str
    key = number if table.key.kind is ColumnKind.INTEGER else text
    integer = table.score.kind is ColumnKind.INTEGER
    score, old_score = (number, int) if integer else (text | None, text)
    names = {attribute: name for name, attribute in attributes.items()}
    types: dict[str, Any] = {"key": key, "score": score}
    for column in table.columns:
        types.setdefault(attributes[column.name], _display_type(column))
    row = msgspec.defstruct("FlatRow", list(types.items()), rename=names, frozen=True, gc=False)
    old = msgspec.defstruct(
        "FlatOld",
        # The old score is for display: an int here, so that reading it needs no further check.
        [("key", key | UnsetType, UNSET), ("score", old_score | None | UnsetType, UNSET)],
        rename=names,
        frozen=True,
        gc=False,
    )
    return msgspec.defstruct(
        "FlatMessage",
        [
            ("database", Literal[table.database, table.database.lower()]),
            ("table", Literal[table.name, table.name.lower()]),
            ("type", Literal["INSERT", "UPDATE", "DELETE"]),
            ("data", list[row]),  # type: ignore[valid-type]
            ("old", list[old] | None, None),  # type: ignore[valid-type]
            ("es", _Positive | None, None),
            ("id", _Positive | None, None),
            ("gtid", str, ""),
        ],
        frozen=True,
        gc=False,
    )


def _display_type(column: Column) -> Any:
    return int | None if column.kind is ColumnKind.INTEGER else str | None


def _columns_of(
    columns: tuple[Column, ...], attributes: dict[str, str]
) -> Callable[[Any], tuple[Value, ...]]:
    """A function that takes the display columns out of a row struct, in their normal forms."""
    names = [attributes[column.name] for column in columns]
    if not names:
        return lambda row: ()
    only = attrgetter(names[0])
    get = attrgetter(*names) if len(names) > 1 else lambda row: (only(row),)
    as_they_are = (ColumnKind.INTEGER, ColumnKind.TEXT)
    if all(column.kind in as_they_are for column in columns):
        return get
    readers = [None if column.kind in as_they_are else display_reader(column) for column in columns]

    def read(row: Any) -> tuple[Value, ...]:
        return tuple(
            [
                value if reader is None else reader(value)
                for value, reader in zip(get(row), readers, strict=True)
            ]
        )

    return read
