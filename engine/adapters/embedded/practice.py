"""The walkthrough's table, embedded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.adapters.embedded.table import EmbeddedTable
from engine.ports import Decide
from engine.runtime_api import Workload
from engine.sample import SampleRow
from engine.walkthrough_steps import START, Change


class EmbeddedPractice:
    """A :class:`~engine.ports.PracticeTable` over an :class:`EmbeddedTable`."""

    patience_ms = 1000

    def __init__(self, table: EmbeddedTable) -> None:
        self._table = table

    async def claim(self) -> None:
        """See :meth:`engine.ports.PracticeTable.claim`."""

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

    async def exchange(self, keys: Iterable[int], decide: Decide) -> Mapping[int, SampleRow]:
        """See :meth:`engine.ports.PracticeTable.exchange`."""
        wanted_keys = sorted(keys)
        there = self._there(wanted_keys)
        wanted = decide(there)
        rows = {key: row._asdict() for key, row in wanted.items() if row is not None}
        with self._table.transaction():
            self._table.delete([key for key in wanted if key not in rows])
            self._table.update({key: row for key, row in rows.items() if key in there})
            self._table.insert(row for key, row in rows.items() if key not in there)
        return self._there(wanted_keys)

    def _there(self, keys: Iterable[int]) -> dict[int, SampleRow]:
        found = ((key, self._table.row(key)) for key in keys)
        return {key: SampleRow(**row) for key, row in found if row is not None}  # type: ignore[arg-type]  # the schema's

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
        self.theirs: tuple[int, ...] = ()
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

    async def write(self, change: Change) -> None:
        """See :meth:`engine.ports.PracticeGround.write`."""
        key = change.key
        await self.table.exchange([key], lambda there: {key: change.after(there.get(key))})

    async def put_back(self) -> None:
        """See :meth:`engine.ports.PracticeGround.put_back`."""
        if self.as_found:
            return
        self._workload.reset()
        if self._workload.paused and not self._was_paused:
            self._workload.pause()
        self.as_found = True
