"""The row source over the embedded table."""

from __future__ import annotations

import asyncio
import sqlite3
import time

from engine.adapters.embedded.table import COLUMNS, DATABASE, TABLE, EmbeddedTable
from engine.columns import Column, Table
from engine.core.changes import Answer, Row
from engine.errors import WrongSetting
from engine.formats.encode import SERVER_ID
from engine.ports import Clock, TableReport
from engine.told import told

_TYPES = {column.name: column.mysql_type for column in COLUMNS}


class EmbeddedSource:
    """A :class:`~engine.ports.RowSource` over an :class:`EmbeddedTable`.

    A load reads N + R + 1 entries of an index in memory, some 0.1 ms: no thread is worth that.

    Args:
        key, score, columns: names of the table's columns.
    """

    def __init__(
        self,
        table: EmbeddedTable,
        clock: Clock,
        *,
        key: str = "id",
        score: str = "like_cnt",
        columns: tuple[str, ...] = ("biz_id", "biz", "read_cnt"),
    ) -> None:
        self._table, self._clock = table, clock
        self._key, self._score, self._columns = key, score, columns

    async def describe(self) -> TableReport:
        """See :meth:`engine.ports.RowSource.describe`."""
        for name in (self._key, self._score, *self._columns):
            if name not in _TYPES:
                raise WrongSetting(
                    told(
                        "the embedded table has no column {name!r}; it has {types}",
                        name=name,
                        types=", ".join(_TYPES),
                    )
                )
        table = Table(
            database=DATABASE,
            name=TABLE,
            key=_column(self._key),
            score=_column(self._score),
            columns=tuple(map(_column, self._columns)),
        )
        server = told("SQLite {version}, in this process", version=sqlite3.sqlite_version)
        return TableReport(table=table, server=server, log_positions=True)

    async def best_rows(self, limit: int) -> Answer:
        """See :meth:`engine.ports.RowSource.best_rows`."""
        names = ", ".join((self._key, *self._columns, self._score))
        started = time.perf_counter()
        found = self._table.select(
            f"SELECT {names} FROM {TABLE} WHERE {self._score} IS NOT NULL"
            f" ORDER BY {self._score} DESC, {self._key} DESC LIMIT ?",
            (limit,),
        )
        query_ms = (time.perf_counter() - started) * 1000
        rows = tuple(Row(raw[0], raw[-1], tuple(raw[1:-1])) for raw in found)  # type: ignore[arg-type]  # the schema's
        # Others may write now, as on a server: what the log must pass is read after the rows.
        await asyncio.sleep(0)
        return Answer(
            rows=rows,
            clock_ms=self._clock.wall_ms(),
            position=self._table.position,
            gtid=self._table.gtid,
            query_ms=query_ms,
            server_id=SERVER_ID,
        )

    async def close(self) -> None:
        """See :meth:`engine.ports.RowSource.close`. The table itself stays."""


def _column(name: str) -> Column:
    return Column(name=name, mysql_type=_TYPES[name])
