"""Recorded messages and table rows in files: read, checked, and brought to normal form."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Container, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.columns import Column, Table, feed_reader, key_problem, score_problem
from engine.core.changes import Row, Value
from engine.errors import WrongSetting
from engine.formats.types import column_types, tables_in
from engine.ports import Message

DEFAULT_KEY_TYPE = DEFAULT_SCORE_TYPE = "bigint"
DEFAULT_COLUMN_TYPE = "text"

PARTITIONS_MOST = 10_000
"""How many partitions a recording may have: each costs memory, used or not."""

SCALE_MOST = 30
"""Of MySQL's DECIMAL."""

EXPONENT_MOST = 400
"""Beyond that of a DOUBLE, and few enough digits to write out."""

WHOLE_MOST = 2**63 - 1
"""What a Kafka record has room for, in its offset and its time."""


def read_changes(file: Path) -> list[Message]:
    """The messages of a recording, in order of arrival.

    A line is a Canal flat message as it is, or an object with ``value`` (text) or ``value_base64``
    and, if they matter, ``partition``, ``offset`` and ``timestamp_ms``; other keys are ignored.

    Raises:
        WrongSetting: the file cannot be used; with the line and the reason.
    """
    messages: list[Message] = []
    next_offset: dict[int, int] = {}
    for number, line in _lines(file):
        fields = _object(file, number, line)
        if "value" not in fields and "value_base64" not in fields:
            value: bytes | None = line
        else:
            value = _value(file, number, fields)
        partition = _whole(file, number, fields, "partition", 0, most=PARTITIONS_MOST - 1)
        offset = _whole(file, number, fields, "offset", next_offset.get(partition, 0))
        next_offset[partition] = offset + 1
        timestamp_ms = _whole(file, number, fields, "timestamp_ms", 0)
        messages.append(Message(partition, offset, timestamp_ms, value))
    return messages


def read_rows(file: Path, table: Table) -> list[Row]:
    """The table at the start: one JSON object a line, values native or as Canal's text.

    Raises:
        WrongSetting: the file cannot be used; with the line and the reason.
    """
    readers = [(column, feed_reader(column)) for column in (table.key, *table.columns, table.score)]
    rows = []
    for number, line in _lines(file):
        fields = _object(file, number, line)
        values: list[Any] = []
        for column, read in readers:
            decisive = column in (table.key, table.score)
            if decisive and column.name not in fields:
                raise _unusable(file, number, f"column {column.name} is missing")
            try:
                values.append(read(_text(fields.get(column.name))))
            except ValueError as error:
                raise _unusable(file, number, f"column {column.name}: {error}") from None
        key, score = values[0], values[-1]
        if key is None:
            raise _unusable(file, number, f"key {table.key.name} is NULL")
        if score is not None:
            rows.append(Row(key, score, tuple(values[1:-1])))
    return rows


def recorded_table(
    messages: Sequence[Message],
    database: str,
    name: str,
    key: str,
    score: str,
    columns: Sequence[str],
    *,
    rows: Path | None = None,
) -> Table:
    """The table that a recording is about, its column types as the messages tell them.

    Where no message tells a column's type, numbers in `rows`, the table at the start, do.

    Raises:
        WrongSetting: such a key or score cannot be ranked, or the rows cannot be used.
    """
    wanted = {key, score, *columns}
    types: dict[str, str] = {}
    for message in messages:
        if message.value and not wanted <= types.keys():
            types = {**column_types(message.value, database, name), **types}
    if rows is not None and not wanted <= types.keys():
        types = {**_native_types(rows), **types}

    def column(wanted: str, default: str) -> Column:
        return Column(name=wanted, mysql_type=types.get(wanted, default))

    table = Table(
        database=database,
        name=name,
        key=column(key, DEFAULT_KEY_TYPE),
        score=column(score, DEFAULT_SCORE_TYPE),
        columns=tuple(column(wanted, DEFAULT_COLUMN_TYPE) for wanted in columns),
    )
    for problem in (key_problem(table.key), score_problem(table.score)):
        if problem is not None:
            raise WrongSetting(problem)
    return table


def tables_told(
    messages: Iterable[Message], *, without: Container[tuple[int, int]] = ()
) -> dict[str, tuple[str, ...]]:
    """``database.table`` -> the types of its events (``INSERT``), both in the order of arrival.

    Args:
        without: partition and offset of messages that are left out.
    """
    found: dict[str, dict[str, None]] = {}
    for message in messages:
        if not message.value or (message.partition, message.offset) in without:
            continue
        for database, table, op in tables_in(message.value):
            found.setdefault(f"{database}.{table}", {})[op] = None
    return {name: tuple(ops) for name, ops in found.items()}


def _native_types(file: Path) -> dict[str, str]:
    """Column -> a type that holds its values, of those that are numbers in every row or NULL."""
    scales: dict[str, int] = {}
    others: set[str] = set()
    for number, line in _lines(file):
        for name, value in _object(file, number, line).items():
            if isinstance(value, int):
                scales.setdefault(name, 0)
            elif isinstance(value, Decimal):
                scale = min(SCALE_MOST, -int(value.as_tuple().exponent))
                scales[name] = max(scales.get(name, 0), scale)
            elif value is not None:
                others.add(name)
    return {
        name: f"decimal(65,{scale})" if scale else "bigint"
        for name, scale in scales.items()
        if name not in others
    }


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WrongSetting(f"{file} cannot be read: {error.strerror}") from None
    # Split at line feeds only: JSON text may hold every other line separator there is.
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, line.strip()


def _object(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise _unusable(file, number, f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise _unusable(file, number, "not a JSON object")
    return fields


def _value(file: Path, number: int, fields: dict[str, Any]) -> bytes | None:
    if "value_base64" in fields:
        if fields["value_base64"] is None:
            return None
        try:
            return base64.b64decode(fields["value_base64"], validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise _unusable(file, number, f"value_base64 is not base64: {error}") from None
    value = fields["value"]
    if value is None:
        return None
    if not isinstance(value, str):
        raise _unusable(file, number, "value is not text; a message's bytes go in value_base64")
    return value.encode("utf-8", "surrogatepass")


def _whole(
    file: Path,
    number: int,
    fields: dict[str, Any],
    name: str,
    default: int,
    *,
    most: int = WHOLE_MOST,
) -> int:
    value = fields.get(name, default)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _unusable(file, number, f"{name} is {value!r:.40}, not a whole number")
    if value > most:
        raise _unusable(file, number, f"{name} is {value!s:.40}, above {most:,}")
    return value


def _text(value: Value | bool) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > EXPONENT_MOST:
            raise ValueError(f"{value:.3e} is no number of MySQL's")
        return format(value, "f")
    raise ValueError("neither text nor a number")


def _unusable(file: Path, number: int, reason: str) -> WrongSetting:
    return WrongSetting(f"{file}, line {number}: {reason}")
