"""Writes Canal's flat JSON messages (``canal.mq.flatMessage=true``), byte for byte as Canal 1.1.8.

One record is one event with all its rows. The keys stand in alphabetical order, NULLs are written,
and text is escaped as fastjson2 does: quotes, backslashes and what is below a blank, nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from engine.formats.encode import BinlogEvent, Image, RowImages


def encode_json(event: BinlogEvent, *, batch_id: int, ts_ms: int) -> bytes:
    """One flat message.

    Args:
        batch_id: Canal's number of the batch; all messages of a batch have the same.
        ts_ms: when Canal made the message.
    """
    fields: dict[str, Any] = {
        "data": None,
        "database": event.database,
        "es": event.es_ms,
        "gtid": event.gtid,
        "id": batch_id,
        "isDdl": event.is_ddl,
        "mysqlType": None,
        "old": None,
        "pkNames": None,
        "sql": event.sql,
        "sqlType": None,
        "table": event.table,
        "ts": ts_ms,
        "type": event.op,
    }
    if event.carries_rows:
        fields |= _row_fields(event)
    # A damaged text (half of a surrogate pair) becomes a question mark, as in Java.
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _row_fields(event: BinlogEvent) -> dict[str, Any]:
    """What only a row event has. Types and key names are those of the columns that are there."""
    names = [column.name for column in event.columns]
    images = [_shown(event.op, row) for row in event.rows]
    mysql_types: dict[str, str] = {}
    java_types: dict[str, int] = {}
    for image in images:
        for column in event.columns:
            if column.name in image:
                mysql_types[column.name] = column.mysql_type
                java_types[column.name] = column.java_type(
                    image[column.name]
                )  # the last row's wins
    keys = [c.name for c in event.columns if c.is_key and c.name in mysql_types]
    return {
        "data": [_ordered(image, names) for image in images],
        "mysqlType": mysql_types,
        "old": _old(event.rows, names) if event.op == "UPDATE" else None,
        "pkNames": keys or None,
        "sqlType": java_types,
    }


def _shown(op: str, row: RowImages) -> Image:
    image = row.before if op == "DELETE" else row.after
    return image or {}


def _old(rows: Iterable[RowImages], names: list[str]) -> list[dict[str, str | None]]:
    """The values before, of the columns that have changed in this row *or any row before it*.

    Canal never clears its set of changed columns within an event (FlatMessage, seen in 1.1.7 and
    1.1.8), so ``old`` may hold values that did not change; readers must compare.
    """
    changed: set[str] = set()
    old = []
    for row in rows:
        before, after = row.before or {}, row.after or {}
        changed |= updated_names(row)
        assert changed <= set(names), "an image has a column that the table has not"
        old.append({n: before[n] for n in names if n in changed and n in before and n in after})
    return old


def updated_names(row: RowImages) -> set[str]:
    """The columns that Canal flags as updated in the image after: also those it cannot compare."""
    before, after = row.before or {}, row.after or {}
    return {n for n, value in after.items() if n not in before or before[n] != value}


def _ordered(image: Mapping[str, str | None], names: list[str]) -> dict[str, str | None]:
    return {name: image[name] for name in names if name in image}
