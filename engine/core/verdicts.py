"""Why: what became of one change, for the few that a screen can show.

A batch is applied as a whole, so the verdict compares where a key stood before the batch with where
it stands after it; a change that a later one in the batch has replaced is *superseded*. Where the table
was emptied within the batch, what comes after that finds no row: it is judged from there on.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.core.changes import (
    BoardChange,
    Cause,
    Delete,
    Delivery,
    Event,
    Eviction,
    Explained,
    Kind,
    Place,
    Row,
    RowChange,
    Upsert,
    Verdict,
    Where,
)
from engine.core.rank import NOTHING_KNOWN, Floor, Key, RankKey
from engine.told import told


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A change that may have to be explained, kept until its batch has been applied."""

    delivery: Delivery
    event: Event
    change: RowChange | None
    """None for an event that is not about one row: TRUNCATE, ignored, a dead letter."""


class Aftermath(msgspec.Struct, frozen=True):
    """What a batch did, as far as verdicts need it."""

    before: Mapping[Key, Place]
    after: Mapping[Key, Place]
    last: Mapping[Key, RowChange]
    """Each key's last change in the batch."""
    board: BoardChange
    bar: RankKey | None
    floor: Floor
    bar_before: RankKey | None = None
    cleared: bool = False
    """Whether the table was emptied in it: a change that came later found no row of its key."""


def explain(candidate: Candidate, aftermath: Aftermath) -> Explained:
    """The verdict on one change."""
    delivery, event, change = candidate.delivery, candidate.event, candidate.change
    if change is None:
        return _about_no_row(delivery, event)
    before, after = aftermath.before[change.key], aftermath.after[change.key]
    new_score = change.score if isinstance(change, Upsert) else None
    explained = Explained(
        partition=delivery.partition,
        offset=delivery.offset,
        es_ms=event.es_ms,
        op=event.op,
        key=change.key,
        old_score=change.old_score if before.score is None else before.score,
        new_score=new_score,
        verdict=Verdict.NO_EFFECT,
        before=before,
        after=after,
        floor=None if aftermath.floor == NOTHING_KNOWN else aftermath.floor,
        reason=_key_change(change),
        bar=aftermath.bar,
        bar_before=aftermath.bar_before,
    )
    if aftermath.last.get(change.key) is not change:
        return msgspec.structs.replace(
            explained, verdict=Verdict.SUPERSEDED, old_score=change.old_score, after=None
        )
    if aftermath.cleared:
        outside = Place(where=Where.OUTSIDE)
        explained = msgspec.structs.replace(explained, before=outside, old_score=change.old_score)
    return _judge(explained, change, aftermath)


def _judge(explained: Explained, change: RowChange, aftermath: Aftermath) -> Explained:
    before, after, board = explained.before, explained.after, aftermath.board
    assert before is not None
    assert after is not None
    replace = msgspec.structs.replace
    if after.where is Where.BOARD:
        if before.where is not Where.BOARD:
            pushed = next((e.row for e in board.left if e.by and e.by.key == change.key), None)
            return _with_other(explained, Verdict.ENTERED, pushed)
        if before.rank != after.rank:
            return replace(explained, verdict=Verdict.MOVED)
        same = Verdict.NO_EFFECT if before.score == after.score else Verdict.SAME_RANK
        return replace(explained, verdict=same)
    if before.where is Where.BOARD:
        return _left(
            explained, change, next((e for e in board.left if e.row.key == change.key), None)
        )
    if isinstance(change, Delete):
        return explained
    if change.score is None:
        return replace(explained, verdict=Verdict.IGNORED, reason=told("NULL score"))
    if after.where is Where.RESERVE:
        gap = None if aftermath.bar is None else aftermath.bar[0] - change.score
        return replace(explained, verdict=Verdict.RESERVE, gap=gap)
    floor = explained.floor
    gap = None if floor is None else floor[0] - change.score
    return replace(explained, verdict=Verdict.BELOW_FLOOR, gap=gap)


def _left(explained: Explained, change: RowChange, eviction: Eviction | None) -> Explained:
    """It stood on the board and no longer does, by its own change."""
    cause = eviction.cause if eviction else Cause.DISPLACED
    other = eviction.successor or eviction.by if eviction else None
    moved_to = _key_change(change)
    left = _with_other(explained, Verdict.LEFT, other)
    return msgspec.structs.replace(left, reason=moved_to or cause.value)


def _with_other(explained: Explained, verdict: Verdict, other: Row | None) -> Explained:
    if other is None:
        return msgspec.structs.replace(explained, verdict=verdict)
    return msgspec.structs.replace(
        explained, verdict=verdict, other=other.key, other_score=other.score
    )


def _key_change(change: RowChange) -> str:
    if isinstance(change, Delete):
        return "" if change.new_key is None else told("key changed to {key}", key=change.new_key)
    return "" if change.old_key is None else told("key was {key}", key=change.old_key)


def _about_no_row(delivery: Delivery, event: Event) -> Explained:
    verdict = {Kind.DEAD: Verdict.DEAD, Kind.IGNORED: Verdict.IGNORED}.get(
        event.kind, Verdict.NO_EFFECT
    )
    reason = {Kind.CLEAR: told("table cleared"), Kind.RESHAPE: told("table altered")}.get(
        event.kind, event.reason
    )
    return Explained(
        partition=delivery.partition,
        offset=delivery.offset,
        es_ms=event.es_ms,
        op=event.op,
        key=None,
        old_score=None,
        new_score=None,
        verdict=verdict,
        reason=reason,
    )
