"""The table itself, in MySQL or MariaDB: what it is, and its best rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from engine.adapters.mysql_connection import SqlRow, connection_to
from engine.adapters.mysql_describe import Shape, Wanted, shape
from engine.adapters.mysql_reasons import SERVICE
from engine.adapters.mysql_sql import load_statement
from engine.adapters.mysql_warnings import (
    binlog_warnings,
    cascade_warning,
    index_warning,
    replica_warning,
    variables,
)
from engine.columns import Table, table_reader
from engine.core.changes import Answer, LogPosition, Row, Value
from engine.errors import ServiceAway
from engine.ports import TableReport
from engine.told import told


class MySQLSource:
    """A :class:`~engine.ports.RowSource` from MySQL 5.7 or later, or MariaDB 10.2 or later.

    The account needs SELECT on the table; with REPLICATION CLIENT (BINLOG MONITOR in MariaDB) an
    answer also says where the binlog stood.

    Args:
        host, port, user, password: of the server that Canal tails. Another one may lag.
        database, table, key, score, columns: the names, as in the table's definition.
        tls: whether to speak TLS. Without it the other TLS arguments have no effect.
        ca_file, cert_file, key_file, check_hostname, server_name: see
            :func:`engine.adapters.tls.tls_context`.
        connect_timeout_ms: for the connection and its handshake.
        query_timeout_ms: for one load; the server keeps it too.
        time_zone: the session's, so that a TIMESTAMP has the text that Canal gives it: the zone of
            Canal's JVM. ``+08:00``, or a name if the server has its zone tables; None: the server's.

    Raises:
        WrongSetting: a TLS file cannot be used.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int = 3306,
        user: str,
        password: str = "",
        database: str,
        table: str,
        key: str,
        score: str,
        columns: Sequence[str] = (),
        tls: bool = False,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        check_hostname: bool = True,
        server_name: str | None = None,
        connect_timeout_ms: int = 5000,
        query_timeout_ms: int = 10_000,
        time_zone: str | None = None,
    ) -> None:
        self._wanted = Wanted(database, table, key, score, tuple(columns))
        self._query_timeout_ms = query_timeout_ms
        self._connection = connection_to(
            host=host,
            port=port,
            user=user,
            password=password,
            database=database,
            table=table,
            tls=tls,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            check_hostname=check_hostname,
            server_name=server_name,
            connect_timeout_ms=connect_timeout_ms,
            query_timeout_ms=query_timeout_ms,
            time_zone=time_zone,
        )
        self._shape: Shape | None = None
        self._log_positions = False

    async def describe(self) -> TableReport:
        """See :meth:`engine.ports.RowSource.describe`."""
        server = await self._connection.server()
        found = await shape(self._connection, self._wanted)
        settings = await variables(self._connection)
        status = await self._log_status()
        server_id = settings.get("server_id", "")
        warnings = binlog_warnings(settings)
        for warning in (
            await replica_warning(self._connection),
            await index_warning(self._connection, found),
            await cascade_warning(self._connection, found),
        ):
            if warning is not None:
                warnings.append(warning)
        self._shape, self._log_positions = found, status is not None
        return TableReport(
            table=found.table,
            server=told(
                "{server}, server id {id}", server=server.text, id=server_id or told("unknown")
            ),
            warnings=tuple(warnings),
            log_positions=self._log_positions,
            server_id=int(server_id) if server_id.isdecimal() else None,
        )

    async def best_rows(self, limit: int) -> Answer:
        """See :meth:`engine.ports.RowSource.best_rows`.

        What the log must pass is read *after* the rows: read before them it would vouch for rows
        that changed in between.
        """
        found = self._shape
        if found is None:
            raise ValueError("best_rows before describe")
        server = await self._connection.server()
        select = load_statement(found.table, limit, key_utf8=found.key_utf8)
        started = time.perf_counter()
        answer = await self._connection.rows(server.limited(select, self._query_timeout_ms))
        query_ms = (time.perf_counter() - started) * 1000
        # A statement of its own, so UTC_TIMESTAMP is later than the rows. Not UNIX_TIMESTAMP(SYSDATE()),
        # which is an hour off while a time zone with summer time falls back.
        clock = await self._connection.rows(
            "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000, "
            + f"{server.gtid_variable}, @@global.server_id, {server.uuid_variable}"
        )
        position = await self._log_status() if self._log_positions else None
        return Answer(
            rows=read_rows(found.table, answer),
            clock_ms=int(clock[0][0]),
            position=position,
            gtid="".join(str(clock[0][1] or "").split()),
            query_ms=query_ms,
            server_id=int(clock[0][2]) or None,
            server_uuid=str(clock[0][3]),
        )

    async def close(self) -> None:
        """See :meth:`engine.ports.RowSource.close`."""
        await self._connection.close()

    async def _log_status(self) -> LogPosition | None:
        """The binlog's end; None where the account may not know, or there is no binlog."""
        server = await self._connection.server()
        rows = await self._connection.rows_if_allowed(*server.log_status_statements)
        return log_position(str(rows[0][0]), int(rows[0][1])) if rows else None


def log_position(file: str, offset: int) -> LogPosition | None:
    """``mariadb-bin.000012`` and an offset, as a place that compares; None for another kind of name."""
    base, _, number = file.rpartition(".")
    return LogPosition(int(number), offset, base) if base and number.isdecimal() else None


def read_rows(table: Table, answer: Sequence[SqlRow]) -> tuple[Row, ...]:
    """The driver's rows in normal form.

    Raises:
        ServiceAway: a value that its column's type does not allow for.
    """
    columns = (table.key, *table.columns, table.score)
    readers = [(column.name, table_reader(column)) for column in columns]
    rows = []
    for raw in answer:
        values = [
            _read(read, value, name, raw[0])
            for (name, read), value in zip(readers, raw, strict=True)
        ]
        rows.append(Row(key=values[0], score=values[-1], columns=tuple(values[1:-1])))
    return tuple(rows)


def _read(read: Callable[[object], Value], value: object, name: str, key: object) -> Any:
    try:
        return read(value)
    except ValueError as e:
        raise ServiceAway(
            SERVICE,
            told("column {name} of row {key!r} cannot be read: {e}", name=name, key=key, e=str(e)),
            told("describe the table again, or leave the column out"),
        ) from e
