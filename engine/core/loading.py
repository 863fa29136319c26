"""One load: start, refill, audit and healing are all this.

::

    open ──overlap──▶ ask ──answer──▶ held ──every partition has passed──▶ compare, swap
      └── the buffer remembers the last change of every key touched from here on ──┘

The answer is held, not merged, while something exact is on show: the old board keeps following the
feed, and at the swap both have seen the same changes, so comparing them *is* the audit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum

from engine.core.changes import Answer, Event, RowChange, Upsert
from engine.core.evidence import BatchRef, EndOffsets, is_newer, lies_beyond
from engine.core.keychanges import KeyChange
from engine.core.leaderboard import Leaderboard
from engine.core.rank import Floor, Key, above
from engine.told import told


class Why(StrEnum):
    """What a load is for."""

    START = "start"
    HEAL = "heal"
    RESHAPED = "table altered"
    REFILL = "refill"
    CURE = "key change"
    VERIFY = "verify"
    AUDIT = "audit"


class Phase(StrEnum):
    """How far a load has come."""

    WAIT = "waiting"
    ASK = "querying"
    HELD = "held"


class Passed(IntEnum):
    """Whether a partition has passed an answer."""

    NO = 0
    QUIET = 1
    """Only by silence: provisional."""
    YES = 2


class Load:
    """One load, and after its swap the record of what has passed it.

    Args:
        partitions: how many the feed has.
        why: what it is for.
        now_ms: monotonic.
        opened: the number of this moment; a loss with a greater number came later.
        cures: the key changes that it cures when taken in.
        buffer_limit: how many keys the buffer may hold; beyond it the load is spoilt.
    """

    def __init__(
        self,
        partitions: int,
        why: Why,
        now_ms: float,
        *,
        opened: int,
        cures: Sequence[KeyChange] = (),
        buffer_limit: int = 1_000_000,
    ) -> None:
        self.why = why
        self.opened_ms = now_ms
        self.opened = opened
        self.cures = tuple(cures)
        self.phase = Phase.WAIT
        self.asked_ms = now_ms
        self.answered_ms = now_ms
        """When the answer came; silence is counted from here. At what moment of the query the table was
        read nobody knows: it may have waited for a lock, and what was written meanwhile is in it."""
        self.answer: Answer | None = None
        self.ahead_ms: float | None = None
        """Since when a silent feed contradicts the answer: the pipeline before us is stuck."""
        self.spoilt: str | None = None
        """Why the answer will have to be discarded; None while it will not."""
        self.overflowed = False
        """It is spoilt because more rows changed than the buffer may hold."""
        self.passed = [Passed.NO] * partitions
        self.unquiet = [False] * partitions
        """An older message came after the query: silence proves nothing there."""
        self.dirty = [False] * partitions
        """A message came while the answer was under way."""
        self.ends_wanted_ms: float | None = None
        self._ends: EndOffsets | None = None
        self._newest: dict[int | None, tuple[BatchRef, Event]] = {}
        """The order of batches, followed as one where they are numbered, else by partition."""
        self._buffer: dict[Key, RowChange] = {}
        self.buffer_limit = buffer_limit
        self._answered_keys: frozenset[Key] = frozenset()

    # ── the buffer ────────────────────────────────────────────────────────────────────────

    @property
    def buffered(self) -> int:
        """How many keys the buffer holds."""
        return len(self._buffer)

    def remember(self, latest: Mapping[Key, RowChange]) -> None:
        """Changes that were delivered while the load is open; each key's last one counts."""
        if self.spoilt is not None:
            return
        if self.answer is None:
            self._buffer.update(latest)
        else:
            self._buffer.update((k, c) for k, c in latest.items() if self._matters(k, c))
        if len(self._buffer) > self.buffer_limit:
            self._buffer.clear()
            self.spoilt = told(
                "more than {limit:,} rows changed while it was open", limit=self.buffer_limit
            )
            self.overflowed = True

    def forget_all(self) -> None:
        """TRUNCATE or DROP: a barrier. Whatever the answer says is from before it, or unknowable."""
        self._buffer.clear()
        self.spoilt = told("the table was cleared while it was open")

    def _matters(self, key: Key, change: RowChange) -> bool:
        """Once the answer is there: the rows it holds, and whatever ranks above its floor."""
        if key in self._answered_keys or key in self._buffer:
            return True
        if not isinstance(change, Upsert) or change.score is None:
            return False
        return above((change.score, key), self._floor)

    # ── the answer ────────────────────────────────────────────────────────────────────────

    def take_answer(self, answer: Answer, tracked_limit: int, now_ms: float) -> None:
        """The query has returned; from here on it is held."""
        self.answer, self.phase, self.answered_ms = answer, Phase.HELD, now_ms
        rows = answer.rows
        self._floor: Floor = rows[tracked_limit].rank_key if len(rows) > tracked_limit else None
        self._answered_keys = frozenset(row.key for row in rows[:tracked_limit])
        # A copy, because _matters() looks at the buffer for changes that come later.
        buffered, self._buffer = self._buffer, {}
        self._buffer = {k: c for k, c in buffered.items() if self._matters(k, c)}

    def build(self, size: int, reserve: int) -> Leaderboard:
        """The answer's rows for untouched keys, and the buffered changes on top of them."""
        assert self.answer is not None
        built = Leaderboard(size, reserve)
        built.floor = self._floor
        rows: dict[Key, RowChange] = {
            row.key: Upsert(row.key, row.score, row.columns)
            for row in self.answer.rows[: size + reserve]
        }
        built.apply({**rows, **self._buffer})
        built.take_change()
        return built

    def retire(self) -> None:
        """It was swapped in: only the record of what has passed it is still needed."""
        self._buffer = {}
        self._answered_keys = frozenset()
        self.ahead_ms = None

    # ── what has passed it ────────────────────────────────────────────────────────────────

    def see(self, event: Event, batch: BatchRef, now_ms: float) -> None:
        """Take in an event delivered after the load was opened (or after its swap)."""
        partition = batch.partition
        if self.answer is None:
            self.dirty[partition] = True
        elif is_newer(event, self.answer, waited_ms=now_ms - self.answered_ms):
            self.passed[partition] = Passed.YES
            self._see_order(event, batch, now_ms)
        elif self.passed[partition] is not Passed.YES:
            self.passed[partition] = Passed.NO
            self.unquiet[partition] = True

    def _see_order(self, event: Event, batch: BatchRef, now_ms: float) -> None:
        """Batch order, which lets partitions pass that no message ever comes to.

        After a message newer than the answer and then one of another batch beyond it, the first
        batch is wholly in the log; who reads up to the ends read after that has passed the answer on
        every partition. A resend starts this again.
        """
        if self._ends is not None or self.ends_wanted_ms is not None:
            return
        # Without numbers, messages on two partitions may be of one batch: in which order they are
        # delivered says nothing. Each partition alone still has its batches, and all resends, in order.
        order = batch.partition if batch.number is None else None
        newest = self._newest.get(order)
        if newest is None:
            self._newest[order] = (batch, event)
        elif batch.differs(newest[0]):
            if lies_beyond(event, newest[1]):
                self.ends_wanted_ms = now_ms
            else:
                self._newest[order] = (batch, event)
        elif lies_beyond(event, newest[1]):
            self._newest[order] = (newest[0], event)

    def tick(self, positions: Sequence[int], ends: EndOffsets | None) -> None:
        """Take in end offsets, if these were read late enough."""
        if (
            self.ends_wanted_ms is not None
            and ends is not None
            and ends.read_ms > self.ends_wanted_ms
        ):
            self._ends, self.ends_wanted_ms = ends, None
        if self._ends is not None and self._ends.passed_by(positions):
            self.passed = [Passed.YES] * len(self.passed)
            self._ends = None

    def mind_dirt(self) -> None:
        """Messages that came while the answer was under way may be older than it."""
        self.unquiet = [a or b for a, b in zip(self.unquiet, self.dirty, strict=True)]

    @property
    def proved(self) -> bool:
        """Every partition has passed by evidence."""
        return all(p is Passed.YES for p in self.passed)
