"""The embedded table: SQLite in memory, and each write as the Canal messages it would have caused.

Kept true to a MariaDB with row binlog and a Canal behind it: a statement is one event with all its
rows, a transaction is one batch with one GTID, an update that changes nothing writes nothing, and the
log has files and places in them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

from engine.adapters.embedded.feed import ChangeLog
from engine.adapters.embedded.rows import Fields
from engine.core.changes import LogPosition
from engine.formats.encode import BinlogColumn, BinlogEvent, RowImages
from engine.formats.encode_json import encode_json
from engine.formats.encode_protobuf import encode_protobuf
from engine.ports import Clock

Wire: TypeAlias = Literal["json", "protobuf"]
"""Which of Canal's two formats the change log is written in."""

DATABASE, TABLE = "webook", "interactives"

COLUMNS = (
    BinlogColumn(name="id", mysql_type="bigint(20)", is_key=True),
    BinlogColumn(name="biz_id", mysql_type="bigint(20)"),
    BinlogColumn(name="biz", mysql_type="varchar(128)"),
    BinlogColumn(name="read_cnt", mysql_type="bigint(20)"),
    BinlogColumn(name="collect_cnt", mysql_type="bigint(20)"),
    BinlogColumn(name="like_cnt", mysql_type="bigint(20)"),
    BinlogColumn(name="ctime", mysql_type="bigint(20)"),
    BinlogColumn(name="utime", mysql_type="bigint(20)"),
)
_NAMES = tuple(column.name for column in COLUMNS)
_SCHEMA = """
CREATE TABLE interactives (
  id INTEGER PRIMARY KEY, biz_id INTEGER, biz TEXT, read_cnt INTEGER, collect_cnt INTEGER,
  like_cnt INTEGER, ctime INTEGER, utime INTEGER, UNIQUE (biz_id, biz)
);
CREATE INDEX ix_like_cnt_id ON interactives (like_cnt, id);
"""
_MARKS = ",".join("?" * len(_NAMES))

_LOG_BASE, _FILE_BYTES = "mariadb-bin", 64 * 2**20
_EVENT_BYTES = 60
"""About what a row event has besides its values."""


