"""The rows that the embedded table begins with: the published sample, and a long tail below it."""

from __future__ import annotations

import random

from engine.sample import SAMPLE, sample_row

Fields = dict[str, int | str | None]
"""Column name -> value of one row."""

TAIL = 520
"""How many rows stand below those of the sample."""

_KINDS = ("c", "rt", "et", "wq", "ry", "b", "a", "pt")


def fields(key: int, biz_id: int, biz: str, likes: int | None) -> Fields:
    """A row of the table with these values and believable others."""
    return sample_row(key, biz_id, biz, likes)._asdict()


def start_rows(seed: int) -> list[Fields]:
    """The sample's rows, and :data:`TAIL` rows that all rank below the sample's best forty."""
    chance = random.Random(seed)
    rows: list[Fields] = [row._asdict() for row in SAMPLE]
    for key in range(101, 101 + TAIL):
        # Few are liked much: the tail thins out towards the top, as tails do.
        likes = int(30 * chance.random() ** 3)
        rows.append(fields(key, key + 1000, chance.choice(_KINDS), likes))
    return rows
