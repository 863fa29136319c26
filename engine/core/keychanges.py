"""Key changes where the feed has several partitions, and the loads that cure them.

Canal sends an UPDATE that changes the key to the partition of the *new* key; the old key's partition
hears nothing. An older image of the old key may still come there and raise a ghost. So the board is
loaded again, with a buffer opened after every older message has surely been delivered: once a message
of a *later* batch is seen the whole batch is in the log; the end offsets read after that bound it.

TRUNCATE and DROP (sent to partition 0 only), a start and a resync (which may cut a batch in two) are
the same case; and a dead letter, which may have been any of these. (It may look like a later batch to
an older key change. But then it is an open one itself, and cured later.)
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.evidence import BatchRef, EndOffsets

OPEN_PER_PARTITION = 32
"""How many key changes of one partition may be open. They pile up while the engine is far behind: none
is ready before the ends read after it are passed. Beyond this the newest stands for the one before it,
which its cure cures too: on one partition, whatever comes after a later batch comes after both."""


class KeyChange:
    """One batch in which keys changed, until it is cured."""

    __slots__ = (
        "batch",
        "ends",
        "ends_wanted_ms",
        "provisional",
        "ready",
        "reason",
        "settled",
        "since_ms",
    )

    def __init__(self, batch: BatchRef | None, now_ms: float, reason: str) -> None:
        self.batch = batch
        """None for a start: then it is the first batch that is seen."""
        self.since_ms = now_ms
        self.reason = reason
        self.ends_wanted_ms: float | None = None
        """End offsets read after this moment are wanted; None while not, or when they are there."""
        self.ends: EndOffsets | None = None
        self.provisional = False
        """The ends were taken because time ran out, not because a later batch was seen."""
        self.ready = False
        """Every partition has passed the ends: a load opened from now on is a cure."""
        self.settled = False
        """Cured provisionally; stays armed until a later batch is really seen."""

    def see(self, batch: BatchRef, now_ms: float) -> None:
        """Take in a delivered message's batch."""
        mine = self.batch
        if mine is None:
            self.batch = mine = batch
        elif mine.number is None and batch.number is not None:
            # A damaged message of a feed that numbers its batches. It is of this one at the latest,
            # if this comes after it on its own partition; elsewhere older ones may still be read.
            if batch.partition != mine.partition:
                return
            self.batch = mine = batch
        waiting = (self.ends is None and self.ends_wanted_ms is None) or self.provisional
        if waiting and batch.later_than(mine):
            self.ends, self.ends_wanted_ms = None, now_ms
            self.provisional = self.ready = self.settled = False

    def tick(
        self, now_ms: float, positions: Sequence[int], ends: EndOffsets | None, fallback_ms: float
    ) -> None:
        """Let time pass; take in end offsets if they were read late enough."""
        if (
            self.ends is None
            and self.ends_wanted_ms is None
            and now_ms - self.since_ms >= fallback_ms
        ):
            self.ends_wanted_ms, self.provisional = now_ms, True
        if (
            self.ends_wanted_ms is not None
            and ends is not None
            and ends.read_ms > self.ends_wanted_ms
        ):
            self.ends, self.ends_wanted_ms = ends, None
        if self.ends is not None and not self.settled and self.ends.passed_by(positions):
            self.ready = True


class KeyChanges:
    """All open key changes, one a batch."""

    def __init__(self) -> None:
        self._open: list[KeyChange] = []

    def arm(self, batch: BatchRef | None, now_ms: float, reason: str) -> None:
        """Keys have changed in this batch (None: at a start, in whatever batch comes first)."""
        self._open = [q for q in self._open if not _same(q.batch, batch)]
        if batch is not None:
            self._make_room(batch.partition)
        self._open.append(KeyChange(batch, now_ms, reason))

    def _make_room(self, partition: int) -> None:
        here = [q for q in self._open if q.batch is not None and q.batch.partition == partition]
        if len(here) >= OPEN_PER_PARTITION:
            # Not the oldest: it is the next to be ready, and each newcomer would put it off for ever.
            self._open.remove(here[-1])

    def __len__(self) -> int:
        return len(self._open)

    def see(self, batch: BatchRef, now_ms: float) -> None:
        for change in self._open:
            change.see(batch, now_ms)

    def tick(
        self, now_ms: float, positions: Sequence[int], ends: EndOffsets | None, fallback_ms: float
    ) -> None:
        before = [q for q in self.due if not q.provisional]
        for change in self._open:
            change.tick(now_ms, positions, ends, fallback_ms)
        if any(not q.provisional and q not in before for q in self.due):
            # A load that cures the newly ready ones cures these too; they would pile up while the
            # table cannot be asked.
            self._open = [q for q in self._open if q not in before]

    def __bool__(self) -> bool:
        return bool(self._open)

    @property
    def due(self) -> list[KeyChange]:
        """Those that a load opened now would cure."""
        return [q for q in self._open if q.ready]

    @property
    def blocking(self) -> KeyChange | None:
        """One that forbids EXACT, the oldest; None when all are at least provisionally cured."""
        return next((q for q in self._open if not q.settled), None)

    @property
    def ends_wanted_ms(self) -> float | None:
        """The latest moment after which end offsets must be read for one of them."""
        wanted = [q.ends_wanted_ms for q in self._open if q.ends_wanted_ms is not None]
        return max(wanted, default=None)

    def cured(self, cures: Sequence[KeyChange]) -> None:
        """A load that was opened as the cure of these has been taken in."""
        for change in cures:
            if change not in self._open or not change.ready:
                continue  # a later batch was seen meanwhile: a better cure is on its way
            if change.provisional:
                change.settled, change.ready = True, False
            else:
                self._open.remove(change)


def _same(a: BatchRef | None, b: BatchRef | None) -> bool:
    return a is b if a is None or b is None else a.same_as(b)
