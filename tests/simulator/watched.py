"""The real core with an oracle at its shoulder, told of everything at the moment it happens."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

import engine.runtime
from engine.core.changes import Answer, BoardChange, Delivery
from engine.core.evidence import EndOffsets
from engine.core.loading import Load
from engine.core.states import State
from engine.core.topn import TopN
from tests.simulator.process import CURRENT


class WatchedTopN(TopN):
    """Decides nothing: each call is the core's own, before or after its oracle has looked."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._process = CURRENT.get()
        self._process.topn = self
        self._process.oracle.forget()
        super().__init__(*args, **options)

    def resync(self, now_ms: float, partitions: int, reason: str | None) -> None:
        """See :meth:`TopN.resync`."""
        super().resync(now_ms, partitions, reason)
        process = self._process
        positions = [at for _, at in sorted(process.feed.positions().items())]
        if any(
            at < end for at, end in zip(positions, process.feed.ends_asked.values(), strict=True)
        ):
            process.oracle.complain("a start does not read from the end of the log", positions)
        process.oracle.skip_to(process.feed.topic.before(positions))

    def receive(
        self, deliveries: Sequence[Delivery], now_ms: float, **options: Any
    ) -> tuple[BoardChange, Any]:
        """See :meth:`TopN.receive`."""
        process = self._process
        for delivery in deliveries:
            place = delivery.partition, delivery.offset
            message = process.feed.handed.pop(place)
            process.applied[delivery.partition] = delivery.offset + 1
            for entry in message.entries:
                process.oracle.arrive(entry, dead=entry.index in message.dead)
            last, furthest = message.entries[-1], process.newest
            if not message.dead and (furthest is None or last.index > furthest.index):
                process.newest = last
        change = super().receive(deliveries, now_ms, **options)
        if self.loaded:
            process.oracle.look_at_invariant(self)
        return change

    def tick(self, now_ms: float, positions: Sequence[int], ends: EndOffsets | None) -> None:
        """See :meth:`TopN.tick`."""
        oracle = self._process.oracle
        before = oracle.before_tick(self)
        super().tick(now_ms, positions, ends)
        oracle.after_tick(self, before)
        if self.totals.loads != before.loads:
            oracle.look_at_invariant(self)

    def answered(self, load: Load, answer: Answer, now_ms: float) -> None:
        """See :meth:`TopN.answered`."""
        process = self._process
        if process.source.lagging is answer:
            process.oracle.complain("the answer of a server that lags was taken", process.newest)
        watched = process.oracle.watched
        if watched is not None and watched.load is load:
            _, watched.snapshot, watched.base = process.source.seen[id(answer.rows)]
        super().answered(load, answer, now_ms)

    def failed(self, *args: Any, **options: Any) -> None:
        """See :meth:`TopN.failed`."""
        super().failed(*args, **options)
        oracle = self._process.oracle
        oracle.follow_load(self)
        gone = self._process.source.gone
        if gone and self.board.tracked and self.claim().state is State.EXACT:
            oracle.complain("EXACT although the table is known to be gone")


@contextmanager
def watching() -> Iterator[None]:
    """While this lasts every engine's core is watched, and none writes a log."""
    log = logging.getLogger("engine")
    level = log.level
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as after:
        after.callback(log.setLevel, level)
        log.setLevel(logging.CRITICAL + 1)
        patch.setattr(engine.runtime, "TopN", WatchedTopN)
        # Nobody looks at a status here, and making one costs more than all the rest of a round.
        patch.setattr(engine.runtime, "STATUS_MS", 2000)
        yield
