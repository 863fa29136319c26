"""A load as it happens, in lines under the heap: pure, but for what it remembers of the floor."""

from __future__ import annotations

from engine.status import EngineStatus, Floor, LoadStatus
from topn_tui.formatting import duration, key, number, safe, since
from topn_tui.language import mark, t
from topn_tui.panels.tones import Spans, spans

MOVED_S = 6
"""How long a floor that moved, and a load that ended, are told; the second half of it dimly."""

WAITS = {"waiting": mark("the table may lag its log"), "held": mark("waits for the log")}
"""Why an open load does not go on, for those of its phases that need saying."""


class FloorMoves:
    """Remembers for a few seconds where the floor came from."""

    def __init__(self) -> None:
        self._from: Floor = None
        self._at_s: int | None = None

    def follow(self, old: EngineStatus, new: EngineStatus, now_s: int) -> None:
        """Take the next status: a floor that goes on moving is told from where it began."""
        self.fade(now_s)
        if old.floor is None or old.floor == new.floor:
            return
        if self._at_s is None or old.counters.loads != new.counters.loads:
            self._from, self._at_s = old.floor, now_s

    def fade(self, now_s: int) -> bool:
        """Forget what is old; says whether it looks different now."""
        if self._at_s is None:
            return False
        if not 0 <= now_s - self._at_s < MOVED_S:
            self._at_s = None
        return True

    def forget(self) -> None:
        """Another time is shown."""
        self._at_s = None

    def told(self, floor: Floor, now_s: int) -> Spans:
        """``12·9 → `` before the floor as it is; nothing once that is old."""
        if self._at_s is None or self._from is None or self._from == floor:
            return ()
        tone = "fresh" if now_s - self._at_s < MOVED_S / 2 else "dim"
        return spans((f"{number(self._from[0])}·{key(self._from[1])} → ", tone))


def load_lines(status: EngineStatus, now_ms: int) -> list[Spans]:
    """The open load with what it waits for; else the one that ended just now; else none."""
    load, last = status.load, status.last_load
    if load is not None:
        waits = WAITS.get(load.phase)
        why = t(", {waits}", waits=t(waits)) if waits else ""
        phase = f" · {safe(t(load.phase))} {since(load.opened_at_ms, now_ms)}"
        head = t("◐ load: {why}", why=safe(t(load.why)))
        return [spans((head, "warn"), phase, why, (_rows(load), "dim"))]
    if last is None or last.ended_at_ms is None:
        return []
    ago_ms = now_ms - last.ended_at_ms
    if not -1_000 < ago_ms < MOVED_S * 1_000:
        return []
    good = last.phase in ("swapped", "equal")
    tone = "dim" if ago_ms > MOVED_S * 500 else "good" if good else "warn"
    sign = "✔" if good else "✖"
    return [
        spans(
            (f"{sign} ", tone),
            (f"{safe(t(last.why))} {_outcome(last)}", tone),
            (_rows(last), "dim"),
        )
    ]


def _outcome(load: LoadStatus) -> str:
    if load.phase == "swapped":
        return t("merged: rows of the table swapped in")
    return t("merged: nothing differed") if load.phase == "equal" else safe(t(load.phase))


def _rows(load: LoadStatus) -> str:
    if load.rows is None:
        return ""
    return t(", {rows} rows in {time}", rows=number(load.rows), time=duration(load.query_ms))
