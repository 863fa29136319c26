"""What became of a change, and why a row left the board, in words: pure."""

from __future__ import annotations

from typing import assert_never

from engine.status import Cause, EvictionEntry, Explained, Place, Row, Score, Verdict, Where
from topn_tui.formatting import key, number, safe
from topn_tui.panels.tones import Span, Spans, spans

GLYPHS: dict[Verdict, Span] = {
    Verdict.ENTERED: ("▲", "good"),
    Verdict.MOVED: ("↕", "name"),
    Verdict.SAME_RANK: ("=", "name"),
    Verdict.LEFT: ("▼", "warn"),
    Verdict.RESERVE: ("○", ""),
    Verdict.BELOW_FLOOR: ("·", "dim"),
    Verdict.SUPERSEDED: ("«", "dim"),
    Verdict.IGNORED: ("~", "dim"),
    Verdict.DEAD: ("✖", "bad"),
    Verdict.NO_EFFECT: ("·", "dim"),
}


def verdict(of: Explained) -> Spans:
    """The verdict with its glyph, in one line."""
    glyph, tone = GLYPHS[of.verdict]
    return spans((f"{glyph} ", tone), (words(of), "" if tone == "name" else tone))


def words(of: Explained) -> str:
    """``entered at 2, pushed 70 out``, ``moved 5 → 1``, ``below the bar by 12, in reserve`` …"""
    text = _words(of)
    if of.reason.startswith("key ") and of.verdict is not Verdict.LEFT:
        text += f" ({safe(of.reason)})"
    return text


def _words(of: Explained) -> str:
    match of.verdict:
        case Verdict.ENTERED:
            return f"entered at {_rank(of.after)}" + (
                "" if of.other is None else f", pushed {key(of.other)} out"
            )
        case Verdict.MOVED:
            return f"moved {_rank(of.before)} → {_rank(of.after)}"
        case Verdict.SAME_RANK:
            before = of.before.score if of.before else of.old_score
            return f"score {number(before)} → {number(of.new_score)} at rank {_rank(of.after)}"
        case Verdict.LEFT:
            return f"left: {_left(of)}"
        case Verdict.RESERVE:
            return f"{_below('bar', of.gap)}, in reserve"
        case Verdict.BELOW_FLOOR:
            # No floor is how the engine says that nothing has been loaded yet.
            return "came before the first load" if of.gap is None else _below("floor", of.gap)
        case Verdict.SUPERSEDED:
            return "superseded in its batch"
        case Verdict.IGNORED:
            return f"ignored: {safe(of.reason) or 'not about our rows'}"
        case Verdict.DEAD:
            return f"dead letter: {safe(of.reason)}"
        case Verdict.NO_EFFECT:
            return _no_effect(of)
        case _:
            assert_never(of.verdict)


def _rank(place: Place | None) -> str:
    return number(place.rank) if place else number(None)


def _below(what: str, gap: Score | None) -> str:
    if gap == 0:
        return f"at the {what}'s score, its key loses the tie"
    return f"below the {what}" + ("" if gap is None else f" by {number(gap)}")


def _left(of: Explained) -> str:
    reason = safe(of.reason) or "displaced"
    if of.other is None:
        return reason
    if of.reason == Cause.DISPLACED:
        return f"displaced by {key(of.other)}"
    return f"{reason}; {key(of.other)} came up"


def _no_effect(of: Explained) -> str:
    if of.after is not None and of.after.where is Where.BOARD:
        return f"no effect: same score at rank {_rank(of.after)}"
    if of.reason and not of.reason.startswith("key "):
        return safe(of.reason)
    if of.before is not None and of.before.where is Where.OUTSIDE:
        return "no effect: it was not tracked"
    if of.before is not None and of.before.where is Where.RESERVE:
        return "left the reserve"
    return "no effect"


def why_left(of: EvictionEntry) -> str:
    """``displaced by 82 (400)``, ``deleted; 70 came up``."""
    text = of.cause.value
    if of.by is not None:
        text += f" by {_row(of.by)}"
    if of.successor is not None:
        text += f"; {key(of.successor.key)} came up"
    return text


def _row(row: Row) -> str:
    return f"{key(row.key)} ({number(row.score)})"


def place(of: Place | None) -> str:
    """Where a row stood: ``rank 7, score 79``, ``in the reserve, score 12``, ``not tracked``."""
    if of is None:
        return number(None)
    where = {
        Where.BOARD: f"rank {number(of.rank)}",
        Where.RESERVE: "in the reserve",
        Where.OUTSIDE: "not tracked",
    }[of.where]
    return where if of.score is None else f"{where}, score {number(of.score)}"
