"""The published sample of ``webook.interactives``: what a newcomer's table begins with.

The same rows stand in ``canal/mysql/2-rows.sql``, for a table in MySQL; a test keeps the two equal.
"""

from __future__ import annotations

from typing import NamedTuple

_BORN_MS = 1_716_123_456_789


class SampleRow(NamedTuple):
    """One row of the table, all its columns in the order of its definition."""

    id: int
    biz_id: int
    biz: str
    read_cnt: int
    collect_cnt: int
    like_cnt: int | None
    ctime: int
    utime: int


def sample_row(key: int, biz_id: int, biz: str, likes: int | None) -> SampleRow:
    """A row with these values and believable others."""
    return SampleRow(key, biz_id, biz, 0, 0, likes, _BORN_MS, _BORN_MS)


# id, biz_id, biz, like_cnt. The ten best are those of the original write-up, as published.
SAMPLE: tuple[SampleRow, ...] = tuple(
    sample_row(*values)
    for values in (
        (78, 11, "et", 450), (58, 7, "wq3", 290), (20, 4, "c", 108), (60, 7, "rt", 98),
        (72, 8, "et", 80), (56, 7, "wq2", 80), (62, 7, "ry", 79), (64, 7, "ry2", 55),
        (68, 8, "a", 54), (70, 8, "b", 53),
        (30, 1, "et", 52), (10, 1, "c", 51), (21, 5, "wq", 51), (32, 3, "b", 50),
        (31, 10, "rt", 48), (6, 9, "c", 47), (8, 2, "et", 45), (24, 6, "b", 44),
        (1, 9, "b", 42), (15, 10, "a", 40), (9, 10, "et", 39), (16, 8, "wq", 37),
        (25, 6, "pt", 36), (26, 10, "pt", 34), (23, 6, "rt", 33), (14, 12, "et", 31),
        (27, 2, "rt", 30), (29, 9, "pt", 28), (7, 5, "b", 27), (17, 2, "wq", 25),
        (28, 3, "ry", 22), (19, 3, "pt", 20), (12, 7, "a", 18), (4, 11, "b", 15),
        (18, 9, "ry", 12), (3, 6, "ry", 9), (2, 2, "b", 6), (22, 5, "pt", 3),
        (13, 12, "b", 1), (5, 1, "rt", 0), (11, 11, "pt", None),
    )
)  # fmt: skip
