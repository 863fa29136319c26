"""The published board in Redis: one owner, one step a write.

Keys share one hash tag, so that a cluster keeps them on one node: ``topn:{name}`` (ZSET, the
members), ``topn:{name}:rows`` (HASH, member -> row JSON), ``topn:{name}:meta`` (HASH); channel
``topn:{name}:changes`` carries ``{version, epoch, state, entered, left, moved}``: rows entered and
moved as published, keys that left; where ``"whole": true`` stands beside them the board was written
anew, and a subscriber reads it. All writing is done by the scripts of
:mod:`engine.adapters.redis_scripts`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence

from engine.adapters.redis_clock import StoreClock
from engine.adapters.redis_connection import Connection, Keys
from engine.adapters.redis_reasons import LOST, SERVICE
from engine.adapters.redis_scripts import (
    ACQUIRE,
    RELEASE,
    TOLD_FIELDS,
    WRITE,
    counted,
    event,
    flat,
)
from engine.core.changes import Row
from engine.core.rank import Key
from engine.errors import NotOwner, ServiceAway, StoreRefused, TopnError, WrongSetting
from engine.ports import Acquired, BoardState, StoredBoard
from engine.published import differing, member, number_text, row_json
from engine.told import told


class RedisBoard:
    """A :class:`~engine.ports.BoardStore` in Redis 5 or later.

    Args:
        url: ``redis://host:port/db``, or ``rediss://`` for TLS. The password goes beside it.
        username, password: as for AUTH; None for a server that asks for none.
        board_name: the name inside the keys.
        engine_id: who we are to other engines; "" for a reader, which may only :meth:`read`.
        lease_ms: how long the board stays ours without a sign of life.
        timeout_ms: for a connection and for each answer. A write that the server gets to later than
            that, because it hung, is not carried out any more.
        fixed_width_members: write integer keys as text whose byte order is the numbers' order, see
            :func:`engine.published.member`.
        ca_file, cert_file, key_file, check_hostname, server_name: TLS, see
            :func:`engine.adapters.tls.tls_context`.

    Raises:
        WrongSetting: the url, the board's name or a TLS file cannot be used.
    """

    def __init__(
        self,
        *,
        url: str,
        board_name: str,
        engine_id: str = "",
        username: str | None = None,
        password: str | None = None,
        lease_ms: int = 5000,
        timeout_ms: int = 2000,
        fixed_width_members: bool = False,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        check_hostname: bool = True,
        server_name: str | None = None,
    ) -> None:
        if not board_name or set(board_name) & set("{} \t\n"):
            raise WrongSetting(
                told(
                    "board name {board_name!r}: it is part of Redis keys; use a name without blanks "
                    "and without braces",
                    board_name=board_name,
                )
            )
        self._connection = Connection(
            url=url,
            username=username,
            password=password,
            timeout_ms=timeout_ms,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            check_hostname=check_hostname,
            server_name=server_name,
        )
        self._key = f"topn:{{{board_name}}}"
        self._engine_id = engine_id
        self._lease_ms, self._timeout_ms = lease_ms, timeout_ms
        self._fixed_width = fixed_width_members
        self._epoch = 0
        self._version = 0
        self._request = 0
        self._written = self._ours_before = False
        self._clock = StoreClock()
        self._turn = asyncio.Lock()

    async def acquire(self, *, at_least_epoch: int, warm: bool = True) -> Acquired:
        """See :meth:`engine.ports.BoardStore.acquire`.

        Raises:
            StoreRefused: also where a key of the board's name holds something that is not ours.
        """
        if not self._engine_id:
            raise ValueError("a board opened without an engine id is for reading")
        asked_ms = self._clock.monotonic_ms()
        async with self._turn:
            arguments: list[str | int] = [
                *(self._engine_id, at_least_epoch, self._version, self._lease_ms),
                *(self._channel, int(warm), int(self._ours_before)),
            ]
            answer = await self._run(ACQUIRE, arguments, asked_ms)
            if answer[0] == "HELD":
                # Should we own it one day, what its readers have seen must not come again.
                self._version = max(self._version, int(answer[4]))
                return Acquired(
                    owned=False, owner=answer[1], epoch=int(answer[2]), free_in_ms=int(answer[3])
                )
            self._epoch, self._version = int(answer[1]), int(answer[2])
            self._written = False
        warning = await self._connection.policy_warning()
        return Acquired(
            owned=True,
            epoch=self._epoch,
            owner=self._engine_id,
            warnings=self._located(warning) if warning else (),
        )

    async def publish(
        self,
        state: BoardState,
        *,
        entered: Sequence[Row],
        left: Sequence[Key],
        moved: Sequence[Row],
    ) -> int:
        """See :meth:`engine.ports.BoardStore.publish`.

        The difference must be against the board that was written last. Where the store does not hold
        that board (a write whose answer was lost, a member removed by hand, an old dump) nothing is
        written and NotOwner says owner "" and why: acquire, then rewrite.
        """
        return await self._write(
            "publish", state, written=[*entered, *moved], left=left, entered=len(entered)
        )

    async def rewrite(self, state: BoardState, rows: Sequence[Row]) -> int:
        """See :meth:`engine.ports.BoardStore.rewrite`."""
        return await self._write("rewrite", state, written=rows, left=(), entered=len(rows))

    async def heartbeat(self, state: BoardState) -> int:
        """See :meth:`engine.ports.BoardStore.heartbeat`. The version grows only if the state changed.

        Between acquiring and the first rewrite the board is still the last owner's, of any size.
        """
        return await self._write("heartbeat", state, written=(), left=(), entered=0)

    async def read(self) -> StoredBoard | None:
        """See :meth:`engine.ports.BoardStore.read`. A board is there as soon as somebody owned it."""
        stored = await self._connection.read(self._keys)
        return stored if "epoch" in stored.meta else None

    async def differences(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """See :meth:`engine.ports.BoardStore.differences`. Rows as of the last write."""
        stored = await self.read()
        if stored is None:
            return (told("the whole board is gone"),)
        names = json.loads(stored.meta.get("fields") or "[]")
        if not names:
            return (told("the field names are gone"),)
        return differing(stored, rows, names, fixed_width=self._fixed_width)

    def _located(self, warning: str) -> tuple[str]:
        where = self._connection.where
        return (told("{service} at {where}: {text}", service=SERVICE, where=where, text=warning),)

    async def release(self, state: BoardState) -> None:
        """See :meth:`engine.ports.BoardStore.release`."""
        told = self._meta(state) | {"state": "STOPPED"}
        news = event(self._epoch, "STOPPED")
        arguments = [self._engine_id, self._epoch, self._channel, news, *counted(flat(told))]
        # Nobody can act on a failure now: the lease runs out by itself.
        with contextlib.suppress(TopnError):
            async with self._turn:
                await self._run(RELEASE, arguments, self._clock.monotonic_ms())

    async def close(self) -> None:
        """See :meth:`engine.ports.BoardStore.close`."""
        await self._connection.close()

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    @property
    def _channel(self) -> str:
        return f"{self._key}:changes"

    async def _write(
        self,
        mode: str,
        state: BoardState,
        *,
        written: Sequence[Row],
        left: Sequence[Key],
        entered: int,
    ) -> int:
        asked_ms = self._clock.monotonic_ms()  # what is written is the board of this moment
        texts = [row_json(row, state.field_names) for row in written]
        changes = [
            *counted([member(key, fixed_width=self._fixed_width) for key in left]),
            *self._members(written, texts),
        ]
        size_before = state.size - entered + len(left)
        async with self._turn:  # each write says which version it follows
            if mode == "heartbeat" and not self._written:
                size_before = -1
            if mode == "rewrite":
                news = event(self._epoch, state.state, whole=True)
            else:
                news = event(self._epoch, state.state, texts[:entered], left, texts[entered:])
            self._request += 1
            arguments: list[str | int] = [
                *(self._engine_id, self._epoch, self._version, self._lease_ms),
                *(self._request, mode, size_before, self._channel, news),
                *counted(flat(self._meta(state))),
                *changes,
            ]
            answer = await self._run(WRITE, arguments, asked_ms)
            self._version = int(answer[1])
            self._written = self._written or mode == "rewrite"
            self._ours_before = self._ours_before or self._written
            return self._version

    def _members(self, rows: Sequence[Row], texts: Sequence[str]) -> list[str | int]:
        """Scores for the ZSET, then row texts for the HASH, each with its member."""
        scores: list[str] = []
        stored: list[str] = []
        for row, text in zip(rows, texts, strict=True):
            name = member(row.key, fixed_width=self._fixed_width)
            scores += (number_text(row.score), name)
            stored += (name, text)
        return [*counted(scores), *counted(stored)]

    def _meta(self, state: BoardState) -> dict[str, str]:
        """The meta fields that a write sets, those that subscribers are told of first."""
        fields = {
            "state": state.state,
            "reason": state.reason or "",
            "provisional": str(int(state.provisional)),
            "size": str(state.size),
            "limit": str(state.limit),
            "score_exact": str(int(state.score_exact)),
            "fields": json.dumps(state.field_names, ensure_ascii=False, separators=(",", ":")),
            "members": "fixed-width" if self._fixed_width else "plain",
        }
        assert tuple(fields) == TOLD_FIELDS
        return fields | {
            "as_of_ms": "" if state.as_of_ms is None else str(state.as_of_ms),
            "offsets": json.dumps({str(p): o for p, o in sorted(state.positions.items())}),
        }

    async def _run(self, script: str, arguments: Sequence[str | int], asked_ms: float) -> list[str]:
        """What a script answers, its refusals raised.

        Args:
            asked_ms: when it was asked for, on our clock.
        """
        answer = await self._timed(script, arguments, asked_ms)
        if answer[0] == "LATE":
            # We are still here to be told so: one of the clocks may have been set. We know better now.
            answer = await self._timed(script, arguments, asked_ms)
        match answer[0]:
            case "LATE":
                raise ServiceAway(
                    SERVICE,
                    told(
                        "{where} gets to a request later than {timeout_ms} ms after it was made",
                        where=self._connection.where,
                        timeout_ms=self._timeout_ms,
                    ),
                    told("see what keeps the server busy (SLOWLOG)"),
                )
            case "NOT_OWNER":
                raise NotOwner(answer[1], int(answer[2]), LOST.get(answer[3], ""))
            case "TYPE" | "FOREIGN":
                raise StoreRefused(
                    told(
                        "{service} at {where}: key {key} is a {kind} that this board did not "
                        "write; rename or delete it, or give the board another name",
                        service=SERVICE,
                        where=self._connection.where,
                        key=answer[1],
                        kind=answer[2],
                    )
                )
        return answer

    async def _timed(
        self, script: str, arguments: Sequence[str | int], asked_ms: float
    ) -> list[str]:
        """What a script answers; its last word is the store's time, except in a refusal."""
        sent_ms = self._clock.monotonic_ms()
        timed = [self._clock.at(asked_ms), self._timeout_ms, *arguments]
        answer = await self._connection.run(script, self._keys, timed)
        answered_ms = self._clock.monotonic_ms()
        if answer[0] == "LATE":
            self._clock.forget()
        if answer[0] in ("OK", "HELD", "LATE"):
            self._clock.learn(int(answer[-1]), asked_ms=sent_ms, answered_ms=answered_ms)
        return answer

    @property
    def _keys(self) -> Keys:
        return self._key, f"{self._key}:rows", f"{self._key}:meta"
