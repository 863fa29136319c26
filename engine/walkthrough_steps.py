"""What the walkthrough does: the start rows, and the five steps with what each shows."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from engine.sample import SAMPLE, SampleRow, sample_row

SIZE = 10
"""N of the walkthrough: its conclusions speak of a top ten."""

START: tuple[SampleRow, ...] = tuple(row for row in SAMPLE if 20 <= row.id <= 82)
"""The start rows: ids 20 to 82 of the sample (82 itself is inserted on the way)."""


class Insert(NamedTuple):
    """A new row."""

    row: SampleRow

    @property
    def key(self) -> int:
        return self.row.id

    def __str__(self) -> str:
        return f"INSERT {self.row.id}, {self.row.like_cnt} likes"


class Update(NamedTuple):
    """A new score for a row."""

    key: int
    likes: int

    def __str__(self) -> str:
        return f"UPDATE {self.key} to {self.likes} likes"


class Delete(NamedTuple):
    """A row goes."""

    key: int

    def __str__(self) -> str:
        return f"DELETE {self.key}"


Change: TypeAlias = Insert | Update | Delete


class Step(NamedTuple):
    """One manual test."""

    title: str
    changes: tuple[Change, ...]
    """Made one after the other, each waited for."""
    conclusion: str
    conclusion_zh: str


STEPS = (
    Step(
        "Query",
        (),
        "The ten rows with the most likes, in order; of the two with 80 the greater id stands first.",
        "查询得到点赞数最高的十行，顺序正确；同为 80 赞时，id 大的排在前面。",
    ),
    Step(
        "Insert a row outside the top",
        (Insert(sample_row(90, 9, "z", 5)),),
        "A row with fewer likes than the tenth changes nothing.",
        "插入的数据点赞数低于第十名，榜单不变。",
    ),
    Step(
        "Insert a row into the top",
        (Insert(sample_row(82, 100, "et", 400)),),
        "The new row is second; row 70, the tenth until now, was evicted, from Redis too.",
        "插入的数据进入前十，排第二；原第十名 70 被淘汰，并从 Redis 的 ZSET 中移除。",
    ),
    Step(
        "Update rows in the top",
        (Update(78, 650), Update(82, 550)),
        "The same ten rows with their new likes, in their new order.",
        "更新前十之内的数据：成员不变，点赞数与顺序随之更新。",
    ),
    Step(
        "Let a row fall out, delete another",
        (Update(82, 10), Delete(78)),
        "Row 70 came back as tenth, then everything moved up: the row that follows was not forgotten.",
        "点赞数下降或被删除的行离开榜单：70 重新成为第十名，其后各行依次上升，后继的行没有被遗忘。",
    ),
)

TOUCHED = frozenset(change.key for step in STEPS for change in step.changes)
"""The keys of all rows that a step writes."""
