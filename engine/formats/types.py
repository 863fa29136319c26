"""Which column types a recorded message tells, for whoever has no table to ask."""

from __future__ import annotations

import msgspec
from google.protobuf.message import DecodeError

from engine.formats import canal_pb2 as pb


class _Typed(msgspec.Struct, gc=False):
    database: str = ""
    table: str = ""
    mysql_types: dict[str, str] | None = msgspec.field(default=None, name="mysqlType")


_DECODER = msgspec.json.Decoder(_Typed)


def column_types(value: bytes, database: str, table: str) -> dict[str, str]:
    """Column -> MySQL type, lower case, as far as this message of that table tells.

    Empty for another table's message, for one without rows, and for bytes of neither format.
    """
    found = _in_json(value, database, table) or _in_protobuf(value, database, table)
    return {name: mysql_type.lower() for name, mysql_type in found.items() if mysql_type}


def _in_json(value: bytes, database: str, table: str) -> dict[str, str]:
    try:
        message = _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    ours = (message.database.lower(), message.table.lower()) == (database.lower(), table.lower())
    return (message.mysql_types or {}) if ours else {}


def _in_protobuf(value: bytes, database: str, table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for raw in pb.Messages.FromString(pb.Packet.FromString(value).body).messages:
            entry = pb.Entry.FromString(raw)
            header = entry.header
            if header.schema_name.lower() != database.lower():
                continue
            if header.table_name.lower() != table.lower():
                continue
            for row in pb.RowChange.FromString(entry.store_value).row_datas:
                for column in (*row.before_columns, *row.after_columns):
                    found.setdefault(column.name, column.mysql_type)
    except DecodeError:
        return found
    return found