class EmbeddedTable:
    """The table ``webook.interactives``, with `rows` in it that the log knows nothing of.

    Args:
        log: where its changes go.
        wire: in which format.
        clock: time.
        rows: what it begins with.
    """

    def __init__(
        self, log: ChangeLog, clock: Clock, *, wire: Wire = "json", rows: Sequence[Fields] = ()
    ) -> None:
        self._log, self._clock, self._wire = log, clock, wire
        self._sql = sqlite3.connect(":memory:", isolation_level=None)
        self._sql.executescript(_SCHEMA)
        self._put(rows)
        self._file, self._offset = 1, 4
        self._transactions = self._batches = 0
        self._events: list[BinlogEvent] = []
        self._open = False
        self.changes = 0
        """Rows inserted, changed or deleted so far."""

    # ── reading ───────────────────────────────────────────────────────────────────────────

    def select(
        self, sql: str, arguments: Sequence[object] = ()
    ) -> list[tuple[int | str | None, ...]]:
        """What a SELECT says."""
        return self._sql.execute(sql, arguments).fetchall()

    def best(self, limit: int) -> list[tuple[int, int]]:
        """Key and likes of the best rows, highest rank first."""
        return self._sql.execute(
            "SELECT id, like_cnt FROM interactives WHERE like_cnt IS NOT NULL"
            " ORDER BY like_cnt DESC, id DESC LIMIT ?",
            (limit,),
        ).fetchall()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return int(self._sql.execute("SELECT COUNT(*) FROM interactives").fetchone()[0])

    @property
    def position(self) -> LogPosition:
        """The end of the binlog."""
        return LogPosition(self._file, self._offset, _LOG_BASE)

    @property
    def gtid(self) -> str:
        """The last transaction's id, as MariaDB's ``gtid_binlog_pos``."""
        return self._gtid() if self._transactions else ""

    # ── writing ───────────────────────────────────────────────────────────────────────────

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Whatever is written within is one transaction: one batch of messages, sent at its end."""
        if self._open:
            yield
            return
        self._open = True
        try:
            yield
        finally:
            self._open = False
            self._send()

    def insert(self, rows: Iterable[Fields]) -> None:
        """One INSERT of several rows.

        Raises:
            sqlite3.IntegrityError: a key, or a pair (biz_id, biz), is there already.
        """
        new = list(rows)
        if not new:
            return
        self._put(new)
        images = [RowImages(after=_image(row)) for row in new]
        self._logged("INSERT", images)

    def update(self, changed: Mapping[int, Fields]) -> None:
        """One UPDATE: key -> columns with their new values. Rows that stay as they are do not count."""
        images = []
        for key, new in changed.items():
            before = self.row(key)
            if before is None or all(before[name] == value for name, value in new.items()):
                continue
            names = ", ".join(f"{name} = ?" for name in new)
            sql = f"UPDATE interactives SET {names} WHERE id = ?"
            self._sql.execute(sql, (*new.values(), key))
            images.append(RowImages(before=_image(before), after=_image(before | new)))
        if images:
            self._logged("UPDATE", images)

    def delete(self, keys: Iterable[int]) -> None:
        """One DELETE of several rows; keys that are not there do not count."""
        images = []
        for key in keys:
            before = self.row(key)
            if before is not None:
                self._sql.execute("DELETE FROM interactives WHERE id = ?", (key,))
                images.append(RowImages(before=_image(before)))
        if images:
            self._logged("DELETE", images)

    def truncate(self) -> None:
        """TRUNCATE TABLE: one statement, no rows in the log."""
        self._sql.execute("DELETE FROM interactives")
        with self.transaction():
            self._event("TRUNCATE", sql="TRUNCATE TABLE interactives", is_ddl=True)

    def row(self, key: int) -> Fields | None:
        """The row of a key; None if there is none."""
        found = self._sql.execute("SELECT * FROM interactives WHERE id = ?", (key,)).fetchone()
        return None if found is None else dict(zip(_NAMES, found, strict=True))

    def close(self) -> None:
        self._sql.close()

    # ── the log ───────────────────────────────────────────────────────────────────────────

    def _put(self, rows: Sequence[Fields]) -> None:
        self._sql.executemany(
            f"INSERT INTO interactives VALUES ({_MARKS})",
            [tuple(row[name] for name in _NAMES) for row in rows],
        )

    def _logged(self, op: str, images: Sequence[RowImages]) -> None:
        self.changes += len(images)
        with self.transaction():
            self._event(op, rows=tuple(images))

    def _event(
        self, op: str, *, rows: tuple[RowImages, ...] = (), sql: str = "", is_ddl: bool = False
    ) -> None:
        length = _EVENT_BYTES * (1 + len(rows)) + len(sql)
        if self._offset + length > _FILE_BYTES:
            self._file, self._offset = self._file + 1, 4
        event = BinlogEvent(
            op=op,
            database=DATABASE,
            table=TABLE,
            es_ms=self._clock.wall_ms() // 1000 * 1000,  # a binlog has whole seconds
            columns=COLUMNS,
            rows=rows,
            sql=sql,
            is_ddl=is_ddl,
            gtid=self._gtid(1),
            log_file=f"{_LOG_BASE}.{self._file:06}",
            log_offset=self._offset,
            length=length,
            table_id=43,
        )
        self._offset += length
        self._events.append(event)

    def _send(self) -> None:
        events, self._events = self._events, []
        if not events:
            return
        self._transactions += 1
        self._batches += 1
        now_ms = self._clock.wall_ms()
        if self._wire == "protobuf":
            self._log.append(encode_protobuf(events), timestamp_ms=now_ms)
            return
        for event in events:
            value = encode_json(event, batch_id=self._batches, ts_ms=now_ms)
            self._log.append(value, timestamp_ms=now_ms)

    def _gtid(self, ahead: int = 0) -> str:
        return f"0-1-{self._transactions + ahead}"


def _image(row: Fields) -> dict[str, str | None]:
    return {name: None if row[name] is None else str(row[name]) for name in _NAMES}
