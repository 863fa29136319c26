"""Binlog events as Canal sees them: the values that the two writers turn into Canal's messages.

The embedded pipeline and the tests write what a real Canal would have written, so that the very same
decoders read it. What Canal does was recorded from Canal 1.1.8 on MariaDB 10.11 and is compared
message by message in ``tests/formats/test_encode.py``.

The type numbers are those of ``java.sql.Types``; where no recording has a type, they are those of
alibaba/canal's ``RowsLogBuffer.mysqlToJavaType`` and ``LogEventConvert.parseOneRow``, as read, not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from engine.columns import Column

Image: TypeAlias = Mapping[str, str | None]
"""Column name -> Canal's text, None for NULL. A column that is not there was not in the binlog
(``binlog_row_image=MINIMAL``)."""

SERVER_ID: Final = 1
"""Of the server that makes the changes, where nothing else is said."""

_JAVA_TYPES: Final[Mapping[str, int]] = {
    "bit": -7, "set": -7, "tinyint": -6, "bigint": -5, "char": 1, "decimal": 3, "numeric": 3,
    "int": 4, "mediumint": 4, "enum": 4, "smallint": 5, "float": 7, "double": 8,
    "varchar": 12, "year": 12, "json": 12, "date": 91, "time": 92, "datetime": 93, "timestamp": 93,
    "binary": 2004, "varbinary": 2004, "tinyblob": 2004, "blob": 2004, "mediumblob": 2004,
    "longblob": 2004, "tinytext": 2005, "text": 2005, "mediumtext": 2005, "longtext": 2005,
}  # fmt: skip

_OTHER = 1111
"""``java.sql.Types.OTHER``"""

_NULL_TYPES: Final[Mapping[str, int]] = {"set": 2004, "json": _OTHER}
"""Where Canal gives a NULL another type than a value."""

_UNSIGNED: Final[Mapping[str, tuple[int, int]]] = {
    "tinyint": (2**7, 5),
    "smallint": (2**15, 4),
    "mediumint": (2**23, 4),
    "int": (2**31, -5),
    "bigint": (2**63, 3),
}
"""Type -> from which value on Canal gives an unsigned number the next greater type, and which."""


@lru_cache(maxsize=1024)
def _java_types(mysql_type: str) -> tuple[int, int, tuple[int, int] | None]:
    """The type number of a value, of a NULL, and what great unsigned numbers become."""
    word = Column(name="", mysql_type=mysql_type).type_word
    usual = _JAVA_TYPES.get(word, _OTHER)
    unsigned = _UNSIGNED.get(word) if "unsigned" in mysql_type.lower() else None
    return usual, _NULL_TYPES.get(word, usual), unsigned


@dataclass(frozen=True, slots=True, kw_only=True)
class BinlogColumn:
    """One column of the table as it was when the event was logged."""

    name: str
    mysql_type: str
    """As the server says it: ``bigint(20)`` on MariaDB, ``bigint`` on MySQL 8."""
    is_key: bool = False
    """Whether it belongs to the primary key."""

    def java_type(self, text: str | None) -> int:
        """The type number that Canal gives this value: of an unsigned column it depends on it."""
        usual, null, unsigned = _java_types(self.mysql_type)
        if text is None:
            return null
        if unsigned is not None and int(text) >= unsigned[0]:
            return unsigned[1]
        return usual


@dataclass(frozen=True, slots=True, kw_only=True)
class RowImages:
    """One row of a row event: None where the operation has no such image."""

    before: Image | None = None
    after: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BinlogEvent:
    """One event of the binlog: rows of one table changed by one statement, or a statement.

    A row event has `rows` and the table's `columns`, in the order of its definition. A statement
    (DDL, or DML where ``binlog_format`` is not ROW) has `sql` instead.
    """

    op: str
    """Canal's word: INSERT, UPDATE, DELETE, TRUNCATE, ERASE (drop), CREATE, ALTER, RENAME, QUERY, …"""
    database: str
    table: str
    es_ms: int
    """When it was logged, milliseconds since 1970; a real binlog has whole seconds."""
    columns: tuple[BinlogColumn, ...] = ()
    rows: tuple[RowImages, ...] = ()
    sql: str = ""
    is_ddl: bool = False
    gtid: str = ""
    """MySQL: the executed set; MariaDB: one id; "" where ``canal.instance.gtidon`` is off."""
    log_file: str = "mysql-bin.000001"
    log_offset: int = 4
    """Where the event starts."""
    length: int = 0
    """The event's bytes in the binlog."""
    server_id: int = SERVER_ID
    table_id: int = 1

    @property
    def carries_rows(self) -> bool:
        return bool(self.rows)
