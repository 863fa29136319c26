"""Feed and table source of the simulator, as one process sees them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from engine.adapters.embedded.feed import EmbeddedFeed
from engine.core.changes import Answer, Row
from engine.errors import MissingTable, PositionLost, ServiceAway
from engine.ports import Message, TableReport
from engine.source_watch import REFUSALS
from tests.core.oracle import best_of
from tests.core.world_database import SERVER_ID, Rows, Shape, Table
from tests.core.world_writers import Writers
from tests.simulator.process import Process, SimClock
from tests.simulator.weather import Weather
from tests.simulator.wire import DESCRIBED, Topic, WireMessage, name_of

QUERY_TIMEOUT_MS = 1_500
"""The source's own deadline: no call hangs for ever. The next audit waits a hundred times as long."""


class SimFeed(EmbeddedFeed):
    """The embedded feed over a network: slow, away, and in any order across partitions."""

    def __init__(self, topic: Topic, process: Process, weather: Weather) -> None:
        super().__init__(topic, SimClock(process))
        self.topic, self._process, self._weather = topic, process, weather
        self.handed: dict[tuple[int, int], WireMessage] = {}
        """What was last handed out at a partition and offset."""
        self.ends_asked: dict[int, int] = {}
        """The log's ends when a start at them was last asked for."""

    @property
    def incarnation(self) -> int:
        """Of the topic that the positions are in."""
        return self._incarnation

    async def next_batch(self, *, max_messages: int, timeout_ms: int) -> Sequence[Message]:
        """See :meth:`engine.ports.ChangeFeed.next_batch`."""
        await self._process.turn()
        if self._weather.holds("feed_mute"):
            await self._clock.sleep(timeout_ms)
            return ()
        if self._weather.holds("feed_away"):
            await self._away()
        found = await super().next_batch(max_messages=max_messages, timeout_ms=timeout_ms)
        slow = self._weather.holds("feed_slow")
        await self._weather.pass_by(most_ms=900 if slow else 4)
        await self._process.turn()
        return found

    async def end_offsets(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.end_offsets`."""
        await self._ask()
        early = await super().end_offsets()
        # A reply may be from any part of the time that it took.
        was_early = self._weather.rng.random() < 0.5
        await self._weather.pass_by(most_ms=100)
        await self._process.turn()
        return early if was_early else await super().end_offsets()

    async def seek_to_end(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.seek_to_end`."""
        await self._ask()
        self.ends_asked = self.topic.ends()
        found = await super().seek_to_end()
        self._process.applied = dict(found)
        return found

    async def commit(self, positions: Mapping[int, int]) -> None:
        """See :meth:`engine.ports.ChangeFeed.commit`."""
        await self._ask()
        for partition, offset in positions.items():
            if offset > self._process.published.get(partition, 0):
                self._process.oracle.complain(
                    "a position was committed that was never published",
                    positions,
                    self._process.published,
                )
        await super().commit(positions)
        self.topic.committed = dict(positions)

    def _take(self, limit: int) -> list[Message]:
        self._check()
        rng, batch = self._weather.rng, []
        for partition in rng.sample(sorted(self._positions), len(self._positions)):
            offset, most = self._positions[partition], rng.randint(1, 5)
            found = self._log.read(partition, offset, min(most, limit - len(batch)))
            for message in found:
                place = partition, message.offset
                self.handed[place] = self.topic.about(self._incarnation, *place)
            self._positions[partition] = offset + len(found)
            batch += found
        return batch

    def _check(self) -> None:
        super()._check()
        if len(self.topic.ends()) != len(self._positions):
            raise PositionLost("partitions were added")

    async def _ask(self) -> None:
        await self._process.turn()
        if self._weather.holds("feed_away") or self._weather.holds("feed_mute"):
            await self._away()
        await self._weather.pass_by()
        await self._process.turn()

    async def _away(self) -> None:
        await self._weather.pass_by(most_ms=500)
        await self._process.turn()
        raise ServiceAway("Kafka", "the broker does not answer")


class SimSource:
    """A :class:`~engine.ports.RowSource` over the world's table."""

    def __init__(
        self, table: Table, shape: Shape, writers: Writers, process: Process, weather: Weather
    ) -> None:
        self._table, self._shape, self._writers = table, shape, writers
        self._process, self._weather = process, weather
        self._clock = SimClock(process)
        self.seen: dict[int, tuple[Answer, Rows, int]] = {}
        """By the identity of an answer's rows: the whole table at its query, and how far the binlog was."""
        self.lagging: Answer | None = None
        """The last answer that came from a server which lags, and can be known to."""
        self._lagged: Counter[int] = Counter()
        """By the furthest entry that was delivered, how often it lagged behind that."""
        self._copied: int | None = None
        """Where the log of that server ends: a copy with the same id, which nobody writes to."""
        self._asked = False
        self.gone = False
        """The last question was answered with: there is no such table."""

    async def describe(self) -> TableReport:
        """See :meth:`engine.ports.RowSource.describe`."""
        await self._ask()
        return TableReport(table=DESCRIBED, server="simulated, server id 1", server_id=SERVER_ID)

    async def best_rows(self, limit: int) -> Answer:
        """See :meth:`engine.ports.RowSource.best_rows`."""
        if self._asked:
            self._process.oracle.complain("an engine asks the table twice at a time")
        self._asked = True
        try:
            end = self._lagging_end()
            return await (self._answer(limit) if end is None else self._lag(limit, end))
        finally:
            self._asked = False

    async def _answer(self, limit: int) -> Answer:
        weather = self._weather
        await self._ask()
        if weather.holds("slow_query"):
            await weather.pass_by(most_ms=3000)
        self._table.show(self._clock.monotonic_ms())
        snapshot, base = dict(self._table.visible), self._table.visible_count
        await weather.pass_by(most_ms=30)
        answer = self._made(snapshot, limit, end=len(self._table.log))
        await weather.pass_by(most_ms=4000 if weather.holds("stale_query") else 30)
        await self._process.turn()
        self.seen = {id(answer.rows): (answer, snapshot, base)}
        return answer

    def _lagging_end(self) -> int | None:
        """Where the log of a server ends that lags behind what was delivered; None: none answers.

        Only where it can be told: by places in the log or GTIDs, from the furthest that was delivered. The
        last may be one of before: of another partition, or sent again.
        """
        newest, holds = self._process.newest, self._weather.holds("lagging_query")
        if not holds:
            self._copied = None
        if self._shape.evidence == "es" or newest is None or not holds:
            return None
        log, end = self._table.log, newest.index
        while end > 0 and log[end].transaction.number == newest.transaction.number:
            end -= 1
        if end == 0:
            return None
        if self._copied is None:
            self._copied = max(0, end - self._weather.rng.randint(0, 10))
        end = min(end, self._copied)
        place, delivered = self._table.position(end), self._table.position(newest.index)
        if self._shape.evidence == "position" and place >= delivered:
            return (
                None  # the log was begun anew between the two: another log, perhaps the same place
            )
        # Who lacks its own change for long is taken for one whose log was begun anew.
        self._lagged[newest.index] += 1
        return end if self._lagged[newest.index] <= REFUSALS else None

    async def _lag(self, limit: int, end: int) -> Answer:
        await self._ask()
        snapshot = self._table.at([end] * len(self._table.of_partition))
        self.lagging = answer = self._made(snapshot, limit, end=end)
        # Without its place, which then proves nothing, it may be taken: the other laws judge that.
        self.seen = {id(answer.rows): (answer, snapshot, end)}
        return answer

    def _made(self, rows: Rows, limit: int, *, end: int) -> Answer:
        """The answer of a server with these rows, whose log ends before this entry."""
        by_position, by_gtid = (self._shape.evidence == e for e in ("position", "gtid"))
        number = self._table.log[end - 1].transaction.number if end else 0
        return Answer(
            rows=tuple(Row(key, score, (name_of(key),)) for score, key in best_of(rows, limit)),  # type: ignore[arg-type]  # integers here
            clock_ms=self._writers.database_ms(self._clock.monotonic_ms()),
            position=self._table.position(end) if by_position else None,
            gtid=f"0-1-{number}" if by_gtid else "",
            query_ms=1,
            server_id=SERVER_ID,
        )

    async def close(self) -> None:
        """See :meth:`engine.ports.RowSource.close`."""

    async def _ask(self) -> None:
        await self._process.turn()
        self.gone = False
        if self._weather.holds("hanging_query"):
            await asyncio.sleep(QUERY_TIMEOUT_MS / 1000)
            await self._process.turn()
            raise ServiceAway("MySQL", "no answer in time")
        await self._weather.pass_by(most_ms=30)
        await self._process.turn()
        self.gone = self._weather.holds("table_gone")
        if self.gone:
            raise MissingTable("MySQL", "there is no such table")
        if self._weather.holds("failing_query"):
            raise ServiceAway("MySQL", "the connection was refused")
