"""The manual tests of the original write-up, step by step: write rows, wait, compare with what must be.

What must be is worked out from the rows that were there and the changes made, by sorting them all:
nothing here knows how the engine does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.core.changes import Row
from engine.errors import ServiceAway, StoreRefused, TopnError, WrongSetting
from engine.ports import BoardStore, PracticeTable
from engine.published import PublishedBoard, published_board, row_json
from engine.runtime_api import RunningEngine
from engine.sample import SAMPLE, SampleRow
from engine.tasks import CLOSE_MS, cancelled
from engine.told import listed, told
from engine.walkthrough_steps import (
    SIZE,
    START,
    STEPS,
    TOUCHED,
    Change,
    Delete,
    Insert,
    Step,
    Update,
)

POLL_MS = 50
"""How often the published board is looked at."""

PATIENCE_MS = 60_000
"""How long a step may take until the board is EXACT and shows it."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a step came to."""

    number: int
    step: Step
    rows: tuple[str, ...]
    """The published board after it: row JSON, highest rank first."""
    trouble: str | None
    """Why it did not hold; None where it did."""


class Walkthrough:
    """The five steps on a running pipeline.

    Args:
        engine: not yet running; it is run here. It need not be the one that publishes.
        table: where the rows are written; it is put back as it was found.
        board: where it is published; only read here.
        field_names: key, columns, score: the published fields, all columns of the sample.
        patience_ms: how long a step may take.
    """

    def __init__(
        self,
        engine: RunningEngine,
        table: PracticeTable,
        board: BoardStore,
        *,
        field_names: Sequence[str],
        patience_ms: int = PATIENCE_MS,
    ) -> None:
        self._engine, self._table, self._board = engine, table, board
        self._field_names, self.patience_ms = field_names, patience_ms
        self._rows: dict[int, SampleRow] = {}
        self.as_found = True
        """Whether the table is as it was found: not yet written, or put back."""

    async def run(self, show: Callable[[Outcome], None]) -> bool:
        """Walk through the steps, `show` each; whether all held. The first that does not ends it.

        Raises:
            WrongSetting: the table is neither empty nor holds exactly the start rows; its account may
                not write it; or the engine cannot run with these settings.
            ServiceAway: the table cannot be read or written; `as_found` says how it was left.
        """
        try:
            found = {row.id: row for row in await self._table.rows(limit=len(SAMPLE) + 1)}
            _check(found.values())
            # Rows that are not there: whether this account may delete, before anything is written.
            await self._table.delete(TOUCHED - found.keys())
            try:
                self.as_found = False
                if not found:
                    await self._table.insert(START)
                self._rows = dict(found) or {row.id: row for row in START}
                return await self._beside_the_engine(show)
            finally:
                await self._put_back(found)
        finally:
            await asyncio.gather(self._table.close(), self._board.close())

    async def _beside_the_engine(self, show: Callable[[Outcome], None]) -> bool:
        running = asyncio.create_task(self._engine.run(), name="engine")
        walking = asyncio.create_task(self._walk(show), name="walkthrough")
        try:
            await asyncio.wait({running, walking}, return_when=asyncio.FIRST_COMPLETED)
            if not walking.done():
                running.result()  # raises what ended it
                raise TopnError(told("the engine ended: {why}", why=self._engine.status.ended))
            return walking.result()
        finally:
            self._engine.stop()
            await cancelled(walking, within_ms=CLOSE_MS)
            await asyncio.wait({running})

    async def _walk(self, show: Callable[[Outcome], None]) -> bool:
        for number, step in enumerate(STEPS, start=1):
            board, trouble = await self._seen({})
            for change in step.changes:
                if trouble is None:
                    board, trouble = await self._make(change)
            rows = () if board is None else board.rows
            show(Outcome(number=number, step=step, rows=rows, trouble=trouble))
            if trouble is not None:
                return False
        return True

    async def _make(self, change: Change) -> tuple[PublishedBoard | None, str | None]:
        """Make one change and wait until the board has followed; the board, and what is wrong."""
        number = self._engine.status.events_total
        match change:
            case Insert(row):
                await self._table.insert([row])
                self._rows[row.id] = row
            case Update(key, likes):
                await self._table.update(key, likes)
                self._rows[key] = self._rows[key]._replace(like_cnt=likes)
            case Delete(key):
                await self._table.delete([key])
                del self._rows[key]
        passed = await self._wait_for(lambda: self._delivered(change.key, after=number))
        if passed is None:
            away = told("the feed did not deliver it; {standing}", standing=self._standing)
            return await self._looked(), told("{what}: {reason}", what=str(change), reason=away)
        board, trouble = await self._seen(passed)
        if trouble is None:
            return board, None
        return board, told("{what}: {reason}", what=str(change), reason=trouble)

    async def _delivered(self, key: int, *, after: int) -> Mapping[int, int] | None:
        """Where the feed stood once the engine had applied the change of this key."""
        status = self._engine.status
        if not any(e.number > after and e.explained.key == key for e in status.events):
            return None
        return {p.partition: p.position for p in status.partitions}

    async def _seen(self, passed: Mapping[int, int]) -> tuple[PublishedBoard | None, str | None]:
        """Wait until the published board has followed that far, is EXACT and as it must be."""
        expected = self._expected()
        seen: list[PublishedBoard] = []

        async def right() -> PublishedBoard | None:
            board = await self._looked()
            seen[:] = [board] if board else seen
            if board is None or not board.exact or board.rows != expected:
                return None
            far = all(board.positions.get(p, -1) >= at for p, at in passed.items())
            return board if far else None

        board = await self._wait_for(right)
        if board is not None:
            return board, None
        if not seen:
            return None, told("no board was published; {standing}", standing=self._standing)
        if not seen[0].exact:
            return seen[0], told(
                "the board is not exact: {state}; {standing}",
                state=seen[0].describe(),
                standing=self._standing,
            )
        return seen[0], _difference(seen[0], expected)

    async def _wait_for(self, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """What `look` finds, as soon as it finds something; None where it does not in time."""
        loop = asyncio.get_running_loop()
        # Not a timeout around it all: on Python 3.11 a driver may swallow its cancellation.
        until_s = loop.time() + self.patience_ms / 1000
        while True:
            found = await look()
            if found is not None or loop.time() >= until_s:
                return found
            await asyncio.sleep(POLL_MS / 1000)

    async def _looked(self) -> PublishedBoard | None:
        try:
            stored = await self._board.read()
        except (ServiceAway, StoreRefused):
            return None  # the engine says so too, see `_standing`
        return None if stored is None else published_board(stored)

    def _expected(self) -> tuple[str, ...]:
        ranked = sorted(
            (row for row in self._rows.values() if row.like_cnt is not None),
            key=lambda row: (row.like_cnt, row.id),
            reverse=True,
        )
        names = self._field_names
        texts = []
        for row in ranked[:SIZE]:
            values = [row._asdict()[name] for name in names]
            published = Row(key=values[0], score=values[-1], columns=tuple(values[1:-1]))
            texts.append(row_json(published, names))
        return tuple(texts)

    @property
    def _standing(self) -> str:
        """What the engine says about itself and the services, for a person who must act."""
        status = self._engine.status
        services = listed(
            [
                told(
                    "{service} {health}: {detail}",
                    service=s.name,
                    health=told(s.health),
                    detail=s.detail,
                )
                for s in status.services
            ],
            "; ",
        )
        why = status.exactness.reason
        return told(
            "the engine is {state}{reason}; {services}",
            state=status.exactness.state,
            reason=told(" ({reason})", reason=why) if why else "",
            services=services,
        )

    async def _put_back(self, found: Mapping[int, SampleRow]) -> None:
        """The table as it was found, whatever has been done to it."""
        now = {row.id: row for row in await self._table.rows(limit=2 * len(SAMPLE))}
        ours = TOUCHED | {row.id for row in START}
        wrong = {key for key in ours if now.get(key) != found.get(key)}
        if wrong:
            await self._table.delete(wrong)
            await self._table.insert([found[key] for key in sorted(wrong & found.keys())])
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


def _difference(board: PublishedBoard, expected: Sequence[str]) -> str:
    for rank, wanted in enumerate(expected, start=1):
        there = board.rows[rank - 1] if rank <= len(board.rows) else told("nothing")
        if there != wanted:
            return told(
                "at rank {rank} there must be {wanted}, the board has {there}",
                rank=rank,
                wanted=wanted,
                there=there,
            )
    return told(
        "the board has {rows} rows, {expected} were expected",
        rows=len(board.rows),
        expected=len(expected),
    )
