"""Believable traffic on the embedded table: readers like, un-like and write; now and then a storm.

Two moods take turns. While things *rise*, rows climb from below the board onto it, so rows are
evicted and, once board and reserve are full, spill. While they *sink*, fake likes are taken back and
rows of the top are taken down, so the reserve runs low and is refilled.

It goes on for hours at any rate. Likes outweigh what is taken back, so the top does not sink; once it
stands twice as high as at the start its leaders are fair game too, so it does not rise for ever.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from engine.adapters.embedded.rows import Fields, fields
from engine.adapters.embedded.table import EmbeddedTable
from engine.ports import Clock

RATES_PER_S = (1, 3, 10, 30, 100, 300, 1000, 3000)
"""The steps of the rate, in changed rows a second."""

USUAL_PER_S = 30

TICK_MS = 50
"""Time between two looks at what is due."""

REST_MS = 4
"""As TICK_MS where a slice ended before all that was due was written: long enough for others to be heard."""

MOOD_MS = 10_000
"""How long a mood lasts."""

MOST_DUE_MS = 500
"""Whatever could not be written in time is made up for up to so much, then forgotten."""

FEW_ROWS, MANY_ROWS = 530, 650
"""Below the one nothing is deleted, above the other nothing is inserted."""

PLENTY = 2
"""Where the top has so many times the likes that it had at the start, leaders lose theirs as well."""

HIGH = 600
"""Nobody climbs beyond half as much again as this: numbers stay readable after hours."""

_KINDS = ("c", "rt", "et", "wq", "ry", "b", "a", "pt")


class Traffic:
    """Writes to the table, as much as is due.

    Args:
        table: where to.
        clock: time.
        seed: two runs with one seed and the same ticks write the same rows.
        size: N of the board, `reserve` its R: where the interesting ranks are.
        slice_ms: how long one tick may take; the rest is left to the next, which then comes after REST_MS.
    """

    def __init__(
        self,
        table: EmbeddedTable,
        clock: Clock,
        *,
        seed: int = 0,
        size: int = 10,
        reserve: int = 10,
        slice_ms: float = 8,
    ) -> None:
        self._table, self._clock = table, clock
        self._chance = random.Random(seed)
        self._size, self._tracked = size, size + reserve
        self._slice_ms = slice_ms
        self._start_likes = self._likes_of_top()
        self._next_key = 10_000
        self._due = 0.0
        self._start_ms = self._last_ms = clock.monotonic_ms()
        self.rate_per_s = USUAL_PER_S
        self.paused = False

    async def run(self) -> None:
        """Write for ever."""
        self._last_ms = self._clock.monotonic_ms()
        while True:
            self.tick()
            await self._clock.sleep(REST_MS if self._due >= 1 else TICK_MS)

    def tick(self) -> int:
        """Write what has become due since the last tick; how many rows that were."""
        now_ms = self._clock.monotonic_ms()
        passed_ms, self._last_ms = now_ms - self._last_ms, now_ms
        if self.paused:
            self._due = 0.0
            return 0
        most = max(1.0, self.rate_per_s * MOST_DUE_MS / 1000)
        self._due = min(self._due + self.rate_per_s * passed_ms / 1000, most)
        before = self._table.changes
        while self._due >= 1:
            written = self._table.changes
            self.step()
            # A step may find nothing to do; it counts all the same, or this would never end.
            self._due -= max(1, self._table.changes - written)
            if self._clock.monotonic_ms() - now_ms > self._slice_ms:
                break
        return self._table.changes - before

    def step(self) -> None:
        """One thing that somebody does."""
        passed_ms = self._clock.monotonic_ms() - self._start_ms
        rising = int(passed_ms / MOOD_MS) % 2 == 0
        actions = self._rising() if rising else self._sinking()
        (action,) = self._chance.choices([a for a, _ in actions], [w for _, w in actions])
        action()

    # ── moods ─────────────────────────────────────────────────────────────────────────────

    def _rising(self) -> Sequence[tuple[Callable[[], None], int]]:
        return (
            (self._like, 60),
            (self._read, 16),
            (self._unlike, 6),
            (self._write, 6),
            (self._climb, 5),
            (self._storm, 2),
            (self._forget, 3),
            (self._many, 2),
        )

    def _sinking(self) -> Sequence[tuple[Callable[[], None], int]]:
        return (
            (self._like, 50),
            (self._read, 16),
            (self._unlike, 14),
            (self._write, 6),
            (self._purge, 8),
            (self._take_down, 1),
            (self._forget, 5),
            (self._many, 3),
        )

    # ── what people do ────────────────────────────────────────────────────────────────────

    def _like(self) -> None:
        key, likes = self._someone(6 * self._tracked)
        self._set_likes(key, likes + self._chance.choice((1, 1, 1, 2)))

    def _unlike(self) -> None:
        key, likes = self._someone(4 * self._tracked)
        self._set_likes(key, max(0, likes - self._chance.choice((1, 1, 2))))

    def _read(self) -> None:
        key, _ = self._someone(3 * self._tracked)
        row = self._table.row(key)
        if row is not None:
            self._table.update({key: {"read_cnt": int(row["read_cnt"] or 0) + 1}})

    def _write(self) -> None:
        """Something new, with few likes or none counted yet."""
        if self._table.count < MANY_ROWS:
            likes = self._chance.choice((None, 0, 0, 1, 2, 5))
            self._table.insert([self._new(likes)])

    def _climb(self) -> None:
        """A row from below the board is shown to everybody, and enters it."""
        best = self._table.best(4 * self._tracked)
        below = best[self._size :]
        if below:
            key, _ = self._chance.choice(below)
            self._set_likes(key, self._between(best))

    def _storm(self) -> None:
        """Many like one row within a second: one transaction, an event for each."""
        key, likes = self._someone(3 * self._tracked)
        with self._table.transaction():
            for _ in range(self._chance.randint(4, 12)):
                likes += self._chance.randint(1, 3)
                self._set_likes(key, likes)

    def _purge(self) -> None:
        """Fake likes of a row near the top are taken back: it falls below the reserve, or far below."""
        key, likes = self._someone_to_lose()
        if self._plenty:
            left = likes // self._chance.choice((4, 6, 10))
        else:
            below = self._table.best(2 * self._tracked)[-1][1]
            left = min(likes, below) * self._chance.choice((7, 8, 9)) // 10
        self._set_likes(key, left)

    def _take_down(self) -> None:
        if self._table.count > FEW_ROWS:
            key, _ = self._someone_to_lose()
            self._table.delete([key])

    def _forget(self) -> None:
        """Rows of the tail are deleted, a few at once."""
        if self._table.count > FEW_ROWS:
            found = self._table.select(
                "SELECT id FROM interactives ORDER BY like_cnt, id LIMIT ?",
                (self._chance.randint(1, 3),),
            )
            self._table.delete([int(key) for (key,) in found if key is not None])

    def _many(self) -> None:
        """One UPDATE of several rows, as a job that counts reads in bulk writes it."""
        best = self._table.best(3 * self._tracked)
        chosen = self._chance.sample(best, min(len(best), 5))
        now_ms = self._clock.wall_ms()
        self._table.update({key: {"like_cnt": n + 1, "utime": now_ms} for key, n in chosen})

    # ── choosing ──────────────────────────────────────────────────────────────────────────

    def _someone(self, ranks: int) -> tuple[int, int]:
        """A row among the best `ranks`, each as likely as any other."""
        best = self._table.best(ranks)
        if best:
            return self._chance.choice(best)
        self._table.insert([self._new(1)])
        return self._table.best(1)[0]

    def _someone_to_lose(self) -> tuple[int, int]:
        """A row of the top; while the top has not risen much, none of its leaders."""
        best = self._table.best(self._tracked)
        if not self._plenty:
            best = best[self._size // 2 :] or best
        return self._chance.choice(best) if best else self._someone(self._tracked)

    @property
    def _plenty(self) -> bool:
        return self._likes_of_top() > PLENTY * self._start_likes

    def _likes_of_top(self) -> int:
        return sum(likes for _, likes in self._table.best(self._tracked))

    def _between(self, best: Sequence[tuple[int, int]]) -> int:
        """Likes that beat the last row of the board; now and then all of it."""
        board = best[: self._size]
        least, most = board[-1][1], board[min(3, len(board) - 1)][1]
        if self._chance.random() < 0.2 and board[0][1] < HIGH:
            most = board[0][1] * 3 // 2
        return self._chance.randint(least + 1, max(least + 1, most))

    def _set_likes(self, key: int, likes: int) -> None:
        self._table.update({key: {"like_cnt": likes, "utime": self._clock.wall_ms()}})

    def _new(self, likes: int | None) -> Fields:
        self._next_key += 1
        return fields(self._next_key, self._next_key, self._chance.choice(_KINDS), likes)
