"""The walkthrough's table, in MySQL or MariaDB: the only place in the project that writes rows there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.adapters.mysql_connection import SqlRow, connection_to
from engine.adapters.mysql_reasons import error_code
from engine.adapters.mysql_sql import quoted
from engine.errors import ServiceAway, WrongSetting
from engine.sample import SampleRow
from engine.told import told

_REFUSALS = (1044, 1142, 1143, 1146)
"""No such right on the database, table or column; no such table."""

_NAMES = ", ".join(map(quoted, SampleRow._fields))


class MySQLPractice:
    """A :class:`~engine.ports.PracticeTable`: a table shaped like ``webook.interactives``.

    Args: as for :class:`engine.adapters.mysql.MySQLSource`, of an account with SELECT, INSERT, UPDATE
        and DELETE on the table.
    """

    def __init__(self, *, database: str, table: str, **server: Any) -> None:
        self._connection = connection_to(database=database, table=table, **server)
        self._table = f"{quoted(database)}.{quoted(table)}"

    async def columns(self) -> Sequence[str]:
        """See :meth:`engine.ports.PracticeTable.columns`."""
        return [str(name) for name, *_ in await self._run(f"SHOW COLUMNS FROM {self._table}")]

    async def rows(self, *, limit: int) -> list[SampleRow]:
        """See :meth:`engine.ports.PracticeTable.rows`."""
        found = await self._run(f"SELECT {_NAMES} FROM {self._table} ORDER BY id LIMIT {limit}")
        return [SampleRow(*row) for row in found]

    async def insert(self, rows: Iterable[SampleRow]) -> None:
        """See :meth:`engine.ports.PracticeTable.insert`."""
        new = list(rows)
        if not new:
            return
        one = "(" + ", ".join(["%s"] * len(SampleRow._fields)) + ")"
        values: list[Any] = [value for row in new for value in row]
        await self._run(
            f"INSERT INTO {self._table} ({_NAMES}) VALUES {', '.join([one] * len(new))}", values
        )

    async def update(self, key: int, likes: int) -> None:
        """See :meth:`engine.ports.PracticeTable.update`."""
        await self._run(f"UPDATE {self._table} SET like_cnt = %s WHERE id = %s", (likes, key))

    async def delete(self, keys: Iterable[int]) -> None:
        """See :meth:`engine.ports.PracticeTable.delete`."""
        there = sorted(keys)
        marks = ", ".join(["%s"] * len(there))
        await self._run(f"DELETE FROM {self._table} WHERE id IN ({marks})", there)

    async def _run(self, sql: str, args: Sequence[Any] = ()) -> list[SqlRow]:
        try:
            return await self._connection.rows(sql, args)
        except ServiceAway as error:
            if error.__cause__ is None or error_code(error.__cause__) not in _REFUSALS:
                raise
            raise WrongSetting(
                told(
                    "walkthrough.url: user {user!r} may not write {table}, or there is no such "
                    "table; GRANT SELECT, INSERT, UPDATE, DELETE ON {table} to it",
                    user=self._connection.target.user,
                    table=self._table,
                )
            ) from error

    async def close(self) -> None:
        """See :meth:`engine.ports.PracticeTable.close`."""
        await self._connection.close()
