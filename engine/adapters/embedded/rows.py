"""The rows that the embedded table begins with: the published sample, and a long tail below it.

Of the sample's 41 rows three cannot have all of the tail below them: those with 1, 0 and no likes.
"""

from __future__ import annotations

import random

from engine.sample import SAMPLE, sample_row

Fields = dict[str, int | str | None]
"""Column name -> value of one row."""

TAIL = 520
"""How many rows stand below those of the sample."""

TAIL_MOST_LIKES = 2
"""Fewer than any row of the sample has, but for its last three."""

_KINDS = ("c", "rt", "et", "wq", "ry", "b", "a", "pt")


def fields(key: int, biz_id: int, biz: str, likes: int | None) -> Fields:
    """A row of the table with these values and believable others."""
    return sample_row(key, biz_id, biz, likes)._asdict()


def start_rows(seed: int) -> list[Fields]:
    """The sample's rows, and :data:`TAIL` rows that all rank below the best 38 of them."""
    chance = random.Random(seed)
    rows: list[Fields] = [row._asdict() for row in SAMPLE]
    for key in range(101, 101 + TAIL):
        # Few are liked at all: the tail thins out towards the top, as tails do.
        likes = int((TAIL_MOST_LIKES + 1) * chance.random() ** 3)
        rows.append(fields(key, key + 1000, chance.choice(_KINDS), likes))
    return rows
