"""What a recorded message tells of tables, for whoever has none to ask: column types, names."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from google.protobuf.message import DecodeError

from engine.formats import canal_pb2 as pb
from engine.formats.canal_protobuf import OPS


class _Typed(msgspec.Struct, gc=False):
    database: str = ""
    table: str = ""
    type: str = ""
    mysql_types: dict[str, str] | None = msgspec.field(default=None, name="mysqlType")


_DECODER = msgspec.json.Decoder(_Typed)


def column_types(value: bytes, database: str, table: str) -> dict[str, str]:
    """Column -> MySQL type, lower case, as far as this message of that table tells.

    Empty for another table's message, for one without rows, and for bytes of neither format.
    """
    found = _in_json(value, database, table) or _in_protobuf(value, database, table)
    return {name: mysql_type.lower() for name, mysql_type in found.items() if mysql_type}


def tables_in(value: bytes) -> Iterator[tuple[str, str, str]]:
    """Database, table and type (``INSERT``) of each event that is of a table, as Canal writes them.

    Nothing for bytes of neither format.
    """
    message = _flat(value)
    if message is not None:
        if message.table:
            yield message.database, message.table, message.type
        return
    try:
        for entry in _entries(value):
            header = entry.header
            if entry.entry_type == pb.ENTRY_ROWDATA and header.table_name:
                yield header.schema_name, header.table_name, OPS.get(header.event_type, "")
    except DecodeError:
        return


def _flat(value: bytes) -> _Typed | None:
    try:
        return _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _entries(value: bytes) -> Iterator[pb.Entry]:
    for raw in pb.Messages.FromString(pb.Packet.FromString(value).body).messages:
        yield pb.Entry.FromString(raw)


def _in_json(value: bytes, database: str, table: str) -> dict[str, str]:
    message = _flat(value)
    if message is None:
        return {}
    ours = (message.database.lower(), message.table.lower()) == (database.lower(), table.lower())
    return (message.mysql_types or {}) if ours else {}


def _in_protobuf(value: bytes, database: str, table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for entry in _entries(value):
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
