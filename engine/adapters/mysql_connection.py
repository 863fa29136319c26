"""One connection to MySQL or MariaDB, kept open and made again when it broke.

Every statement has a deadline here and, where it may be long, one in the server too: a query whose
client has left goes on otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import aiomysql
from pymysql import err

from engine.adapters.mysql_reasons import SERVICE, SYNTAX_ERROR, Target, error_code, translated
from engine.adapters.tls import tls_context
from engine.errors import ServiceAway
from engine.told import told

CLIENT_GRACE_MS = 1000
"""How much longer than the server we wait, so that the server's word comes first."""

SqlRow = tuple[Any, ...]

Statement: TypeAlias = Callable[..., Awaitable[list[SqlRow]]]
"""One statement of an open transaction: SQL and its values in, rows out."""


class Server(NamedTuple):
    """What kind of server it is: the two differ in a few words."""

    mariadb: bool
    version: tuple[int, int, int]

    @property
    def text(self) -> str:
        return f"{'MariaDB' if self.mariadb else 'MySQL'} {'.'.join(map(str, self.version))}"

    def limited(self, select: str, timeout_ms: int) -> str:
        """The SELECT with a time limit that the server keeps."""
        if self.mariadb:
            return f"SET STATEMENT max_statement_time={timeout_ms / 1000:.3f} FOR {select}"
        hint = f"/*+ MAX_EXECUTION_TIME({timeout_ms}) */"
        return re.sub(r"^SELECT\b", f"SELECT {hint}", select, count=1)

    @property
    def log_status_statements(self) -> tuple[str, ...]:
        """How to ask for the binlog's end, the likeliest first; the words changed in MySQL 8.2."""
        new, old = "SHOW BINARY LOG STATUS", "SHOW MASTER STATUS"
        return (new, old) if not self.mariadb and self.version >= (8, 2, 0) else (old, new)

    @property
    def replica_status_statements(self) -> tuple[str, ...]:
        """How to ask what the server replicates from; MySQL 8.4 no longer knows the old word."""
        new, old = "SHOW REPLICA STATUS", "SHOW SLAVE STATUS"
        return (new, old) if not self.mariadb and self.version >= (8, 0, 22) else (old, new)

    @property
    def gtid_variable(self) -> str:
        return "@@global.gtid_binlog_pos" if self.mariadb else "@@global.gtid_executed"

    @property
    def uuid_variable(self) -> str:
        """What no two MySQL servers share, whatever their ids; MariaDB has nothing of the kind."""
        return "''" if self.mariadb else "@@global.server_uuid"


def connection_to(
    *,
    host: str,
    port: int,
    user: str,
    password: str,
    database: str,
    table: str,
    tls: bool,
    ca_file: str | None,
    cert_file: str | None,
    key_file: str | None,
    check_hostname: bool,
    server_name: str | None,
    connect_timeout_ms: int,
    query_timeout_ms: int,
    time_zone: str | None = None,
    session: Sequence[str] = (),
) -> Connection:
    """A connection to a table's server, not made yet; arguments as :class:`engine.adapters.mysql.MySQLSource`.

    Args:
        session: further variables to SET, each ``name = value``.

    Raises:
        WrongSetting: a TLS file cannot be used.
    """
    context = None
    if tls:
        context = tls_context(
            SERVICE,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            check_hostname=check_hostname,
            server_name=server_name,
        )
    target = Target(
        where=f"{host}:{port}",
        user=user,
        database=database,
        table=table,
        connect_timeout_ms=connect_timeout_ms,
        query_timeout_ms=query_timeout_ms,
    )
    return Connection(
        target,
        host=host,
        port=port,
        password=password,
        ssl_context=context,
        time_zone=time_zone,
        session=session,
    )


