"""The walkthrough's table, embedded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.adapters.embedded.table import EmbeddedTable
from engine.runtime_api import Workload
from engine.sample import SampleRow
from engine.walkthrough_steps import START


class EmbeddedPractice:
    """A :class:`~engine.ports.PracticeTable` over an :class:`EmbeddedTable`."""

    def __init__(self, table: EmbeddedTable) -> None:
        self._table = table

    async def columns(self) -> Sequence[str]:
        """See :meth:`engine.ports.PracticeTable.columns`."""
        return SampleRow._fields

    async def rows(self, *, limit: int) -> list[SampleRow]:
        """See :meth:`engine.ports.PracticeTable.rows`."""
        names = ", ".join(SampleRow._fields)
        found = self._table.select(
            f"SELECT {names} FROM interactives ORDER BY id LIMIT ?", (limit,)
        )
        return [SampleRow(*row) for row in found]  # type: ignore[arg-type]  # the schema's

    async def insert(self, rows: Iterable[SampleRow]) -> None:
        """See :meth:`engine.ports.PracticeTable.insert`."""
        self._table.insert(row._asdict() for row in rows)

    async def update(self, key: int, likes: int) -> None:
        """See :meth:`engine.ports.PracticeTable.update`."""
        self._table.update({key: {"like_cnt": likes}})

    async def delete(self, keys: Iterable[int]) -> None:
        """See :meth:`engine.ports.PracticeTable.delete`."""
        self._table.delete(keys)

    async def close(self) -> None:
        """See :meth:`engine.ports.PracticeTable.close`."""


class EmbeddedGround:
    """A :class:`~engine.ports.PracticeGround` on a table with traffic, which stops meanwhile.

    Args:
        table: emptied for the start rows.
        workload: puts the table back as it was at the very start.
    """

    def __init__(self, table: EmbeddedTable, workload: Workload) -> None:
        self.table = EmbeddedPractice(table)
        self.as_found = True
        self._table, self._workload = table, workload
        self._was_paused = False

    async def prepare(self) -> Mapping[int, SampleRow]:
        """See :meth:`engine.ports.PracticeGround.prepare`."""
        self.as_found = False
        self._was_paused = self._workload.paused
        if not self._was_paused:
            self._workload.pause()
        self._table.truncate()
        self._table.insert(row._asdict() for row in START)
        return {row.id: row for row in START}

    async def put_back(self) -> None:
        """See :meth:`engine.ports.PracticeGround.put_back`."""
        if self.as_found:
            return
        self._workload.reset()
        if self._workload.paused and not self._was_paused:
            self._workload.pause()
        self.as_found = True
