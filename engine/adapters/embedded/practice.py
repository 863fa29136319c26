"""The walkthrough's table, embedded."""

from __future__ import annotations

from collections.abc import Iterable

from engine.adapters.embedded.table import EmbeddedTable
from engine.sample import SampleRow


class EmbeddedPractice:
    """A :class:`~engine.ports.PracticeTable` over an :class:`EmbeddedTable`."""

    def __init__(self, table: EmbeddedTable) -> None:
        self._table = table

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
