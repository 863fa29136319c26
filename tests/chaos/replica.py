"""The table as delivered, at any positions: every touch of every key is kept, by partition.

Within a partition the last arrival counts. Between partitions the later one counts where it can be
told which is later; where it cannot, each is possible.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from tests.chaos.decoding import Row, Touch

Image = Row | None
Cut = tuple[int, ...]
"""By partition, how many touches count."""


def top(rows: Iterable[Row], n: int) -> list[Row]:
    """The best n by score, the greater key first among equals; without a score none."""
    ranked = [row for row in rows if row[1] is not None]
    ranked.sort(key=lambda row: (row[1], row[0]), reverse=True)
    return ranked[:n]


class Partition:
    """What one partition has delivered since the last start."""

    def __init__(self) -> None:
        self.touches: list[Touch] = []
        self.offsets: list[int] = []
        """Of the message of each touch."""
        self.by_key: dict[int | None, list[int]] = {}
        """Numbers of the touches of each key; None: of the whole table."""
        self.next_offset = 0

    def add(self, touch: Touch, offset: int) -> None:
        self.by_key.setdefault(touch.key, []).append(len(self.touches))
        self.touches.append(touch)
        self.offsets.append(offset)

    def last(self, key: int, cut: int) -> Touch | None:
        """The last touch of the key among the first `cut` of all."""
        found = -1
        for numbers in (self.by_key.get(key), self.by_key.get(None)):
            if numbers:
                place = bisect_left(numbers, cut) - 1
                if place >= 0:
                    found = max(found, numbers[place])
        return None if found < 0 else self.touches[found]


class Replica:
    """All partitions, on top of the rows that the table had at the start."""

    def __init__(self, partitions: int) -> None:
        self.partitions = [Partition() for _ in range(partitions)]
        self._base: dict[int, Row] = {}

    def start_from(self, rows: Iterable[Row]) -> None:
        """Forget what was delivered: it is in these rows, read when nothing was undelivered."""
        self._base = {row[0]: row for row in rows}
        for i, before in enumerate(self.partitions):
            self.partitions[i] = Partition()
            self.partitions[i].next_offset = before.next_offset

    def deliver(self, partition: int, offset: int, touches: Sequence[Touch]) -> None:
        at = self.partitions[partition]
        for touch in touches:
            at.add(touch, offset)
        at.next_offset = offset + 1

    @property
    def positions(self) -> tuple[int, ...]:
        return tuple(p.next_offset for p in self.partitions)

    @property
    def now(self) -> Cut:
        return tuple(len(p.touches) for p in self.partitions)

    def cut(self, positions: Mapping[int, int]) -> Cut:
        """How many touches lie before these offsets."""
        return tuple(bisect_left(p.offsets, positions[i]) for i, p in enumerate(self.partitions))

    def keys(self) -> set[int]:
        found = set(self._base)
        for partition in self.partitions:
            found.update(key for key in partition.by_key if key is not None)
        return found

    def images(self, key: int, cut: Cut) -> set[Image]:
        """What the key's row can be at this cut; nearly always one thing."""
        last = [
            touch
            for partition, count in zip(self.partitions, cut, strict=True)
            if (touch := partition.last(key, count)) is not None
        ]
        if not last:
            return {self._base.get(key)}
        return {
            touch.row
            for touch in last
            if not any(other.stamp.surely_after(touch.stamp) for other in last)
        }

    def top(self, cut: Cut, n: int, like: Sequence[Row] = ()) -> list[Row]:
        """The best n at this cut; where it leaves a choice, the one that is most like `like`."""
        board = {row[0]: row for row in like}
        rows = (choose(self.images(key, cut), board.get(key)) for key in self.keys())
        return top((row for row in rows if row is not None), n)

    def rows(self, cut: Cut) -> dict[int, set[Image]]:
        """Everything that the table can be at this cut."""
        return {key: self.images(key, cut) for key in self.keys()}


def choose(images: set[Image], seen: Image) -> Image:
    """Of what a row can be: what was seen, else what is out of the way, else what ranks least."""
    if len(images) == 1 or seen in images:
        return seen if seen in images else next(iter(images))
    if None in images:
        return None
    return min((row for row in images if row), key=lambda row: (row[1] is not None, row[1] or 0))
