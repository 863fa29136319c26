"""What is known of the feed itself: how far each partition has come, its silence, its steps back."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.changes import Answer, Event, LogPosition
from engine.core.evidence import SLACK_MS, EndOffsets, comparable, same_log
from engine.core.loading import Load, Passed


class HighWater:
    """How far one partition has been delivered, and whether it has stepped back since.

    Canal re-sends after a crash or a failed batch: old images come first, in order, until the former
    head is passed again. Until then what is shown is older than what was shown before.
    """

    __slots__ = ("_es_ms", "_last", "_position", "rewound_ms")

    def __init__(self) -> None:
        self._es_ms: int | None = None
        self._position: LogPosition | None = None
        self._last: Event | None = None
        """The event before, whatever its place."""
        self.rewound_ms: float | None = None
        """When the latest step back was seen; None while there is none to make good. What then follows in
        order is below the mark, and no further step: after RESET MASTER that is all there will ever be."""

    def see(self, event: Event, now_ms: float) -> None:
        """Take in one delivered event."""
        es_ms, position = event.es_ms, event.position
        last, self._last = self._last, event
        if position is not None and comparable(position, self._position):
            mark = self._position
            back, past = position < mark, position >= mark  # type: ignore[operator]  # comparable
        elif es_ms is not None and self._es_ms is not None:
            back, past = es_ms < self._es_ms - SLACK_MS, es_ms > self._es_ms
        else:
            back = past = False
        if back:
            if self.rewound_ms is None or (last is not None and _is_before(event, last)):
                self.rewound_ms = now_ms
            return
        if past:
            self.rewound_ms = None
        if position is not None and (past or not comparable(position, self._position)):
            self._position = position
        if es_ms is not None and (self._es_ms is None or es_ms > self._es_ms):
            self._es_ms = es_ms

    def restart_at(self, answer: Answer) -> None:
        """A load opened after the step back has been passed: its place is the mark from now on, or that
        of the last event, if it is beyond it."""
        self.rewound_ms = None
        self._position = answer.position
        self._es_ms = answer.clock_ms // 1000 * 1000
        last = self._last
        if last is None:
            return
        # What has come since is in order, and in a log begun anew it may be beyond the answer already. And
        # a place in another server's log is no mark at all.
        if not same_log(last, answer) or last.position > answer.position:  # type: ignore[operator]  # comparable
            self._position = last.position
        self._es_ms = max(self._es_ms, last.es_ms or 0)


def _is_before(event: Event, other: Event) -> bool:
    """Whether the event was surely logged before the other one."""
    if comparable(event.position, other.position):
        return event.position < other.position  # type: ignore[operator]  # neither is None
    if event.es_ms is None or other.es_ms is None:
        return False
    return event.es_ms < other.es_ms - SLACK_MS


class FeedView:
    """All partitions, as delivered up to now.

    Args:
        partitions: how many there are.
        now_ms: monotonic; silence is counted from here at the earliest.
        settle_ms: how long a partition must be silent before silence counts.
    """

    def __init__(self, partitions: int, now_ms: float, settle_ms: float) -> None:
        self.positions: Sequence[int] = [0] * partitions
        self.ends: EndOffsets | None = None
        self._marks = [HighWater() for _ in range(partitions)]
        self._last_ms = [now_ms] * partitions
        self.last_message_ms: list[float | None] = [None] * partitions
        self._settle_ms = settle_ms

    def see(self, partition: int, event: Event, now_ms: float) -> None:
        """Take in one delivered event."""
        self._last_ms[partition] = self.last_message_ms[partition] = now_ms
        self._marks[partition].see(event, now_ms)

    # ── silence ───────────────────────────────────────────────────────────────────────────

    def passed(self, load: Load) -> list[Passed]:
        """By partition, how an answer has been passed at this moment, silence included."""
        return [
            Passed.QUIET if p is Passed.NO and self._quiet(i, load) and not load.unquiet[i] else p
            for i, p in enumerate(load.passed)
        ]

    def stale(self, load: Load) -> bool:
        """Only a new load can help: older messages came after this answer, so silence cannot prove
        it, and it is silent now."""
        waiting = [i for i, p in enumerate(load.passed) if p is Passed.NO]
        return (
            load.answer is not None
            and any(load.unquiet[i] for i in waiting)
            and all(self._quiet(i, load) for i in waiting)
        )

    def _quiet(self, partition: int, load: Load) -> bool:
        """Read to its end, and silent since the answer for long enough."""
        ends = self.ends
        if ends is None or self.positions[partition] < ends.offsets[partition]:
            return False
        since_ms = max(self._last_ms[partition], load.answered_ms)
        return ends.read_ms - since_ms >= self._settle_ms

    # ── steps back ────────────────────────────────────────────────────────────────────────

    @property
    def rewound(self) -> list[int]:
        """The partitions that deliver older messages again."""
        return [i for i, mark in enumerate(self._marks) if mark.rewound_ms is not None]

    def end_rewinds(self, settled: Load) -> None:
        """A step back is also made good by a load that was opened after it and has been passed."""
        assert settled.answer is not None
        for mark, passed in zip(self._marks, settled.passed, strict=True):
            rewound_ms = mark.rewound_ms
            if (
                rewound_ms is not None
                and settled.opened_ms > rewound_ms
                and passed is not Passed.NO
            ):
                mark.restart_at(settled.answer)

    def rewind_stuck(self, load: Load, now_ms: float, patience_ms: float) -> bool:
        """The resend has ended below the former head, or the log was begun anew: only a load opened after
        the step back can end it, and this one was not."""
        return any(
            mark.rewound_ms is not None
            and now_ms - mark.rewound_ms >= patience_ms
            and load.opened_ms <= mark.rewound_ms
            for mark in self._marks
        )
