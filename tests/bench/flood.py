"""A feed that always has more, and the table behind it: both in memory, both cheap to make."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import nlargest

import msgspec

from engine.core.changes import Answer, Row
from engine.ports import Message, TableReport
from tests.bench.__main__ import START_MS, TABLE, messages

POLLED = 500


class Flood:
    """The messages of `make bench` over and over, scores growing from one round to the next.

    Args:
        count: messages of one round.
        rows: rows of the table.
        silent: nothing ever comes.
    """

    def __init__(self, *, count: int = 100_000, rows: int = 100_000, silent: bool = False) -> None:
        self._silent = silent
        self.sent = 0
        self._made = messages(count, rows, seed=1)
        images = [msgspec.json.decode(value)["data"][0] for value in self._made]
        self._images = [(int(image["id"]), int(image["like_cnt"])) for image in images]
        self._grows = Counter(key for key, _ in self._images)
        self._templates = [
            value.replace(b'"es":%d' % (START_MS + at // 1000 * 1000), b'"es":%d').replace(
                b'"like_cnt":"%d"' % score, b'"like_cnt":"%d"', 1
            )
            for at, (value, (_, score)) in enumerate(zip(self._made, self._images, strict=True))
        ]
        self._scores = dict.fromkeys(range(1, rows + 1), 0)

    async def describe(self) -> TableReport:
        return TableReport(table=TABLE, server="a dictionary")

    async def best_rows(self, limit: int) -> Answer:
        best = nlargest(limit, ((score, key) for key, score in self._scores.items()))
        rows = tuple(Row(key, score, (key * 7, "article", score * 9)) for score, key in best)
        return Answer(rows=rows, clock_ms=self._es_ms)

    async def open(self) -> None:
        pass

    async def next_batch(self, *, max_messages: int, timeout_ms: int) -> Sequence[Message]:
        if self._silent:
            await asyncio.sleep(timeout_ms / 1_000)
            return []
        await asyncio.sleep(0)
        return [self._next() for _ in range(min(max_messages, POLLED))]

    def _next(self) -> Message:
        done, at = divmod(self.sent, len(self._templates))
        key, score = self._images[at]
        score += done * self._grows[key]
        self._scores[key] = score
        es_ms = self._es_ms
        value = self._templates[at] % (score, es_ms)
        self.sent += 1
        return Message(0, self.sent - 1, es_ms, value)

    @property
    def _es_ms(self) -> int:
        return START_MS + self.sent // 1000 * 1000

    def positions(self) -> Mapping[int, int]:
        return {0: self.sent}

    async def end_offsets(self) -> Mapping[int, int]:
        return {0: self.sent}

    async def seek_to_end(self) -> Mapping[int, int]:
        return self.positions()

    async def commit(self, positions: Mapping[int, int]) -> None:
        pass

    async def close(self) -> None:
        pass
