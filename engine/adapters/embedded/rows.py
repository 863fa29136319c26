"""The rows that the embedded table begins with: the published sample, and a long tail below it."""

from __future__ import annotations

import random

Fields = dict[str, int | str | None]
"""Column name -> value of one row."""

TAIL = 520
"""How many rows stand below those of the sample."""

_BORN_MS = 1_716_123_456_789
_KINDS = ("c", "rt", "et", "wq", "ry", "b", "a", "pt")

# id, biz_id, biz, like_cnt. The ten best are those of the original write-up, as published.
_SAMPLE: tuple[tuple[int, int, str, int | None], ...] = (
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
)  # fmt: skip


def fields(key: int, biz_id: int, biz: str, likes: int | None) -> Fields:
    """A row of the table with these values and believable others."""
    return {
        "id": key,
        "biz_id": biz_id,
        "biz": biz,
        "read_cnt": 0,
        "collect_cnt": 0,
        "like_cnt": likes,
        "ctime": _BORN_MS,
        "utime": _BORN_MS,
    }


def start_rows(seed: int) -> list[Fields]:
    """The sample's rows, and :data:`TAIL` rows that all rank below the sample's best forty."""
    chance = random.Random(seed)
    rows = [fields(*row) for row in _SAMPLE]
    for key in range(101, 101 + TAIL):
        # Few are liked much: the tail thins out towards the top, as tails do.
        likes = int(30 * chance.random() ** 3)
        rows.append(fields(key, key + 1000, chance.choice(_KINDS), likes))
    return rows
