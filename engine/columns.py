"""The table as feed and table source both see it, and one normal form for each column type.

Canal sends every value as text, some of them peculiar (an ENUM as its index, a SET as its mask, a
BLOB as latin-1); a SELECT gives something else. Both are brought to one normal form here, because
otherwise a row would change its look whenever the other side spoke, and the audit would cry wolf.

====================  =============================  ============================  ==================
kind                  Canal's text (1.1.7, 1.1.8)    what a SELECT gives           normal form
====================  =============================  ============================  ==================
INTEGER, YEAR too     ``18446744073709551615``       int                           int
DECIMAL               ``-0.5000``; zero is ``0.0``   Decimal                       Decimal, at scale
FLOAT                 ``3.4E38``, ``1.0E300``        float                         float (6 digits
                                                                                   for a FLOAT)
TEXT                  the text                       str                           str
ENUM                  index from 1; 0 is ``''``      the label                     the label
SET                   bit mask                       labels, definition order      as the SELECT
BIT                   number                         bytes, big-endian             int
BYTES, OTHER          latin-1                        bytes                         bytes
JSON                  text, spaced its own way       text, spaced MySQL's way      compact text
TEMPORAL              text                           text (``CAST(… AS CHAR)``)    text, its fraction
                                                                                   as declared
====================  =============================  ============================  ==================

NULL is None everywhere. A TIMESTAMP is text in the time zone of Canal's JVM on the one side and of
the session on the other: whoever selects sets the session's ``time_zone`` to Canal's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never

from engine import normal_form
from engine.core.changes import Value


class ColumnKind(StrEnum):
    """Which normal form a column's values have."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    BYTES = "bytes"
    ENUM = "enum"
    SET = "set"
    BIT = "bit"
    JSON = "json"
    TEMPORAL = "temporal"
    OTHER = "other"


