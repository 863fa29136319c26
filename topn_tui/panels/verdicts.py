"""What became of a change, and why a row left the board, in words: pure."""

from __future__ import annotations

from typing import assert_never

from engine.status import Cause, EvictionEntry, Explained, Place, Score, Verdict, Where
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
    of_words = "" if tone == "name" else tone
    return spans((f"{glyph} ", tone), *((part, of_words) for part in parts(of)))


def words(of: Explained) -> str:
    """``entered at 2, pushed 70 out``, ``moved 5 → 1``, ``below the bar by 12, in reserve`` …"""
    return "".join(parts(of))


def parts(of: Explained) -> tuple[str, ...]:
    """The words in parts: where there is no room the last go, and what is left is still true."""
    told = _parts(of)
    if of.reason.startswith("key ") and of.verdict is not Verdict.LEFT:
        told += (f" ({safe(of.reason)})",)
    return told


def _parts(of: Explained) -> tuple[str, ...]:
    match of.verdict:
        case Verdict.ENTERED:
            pushed = () if of.other is None else (f", pushed {key(of.other)} out",)
            return (f"entered at {_rank(of.after)}", *pushed)
        case Verdict.MOVED:
            return (f"moved {_rank(of.before)} → {_rank(of.after)}",)
        case Verdict.SAME_RANK:
            before = of.before.score if of.before else of.old_score
            scores = f"score {number(before)} → {number(of.new_score)}"
            return (scores, f" at rank {_rank(of.after)}")
        case Verdict.LEFT:
            return _left(of)
        case Verdict.RESERVE:
            return (*_below("bar", of.gap), ", in reserve")
        case Verdict.BELOW_FLOOR:
            # No floor is how the engine says that nothing has been loaded yet.
            return ("before the first load",) if of.gap is None else _below("floor", of.gap)
        case Verdict.SUPERSEDED:
            return ("superseded", " in its batch")
        case Verdict.IGNORED:
            return (f"ignored: {safe(of.reason) or 'not about our rows'}",)
        case Verdict.DEAD:
            return (f"dead letter: {safe(of.reason)}",)
        case Verdict.NO_EFFECT:
            return _no_effect(of)
        case _:
            assert_never(of.verdict)


def _rank(place: Place | None) -> str:
    return number(place.rank) if place else number(None)


def _below(what: str, gap: Score | None) -> tuple[str, ...]:
    if gap == 0:
        return (f"at the {what}'s score", ", its key loses the tie")
    return (f"below the {what}" + ("" if gap is None else f" by {number(gap)}"),)


def _left(of: Explained) -> tuple[str, ...]:
    reason = safe(of.reason) or "displaced"
    if of.other is None:
        return (f"left: {reason}",)
    if of.reason == Cause.DISPLACED:
        return (f"left: displaced by {key(of.other)}",)
    return (f"left: {reason}", f"; {key(of.other)} came up")


def _no_effect(of: Explained) -> tuple[str, ...]:
    if of.after is not None and of.after.where is Where.BOARD:
        return ("no effect: same score", f" at rank {_rank(of.after)}")
    if of.reason and not of.reason.startswith("key "):
        return (safe(of.reason),)
    if of.before is not None and of.before.where is Where.OUTSIDE:
        return ("no effect", ": it was not tracked")
    if of.before is not None and of.before.where is Where.RESERVE:
        return ("left the reserve",)
    return ("no effect",)


def why_left(of: EvictionEntry) -> str:
    """``displaced by 82 (400)``, ``deleted; 70 came up``."""
    return "".join(why_left_parts(of))


def why_left_parts(of: EvictionEntry) -> tuple[str, ...]:
    """The same in parts, as :func:`parts`."""
    by = (f" by {key(of.by.key)}", f" ({number(of.by.score)})") if of.by is not None else ()
    up = (f"; {key(of.successor.key)} came up",) if of.successor is not None else ()
    return (of.cause.value + "".join(by[:1]), *by[1:], *up)


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
