"""The walkthrough's table, in MySQL or MariaDB: the only place in the project that writes rows there."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from engine.adapters.mysql_connection import CLIENT_GRACE_MS, Statement, connection_to
from engine.adapters.mysql_reasons import SERVICE, error_code
from engine.adapters.mysql_sql import quoted
from engine.errors import ServiceAway, WrongSetting
from engine.ports import Decide
from engine.sample import SampleRow
from engine.told import told

STATEMENT_MS = 4000
"""A statement writes a handful of rows by key: one that takes longer waits for somebody's lock."""

_REFUSALS = (1044, 1142, 1143, 1146)
"""No such right on the database, table or column; no such table."""
_LOCKED, _DEADLOCK = 1205, 1213

_LONGEST_NAME = 64
"""Characters of a lock's name, in MySQL."""

_NAMES = ", ".join(map(quoted, SampleRow._fields))
_MARKS = "(" + ", ".join(["%s"] * len(SampleRow._fields)) + ")"


class MySQLPractice:
    """A :class:`~engine.ports.PracticeTable`: a table shaped like ``webook.interactives``.

    Each transaction begins by taking a named lock, which keeps other walkthroughs off. The lock goes
    with its connection, when all that the connection did is done or undone: whoever has it knows
    that a write without an answer is not still to come.

    Args: as for :class:`engine.adapters.mysql.MySQLSource`, of an account with SELECT, INSERT, UPDATE
        and DELETE on the table.
    """

    def __init__(
        self,
        *,
        database: str,
        table: str,
        connect_timeout_ms: int,
        query_timeout_ms: int,
        **server: Any,
    ) -> None:
        limit_ms = min(query_timeout_ms, STATEMENT_MS)
        self._lock_s = max(1, limit_ms // 1000)
        self._connection = connection_to(
            database=database,
            table=table,
            connect_timeout_ms=connect_timeout_ms,
            query_timeout_ms=limit_ms,
            # The server gives up before we do: what we no longer wait for is not done after all.
            session=[
                f"innodb_lock_wait_timeout = {self._lock_s}",
                f"lock_wait_timeout = {self._lock_s}",
            ],
            **server,
        )
        # Connecting, once more for a connection that broke unseen; one wait for a lock, and the rest.
        self.patience_ms = connect_timeout_ms + 2 * (limit_ms + CLIENT_GRACE_MS)
        self._names = (database, table)
        self._table = f"{quoted(database)}.{quoted(table)}"
        self._lock_name = _lock_name(database, table)
        self._id: int | None = None
        """Of the connection that has, or had, the lock."""

    async def claim(self) -> None:
        """See :meth:`engine.ports.PracticeTable.claim`."""
        async with self._alone() as run:
            # None of these finds a row; whether the account may is looked at nevertheless.
            await run(
                f"INSERT INTO {self._table} ({_NAMES}) SELECT {_NAMES} FROM {self._table} WHERE FALSE"
            )
            await run(f"UPDATE {self._table} SET like_cnt = like_cnt WHERE id = 0 AND FALSE")
            await run(f"DELETE FROM {self._table} WHERE id = 0 AND FALSE")
            await self._check_others(run)

    async def columns(self) -> Sequence[str]:
        """See :meth:`engine.ports.PracticeTable.columns`."""
        async with self._alone() as run:
            return [str(name) for name, *_ in await run(f"SHOW COLUMNS FROM {self._table}")]

    async def rows(self, *, limit: int) -> list[SampleRow]:
        """See :meth:`engine.ports.PracticeTable.rows`."""
        async with self._alone() as run:
            found = await run(f"SELECT {_NAMES} FROM {self._table} ORDER BY id LIMIT {limit}")
            return [SampleRow(*row) for row in found]

    async def exchange(self, keys: Iterable[int], decide: Decide) -> Mapping[int, SampleRow]:
        """See :meth:`engine.ports.PracticeTable.exchange`."""
        wanted = sorted(keys)
        try:
            return await self._exchanged(wanted, decide)
        except ServiceAway as error:
            if _code(error) != _DEADLOCK:
                raise
            return await self._exchanged(wanted, decide)  # the server has undone all of it

    async def close(self) -> None:
        """See :meth:`engine.ports.PracticeTable.close`."""
        await self._connection.close()

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    async def _exchanged(self, keys: Sequence[int], decide: Decide) -> Mapping[int, SampleRow]:
        async with self._alone() as run:
            there = await self._locked(run, keys)
            wanted = decide(there)
            await self._write(run, there, wanted)
            return await self._locked(run, keys) if wanted else there

    async def _locked(self, run: Statement, keys: Sequence[int]) -> dict[int, SampleRow]:
        found = await run(
            f"SELECT {_NAMES} FROM {self._table} WHERE id IN ({_marks(keys)}) FOR UPDATE", keys
        )
        return {row[0]: SampleRow(*row) for row in found}

    async def _write(
        self,
        run: Statement,
        there: Mapping[int, SampleRow],
        wanted: Mapping[int, SampleRow | None],
    ) -> None:
        gone = [key for key, row in wanted.items() if row is None and key in there]
        rows = [row for row in wanted.values() if row is not None]
        if gone:
            await run(f"DELETE FROM {self._table} WHERE id IN ({_marks(gone)})", gone)
        # Not by ON DUPLICATE KEY UPDATE: with another unique key that would be somebody else's row.
        for row in (row for row in rows if row.id in there):
            now = there[row.id]._asdict()
            changed = {name: of for name, of in row._asdict().items() if of != now[name]}
            if changed:
                names = ", ".join(f"{quoted(name)} = %s" for name in changed)
                await run(
                    f"UPDATE {self._table} SET {names} WHERE id = %s", (*changed.values(), row.id)
                )
        new = [row for row in rows if row.id not in there]
        if new:
            await run(
                f"INSERT INTO {self._table} ({_NAMES}) VALUES {', '.join([_MARKS] * len(new))}",
                [value for row in new for value in row],
            )

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[Statement]:
        """A transaction that has the lock, with refusals told as what they mean to a writer."""
        try:
            async with self._connection.transaction() as run:
                await self._take_lock(run)
                yield run
        except ServiceAway as error:
            if (meant := self._meant(error)) is None:
                raise
            raise meant from error

    async def _take_lock(self, run: Statement) -> None:
        """Raises:
        ServiceAway: another walkthrough has it.
        """
        if not await self._got(run, 0):
            ((holder,),) = await run("SELECT IS_USED_LOCK(%s)", (self._lock_name,))
            if holder is not None and holder == self._id:
                # A connection of ours that we have given up, and the server not yet.
                with contextlib.suppress(ServiceAway):
                    await run("KILL %s", (holder,))
            if not await self._got(run, self._lock_s):
                raise self._taken(holder)
        ((self._id,),) = await run("SELECT CONNECTION_ID()")

    async def _got(self, run: Statement, wait_s: int) -> bool:
        ((got,),) = await run("SELECT GET_LOCK(%s, %s)", (self._lock_name, wait_s))
        return bool(got)

    def _taken(self, holder: object) -> ServiceAway:
        return ServiceAway(
            SERVICE,
            told(
                "another walkthrough is on {table}, by connection {holder}",
                table=self._table,
                holder=holder,
            ),
            told("wait until it has ended, then try again"),
        )

    async def _check_others(self, run: Statement) -> None:
        """As far as the account may see.

        Raises:
            WrongSetting: what is written to the table would be written elsewhere, too.
        """
        triggers = await run(
            "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS"
            " WHERE EVENT_OBJECT_SCHEMA = %s AND EVENT_OBJECT_TABLE = %s",
            self._names,
        )
        if triggers:
            raise WrongSetting(
                told(
                    "{table} has triggers ({names}), and what they do could not be put back: nothing "
                    "was written; name a table without triggers in table.name",
                    table=self._table,
                    names=", ".join(str(name) for (name,) in triggers),
                )
            )
        referring = await run(
            "SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE"
            " WHERE REFERENCED_TABLE_SCHEMA = %s AND REFERENCED_TABLE_NAME = %s",
            self._names,
        )
        if referring:
            raise WrongSetting(
                told(
                    "foreign keys of other tables refer to {table} ({names}), and what a DELETE does "
                    "there could not be put back: nothing was written; name a table in table.name "
                    "that none refers to",
                    table=self._table,
                    names=", ".join(f"{database}.{name}" for database, name in referring),
                )
            )

    def _meant(self, error: ServiceAway) -> ServiceAway | WrongSetting | None:
        code = _code(error)
        if code in _REFUSALS:
            return WrongSetting(
                told(
                    "walkthrough.url: user {user!r} may not write {table}, or there is no such "
                    "table; GRANT SELECT, INSERT, UPDATE, DELETE ON {table} to it",
                    user=self._connection.target.user,
                    table=self._table,
                )
            )
        if code == _LOCKED:
            return ServiceAway(
                SERVICE,
                told("somebody else has rows of {table} locked", table=self._table),
                told("end that transaction (SHOW PROCESSLIST), then try again"),
            )
        return None


def _code(error: BaseException) -> int:
    """The server's or the driver's number; 0 where there is none."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error_code(error)


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _lock_name(database: str, table: str) -> str:
    """``topn-tui:webook.interactives``, or as much of it as a lock's name may have, and a hash."""
    name = f"topn-tui:{database}.{table}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"topn-tui:{hashlib.sha256(name.encode()).hexdigest()[:40]}"