_KINDS = {
    ColumnKind.INTEGER: "tinyint smallint mediumint int integer bigint year bool boolean serial",
    ColumnKind.DECIMAL: "decimal numeric dec fixed",
    ColumnKind.FLOAT: "float double real",
    ColumnKind.TEXT: "char varchar tinytext text mediumtext longtext nchar nvarchar",
    ColumnKind.BYTES: "binary varbinary tinyblob blob mediumblob longblob",
    ColumnKind.ENUM: "enum",
    ColumnKind.SET: "set",
    ColumnKind.BIT: "bit",
    ColumnKind.JSON: "json",
    ColumnKind.TEMPORAL: "date time datetime timestamp",
}
_KIND_OF_WORD = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_ARGUMENTS = re.compile(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: as in the table's definition.
        mysql_type: the full column type, as in ``information_schema.columns.column_type``:
            ``bigint(20) unsigned``, ``enum('a','B')``, ``decimal(20,4)``. Its words may be of
            either case, the labels stay as they are.
    """

    name: str
    mysql_type: str

    @property
    def type_word(self) -> str:
        """The type without its arguments, lower case: ``bigint``, ``enum``, ``decimal``."""
        match = re.match(r"\s*([A-Za-z]\w*)", self.mysql_type)
        return match[1].lower() if match else ""

    @property
    def kind(self) -> ColumnKind:
        return _KIND_OF_WORD.get(self.type_word, ColumnKind.OTHER)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of an ENUM or SET in definition order; quotes inside them are doubled."""
        if self.kind not in (ColumnKind.ENUM, ColumnKind.SET):
            return ()
        return tuple(label.replace("''", "'") for label in _LABEL.findall(self.mysql_type))

    @property
    def scale(self) -> int:
        """Decimals of a DECIMAL (``decimal(20,4)``: 4) or of a second (``datetime(3)``: 3)."""
        first, second = self._arguments
        return first if self.kind is ColumnKind.TEMPORAL else second

    @property
    def padded_bytes(self) -> int:
        """The fixed length of a BINARY(n); 0 for every other type."""
        return (self._arguments[0] or 1) if self.type_word == "binary" else 0

    @property
    def _arguments(self) -> tuple[int, int]:
        match = _ARGUMENTS.search(self.mysql_type)
        return (int(match[1]), int(match[2] or 0)) if match else (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The table that is ranked: what decoder, table source and screen must agree on."""

    database: str
    name: str
    key: Column
    score: Column
    columns: tuple[Column, ...] = ()
    """The display columns, in the order of the settings."""
    primary_key: tuple[str, ...] = ()
    """The names of the primary key's columns; empty where there is none, or nobody has said."""

    @property
    def field_names(self) -> tuple[str, ...]:
        """Key, columns, score: the order of a published row."""
        return (self.key.name, *(c.name for c in self.columns), self.score.name)


def score_problem(column: Column) -> str | None:
    """Why this column cannot be the score, with the next step; None where it can."""
    if column.kind is ColumnKind.DECIMAL:
        return None
    if column.kind is ColumnKind.INTEGER and column.type_word != "year":
        return None
    why = {
        ColumnKind.FLOAT: "floating point has no exact order",
        ColumnKind.TEMPORAL: "a time is not a number",
        ColumnKind.INTEGER: "a year is a date",
    }.get(column.kind, "it is not a number")
    return (
        f"score column {column.name} is {column.mysql_type}: {why}; "
        "choose an integer or DECIMAL column"
    )


def key_problem(column: Column) -> str | None:
    """Why this column cannot be the key, with the next step; None where it can."""
    if column.kind is ColumnKind.TEXT:
        return None
    if column.kind is ColumnKind.INTEGER and column.type_word != "year":
        return None
    return (
        f"key column {column.name} is {column.mysql_type}: rows are told apart by an integer or a "
        "string; choose a unique integer or CHAR/VARCHAR/TEXT column"
    )


# ── readers ───────────────────────────────────────────────────────────────────────────────────

FeedReader: TypeAlias = Callable[[str | None], Value]
"""Canal's text (None: NULL) -> normal form. ValueError: cannot be read."""

TableReader: TypeAlias = Callable[[object], Value]
"""What PyMySQL returns with its default converters, temporal columns as text -> normal form.
ValueError: cannot be read."""


def feed_reader(column: Column) -> FeedReader:
    """The reader of this column's values as Canal writes them. Strict: what Canal never writes is
    refused, so ``+5``, `` 5``, ``1_0`` and ``1e3`` are no integers here."""
    read: Callable[[str], Value]
    match column.kind:
        case ColumnKind.INTEGER | ColumnKind.BIT:
            read = normal_form.integer
        case ColumnKind.DECIMAL:
            read = normal_form.decimal_reader(column.scale)
        case ColumnKind.FLOAT:
            read = normal_form.float_reader(single=column.type_word == "float")
        case ColumnKind.TEXT:
            read = _as_it_is
        case ColumnKind.ENUM:
            read = normal_form.enum_reader(column.labels)
        case ColumnKind.SET:
            read = normal_form.set_reader(column.labels)
        case ColumnKind.BYTES | ColumnKind.OTHER:
            read = normal_form.latin1_reader(column.padded_bytes)
        case ColumnKind.JSON:
            read = normal_form.compact_json
        case ColumnKind.TEMPORAL:
            read = normal_form.temporal_reader(column.scale)
        case _:
            assert_never(column.kind)
    return lambda text: None if text is None else read(text)


def table_reader(column: Column) -> TableReader:
    """The reader of this column's values as a SELECT through PyMySQL gives them."""
    read: Callable[[object], Value]
    match column.kind:
        case ColumnKind.INTEGER:
            read = normal_form.integer_of_value
        case ColumnKind.BIT:
            read = normal_form.bits_of_value
        case ColumnKind.DECIMAL:
            read = _after(normal_form.number_text, normal_form.decimal_reader(column.scale))
        case ColumnKind.FLOAT:
            single = column.type_word == "float"
            read = _after(normal_form.number_text, normal_form.float_reader(single=single))
        case ColumnKind.TEXT | ColumnKind.ENUM | ColumnKind.SET:
            read = normal_form.text_of_value
        case ColumnKind.BYTES | ColumnKind.OTHER:
            read = normal_form.bytes_of_value_reader(column.padded_bytes)
        case ColumnKind.JSON:
            read = _after(normal_form.text_of_value, normal_form.compact_json)
        case ColumnKind.TEMPORAL:
            temporal = normal_form.temporal_reader(column.scale)
            read = _after(normal_form.text_of_value, temporal)
        case _:
            assert_never(column.kind)
    return lambda value: None if value is None else read(value)


def _as_it_is(text: str) -> str:
    return text


def _after(to_text: Callable[[object], str], read: Callable[[str], Value]) -> TableReader:
    return lambda value: read(to_text(value))