class Connection:
    """Statements in, rows out, errors in our words.

    Args: as for :class:`engine.adapters.mysql.MySQLSource`.
    """

    def __init__(
        self,
        target: Target,
        *,
        host: str,
        port: int,
        password: str,
        ssl_context: ssl.SSLContext | None,
        time_zone: str | None,
        session: Sequence[str] = (),
    ) -> None:
        self.target = target
        self._tls = ssl_context is not None
        # An empty sql_mode: PAD_CHAR_TO_FULL_LENGTH would change values, ANSI_QUOTES statements.
        settings = ["sql_mode = ''", *session]
        if time_zone is not None:
            if not re.fullmatch(r"[A-Za-z0-9_+:/.-]+", time_zone):
                time_zone = "?"  # no time zone of any server; it will say so
            settings.append(f"time_zone = '{time_zone}'")
        self._options = {
            "host": host,
            "port": port,
            "user": target.user,
            "password": password,
            "charset": "utf8mb4",
            # Each statement sees the table as it is: a kept snapshot would be a stale answer.
            "autocommit": True,
            "connect_timeout": target.connect_timeout_ms / 1000,
            "ssl": ssl_context,
            "init_command": "SET SESSION " + ", ".join(settings),
            "program_name": "topn-tui",
        }
        self._driver: Any = None
        self._names: list[str] = []
        """The columns of the last answer."""
        self._lock = asyncio.Lock()

    async def server(self) -> Server:
        """What we are connected to; connects if need be."""
        async with self._lock:
            driver = await self._connected()
        text = str(driver.get_server_info())
        # MariaDB says 5.5.5-10.11.6-MariaDB to old clients.
        numbers = re.findall(r"(\d+)\.(\d+)\.(\d+)", text.removeprefix("5.5.5-"))
        major, minor, patch = numbers[0] if numbers else (0, 0, 0)
        return Server("mariadb" in text.lower(), (int(major), int(minor), int(patch)))

    async def rows(
        self, sql: str, args: Sequence[Any] = (), *, timeout_ms: int | None = None
    ) -> list[SqlRow]:
        """The rows of one statement.

        Raises:
            ServiceAway: in the server's or the network's words.
        """
        async with self._lock:
            return await self._rows(await self._connected(), sql, args, timeout_ms=timeout_ms)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statement]:
        """Statements on one connection, committed at the end; where one fails, all undone and it closed.

        Raises:
            ServiceAway: in the server's or the network's words. Of a COMMIT without an answer nobody knows.
        """
        async with self._lock:
            driver = await self._begun()
            try:
                yield partial(self._rows, driver)
                await self._rows(driver, "COMMIT")
            except BaseException:
                self._drop()  # the server undoes what is not committed
                raise

    async def rows_if_allowed(self, *statements: str) -> list[SqlRow] | None:
        """Rows of the first statement that this server knows; None where the account may not."""
        for sql in statements:
            try:
                return await self.rows(sql)
            except ServiceAway as e:
                code = error_code(e.__cause__) if e.__cause__ is not None else 0
                if code != SYNTAX_ERROR and not _is_refusal(code):
                    raise
                if _is_refusal(code):
                    return None
        return None

    async def records_if_allowed(self, *statements: str) -> list[dict[str, Any]] | None:
        """As :meth:`rows_if_allowed`, each row by the names of its columns."""
        rows = await self.rows_if_allowed(*statements)
        return None if rows is None else [dict(zip(self._names, row, strict=True)) for row in rows]

    async def close(self) -> None:
        """Let go. Never raises, never hangs."""
        driver, self._driver = self._driver, None
        if driver is None or driver.closed:
            return
        # Whatever the socket says now, it is closed after it.
        with contextlib.suppress(
            err.MySQLError, OSError, RuntimeError, asyncio.IncompleteReadError
        ):
            async with asyncio.timeout(0.5):
                await driver.ensure_closed()
        driver.close()

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    async def _rows(
        self, driver: Any, sql: str, args: Sequence[Any] = (), *, timeout_ms: int | None = None
    ) -> list[SqlRow]:
        limit_ms = self.target.query_timeout_ms if timeout_ms is None else timeout_ms
        async with self._errors(limit_ms + CLIENT_GRACE_MS):
            cursor = await driver.cursor()
            await cursor.execute(sql, args or None)
            found: list[SqlRow] = list(await cursor.fetchall())
            self._names = [column[0] for column in cursor.description or ()]
            await cursor.close()
            return found

    async def _begun(self) -> Any:
        """The driver, in a new transaction. A connection that broke while it was idle is made again."""
        kept = self._driver is not None
        while True:
            driver = await self._connected()
            try:
                await self._rows(driver, "START TRANSACTION")
            except ServiceAway:
                if not kept:
                    raise
                kept = False
            else:
                return driver

    async def _connected(self) -> Any:
        if self._driver is not None and not self._driver.closed:
            return self._driver
        async with self._errors(self.target.connect_timeout_ms):
            driver = await aiomysql.connect(**self._options)
        # Without a word the driver speaks plain text to a server that has no TLS.
        if self._tls and driver._writer.get_extra_info("ssl_object") is None:
            driver.close()
            raise ServiceAway(
                SERVICE,
                told("{where} offers no TLS", where=self.target.where),
                told("switch TLS on at the server, or off in the settings"),
            )
        self._driver = driver
        return driver

    @contextlib.asynccontextmanager
    async def _errors(self, timeout_ms: int) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                yield
        except (err.MySQLError, OSError, EOFError) as e:  # OSError has TimeoutError
            if not _survives(e):
                self._drop()
            raise translated(e, self.target, timeout_ms=timeout_ms) from e
        except BaseException:
            # Cancelled in the middle of an answer: the rest of it would be taken for the next.
            self._drop()
            raise

    def _drop(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()


def _survives(error: BaseException) -> bool:
    """Whether the connection is still in step: the server answered, and said no."""
    return isinstance(error, err.MySQLError) and 1000 <= error_code(error) < 2000


def _is_refusal(code: int) -> bool:
    return code in (1227, 1044, 1045, 1142)
