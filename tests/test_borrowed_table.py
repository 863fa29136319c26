"""A table that belongs to somebody else: what is put back, what is left alone, what nothing breaks off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence

import pytest

from engine.borrowed_table import BorrowedTable
from engine.errors import ServiceAway, TopnError
from engine.ports import Decide
from engine.sample import SAMPLE, SampleRow, sample_row
from engine.tasks import finished
from engine.walkthrough_steps import START, STEPS, Change, Delete, Insert, Update

CHANGES: list[Change] = [change for step in STEPS for change in step.changes]
AWAY = ServiceAway("MySQL", "it is gone", "start it")


class MemoryTable:
    """A :class:`~engine.ports.PracticeTable` of which a test decides how it fails."""

    patience_ms = 5000

    def __init__(self, rows: Iterable[SampleRow] = ()) -> None:
        self.there = {row.id: row for row in rows}
        self.claims = 0
        self.fails: list[str] = []
        """For each exchange to come: "before" or "after" it was carried out."""
        self.gate = asyncio.Event()
        """Closed, an exchange waits in the midst of it."""
        self.gate.set()
        self.waiting = asyncio.Event()

    async def claim(self) -> None:
        self.claims += 1

    async def columns(self) -> Sequence[str]:
        return SampleRow._fields

    async def rows(self, *, limit: int) -> Sequence[SampleRow]:
        return sorted(self.there.values())[:limit]

    async def exchange(self, keys: Iterable[int], decide: Decide) -> Mapping[int, SampleRow]:
        wanted = decide(self.read(keys))
        self.waiting.set()
        await self.gate.wait()
        fails = self.fails.pop(0) if self.fails else ""
        if fails == "before":
            raise AWAY
        for key, row in wanted.items():
            self.there.pop(key, None)
            if row is not None:
                self.there[key] = row
        if fails == "after":
            raise AWAY
        return self.read(keys)

    def read(self, keys: Iterable[int]) -> dict[int, SampleRow]:
        return {key: self.there[key] for key in keys if key in self.there}

    async def close(self) -> None:
        pass


async def borrowed(rows: Iterable[SampleRow] = START) -> tuple[BorrowedTable, MemoryTable]:
    table = MemoryTable(rows)
    ground = BorrowedTable(table)
    await ground.prepare()
    return ground, table


@pytest.mark.parametrize("rows", [(), START, SAMPLE], ids=["empty", "start rows", "sample"])
@pytest.mark.parametrize("done", range(len(CHANGES) + 1))
async def test_after_any_number_of_changes_the_table_is_as_it_was_found(
    rows: tuple[SampleRow, ...], done: int
) -> None:
    own = [row._replace(utime=7 + row.id) for row in rows]  # what the sample does not know
    ground, table = await borrowed(own)
    assert table.claims == 1
    for change in CHANGES[:done]:
        await ground.write(change)
    assert ground.as_found is (table.there == {row.id: row for row in own} and not done)
    await ground.put_back()
    assert sorted(table.there.values()) == sorted(own)
    assert (ground.as_found, ground.theirs) == (True, ())


@pytest.mark.parametrize("carried_out", ["before", "after"])
@pytest.mark.parametrize("nth", range(len(CHANGES)))
async def test_of_a_write_without_an_answer_either_is_put_back(carried_out: str, nth: int) -> None:
    ground, table = await borrowed()
    for change in CHANGES[:nth]:
        await ground.write(change)
    table.fails = [carried_out, carried_out]
    with pytest.raises(ServiceAway):
        await ground.write(CHANGES[nth])
    with pytest.raises(ServiceAway):
        await ground.put_back()
    assert not ground.as_found
    await ground.put_back()
    assert sorted(table.there.values()) == sorted(START)
    assert (ground.as_found, ground.theirs) == (True, ())


async def test_rows_that_somebody_else_wrote_meanwhile_are_left_and_named() -> None:
    ground, table = await borrowed()
    for change in CHANGES:
        await ground.write(change)
    theirs = {
        58: table.there[58]._replace(like_cnt=291),  # never written by us
        78: sample_row(78, 11, "et", 1),  # which we deleted
        82: table.there[82]._replace(read_cnt=1),  # ours, changed
    }
    table.there |= theirs
    del table.there[20]
    await ground.put_back()
    assert table.read(theirs) == theirs
    assert 20 not in table.there
    assert 90 not in table.there  # ours alone
    assert (ground.as_found, ground.theirs) == (True, (20, 58, 78, 82))


@pytest.mark.parametrize(
    ("change", "theirs"),
    [
        (Insert(sample_row(90, 9, "z", 5)), sample_row(90, 1, "theirs", 9)),
        (Update(78, 650), sample_row(78, 11, "et", 451)),
        (Delete(78), sample_row(78, 11, "et", 451)),
    ],
    ids=["insert", "update", "delete"],
)
async def test_a_step_does_not_write_over_somebody_elses_row(
    change: Change, theirs: SampleRow
) -> None:
    ground, table = await borrowed()
    table.there[theirs.id] = theirs
    with pytest.raises(TopnError, match=f"ids {theirs.id} were left as they are"):
        await ground.write(change)
    assert table.there[theirs.id] == theirs
    assert ground.as_found  # nothing was written


async def test_however_often_it_is_cancelled_putting_back_goes_on_to_its_end() -> None:
    ground, table = await borrowed()
    await ground.write(CHANGES[0])
    table.gate.clear()
    table.waiting.clear()
    putting_back = asyncio.create_task(ground.put_back())
    await table.waiting.wait()
    for _ in range(5):
        putting_back.cancel()
        await asyncio.sleep(0)
    assert not putting_back.done()
    table.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await putting_back
    assert sorted(table.there.values()) == sorted(START)
    assert ground.as_found


async def test_a_database_that_does_not_answer_is_not_waited_for_without_end() -> None:
    ground, table = await borrowed()
    await ground.write(CHANGES[0])
    table.gate.clear()
    table.patience_ms = 20
    with pytest.raises(ServiceAway, match="not put back within 20 ms"):
        await ground.put_back()
    assert not ground.as_found
    table.gate.set()
    await ground.put_back()
    assert ground.as_found


async def test_work_that_is_not_given_up_is_ended_in_the_end() -> None:
    ended = asyncio.Event()

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(finished(hangs(), within_ms=20))
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 20)
    with pytest.raises(ValueError, match="no"):
        await finished(_refuses())


async def _refuses() -> None:
    raise ValueError("no")
