"""Is a board that called itself EXACT the top N of what had been delivered?

The strict law: it equals the replica at the published positions. Two things may differ from it and
be right all the same, and each has to be shown by what is delivered *afterwards*:

* **ahead**: only for an EXACT that says it rests on the feed's silence. A load has seen more of the
  table than the feed had delivered; the board must then be what the replica comes through later.
* **hole before a resend** (a stated limit): Canal's producer lost a message in the middle of a batch
  and sent the batch again. Shown where the very image that the board has comes later, and after it
  something once more that had been delivered before.

Everything else is a mismatch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.decoding import Row, Touch
from tests.chaos.replica import Cut, Image, Partition, Replica, choose, top

FUTURE = 20_000
"""How many later touches are searched for what a board was ahead with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A board as a reader found it, all of one moment."""

    at_ms: int
    state: str
    reason: str
    provisional: bool
    alive: bool
    epoch: int
    version: int
    updated_ms: int
    positions: Mapping[int, int]
    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        return self.state == "EXACT" and self.alive and not self.problems

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for two readings that say the same."""
        return (self.epoch, self.version, self.provisional, *sorted(self.positions.items()))


@dataclass(slots=True)
class Verdicts:
    """What has been found so far."""

    judged: int = 0
    ahead: int = 0
    holes: int = 0
    ambiguous: int = 0
    """Judged where several partitions left more than one order possible."""
    mismatches: list[str] = field(default_factory=list)


class Judge:
    """Judges readings as soon as the replica has come to their positions.

    Args:
        replica: fed by an independent consumer.
        size: N.
    """

    def __init__(self, replica: Replica, size: int) -> None:
        self._replica, self._size = replica, size
        self._waiting: deque[Reading] = deque()
        self._doubtful: list[tuple[Reading, Cut]] = []
        self._last: tuple[object, ...] | None = None
        self.verdicts = Verdicts()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def hear(self, reading: Reading) -> None:
        """Take in an EXACT reading."""
        if reading.identity != self._last:
            self._last = reading.identity
            self._waiting.append(reading)

    def judge(self) -> None:
        """Judge what can be judged now."""
        at = self._replica.positions
        while self._waiting and all(
            at[partition] >= offset for partition, offset in self._waiting[0].positions.items()
        ):
            reading = self._waiting.popleft()
            cut = self._replica.cut(reading.positions)
            self.verdicts.judged += 1
            if list(reading.rows) != self._replica.top(cut, self._size, reading.rows):
                self._doubtful.append((reading, cut))

    def settle(self) -> None:
        """All has been delivered that can explain a doubt: explain it, or call it a mismatch."""
        for reading, cut in self._doubtful:
            if reading.provisional and self._is_ahead(reading, cut):
                self.verdicts.ahead += 1
            elif self._is_hole(reading, cut):
                self.verdicts.holes += 1
            else:
                self.verdicts.mismatches.append(self._describe(reading, cut))
        self._doubtful.clear()

    # ── ahead of the feed ─────────────────────────────────────────────────────────────────

    def _is_ahead(self, reading: Reading, cut: Cut) -> bool:
        if len(cut) == 1:
            return self._comes_through(reading, cut[0])
        possible = self._replica.rows(cut)
        for partition, count in zip(self._replica.partitions, cut, strict=True):
            for touch in _future(partition, count):
                if touch.key is None:
                    for images in possible.values():
                        images.add(None)
                else:
                    possible.setdefault(touch.key, {None}).add(touch.row)
        return self._fits(reading, possible)

    def _comes_through(self, reading: Reading, start: int) -> bool:
        """One partition: the replica itself is this board at some later touch."""
        (partition,) = self._replica.partitions
        rows = {
            key: row
            for key, images in self._replica.rows((start,)).items()
            for row in images
            if row is not None
        }
        wanted = list(reading.rows)
        for touch in _future(partition, start):
            if touch.key is None:
                rows.clear()
            elif touch.row is None:
                rows.pop(touch.key, None)
            else:
                rows[touch.key] = touch.row
            if top(rows.values(), self._size) == wanted:
                return True
        return False

    # ── a hole before a resend ────────────────────────────────────────────────────────────

    def _is_hole(self, reading: Reading, cut: Cut) -> bool:
        possible = self._replica.rows(cut)
        for partition, count in zip(self._replica.partitions, cut, strict=True):
            before = {touch.identity for touch in partition.touches[:count]}
            future = _future(partition, count)
            again = max((i for i, t in enumerate(future) if t.identity in before), default=-1)
            for touch in future[: again + 1]:
                if touch.key is not None:
                    possible.setdefault(touch.key, {None}).add(touch.row)
        return self._fits(reading, possible)

    def _fits(self, reading: Reading, possible: dict[int, set[Image]]) -> bool:
        """Whether some choice among the possible images makes this board the top N."""
        board = {row[0]: row for row in reading.rows}
        chosen = (choose(images, board.get(key)) for key, images in possible.items())
        return top((row for row in chosen if row is not None), self._size) == list(reading.rows)

    # ── the story ─────────────────────────────────────────────────────────────────────────

    def _describe(self, reading: Reading, cut: Cut) -> str:
        expected = self._replica.top(cut, self._size, reading.rows)
        lines = [
            f"EXACT and wrong: version {reading.version}, epoch {reading.epoch}, published at "
            f"{reading.updated_ms}, {'provisional, ' * reading.provisional}"
            f"positions {dict(reading.positions)}",
            f"board    {list(reading.rows)}",
            f"expected {expected}",
        ]
        keys = {row[0] for row in set(reading.rows) ^ set(expected)}
        for key in sorted(keys):
            lines.append(f"  {key}: the feed says {self._replica.images(key, cut)}; its touches:")
            lines += _touches(self._replica.partitions, key, cut)
        return "\n".join(lines)


def _future(partition: Partition, start: int) -> Sequence[Touch]:
    return partition.touches[start : start + FUTURE]


def _touches(partitions: Sequence[Partition], key: int, cut: Cut) -> list[str]:
    """The touches of a key around a cut."""
    lines = []
    for number, (partition, count) in enumerate(zip(partitions, cut, strict=True)):
        found = sorted(partition.by_key.get(key, []) + partition.by_key.get(None, []))
        before = [i for i in found if i < count][-4:]
        after = [i for i in found if i >= count][:4]
        for i in before + after:
            touch = partition.touches[i]
            mark = "later " if i >= count else ""
            lines.append(
                f"    {mark}p{number}@{partition.offsets[i]} {touch.row} {touch.stamp} {touch.identity}"
            )
    return lines
