"""What is known of one row: where it is, and how it got there: pure, fed with one status after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeVar

from engine.status import (
    EngineStatus,
    EventEntry,
    EvictionEntry,
    Key,
    Row,
    Score,
    Verdict,
    Where,
)
from topn_tui.formatting import key, number
from topn_tui.language import t
from topn_tui.panels import verdicts
from topn_tui.panels.tones import Span, Spans, spans

KEPT = 200
"""Sightings of one row; older ones are forgotten."""

Numbered = TypeVar("Numbered", EventEntry, EvictionEntry)

_UP: Span = ("▲ ", "good")
_DOWN: Span = ("▼ ", "warn")


@dataclass(frozen=True, slots=True)
class Sighting:
    """The row at one moment."""

    number: int
    at_ms: int
    score: Score | None
    rank: int | None
    """None: not on the board."""
    what: Spans


class Trail:
    """The sightings of one row.

    Begins with what the status still has of it; from then on sees each rank it takes, frame by frame.
    """

    def __init__(self, of: Key, kept: int = KEPT) -> None:
        self.key = of
        self.sightings: tuple[Sighting, ...] = ()
        """Oldest first."""
        self._kept: deque[Sighting] = deque(maxlen=kept)
        self._total = 0
        self._event = self._eviction = 0
        self._board: tuple[Row, ...] | None = None
        self._rank: int | None = None
        self._score: Score | None = None
        self._left = False

    def see(self, status: EngineStatus) -> bool:
        """Take in the next status; says whether there is more to tell. O(1) where nothing is new."""
        total = self._total
        events = _after(status.events, self._event)
        evictions = _after(status.evictions, self._eviction)
        if status.events:
            self._event = max(self._event, status.events[-1].number)
        if status.evictions:
            self._eviction = max(self._eviction, status.evictions[-1].number)
        own = [of for of in events if of.explained.key == self.key]
        told = {of.at_ms for of in own if of.explained.verdict is not Verdict.SUPERSEDED}
        news: list[EventEntry | EvictionEntry] = [*own]
        # The row's own change says the same, of the same moment.
        news += [of for of in evictions if self._concerns(of) and of.at_ms not in told]
        for one in sorted(news, key=lambda of: of.at_ms):
            if isinstance(one, EventEntry):
                self._saw_event(one)
            else:
                self._saw_eviction(one)
        if status.board is not self._board:
            self._board = status.board
            self._saw_board(status)
        if self._total != total:
            self.sightings = tuple(self._kept)
        return self._total != total

    def _concerns(self, of: EvictionEntry) -> bool:
        return self.key in (of.row.key, of.successor and of.successor.key)

    def _saw_event(self, entry: EventEntry) -> None:
        of = entry.explained
        if of.verdict is Verdict.SUPERSEDED:
            self._add(entry.at_ms, of.new_score, self._rank, verdicts.verdict(of))
            return
        rank = of.after.rank if of.after is not None else None
        told = verdicts.verdict(of)
        if of.verdict is Verdict.ENTERED and self._left:
            told = spans(_UP, (t("back: "), "good"), verdicts.shown_words(of))
        self._left = self._left or of.verdict is Verdict.LEFT
        on_board = of.after is not None and of.after.where is Where.BOARD
        self._add(entry.at_ms, of.new_score, rank if on_board else None, told)

    def _saw_eviction(self, entry: EvictionEntry) -> None:
        if entry.row.key == self.key:
            self._left = True
            why = verdicts.shown_why_left(entry)
            told = spans(_DOWN, t("left the board: {why}", why=why))
            self._add(entry.at_ms, entry.row.score, None, told)
        elif entry.successor is not None:
            back = t("back: ") if self._left else ""
            told = spans(_UP, back + t("came up for {key}", key=key(entry.row.key)))
            self._add(entry.at_ms, entry.successor.score, self._rank, told)

    def _saw_board(self, status: EngineStatus) -> None:
        """A rank or a score that no change of its own has told: others moved, a load said so, or more
        changes came at once than are kept, its own among them."""
        board = enumerate(status.board, 1)
        rank, row = next(((i, of) for i, of in board if of.key == self.key), (None, None))
        was, self._rank = self._rank, rank
        had, self._score = self._score, None if row is None else row.score
        if row is None or rank is None or (rank, row.score) == (was, had):
            return
        last = self._kept[-1] if self._kept else None
        if last is not None and last.rank == rank and last.score == row.score:
            return
        sign: Span = _UP if was is not None and rank < was else _DOWN
        if was is None:
            sign, told = ("• ", "dim"), t("at rank {rank}", rank=number(rank))
        elif had == row.score:
            told = t("{was} → {rank}, others moved", was=number(was), rank=number(rank))
        else:
            sign = sign if rank != was else ("• ", "dim")
            place = f"#{number(rank)}" if rank == was else f"#{number(was)} → #{number(rank)}"
            told = t(
                "{place}, score {old} → {new}: changes of it went unseen",
                place=place,
                old=number(had),
                new=number(row.score),
            )
        self._add(status.at_ms, row.score, rank, spans(sign, told))

    def _add(self, at_ms: int, score: Score | None, rank: int | None, what: Spans) -> None:
        self._total += 1
        self._rank, self._score = rank, score
        self._kept.append(Sighting(self._total, at_ms, score, rank, what))


def is_tracked(of: Key, status: EngineStatus) -> bool:
    """Whether the row is in memory, as far as the status shows."""
    return any(row.key == of for row in (*status.board, *status.reserve.best))


def whereabouts(of: Key, status: EngineStatus) -> str:
    """Where the row is now, or what is known of a row that is not tracked. Safe text."""
    for rank, row in enumerate(status.board, 1):
        if row.key == of:
            return t(
                "rank {rank} of {count}, score {score}",
                rank=number(rank),
                count=number(status.board_count),
                score=number(row.score),
            )
    reserve = status.reserve
    for rank, row in enumerate(reserve.best, status.board_count + 1):
        if row.key == of:
            return t(
                "in the reserve at {rank}, score {score}",
                rank=number(rank),
                score=number(row.score),
            )
    if status.board_count > len(status.board):
        return t(
            "not among the first {count} rows, which are those shown",
            count=number(len(status.board)),
        )
    if reserve.held > len(reserve.best):
        return t(
            "not on the board, nor among the reserve's best {count}",
            count=number(len(reserve.best)),
        )
    if status.floor is not None:
        floor = f"{number(status.floor[0])}·{key(status.floor[1])}"
        return t("not tracked: below the floor {floor}", floor=floor)
    if status.whole_table_known:
        return t("not in the table, or its score is NULL")
    return t("nothing is loaded yet")


def read_key(text: str, status: EngineStatus) -> Key:
    """A key as a person types it, of the kind that this table's keys are.

    Raises:
        ValueError: it cannot be one; says why.
    """
    text = text.strip()
    if not text:
        raise ValueError(t("type the key of a row"))
    rows = (*status.board, *status.reserve.best)
    known = next((row.key for row in rows), None)
    try:
        return text if isinstance(known, str) else int(text)
    except ValueError:
        if known is None:
            return text
        raise ValueError(
            t(
                "{text} is no key here: they are whole numbers, as {known}",
                text=repr(text),
                known=known,
            )
        ) from None


def _after(entries: Sequence[Numbered], seen: int) -> list[Numbered]:
    """The entries with greater numbers, oldest first. O(their count)."""
    news = list(takewhile(lambda entry: entry.number > seen, reversed(entries)))
    return news[::-1]
