"""The recorded messages of tests/samples, and the tables that they are about."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec

from engine.columns import Column, Table
from engine.core.changes import Event
from engine.formats import make_decoder

SAMPLES = Path(__file__).parent.parent / "samples"


def column(name: str, mysql_type: str = "bigint(20)") -> Column:
    return Column(name=name, mysql_type=mysql_type)


def table(
    *columns: Column,
    database: str = "webook",
    name: str = "interactives",
    key: Column | None = None,
    score: Column | None = None,
) -> Table:
    return Table(
        database=database,
        name=name,
        key=key or column("id"),
        score=score or column("like_cnt"),
        columns=columns,
    )


INTERACTIVES = table(
    column("biz_id"), column("biz", "varchar(128)"), column("read_cnt"), column("utime")
)
SCORES = table(
    column("s_dec", "decimal(20,4)"),
    column("s_dbl", "double"),
    column("s_float", "float"),
    column("s_uint", "int(10) unsigned"),
    column("s_tiny", "tinyint(4)"),
    column("flag", "bit(4)"),
    column("e", "enum('a','b')"),
    column("t", "text"),
    column("bl", "blob"),
    column("dt", "datetime(3)"),
    column("ts", "timestamp"),
    column("j", "json"),
    name="scores",
    key=column("id", "bigint(20) unsigned"),
    score=column("s_ubig", "bigint(20) unsigned"),
)


def messages(path: str) -> list[bytes]:
    """The values of a recording: line N of a flat file, or the value_base64 of a record file."""
    lines = (SAMPLES / path).read_bytes().splitlines()
    if lines[0].startswith(b'{"topic"'):
        return [base64.b64decode(json.loads(line)["value_base64"]) for line in lines]
    return lines


def decode(of: Table, *values: bytes | None, format: str = "auto") -> list[Event]:  # noqa: A002
    decoder = make_decoder(of, format)
    return [event for value in values for event in decoder.decode(value)]


def flat(op: str = "UPDATE", data: Any = None, old: Any = None, /, **fields: Any) -> bytes:
    """A flat message of webook.interactives as Canal 1.1.8 writes it, fields replaced as given."""
    message = {
        "data": data,
        "database": "webook",
        "es": 1795430966000,
        "gtid": "",
        "id": 5,
        "isDdl": False,
        "mysqlType": None,
        "old": old,
        "pkNames": ["id"],
        "sql": "",
        "sqlType": None,
        "table": "interactives",
        "ts": 1795430966858,
        "type": op,
    } | fields
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def row(**values: Any) -> dict[str, Any]:
    """A full row of interactives."""
    return {
        "id": "1", "biz_id": "1", "biz": "article", "read_cnt": "10", "collect_cnt": "1",
        "like_cnt": "5", "ctime": "1", "utime": "2",
    } | values  # fmt: skip


def without_place(events: list[Event]) -> list[Event]:
    """Events without what differs between two recordings of the same steps."""
    return [
        msgspec.structs.replace(event, es_ms=None, batch=None, position=None, server_id=None)
        for event in events
    ]
