"""The change feed in memory: a log of partitions with offsets, and a reader of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from engine.errors import PositionLost
from engine.ports import Clock, Message
from engine.told import told

KEPT_MESSAGES = 50_000
"""How many messages of a partition are kept; older ones are gone, as in a topic with retention."""


class _Partition:
    """Messages from offset `start` on."""

    __slots__ = ("messages", "start")

    def __init__(self) -> None:
        self.start = 0
        self.messages: list[Message] = []

    @property
    def end(self) -> int:
        return self.start + len(self.messages)

    def trim(self, kept: int) -> None:
        # Not message by message: moving the whole list for each one would be quadratic.
        if len(self.messages) > 2 * kept:
            gone = len(self.messages) - kept
            del self.messages[:gone]
            self.start += gone


class ChangeLog:
    """What a Kafka topic is to the engine. Nothing here waits; the reader does.

    Args:
        partitions: how many.
        kept: how many messages of each are kept at least.
    """

    def __init__(self, partitions: int = 1, *, kept: int = KEPT_MESSAGES) -> None:
        self._kept = kept
        self._partitions = [_Partition() for _ in range(partitions)]
        self.incarnation = 0
        """Grows when the log is made anew: positions of an older one mean nothing."""
        self.arrived = asyncio.Event()
        """Set whenever a message is appended; whoever waits for one clears it first."""

    def append(self, value: bytes | None, *, timestamp_ms: int, partition: int = 0) -> int:
        """Add a message; its offset."""
        part = self._partitions[partition]
        offset = part.end
        part.messages.append(Message(partition, offset, timestamp_ms, value))
        part.trim(self._kept)
        self.arrived.set()
        return offset

    def recreate(self, partitions: int = 1) -> None:
        """Delete the log and make a new one, empty, as somebody may do with a topic."""
        self._partitions = [_Partition() for _ in range(partitions)]
        self.incarnation += 1
        self.arrived.set()

    def ends(self) -> dict[int, int]:
        """Partition -> the offset that the next message will have."""
        return {i: part.end for i, part in enumerate(self._partitions)}

    def read(self, partition: int, offset: int, limit: int) -> Sequence[Message]:
        """At most `limit` messages from an offset on.

        Raises:
            PositionLost: the offset is older than the oldest message kept.
        """
        part = self._partitions[partition]
        if offset < part.start:
            raise PositionLost(
                told(
                    "partition {partition}: offset {offset} is gone, the log begins at {start}",
                    partition=partition,
                    offset=offset,
                    start=part.start,
                )
            )
        first = offset - part.start
        return part.messages[first : first + limit]


class EmbeddedFeed:
    """A :class:`~engine.ports.ChangeFeed` over a :class:`ChangeLog`."""

    def __init__(self, log: ChangeLog, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._positions: dict[int, int] = {}
        self._incarnation = log.incarnation
        self.committed: Mapping[int, int] = {}
        """What :meth:`commit` was last given."""

    async def open(self) -> None:
        """See :meth:`engine.ports.ChangeFeed.open`."""
        await self.seek_to_end()

    async def next_batch(self, *, max_messages: int, timeout_ms: int) -> Sequence[Message]:
        """See :meth:`engine.ports.ChangeFeed.next_batch`."""
        batch = self._take(max_messages)
        if batch:
            # A broker is asked over the network, which lets others run. So must this.
            await asyncio.sleep(0)
            return batch
        self._log.arrived.clear()
        waiting = asyncio.ensure_future(self._log.arrived.wait())
        sleeping = asyncio.ensure_future(self._clock.sleep(timeout_ms))
        try:
            await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            sleeping.cancel()
        return self._take(max_messages)

    def positions(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.positions`."""
        return dict(self._positions)

    async def end_offsets(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.end_offsets`."""
        self._check()
        return self._log.ends()

    async def seek_to_end(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.seek_to_end`."""
        self._incarnation = self._log.incarnation
        self._positions = self._log.ends()
        return self.positions()

    async def commit(self, positions: Mapping[int, int]) -> None:
        """See :meth:`engine.ports.ChangeFeed.commit`."""
        self._check()
        self.committed = dict(positions)

    async def close(self) -> None:
        """See :meth:`engine.ports.ChangeFeed.close`."""

    def _take(self, limit: int) -> list[Message]:
        self._check()
        batch: list[Message] = []
        for partition, offset in self._positions.items():
            found = self._log.read(partition, offset, limit - len(batch))
            self._positions[partition] = offset + len(found)
            batch += found
        return batch

    def _check(self) -> None:
        if self._incarnation != self._log.incarnation:
            raise PositionLost(told("the log was deleted and made anew"))
