"""A table that belongs to somebody else, for as long as a walkthrough lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from engine.errors import ServiceAway, TopnError, WrongSetting
from engine.ports import PracticeTable
from engine.sample import SAMPLE, SampleRow
from engine.tasks import finished
from engine.told import told
from engine.walkthrough_steps import START, WRITTEN, Change, Insert


class BorrowedTable:
    """A :class:`~engine.ports.PracticeGround` that touches no row which somebody may need.

    Args:
        table: where the rows are written.
    """

    def __init__(self, table: PracticeTable) -> None:
        self.table = table
        self.as_found = True
        self.theirs: tuple[int, ...] = ()
        self._found: Mapping[int, SampleRow] = {}
        self._ours: dict[int, set[SampleRow | None]] = {}
        """By key, None for no row: what was found or written there; of a write under way, both."""

    async def prepare(self) -> Mapping[int, SampleRow]:
        """See :meth:`engine.ports.PracticeGround.prepare`.

        Raises:
            WrongSetting: the table is neither empty nor holds exactly the start rows or the sample; its
                rows have more than could be put back; its account may not write it; or others are
                written with it.
            ServiceAway: it cannot be reached, or another walkthrough has it.
        """
        await self.table.claim()
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
        self._found, self.theirs = found, ()
        self._ours = {key: {found.get(key)} for key in WRITTEN}
        return found or await finished(self._written([Insert(row) for row in START]))

    async def write(self, change: Change) -> None:
        """See :meth:`engine.ports.PracticeGround.write`."""
        await self._written([change])

    async def put_back(self) -> None:
        """See :meth:`engine.ports.PracticeGround.put_back`. Once begun, no cancellation breaks it off.

        Raises:
            ServiceAway: it cannot be reached, or does not answer in time; trying again may help.
        """
        if not self.as_found:
            await finished(self._put_back_in_time(), within_ms=self.table.patience_ms)

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    async def _written(self, changes: Iterable[Change]) -> Mapping[int, SampleRow]:
        """Make the changes, all or none; the rows of their keys then."""
        by_key = {change.key: change for change in changes}

        def decide(there: Mapping[int, SampleRow]) -> Mapping[int, SampleRow | None]:
            taken = [key for key in by_key if there.get(key) not in self._ours[key]]
            if taken:
                raise TopnError(
                    told(
                        "somebody else wrote to the table meanwhile: its rows with ids {keys} were "
                        "left as they are; see that nobody does, and begin again",
                        keys=keys_of(taken),
                    )
                )
            wanted = {key: change.after(there.get(key)) for key, change in by_key.items()}
            for key, row in wanted.items():
                self._ours[key] = {there.get(key), row}
            self.as_found = False
            return wanted

        there = await self.table.exchange(by_key, decide)
        for key in by_key:
            self._ours[key] = {there.get(key)}  # as the server has it
        return there

    async def _put_back_in_time(self) -> None:
        limit_ms = self.table.patience_ms
        try:
            async with asyncio.timeout(limit_ms / 1000):
                await self._put_back()
        except TimeoutError as error:
            raise ServiceAway(
                "MySQL",
                told("the table was not put back within {limit_ms:,} ms", limit_ms=limit_ms),
                told("look at the server, and try again"),
            ) from error

    async def _put_back(self) -> None:
        theirs: set[int] = set()

        def decide(there: Mapping[int, SampleRow]) -> Mapping[int, SampleRow | None]:
            wrong = {key for key in WRITTEN if there.get(key) != self._found.get(key)}
            mine = {key for key in wrong if there.get(key) in self._ours[key]}
            theirs.clear()
            theirs.update(wrong - mine)
            return {key: self._found.get(key) for key in mine}

        await self.table.exchange(WRITTEN, decide)
        self.theirs, self.as_found = tuple(sorted(theirs)), True


def keys_of(keys: Iterable[int]) -> str:
    """``58, 78``."""
    return ", ".join(map(str, sorted(keys)))


def _check(rows: Iterable[SampleRow]) -> None:
    """Refuse a table that somebody may need.

    Raises:
        WrongSetting: there are rows, and they are neither the start rows nor the sample.
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
