"""The board's store in the simulator: a server that keeps working when its clients have given up.

Each call is a request on its way: it may wait, be served after its sender has lost patience or life,
and its answer may be lost. What it says of the sender (epoch, version) is as of when it was sent.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from engine.adapters.embedded.store import EmbeddedBoard
from engine.core.changes import Row
from engine.core.rank import Key
from engine.errors import NotOwner, ServiceAway
from engine.ports import Acquired, BoardState, StoredBoard
from tests.simulator.ledger import CLIENT_TIMEOUT_MS, LEASE_MS, Claimed, Ledger
from tests.simulator.process import Process
from tests.simulator.weather import Weather
from tests.simulator.wire import TABLE

T = TypeVar("T")

SLOW_MS = 3_500
"""After how long at most a slow server gets to a request."""
LONGER_WAY_MS = 1_500
"""How long at most the bytes of a broken connection are still on their way."""


class SimBoard(EmbeddedBoard):
    """One process's connection to the store."""

    def __init__(self, ledger: Ledger, process: Process, weather: Weather) -> None:
        super().__init__(
            ledger.store,
            TABLE,
            engine_id=process.engine_id,
            lease_ms=LEASE_MS,
            timeout_ms=CLIENT_TIMEOUT_MS,
        )
        self._ledger, self._process, self._weather = ledger, process, weather

    async def acquire(self, *, at_least_epoch: int, **options: Any) -> Acquired:
        """See :meth:`engine.ports.BoardStore.acquire`."""
        return await self._send(
            lambda sent: EmbeddedBoard.acquire(sent, at_least_epoch=at_least_epoch, **options)
        )

    async def publish(
        self,
        state: BoardState,
        *,
        entered: Sequence[Row],
        left: Sequence[Key],
        moved: Sequence[Row],
    ) -> int:
        """See :meth:`engine.ports.BoardStore.publish`."""
        news = (tuple(entered), tuple(left), tuple(moved))
        return await self._write(
            state,
            lambda sent: EmbeddedBoard.publish(
                sent, state, entered=entered, left=left, moved=moved
            ),
            news,
        )

    async def rewrite(self, state: BoardState, rows: Sequence[Row]) -> int:
        """See :meth:`engine.ports.BoardStore.rewrite`."""
        return await self._write(state, lambda sent: EmbeddedBoard.rewrite(sent, state, rows), None)

    async def heartbeat(self, state: BoardState) -> int:
        """See :meth:`engine.ports.BoardStore.heartbeat`."""
        return await self._write(
            state, lambda sent: EmbeddedBoard.heartbeat(sent, state), ((), (), ())
        )

    async def read(self) -> StoredBoard | None:
        """See :meth:`engine.ports.BoardStore.read`."""
        return await self._send(EmbeddedBoard.read)

    async def release(self, state: BoardState) -> None:
        """See :meth:`engine.ports.BoardStore.release`."""
        if self._process.alive:
            try:
                await self._send(lambda sent: EmbeddedBoard.release(sent, state))
            except ServiceAway:
                return  # the lease runs out by itself

    # ── the way there and back ────────────────────────────────────────────────────────────

    def _ask(self) -> None:
        """What is served was asked for when it was sent."""

    async def _write(
        self,
        state: BoardState,
        request: Callable[[EmbeddedBoard], Coroutine[Any, Any, int]],
        news: tuple[tuple[Row, ...], tuple[Key, ...], tuple[Row, ...]] | None,
    ) -> int:
        claimed = self._ledger.claim(self._process, self._epoch, state)
        version = await self._send(request, claimed, news)
        for partition, offset in state.positions.items():
            known = self._process.published.get(partition, 0)
            self._process.published[partition] = max(known, offset)
        return version

    async def _send(
        self,
        request: Callable[[EmbeddedBoard], Coroutine[Any, Any, T]],
        claimed: Claimed | None = None,
        news: Any = None,
    ) -> T:
        asked_ms = self._weather.clock.monotonic_ms()
        super()._ask()
        sent = copy.copy(self)
        await self._process.turn()
        # A connection may break while its bytes go on by a longer way: they may then be overtaken.
        broken = self._weather.rng.random() < 0.5 and self._weather.holds("reply_lost")
        way_ms = LONGER_WAY_MS if broken else SLOW_MS if self._weather.holds("store_slow") else 4
        serving = asyncio.ensure_future(
            self._serve(sent, request, claimed, news, asked_ms=asked_ms, way_ms=way_ms)
        )
        # Nobody may be there any more to hear of a failure.
        serving.add_done_callback(lambda task: task.cancelled() or task.exception())
        if broken:
            raise ServiceAway("Redis", "the connection broke")
        done, _ = await asyncio.wait({serving}, timeout=CLIENT_TIMEOUT_MS / 1000)
        await self._process.turn()
        if not done:
            raise ServiceAway("Redis", "no answer in time")
        result = serving.result()
        if self._weather.once("reply_lost"):
            raise ServiceAway("Redis", "the connection was lost")
        self._epoch, self._version, self._written = sent._epoch, sent._version, sent._written
        return result

    async def _serve(
        self,
        sent: SimBoard,
        request: Callable[[EmbeddedBoard], Coroutine[Any, Any, T]],
        claimed: Claimed | None,
        news: Any,
        *,
        asked_ms: float,
        way_ms: float,
    ) -> T:
        weather, ledger = self._weather, self._ledger
        await weather.pass_by(most_ms=way_ms)
        if weather.holds("store_away"):
            raise ServiceAway("Redis", "the connection was refused")
        before = ledger.photograph()
        try:
            result = await request(sent)
        except (NotOwner, ServiceAway):
            ledger.refused(self._process, before)
            raise
        ledger.served(self._process, result, before, claimed, news, asked_ms=asked_ms)
        await weather.pass_by(most_ms=4)
        return result
