"""What :class:`~engine.core.topn.TopN` is told of time, and what it tells of itself."""

from __future__ import annotations

from collections import Counter

import msgspec

from engine.core.loading import Why
from engine.core.rank import RankKey
from engine.told import told


class Timing(msgspec.Struct, frozen=True):
    """How long things may take, in milliseconds."""

    overlap_ms: float = 500
    """Between opening a load's buffer and its query: a server may log a change before it shows it."""
    settle_ms: float = 2000
    """How long a partition must be silent before silence counts."""
    fallback_ms: float = 5000
    """How long a key change waits for a later batch before it is cured provisionally."""
    audit_ms: float = 60_000
    """Between audits."""
    audit_factor: float = 100
    """An audit is never more often than this many times the last query's duration."""
    failed_audit_factor: float = 10
    """The same after a query that did not answer: it may have been a lock, and nothing is verified."""
    load_gap_ms: float = 100
    """Between the end of one load and the opening of the next, at least; at most twice as long."""
    load_factor: float = 1
    """And at least this many times as long as the last query took: the table is asked half the time
    at most, whatever happens."""
    audit_jitter: float = 0.1
    """Audits come later by up to this share, so that several engines do not ask at the same moment."""


class LoadReport(msgspec.Struct, frozen=True):
    """One load that has ended."""

    why: Why
    outcome: str
    """``swapped``, ``equal``, ``failed: …`` or ``discarded: …``."""
    opened_ms: float
    ended_ms: float
    query_ms: float | None = None
    rows: int | None = None


class Totals(msgspec.Struct):
    """Counters since the start. Only the core writes them."""

    messages: int = 0
    entries: int = 0
    """Changes and whatever else the events panel has a line for."""
    changes: int = 0
    superseded: int = 0
    dead_letters: int = 0
    strays: int = 0
    """Rows that came on a partition that they do not hash to."""
    loads: int = 0
    audits: int = 0
    audit_mismatches: int = 0
    evicted: int = 0
    ignored: Counter[str] = msgspec.field(default_factory=Counter)


def _rows_text(rows: set[RankKey], limit: int = 3) -> str:
    if not rows:
        return told("none")
    shown = sorted(rows, reverse=True)[:limit]
    text = ", ".join(f"{key} ({score})" for score, key in shown)
    if len(rows) <= limit:
        return text
    return told("{rows} and {more} more", rows=text, more=len(rows) - limit)


def mismatch_text(mine: set[RankKey], theirs: set[RankKey]) -> str:
    return told(
        "audit: the board was wrong without knowing it; only on the board's side: {mine}; only in the "
        "table: {theirs}; it has been replaced; look for events that Canal skipped",
        mine=_rows_text(mine - theirs),
        theirs=_rows_text(theirs - mine),
    )


def overflow_text(limit: int) -> str:
    return told(
        "a load was given up: more than {limit:,} rows changed while it was open; the board stays as "
        "it is and the table is asked again; if this repeats, make the query faster (an index on score "
        "and key) or raise engine.buffer_rows",
        limit=limit,
    )


def ahead_text(mine: set[RankKey], theirs: set[RankKey]) -> str:
    return told(
        "the feed is silent but the table has changed: {theirs} in the table, {mine} on the board's "
        "side; see whether Canal runs and what its log says",
        theirs=_rows_text(theirs - mine),
        mine=_rows_text(mine - theirs),
    )
