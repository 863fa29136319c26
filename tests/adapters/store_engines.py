"""Whole engines in this process on a real Redis: the table and its log are the embedded ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from engine.adapters.embedded import ChangeLog, EmbeddedFeed, EmbeddedSource, EmbeddedTable
from engine.adapters.embedded.rows import fields
from engine.adapters.redis import RedisBoard
from engine.clock import SystemClock
from engine.core.reports import Timing
from engine.formats import make_decoder
from engine.ports import StoredBoard
from engine.published import inconsistencies, lease_alive, order_rows, parse_row
from engine.runtime import Engine, EngineOptions
from engine.status import EngineStatus, ServiceStatus
from tests.stack.redis_server import RedisServer

SIZE = 3
LEASE_MS, TIMEOUT_MS = 2000, 500
PATIENCE_S = 20.0


class StoreEngine:
    """One engine, its source perhaps held back, and what it tells its operator."""

    def __init__(
        self,
        table: EmbeddedTable,
        log: ChangeLog,
        url: str,
        board: str,
        engine_id: str,
        timeout_ms: int,
    ) -> None:
        clock = SystemClock()
        self.engine_id = engine_id
        self.source = HeldSource(EmbeddedSource(table, clock))
        self._engine = Engine(
            feed=EmbeddedFeed(log, clock),
            source=self.source,
            store=RedisBoard(
                url=url,
                board_name=board,
                engine_id=engine_id,
                lease_ms=LEASE_MS,
                timeout_ms=timeout_ms,
            ),
            decoder=lambda of: make_decoder(of, "canal-json").decode,
            clock=clock,
            engine_id=engine_id,
            options=EngineOptions(
                board_name=board,
                size=SIZE,
                reserve=3,
                topic="t",
                timing=Timing(overlap_ms=50, settle_ms=200),
                batch_wait_ms=20,
            ),
        )
        self.task = asyncio.create_task(self._engine.run())

    @property
    def status(self) -> EngineStatus:
        return self._engine.status

    @property
    def redis(self) -> ServiceStatus:
        return self.status.services[3]

    @property
    def notices(self) -> list[str]:
        """Level and text of each."""
        return [f"{n.level}: {n.text}" for n in self.status.notices]

    def audit(self) -> None:
        self._engine.audit()

    async def until(self, condition: Callable[[StoreEngine], object], what: str) -> None:
        """Wait until it fulfils the condition."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition(self):  # noqa: ASYNC110  # a status is looked at, it tells nobody
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(
                f"not {what}: {self.status.standing} {self.redis} {self.notices}"
            ) from None

    async def until_publication(self, word: str) -> None:
        await self.until(lambda e: e.status.standing.publication == word, word)

    @property
    def last_notice(self) -> int:
        """The number of the newest notice; 0 while there is none."""
        return self.status.notices[-1].number if self.status.notices else 0

    async def until_told(self, text: str, *, after: int = 0) -> str:
        """Wait for a notice with this in it, later than number `after`; level and text of the notice."""

        def told() -> list[str]:
            notices = [n for n in self.status.notices if n.number > after]
            return [f"{n.level}: {n.text}" for n in notices if text in n.text]

        await self.until(lambda _: told(), f"told {text!r}")
        return told()[0]

    async def stop(self) -> None:
        self._engine.stop()
        await asyncio.wait_for(self.task, 10)


class HeldSource:
    """A table source that answers no query while it is held."""

    def __init__(self, source: EmbeddedSource) -> None:
        self._source = source
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def let_go(self) -> None:
        self._free.set()

    async def describe(self) -> Any:
        return await self._source.describe()

    async def best_rows(self, limit: int) -> Any:
        await self._free.wait()
        return await self._source.best_rows(limit)

    async def close(self) -> None:
        await self._source.close()


class Shop:
    """A table of ten rows, scores 10 to 100, and the engines on it."""

    def __init__(self, server: RedisServer, board: str) -> None:
        self.server, self.board, self.name = server, board, f"topn:{{{board}}}"
        self.log = ChangeLog()
        rows = [fields(key, key, "b", 10 * key) for key in range(1, 11)]
        self.table = EmbeddedTable(self.log, SystemClock(), rows=rows)
        self.engines: list[StoreEngine] = []
        self._reader = RedisBoard(url=server.url(), board_name=board, timeout_ms=5000)

    def engine(
        self, engine_id: str = "e1", *, url: str | None = None, timeout_ms: int = TIMEOUT_MS
    ) -> StoreEngine:
        """Start one."""
        made = StoreEngine(
            self.table, self.log, url or self.server.url(), self.board, engine_id, timeout_ms
        )
        self.engines.append(made)
        return made

    def score(self, key: int, likes: int) -> None:
        """One UPDATE."""
        self.table.update({key: {"like_cnt": likes}})

    async def read(self) -> StoredBoard | None:
        """The published board, as any reader gets it."""
        return await self._reader.read()

    def as_it_should_be(self, stored: StoredBoard | None) -> bool:
        """Alive, EXACT, in one piece, and the table's best."""
        if stored is None or (stored.meta.get("state"), lease_alive(stored)) != ("EXACT", True):
            return False
        if inconsistencies(stored):
            return False
        fields = [parse_row(text) for text in order_rows(stored)]
        return [(f["id"], f["like_cnt"]) for f in fields] == self.table.best(SIZE)

    async def until_right(self) -> None:
        """Wait until the published board is EXACT, alive, and the table's."""
        stored: object = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not self.as_it_should_be(stored := await self.read()):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{stored} {[e.notices for e in self.engines]}") from None

    async def close(self) -> None:
        for engine in self.engines:
            if not engine.task.done():
                engine.source.let_go()
                with suppress(TimeoutError):
                    await engine.stop()
        await self._reader.close()
        self.table.close()
