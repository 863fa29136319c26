"""How the rows of the board moved lately: pure, fed with one board after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.status import Key, Row, Score

FADE_MS = 4_000
"""How long a movement is shown, counted from its first change; the second half of it dimly."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Where a row stood when it began to move."""

    rank: int | None
    """None: it was not on the board."""
    score: Score
    at_ms: int


class Movements:
    """Remembers, for a few seconds, where each row that changed came from."""

    def __init__(self) -> None:
        self._board: Sequence[Row] = ()
        self._recent: dict[Key, Movement] = {}
        self._dim: set[Key] = set()

    def __bool__(self) -> bool:
        return bool(self._recent)

    def follow(self, board: Sequence[Row], now_ms: int) -> None:
        """Take the next board. Nothing has moved on the first one: there was none before. O(N)."""
        before = {row.key: (rank, row.score) for rank, row in enumerate(self._board, 1)}
        self.fade(now_ms)
        for rank, row in enumerate(board, 1) if before else ():
            was_rank, was_score = before.get(row.key, (None, row.score))
            if (was_rank, was_score) != (rank, row.score):
                self._recent.setdefault(row.key, Movement(was_rank, was_score, now_ms))
        self._board = board

    def fade(self, now_ms: int) -> bool:
        """Forget what is old; says whether anything looks different now."""
        old = [key for key, m in self._recent.items() if now_ms - m.at_ms >= FADE_MS]
        for key in old:
            del self._recent[key]
        was = self._dim
        self._dim = {k for k, m in self._recent.items() if now_ms - m.at_ms >= FADE_MS / 2}
        return bool(old) or self._dim != was

    def is_dim(self, key: Key) -> bool:
        """Whether the row's movement is about to be forgotten."""
        return key in self._dim

    def of(self, key: Key) -> Movement | None:
        """The row's movement, if it moved lately."""
        return self._recent.get(key)
