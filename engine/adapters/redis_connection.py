"""A connection to one Redis: deadlines, errors in our words, scripts, one reading step."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from redis import exceptions
from redis.asyncio import Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from engine.adapters.redis_reasons import SERVICE, is_full, policy_warning, translated
from engine.adapters.redis_scripts import READ, paired
from engine.adapters.tls import tls_context
from engine.errors import TopnError, WrongSetting
from engine.ports import StoredBoard
from engine.told import told

Keys = tuple[str, str, str]
"""Of the board, its rows, its meta."""


class Connection:
    """Scripts in, answers out.

    Args: as for :class:`engine.adapters.redis.RedisBoard`.
    """

    def __init__(
        self,
        *,
        url: str,
        username: str | None,
        password: str | None,
        timeout_ms: int,
        ca_file: str | None,
        cert_file: str | None,
        key_file: str | None,
        check_hostname: bool,
        server_name: str | None,
    ) -> None:
        options = _address(url)
        self.where = f"{options['host']}:{options['port']}"
        self._tls = bool(options["ssl"])
        options |= {k: v for k, v in (("username", username), ("password", password)) if v}
        self._timeout_ms = timeout_ms
        self._redis: Any = Redis(
            **options,
            protocol=2,
            decode_responses=True,
            # A member changed by hand may be no UTF-8; it must show as wrong, not break the reading.
            encoding_errors="backslashreplace",
            socket_timeout=timeout_ms / 1000,
            socket_connect_timeout=timeout_ms / 1000,
            # A write repeated by the driver would be told to subscribers twice.
            retry=Retry(NoBackoff(), 0),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            client_name="topn-tui",
        )
        if self._tls:
            context = tls_context(
                SERVICE,
                ca_file=ca_file,
                cert_file=cert_file,
                key_file=key_file,
                check_hostname=check_hostname,
                server_name=server_name,
            )
            self._redis.connection_pool.connection_class = _connection_with(context)

    async def run(self, script: str, keys: Keys, arguments: Sequence[str | int] = ()) -> list[str]:
        """What a script answers.

        Raises:
            ServiceAway, StoreRefused: in Redis's or the network's words.
        """
        async with self._errors():
            answer = await self._evaluated(script, keys, arguments)
        return [str(part) for part in answer]

    async def read(self, keys: Keys) -> StoredBoard:
        """All three keys and the clock in one step.

        Raises: as :meth:`run`.
        """
        async with self._errors():
            try:
                meta, scores, rows, clock = await self._read_in_transaction(keys)
            except exceptions.ResponseError as e:
                # A full Redis queues no commands, not even reading ones; a script still reads.
                if not is_full(e):
                    raise
                meta, scores, rows, clock = await self._read_by_script(keys)
        return StoredBoard(
            rows=rows,
            scores={name: float(score) for name, score in scores.items()},
            meta=meta,
            store_clock_ms=int(clock[0]) * 1000 + int(clock[1]) // 1000,
        )

    async def policy_warning(self) -> str | None:
        """What is wrong with the server's eviction policy; None too where the account may not know."""
        with contextlib.suppress(TopnError):
            async with self._errors():
                found = await self._redis.info("memory")
            return policy_warning(
                str(found.get("maxmemory_policy", "")), int(found.get("maxmemory", 0))
            )
        return None

    async def close(self) -> None:
        """Let go. Never raises, never hangs."""
        with contextlib.suppress(exceptions.RedisError, OSError):  # OSError has TimeoutError
            async with asyncio.timeout(self._timeout_ms / 1000):
                await self._redis.aclose()

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    async def _evaluated(self, script: str, keys: Keys, arguments: Sequence[str | int] = ()) -> Any:
        digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        try:
            return await self._redis.evalsha(digest, len(keys), *keys, *arguments)
        except exceptions.NoScriptError:  # a new server: EVAL also makes it known
            return await self._redis.eval(script, len(keys), *keys, *arguments)

    async def _read_in_transaction(self, keys: Keys) -> tuple[Any, Any, Any, Any]:
        board, rows, meta = keys
        async with self._redis.pipeline(transaction=True) as step:
            step.hgetall(meta)
            step.zrange(board, 0, -1, withscores=True)
            step.hgetall(rows)
            step.time()
            found_meta, found_scores, found_rows, clock = await step.execute()
        return found_meta, dict(found_scores), found_rows, clock

    async def _read_by_script(self, keys: Keys) -> tuple[Any, Any, Any, Any]:
        meta, scores, rows, clock = await self._evaluated(READ, keys)
        return paired(meta), paired(scores), paired(rows), clock

    @contextlib.asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        try:
            # The driver has a deadline for each wait; this one is for all of them together.
            async with asyncio.timeout(3 * self._timeout_ms / 1000):
                yield
        except (exceptions.RedisError, OSError) as e:  # OSError has TimeoutError
            # From None: the driver's own text may hold the command or the address.
            raise translated(
                e, where=self.where, timeout_ms=self._timeout_ms, tls=self._tls
            ) from None


def _connection_with(context: ssl.SSLContext) -> type[SSLConnection]:
    """The driver's connection with our context: its own trusts the system's authorities as well."""

    class TlsConnection(SSLConnection):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.ssl_context.context = context

    return TlsConnection


def _address(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        host, port, path = parts.hostname, parts.port, parts.path.strip("/")
    except ValueError:
        host, port, path, parts = None, None, "", urlsplit("")
    if parts.scheme not in ("redis", "rediss") or not host or not (path or "0").isdecimal():
        # Without the value: it may hold a password.
        raise WrongSetting(
            told("the Redis address is not of the form redis://host:port/db (rediss:// for TLS)")
        )
    if parts.password:
        raise WrongSetting(
            told(
                "the Redis address holds a password, which would show wherever the address "
                "does; give it in its own setting"
            )
        )
    options: dict[str, Any] = {"host": host, "port": port or 6379, "db": int(path or 0)}
    options["ssl"] = parts.scheme == "rediss"
    if parts.username:
        options["username"] = unquote(parts.username)
    return options
