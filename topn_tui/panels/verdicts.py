"""What became of a change, and why a row left the board, in words: pure.

The words are English texts that remember their templates: exports have them so, the screen looks them
up with :func:`topn_tui.language.t`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from rich.cells import cell_len

from engine.status import Cause, EvictionEntry, Explained, Place, Score, Verdict, Where
from engine.told import Told, told
from topn_tui.formatting import crop_words, key, number, safe
from topn_tui.language import t
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
    return spans((f"{glyph} ", tone), *((safe(t(part)), of_words) for part in parts(of)))


def words(of: Explained) -> str:
    """``entered at 2, pushed 70 out``, ``moved 5 → 1``, ``below the bar by 12, in reserve`` …"""
    return safe("".join(parts(of)))


def shown_words(of: Explained) -> str:
    """The same in the screen's language; safe text."""
    return "".join(safe(t(part)) for part in parts(of))


def parts(of: Explained) -> tuple[Told, ...]:
    """The words in parts: where there is no room the last go, and what is left is still true."""
    said = _parts(of)
    if of.reason.startswith("key ") and of.verdict is not Verdict.LEFT:
        said += (told(" ({reason})", reason=_safe(of.reason)),)
    return said


def _parts(of: Explained) -> tuple[Told, ...]:
    match of.verdict:
        case Verdict.ENTERED:
            pushed = () if of.other is None else (told(", pushed {key} out", key=key(of.other)),)
            return (told("entered at {rank}", rank=_rank(of.after)), *pushed)
        case Verdict.MOVED:
            return (
                told("moved {before} → {after}", before=_rank(of.before), after=_rank(of.after)),
            )
        case Verdict.SAME_RANK:
            before = of.before.score if of.before else of.old_score
            scores = told("score {old} → {new}", old=number(before), new=number(of.new_score))
            return (scores, told(" at rank {rank}", rank=_rank(of.after)))
        case Verdict.LEFT:
            return _left(of)
        case Verdict.RESERVE:
            return (*_below_bar(of.gap), told(", in reserve"))
        case Verdict.BELOW_FLOOR:
            # No floor is how the engine says that nothing has been loaded yet.
            return (told("before the first load"),) if of.gap is None else _below_floor(of.gap)
        case Verdict.SUPERSEDED:
            return (told("superseded"), told(" in its batch"))
        case Verdict.IGNORED if of.key is not None:
            # Not "ignored": the pipeline counts those, and this is a change that is followed.
            return (told("no score: NULL"),)
        case Verdict.IGNORED:
            reason = _safe(of.reason) or told("not about our rows")
            return (told("ignored: {reason}", reason=reason),)
        case Verdict.DEAD:
            return (told("dead letter: {reason}", reason=_safe(of.reason)),)
        case Verdict.NO_EFFECT:
            return _no_effect(of)
        case _:
            assert_never(of.verdict)


def _rank(place: Place | None) -> str:
    return number(place.rank) if place else number(None)


def _below_bar(gap: Score | None) -> tuple[Told, ...]:
    if gap == 0:
        return (told("at the bar's score"), told(", its key loses the tie"))
    if gap is None:
        return (told("below the bar"),)
    return (told("below the bar by {gap}", gap=number(gap)),)


def _below_floor(gap: Score) -> tuple[Told, ...]:
    if gap == 0:
        return (told("at the floor's score"), told(", its key loses the tie"))
    return (told("below the floor by {gap}", gap=number(gap)),)


def _left(of: Explained) -> tuple[Told, ...]:
    reason = _safe(of.reason) or told("displaced")
    if of.other is None:
        nobody = of.reason in OF_ITSELF or of.reason.startswith("key changed")
        return (told("left: {reason}", reason=reason), *((_NOBODY,) if nobody else ()))
    if of.reason == Cause.DISPLACED:
        return (told("left: displaced by {key}", key=key(of.other)),)
    return (told("left: {reason}", reason=reason), told("; {key} came up", key=key(of.other)))


def _no_effect(of: Explained) -> tuple[Told, ...]:
    if of.after is not None and of.after.where is Where.BOARD:
        return (told("no effect: same score"), told(" at rank {rank}", rank=_rank(of.after)))
    if of.reason and not of.reason.startswith("key "):
        return (told("{reason}", reason=_safe(of.reason)),)
    if of.before is not None and of.before.where is Where.OUTSIDE:
        return (told("no effect"), told(": it was not tracked"))
    if of.before is not None and of.before.where is Where.RESERVE:
        return (told("left the reserve"),)
    return (told("no effect"),)


OF_ITSELF = (Cause.FELL, Cause.DELETED, Cause.NULL_SCORE, Cause.KEY_CHANGED)
"""Who leaves so makes room for the best of the reserve, where there is one."""
_NOBODY = told("; nobody in reserve")
_BRIEF: dict[str, Callable[[Told], Told]] = {
    "; {key} came up": lambda of: told("; {key} up", key=of.values["key"]),
    "; nobody in reserve": lambda of: told("; nobody"),
    "left: {reason}": lambda of: told("{reason}", reason=of.values["reason"]),
}
"""Parts that have a shorter form; beside a verdict's glyph, or under its title, it says the same."""


def why_left(of: EvictionEntry) -> str:
    """``displaced by 82 (400)``, ``deleted; 70 came up``."""
    return safe("".join(why_left_parts(of)))


def shown_why_left(of: EvictionEntry) -> str:
    """The same in the screen's language; safe text."""
    return "".join(safe(t(part)) for part in why_left_parts(of))


def why_left_parts(of: EvictionEntry) -> tuple[Told, ...]:
    """The same in parts, as :func:`parts`."""
    up: tuple[Told, ...] = ()
    if of.successor is not None:
        up = (told("; {key} came up", key=key(of.successor.key)),)
    elif of.cause in OF_ITSELF:
        up = (_NOBODY,)
    cause = _safe(of.cause.value)
    if of.by is None:
        return (told("{reason}", reason=cause), *up)
    score = told(" ({score})", score=number(of.by.score))
    if of.cause is Cause.DISPLACED:
        return (told("displaced by {key}", key=key(of.by.key)), score, *up)
    return (told("{cause} by {key}", cause=cause, key=key(of.by.key)), score, *up)


def shorter(parts: tuple[Told, ...], width: int) -> str:
    """The words in the screen's language where `width` has no room for all of them: safe text.

    Who came up is told in fewer words, the score of who displaced goes; after that an ellipsis says that
    there is more.
    """
    brief = tuple(_BRIEF[of.template](of) if of.template in _BRIEF else of for of in parts)
    said = ["".join(safe(t(part)) for part in form) for form in (brief, _without_score(brief))]
    return next((of for of in said if cell_len(of) <= width), crop_words(said[-1], width))


def _without_score(parts: tuple[Told, ...]) -> tuple[Told, ...]:
    return tuple(of for of in parts if of.template != " ({score})")


def place(of: Place | None) -> str:
    """Where a row stood: ``rank 7, score 79``, ``in the reserve, score 12``, ``not tracked``."""
    if of is None:
        return number(None)
    where = {
        Where.BOARD: t("rank {rank}", rank=number(of.rank)),
        Where.RESERVE: t("in the reserve"),
        Where.OUTSIDE: t("not tracked"),
    }[of.where]
    if of.score is None:
        return where
    return t("{where}, score {score}", where=where, score=number(of.score))


def _safe(reason: str) -> Told:
    """A reason of the engine's: looked up where it is one of its own words."""
    return reason if isinstance(reason, Told) else told(safe(reason))
