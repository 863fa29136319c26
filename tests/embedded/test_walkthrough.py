"""`topn-tui walkthrough` where nothing is configured; and what it says when a step does not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from engine.adapters.embedded import EmbeddedPractice, EmbeddedTable
from engine.assembly import embedded_pipeline, make_embedded_walkthrough
from engine.borrowed_table import BorrowedTable
from engine.clock import SystemClock
from engine.errors import ServiceAway, WrongSetting
from engine.ports import Decide
from engine.sample import SAMPLE, SampleRow, sample_row
from engine.settings import BoardSection, EngineSection, Settings
from engine.walk import Walk
from engine.walkthrough import Walkthrough
from engine.walkthrough_steps import START, STEPS, Outcome
from tests.pipeline.engines import run_cli

pytestmark = pytest.mark.slow

NOTHING = Settings.model_construct(
    engine=EngineSection(overlap_ms=0, settle_ms=200)  # nothing is decided by them here
)
TEN = [78, 58, 20, 60, 72, 56, 62, 64, 68, 70]
AFTER = [
    TEN,
    TEN,
    [78, 82, *TEN[1:9]],
    [78, 82, *TEN[1:9]],
    [58, 20, 60, 72, 56, 62, 64, 68, 70, 30],
]
"""The boards after each step, by id."""
START_ROWS = {row.id: row for row in START}


def boards(text: str) -> list[list[dict[str, Any]]]:
    answers = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert all(answer["code"] == 200 for answer in answers)
    return [answer["data"] for answer in answers]


def ids(board: Iterable[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in board]


@pytest.mark.parametrize("arguments", [(), ("--embedded=protobuf",)], ids=["default", "protobuf"])
def test_the_five_steps_of_the_walkthrough_with_nothing_configured(
    arguments: tuple[str, ...],
) -> None:
    pace = {"TOPN_ENGINE__OVERLAP_MS": "0", "TOPN_ENGINE__SETTLE_MS": "200"}
    done = run_cli("walkthrough", *arguments, env=pace)
    assert (done.returncode, done.stderr) == (0, "")
    seen = boards(done.stdout)
    assert [ids(board) for board in seen] == AFTER
    first = {"id": 78, "biz_id": 11, "biz": "et", "read_cnt": 0, "like_cnt": 450}
    assert seen[0][0] == first
    assert seen[2][1] == first | {"id": 82, "biz_id": 100, "like_cnt": 400}
    assert [row["like_cnt"] for row in seen[3][:3]] == [650, 550, 290]
    for step in STEPS:
        assert step.conclusion in done.stdout
        assert step.conclusion_zh in done.stdout
        assert re.search("[一-龥]{4}", step.conclusion_zh)


def test_start_rows_are_those_of_the_sample_with_ids_20_to_82() -> None:
    assert [row.id for row in START[:10]] == TEN
    assert {row.id for row in START} == {row.id for row in SAMPLE if 20 <= row.id <= 82}
    assert len(START) == 22


async def test_every_step_waits_for_a_board_of_its_own_making() -> None:
    seen: list[Outcome] = []
    assert await make_embedded_walkthrough(NOTHING).run(seen.append)
    assert [[json.loads(row)["id"] for row in outcome.rows] for outcome in seen] == AFTER
    assert [outcome.trouble for outcome in seen] == [None] * 5


class Deaf(EmbeddedPractice):
    """A table whose updates never reach the log: the pipeline stops delivering."""

    async def exchange(self, keys: Iterable[int], decide: Decide) -> Mapping[int, SampleRow]:
        def deaf(there: Mapping[int, SampleRow]) -> Mapping[int, SampleRow | None]:
            wanted = decide(there)
            return {key: row for key, row in wanted.items() if row is None or key not in there}

        return await super().exchange(keys, deaf)


class Double(EmbeddedPractice):
    """A table whose server makes something else of each update."""

    async def exchange(self, keys: Iterable[int], decide: Decide) -> Mapping[int, SampleRow]:
        def double(there: Mapping[int, SampleRow]) -> Mapping[int, SampleRow | None]:
            wanted = dict(decide(there))
            for key, row in wanted.items():
                if row is not None and key in there and row != START_ROWS.get(key):
                    wanted[key] = row._replace(like_cnt=(row.like_cnt or 0) + 1)
            return wanted

        return await super().exchange(keys, double)


def broken(practice: type[EmbeddedPractice]) -> tuple[Walkthrough, EmbeddedTable]:
    rows = [row._asdict() for row in START]
    made = embedded_pipeline(NOTHING, rows, clock=SystemClock())
    names = ("id", "biz_id", "biz", "read_cnt", "like_cnt")
    ground = BorrowedTable(practice(made.table))
    walk = Walk(made.engine, ground, made.board, field_names=names)
    return Walkthrough(made.engine, walk), made.table


async def until_it_fails(walk: Walkthrough) -> list[Outcome]:
    """The outcomes; no longer patient once the steps that must hold are done."""
    seen: list[Outcome] = []

    def show(outcome: Outcome) -> None:
        seen.append(outcome)
        if outcome.number == 3:
            walk.walk.patience_ms = 500

    assert not await walk.run(show)
    return seen


async def test_a_change_that_is_not_delivered_ends_the_walkthrough_and_says_so() -> None:
    walk, table = broken(Deaf)
    seen = await until_it_fails(walk)
    assert len(seen) == 4
    assert seen[-1].trouble is not None
    assert "UPDATE 78 to 650 likes: the feed did not deliver it" in seen[-1].trouble
    assert "the engine is EXACT" in seen[-1].trouble
    assert {row.id: row for row in await EmbeddedPractice(table).rows(limit=99)} == {
        row.id: row for row in START
    }


async def test_a_board_that_is_not_as_it_must_be_does_not_hold() -> None:
    walk, _ = broken(Double)
    seen = await until_it_fails(walk)
    assert seen[-1].number == 4
    assert seen[-1].trouble is not None
    assert "at rank 1 there must be" in seen[-1].trouble
    assert '"like_cnt":651}' in seen[-1].trouble


@pytest.mark.parametrize(
    "rows",
    [START[1:], (*START, sample_row(99, 1, "x", 1)), (START[0]._replace(like_cnt=1), *START[1:])],
    ids=["one missing", "one more", "another score"],
)
async def test_other_rows_are_not_touched(rows: tuple[SampleRow, ...]) -> None:
    walk, table = broken(EmbeddedPractice)
    table.truncate()
    table.insert(row._asdict() for row in rows)
    with pytest.raises(WrongSetting, match="neither empty nor holds exactly the 22 start rows"):
        await walk.run(lambda _: None)
    assert set(await EmbeddedPractice(table).rows(limit=99)) == set(rows)


async def test_an_empty_table_is_empty_again_afterwards() -> None:
    walk, table = broken(EmbeddedPractice)
    table.truncate()
    seen: list[Outcome] = []
    assert await walk.run(seen.append)
    assert len(seen) == 5
    assert table.count == 0


class Lost(EmbeddedPractice):
    """A table that is away once row 82 is there."""

    async def exchange(self, keys: Iterable[int], decide: Decide) -> Mapping[int, SampleRow]:
        if 82 in {row.id for row in await self.rows(limit=99)}:
            raise ServiceAway("MySQL", "it is gone", "start it")
        return await super().exchange(keys, decide)


async def test_a_table_that_cannot_be_put_back_is_not_called_as_it_was_found() -> None:
    walk, _ = broken(Lost)
    assert walk.as_found
    with pytest.raises(ServiceAway):
        await walk.run(lambda _: None)
    assert not walk.as_found
    whole, _ = broken(EmbeddedPractice)
    assert await whole.run(lambda _: None)
    assert whole.as_found


def test_it_is_about_a_top_ten() -> None:
    five = NOTHING.model_copy(update={"board": BoardSection(size=5)})
    with pytest.raises(WrongSetting, match=r"board\.size = 5.*--set board\.size=10"):
        make_embedded_walkthrough(five)


def test_writing_needs_something_to_write_to() -> None:
    done = run_cli("walkthrough", "--write")
    assert (done.returncode, done.stdout) == (2, "")
    assert "not set: table.url" in done.stderr
