"""A table that belongs to somebody else, for as long as a walkthrough lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.errors import WrongSetting
from engine.ports import PracticeTable
from engine.sample import SAMPLE, SampleRow
from engine.tasks import finished
from engine.told import told
from engine.walkthrough_steps import START, TOUCHED, WRITTEN


class BorrowedTable:
    """A :class:`~engine.ports.PracticeGround` that touches no table which somebody may need.

    Args:
        table: where the rows are written.
    """

    def __init__(self, table: PracticeTable) -> None:
        self.table = table
        self.as_found = True
        self._found: Mapping[int, SampleRow] = {}

    async def prepare(self) -> Mapping[int, SampleRow]:
        """See :meth:`engine.ports.PracticeGround.prepare`.

        Raises:
            WrongSetting: the table is neither empty nor holds exactly the start rows; its rows have more
                than could be put back; or its account may not write it.
        """
        found = {row.id: row for row in await self.table.rows(limit=len(SAMPLE) + 1)}
        _check(found.values())
        others = [of for of in await self.table.columns() if of not in SampleRow._fields]
        if found and others:
            raise WrongSetting(
                told(
                    "the table has columns that the sample has not ({others}), and what is in them "
                    "could not be put back: nothing was written; name a table without them in "
                    "table.name, or an empty one",
                    others=", ".join(others),
                )
            )
        # Rows that are not there: whether this account may delete, before anything is written.
        await self.table.delete(TOUCHED - found.keys())
        self._found, self.as_found = found, False
        if not found:
            await finished(self.table.insert(START))
        return found or {row.id: row for row in START}

    async def put_back(self) -> None:
        """See :meth:`engine.ports.PracticeGround.put_back`."""
        if self.as_found:
            return
        found = self._found
        now = {row.id: row for row in await self.table.rows(limit=2 * len(SAMPLE))}
        wrong = {key for key in WRITTEN if now.get(key) != found.get(key)}
        if wrong:
            await self.table.delete(wrong)
            await self.table.insert([found[key] for key in sorted(wrong & found.keys())])
        self.as_found = True


def _check(rows: Iterable[SampleRow]) -> None:
    """Refuse a table that somebody may need.

    Raises:
        WrongSetting: there are rows, and they are not exactly the start rows.
    """
    found = {(*row[:4], row.like_cnt) for row in rows}
    for start in (START, SAMPLE):
        if found in (set(), {(*row[:4], row.like_cnt) for row in start}):
            return
    raise WrongSetting(
        told(
            "the table is neither empty nor holds exactly the {start} start rows of the "
            "walkthrough (or the whole sample of {sample}): nothing was written; name an "
            "empty table of that shape in table.name",
            start=len(START),
            sample=len(SAMPLE),
        )
    )
