"""The way back through the moments kept, event by event: pure.

The board has a state for each batch, an event is one change of a batch. A step is an event that is
kept, with the board as its batch left it; or, where none of a batch's events is kept, the batch.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from engine.past import Past
from engine.status import EngineStatus, EventEntry, LoadStatus, Row

BOARD_SHOWN, HEAP_SHOWN = 1000, 63
"""As many as a status shows."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stop on the way."""

    moment: int
    """Its index among the moments."""
    event: EventEntry | None
    """None: a load, or a batch of which no event is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the operator stands."""

    index: int
    count: int
    """How many steps are kept."""
    step: Step
    at_ms: int
    oldest_ms: int
    loaded: bool
    """The step is a load that was swapped in."""
    first: int
    """The number of the last change before its moment."""
    changes: int
    """How many changes its moment has."""

    @property
    def newest(self) -> bool:
        """The moment of the pause."""
        return self.index == self.count - 1


class Journey:
    """From one pause to its end; nothing that the engine does meanwhile changes it.

    Args:
        past: what the engine has kept.
        status: what was shown when the operator paused: the newest moment.
    """

    def __init__(self, past: Past, status: EngineStatus) -> None:
        self._past, self._now = past.until(status.at_ms, status.events_total), status
        self._steps = _steps(self._past, status.events)

    @property
    def count(self) -> int:
        """How many steps are kept."""
        return len(self._steps)

    def view(self, index: int) -> View | None:
        """Stop `index`, 0 the oldest; the nearest one where there are fewer. None: none are kept."""
        if not self._steps:
            return None
        index = max(0, min(len(self._steps) - 1, index))
        step, moments = self._steps[index], self._past.moments
        moment = moments[step.moment]
        changes = moment.after.events_total - moment.events_before
        loads = moments[step.moment - 1].after.loads if step.moment else 0
        return View(
            index=index,
            count=len(self._steps),
            step=step,
            at_ms=moment.at_ms,
            oldest_ms=moments[0].at_ms,
            loaded=moment.after.loads != loads and not changes,
            first=moment.events_before,
            changes=changes,
        )

    def before(self, view: View) -> tuple[Row, ...]:
        """The board just before the moment of a view: what the arrows of its movements start from."""
        return self._past.board(view.step.moment - 1)[:BOARD_SHOWN]

    def status(self, view: View) -> EngineStatus:
        """The status as it was then: board, heap, reserve, floor, events and evictions.

        Services, partitions and rates are not kept; they stay as they were at the pause.
        """
        if view.newest:
            return self._now
        now, step = self._now, view.step
        moment = self._past.moments[step.moment]
        after, rows = moment.after, self._past.board(step.moment)
        last = step.event.number if step.event is not None else after.events_total
        counters = replace(
            now.counters,
            spilled=after.spilled,
            loads=after.loads,
            evicted=after.evictions_total,
        )
        return replace(
            now,
            at_ms=moment.at_ms,
            board=rows[:BOARD_SHOWN],
            board_count=len(rows),
            heap=tuple(row.rank_key for row in reversed(rows[-HEAP_SHOWN:])),
            reserve=after.reserve,
            tracked=len(rows) + after.reserve.held,
            floor=after.floor,
            whole_table_known=after.whole_table_known,
            load=None,
            last_load=_ended_by(now.last_load, moment.at_ms),
            last_audit=_ended_by(now.last_audit, moment.at_ms),
            counters=counters,
            events=tuple(entry for entry in now.events if entry.number <= last),
            events_total=last,
            evictions=tuple(e for e in now.evictions if e.number <= after.evictions_total),
        )


def _ended_by(load: LoadStatus | None, at_ms: int) -> LoadStatus | None:
    """None where it ended later; which one was the last then is not kept."""
    ended_ms = None if load is None else load.ended_at_ms
    return load if ended_ms is not None and ended_ms <= at_ms else None


def _steps(past: Past, events: tuple[EventEntry, ...]) -> tuple[Step, ...]:
    numbers = [entry.number for entry in events]
    steps: list[Step] = []
    for index, moment in enumerate(past.moments):
        start = bisect_right(numbers, moment.events_before)
        own = events[start : bisect_right(numbers, moment.after.events_total)]
        if own:
            steps += [Step(index, entry) for entry in own]
        else:
            steps.append(Step(index, None))
    return tuple(steps)
