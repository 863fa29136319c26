"""Canal's flat JSON messages, read tolerantly: all that the fast path does not take.

DDL, other tables, missing columns, names of another case, numbers that are no strings, damaged or
foreign messages: each ends as events, none as an exception.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Annotated, Any

import msgspec

from engine.columns import Table
from engine.core.changes import Event
from engine.formats.entry import NULL_VALUE, Entry, Images, dead, ignored
from engine.formats.judge import ROW_OPS, Judge
from engine.formats.reasons import shown
from engine.formats.rows import RowReader
from engine.told import told


class _Envelope(msgspec.Struct, gc=False):
    """What tells quickly that a message is of another table."""

    database: str
    table: str
    type: str
    es: Annotated[int, msgspec.Meta(gt=0)] | None = None
    id: Annotated[int, msgspec.Meta(gt=0)] | None = None
    gtid: str | None = None


class FlatMessages:
    """The tolerant decoder of flat messages for one table."""

    def __init__(self, table: Table, rows: type[RowReader] = RowReader) -> None:
        self._judge = Judge(table, rows)
        self._key_name = table.key.name.lower()
        self._envelope = msgspec.json.Decoder(_Envelope).decode
        # Numbers with a decimal point stay text: a score is never read through a float.
        self._untyped = msgspec.json.Decoder(float_hook=str).decode

    def decode(self, value: bytes | None) -> tuple[Event, ...]:
        """The events of one message; never raises on content."""
        if value is None:
            return ignored(NULL_VALUE)
        try:
            events = self._of_another_table(value)
            return events or self._any(self._untyped(value.removeprefix(b"\xef\xbb\xbf")))
        except RecursionError:
            return dead(told("JSON nested too deeply ({size} bytes)", size=len(value)))
        except ValueError as error:  # msgspec's errors and UnicodeDecodeError are ValueErrors
            return dead(
                told(
                    "not readable as JSON ({size} bytes): {error}",
                    size=len(value),
                    error=str(error),
                )
            )

    def _of_another_table(self, value: bytes) -> tuple[Event, ...]:
        """The quick way out for the rows of other tables on a shared topic; () if it is not one."""
        try:
            head = self._envelope(value)
        except ValueError:
            return ()
        if head.type not in ROW_OPS or self._judge.is_ours(head.database, head.table):
            return ()
        return self._judge.events(
            Entry(
                head.type,
                head.database,
                head.table,
                es_ms=head.es,
                batch=head.id,
                gtid=head.gtid or "",
            )
        )

    def _any(self, message: Any) -> tuple[Event, ...]:
        if not isinstance(message, dict):
            kind = type(message).__name__
            return dead(told("not a Canal message: JSON, but a {kind}", kind=kind))
        if problem := _not_canal(message):
            return dead(problem)
        rows = message.get("data")
        olds = message.get("old")
        if not isinstance(rows, list | None):
            return dead(
                told("not a Canal message: data is {value}, not a list of rows", value=shown(rows))
            )
        rows = rows or []
        op = _str(message, "type")
        doubt = ""
        if op == "UPDATE" and isinstance(olds, list) and olds and len(olds) != len(rows):
            # Canal drops an empty row from data but not from old; which belongs to which is lost.
            if any(self._has_key(old) for old in olds):
                doubt = told(
                    "{rows} rows but {olds} old ones: whose key changed is not known",
                    rows=len(rows),
                    olds=len(olds),
                )
            olds = None
        entry = Entry(
            op,
            _str(message, "database"),
            _str(message, "table"),
            _str(message, "sql"),
            es_ms=_positive(message, "es"),
            batch=_positive(message, "id"),
            gtid=_str(message, "gtid"),
            row_count=len(rows),
            images=_images(op, rows, olds if isinstance(olds, list) else []),
            doubt=doubt,
        )
        return self._judge.events(entry)

    def _has_key(self, old: Any) -> bool:
        return isinstance(old, dict) and any(name.lower() == self._key_name for name in old)


def _images(op: str, rows: list[Any], olds: list[Any]) -> list[Images]:
    """Before and after of each row. What is no object has no columns, which the reader reports."""
    images: list[Images] = []
    for row, old in zip_longest(rows, olds):
        image = row if isinstance(row, dict) else {}
        before = old if isinstance(old, dict) else None
        images.append((image, None) if op == "DELETE" else (before, image))
    return images


def _not_canal(message: dict[str, Any]) -> str:
    """Why this JSON object is no message of Canal's, "" if it may be one."""
    turn = told("let Canal write this topic, or read another")
    if "op" in message and ("after" in message or "before" in message):
        return told("a Debezium message; only Canal's formats are understood: {turn}", turn=turn)
    if isinstance(message.get("payload"), dict) and "schema" in message:
        return told(
            "a Debezium message with schema; only Canal's formats are understood: {turn}", turn=turn
        )
    if isinstance(message.get("data"), dict) and ("xid" in message or "type" in message):
        return told("a Maxwell message; only Canal's formats are understood: {turn}", turn=turn)
    missing = [name for name in ("database", "table", "type") if name not in message]
    if missing:
        names = ", ".join(missing)
        return told("not a Canal message: it has no {names}; {turn}", names=names, turn=turn)
    return ""


def _str(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""


def _positive(message: dict[str, Any], name: str) -> int | None:
    """An integer above 0, be it a number or text; None for anything else."""
    try:
        value = msgspec.convert(message.get(name), int, strict=False)
    except msgspec.ValidationError:
        return None
    return value if value > 0 else None
