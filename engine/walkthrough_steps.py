"""What the walkthrough does: the start rows, and the five steps with what each shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from engine.sample import SAMPLE, SampleRow, sample_row
from engine.told import told

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

    def after(self, before: SampleRow | None) -> SampleRow | None:
        """The row once it is made."""
        return self.row

    def __str__(self) -> str:
        return told("INSERT {key}, {likes} likes", key=self.row.id, likes=self.row.like_cnt)


class Update(NamedTuple):
    """A new score for a row."""

    key: int
    likes: int

    def after(self, before: SampleRow | None) -> SampleRow | None:
        """The row once it is made."""
        return None if before is None else before._replace(like_cnt=self.likes)

    def __str__(self) -> str:
        return told("UPDATE {key} to {likes} likes", key=self.key, likes=self.likes)


class Delete(NamedTuple):
    """A row goes."""

    key: int

    def after(self, before: SampleRow | None) -> SampleRow | None:
        """None: there is no such row once it is made."""
        return None

    def __str__(self) -> str:
        return f"DELETE {self.key}"


Change: TypeAlias = Insert | Update | Delete


class Watch(NamedTuple):
    """Where the step can be seen in the dashboard."""

    panel: str
    """``board``, ``heap``, ``events``, ``evictions`` or ``pipeline``."""
    sight: str
    """What is to be seen there once it is done."""


class Step(NamedTuple):
    """One manual test."""

    title: str
    will: str
    """What will be done, in words."""
    changes: tuple[Change, ...]
    """Made one after the other, each waited for."""
    watch: tuple[Watch, ...]
    """The first shows it best: where one panel has room, it is that one."""
    conclusion: str
    conclusion_zh: str
    """The write-up's own words; the catalogue has the same."""


STEPS = (
    Step(
        told("Query"),
        told("Nothing is written: the board is compared with the start rows, sorted anew."),
        (),
        (
            Watch("board", told("72 stands before 56, both have 80")),
            Watch("heap", told("53·70 is the root, the bar to beat")),
        ),
        told(
            "The ten rows with the most likes, in order; of the two with 80 the greater id stands first."
        ),
        "查询得到点赞数最高的十行，顺序正确；同为 80 赞时，id 大的排在前面。",
    ),
    Step(
        told("Insert a row outside the top"),
        told("Row 90 is inserted with 5 likes, fewer than the tenth has."),
        (Insert(sample_row(90, 9, "z", 5)),),
        (
            Watch("events", told("90 stays out, and why")),
            Watch("board", told("nothing moves")),
        ),
        told("A row with fewer likes than the tenth changes nothing."),
        "插入的数据点赞数低于第十名，榜单不变。",
    ),
    Step(
        told("Insert a row into the top"),
        told("Row 82 is inserted with 400 likes; only row 78 has more."),
        (Insert(sample_row(82, 100, "et", 400)),),
        (
            Watch("board", told("82 comes in second")),
            Watch("evictions", told("70, displaced by 82")),
            Watch("heap", told("54·68 is the root now")),
        ),
        told("The new row is second; 70, the tenth until now, was evicted, from Redis too."),
        "插入的数据进入前十，排第二；原第十名 70 被淘汰，并从 Redis 的 ZSET 中移除。",
    ),
    Step(
        told("Update rows in the top"),
        told("Row 78 gets 650 likes, then row 82 gets 550; both are in the top already."),
        (Update(78, 650), Update(82, 550)),
        (
            Watch("board", told("78 and 82 with new likes")),
            Watch("events", told("another score, the same rank")),
        ),
        told("The same ten rows with their new likes, in their new order."),
        "更新前十之内的数据：成员不变，点赞数与顺序随之更新。",
    ),
    Step(
        told("Let a row fall out, delete another"),
        told("Row 82 falls to 10 likes, then 78 is deleted; each time a row must come up."),
        (Update(82, 10), Delete(78)),
        (
            Watch("evictions", told("70 came up for 82, 30 for 78")),
            Watch("board", told("58 first, 70 and 30 last")),
        ),
        told(
            "Row 70 came back as tenth, then everything moved up: the row that follows was not forgotten."
        ),
        "点赞数下降或被删除的行离开榜单：70 重新成为第十名，其后各行依次上升，后继的行没有被遗忘。",
    ),
)

TOUCHED = frozenset(change.key for step in STEPS for change in step.changes)
"""The keys of all rows that a step writes."""

WRITTEN = TOUCHED | {row.id for row in START}
"""The keys of all rows that a walkthrough may write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a step came to."""

    number: int
    """Of the step, the first being 1."""
    step: Step
    rows: tuple[str, ...]
    """The published board after it: row JSON, highest rank first."""
    trouble: str | None
    """Why it did not hold; None where it did."""
