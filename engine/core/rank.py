"""THE order. Whoever ranks rows compares :data:`RankKey` values and nothing else.

A rank key is ``(score, key)``; the greater one ranks higher, so among equal scores the greater key
comes first: integer keys by value, string keys by their UTF-8 bytes. Python compares strings by code
point, and UTF-8 keeps that order, so plain tuple comparison *is* the order. In SQL it is
``ORDER BY score DESC, key DESC``, with ``CAST(key AS BINARY) DESC`` for a string key, because a
collation would order otherwise.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias

Key: TypeAlias = int | str
"""The value of the table's key column. Within one table all keys are of one of the two types."""

Score: TypeAlias = int | Decimal
"""An exact number. Never a float: 2**53 + 1 and 0.1 must compare as what they are."""

RankKey: TypeAlias = tuple[Score, Key]
"""``(score, key)``; greater ranks higher."""

Floor: TypeAlias = RankKey | None
"""The greatest rank key that is *not* vouched for; ``None`` when every row of the table is known."""


NOTHING_KNOWN: Final[RankKey] = (Decimal("Infinity"), "")
"""The floor before the first load: every row of the table is at or below it."""


def above(rank: RankKey, floor: Floor) -> bool:
    """Whether a row of this rank key is one that memory vouches for."""
    return floor is None or rank > floor


def higher_floor(a: Floor, b: Floor) -> Floor:
    """The greater of two floors: above it both sides vouch for every row."""
    if a is None or b is None:
        return a if b is None else b
    return max(a, b)
