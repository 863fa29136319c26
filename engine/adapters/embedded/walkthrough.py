"""What a person may do to the embedded table: change the rate, and write the walkthrough's rows."""

from __future__ import annotations

from collections.abc import Sequence

from engine.adapters.embedded.rows import Fields, fields
from engine.adapters.embedded.table import EmbeddedTable
from engine.adapters.embedded.traffic import RATES_PER_S, Traffic
from engine.told import told

FIRST_KEY = 900_001
"""Rows that a person inserts have keys from here on, so that they are easily found again."""


class EmbeddedWorkload:
    """A :class:`~engine.runtime_api.Workload` on the embedded table.

    Args:
        rows: what :meth:`reset` goes back to.
        size: N of the board.
    """

    def __init__(
        self, table: EmbeddedTable, traffic: Traffic, *, rows: Sequence[Fields], size: int
    ) -> None:
        self._table, self._traffic = table, traffic
        self._rows, self._size = rows, size
        self._next_key = FIRST_KEY

    @property
    def rate_per_s(self) -> int:
        """See :class:`engine.runtime_api.Workload`."""
        return self._traffic.rate_per_s

    @property
    def paused(self) -> bool:
        """See :class:`engine.runtime_api.Workload`."""
        return self._traffic.paused

    async def run(self) -> None:
        """See :class:`engine.runtime_api.Workload`."""
        await self._traffic.run()

    def faster(self) -> str:
        """See :class:`engine.runtime_api.Workload`."""
        return self._to_rate(min((r for r in RATES_PER_S if r > self.rate_per_s), default=None))

    def slower(self) -> str:
        """See :class:`engine.runtime_api.Workload`."""
        return self._to_rate(max((r for r in RATES_PER_S if r < self.rate_per_s), default=None))

    def pause(self) -> str:
        """See :class:`engine.runtime_api.Workload`."""
        self._traffic.paused = not self._traffic.paused
        if self.paused:
            return told("Traffic stopped.")
        return told("Traffic: {rate}.", rate=self._rate)

    def insert_outside(self) -> str:
        """See :class:`engine.runtime_api.Workload`."""
        best = self._table.best(self._size)
        bar = best[-1][1] if len(best) >= self._size else 0
        likes = max(0, bar // 2)
        if len(best) < self._size:
            return self._into_top(likes)
        return told(
            "Inserted row {key} with {likes:,} likes outside the top.",
            key=self._insert(likes),
            likes=likes,
        )

    def insert_into_top(self) -> str:
        """See :class:`engine.runtime_api.Workload`."""
        best = self._table.best(2)
        first = best[0][1] if best else 0
        second = best[1][1] if len(best) > 1 else first
        # Where first and second are neighbours nothing fits between them: then it becomes first.
        likes = (first + second) // 2 if first - second > 1 else first + 1
        return self._into_top(likes)

    def update_in_top(self) -> str:
        """See :class:`engine.runtime_api.Workload`."""
        best = self._table.best(2)
        if not best:
            return told("There is no row to update.")
        (key, likes), first = best[-1], best[0][1]
        self._table.update({key: {"like_cnt": first + 100}})
        return told(
            "Updated row {key}: {old:,} → {new:,} likes.", key=key, old=likes, new=first + 100
        )

    def reset(self) -> str:
        """See :class:`engine.runtime_api.Workload`."""
        self._table.truncate()
        self._table.insert(self._rows)
        return told("The table is as it was at the start: {rows} rows.", rows=len(self._rows))

    @property
    def _rate(self) -> str:
        return told("{rate:,} changes/s", rate=self.rate_per_s)

    def _to_rate(self, rate_per_s: int | None) -> str:
        if rate_per_s is None:
            return told("Traffic stays at {rate}: there is no step beyond.", rate=self._rate)
        self._traffic.rate_per_s = rate_per_s
        if self.paused:
            return told("Traffic: {rate}, but stopped.", rate=self._rate)
        return told("Traffic: {rate}.", rate=self._rate)

    def _into_top(self, likes: int) -> str:
        key = self._insert(likes)
        return told("Inserted row {key} with {likes:,} likes into the top.", key=key, likes=likes)

    def _insert(self, likes: int) -> int:
        while self._table.row(self._next_key) is not None:
            self._next_key += 1
        key, self._next_key = self._next_key, self._next_key + 1
        self._table.insert([fields(key, key, "et", likes)])
        return key
