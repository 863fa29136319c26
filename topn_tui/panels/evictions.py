"""Rows that left the board, newest first: why, who displaced them, who came up."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import ClassVar

from textual.reactive import var

from engine.status import Cause, EngineStatus, EvictionEntry, Key, Row
from topn_tui.filtering import Words
from topn_tui.formatting import clock, key, number, number_within, safe, value
from topn_tui.language import mark, t
from topn_tui.panels import verdicts
from topn_tui.panels.columns import Column
from topn_tui.panels.detail import Detail, fact, heading
from topn_tui.panels.findable import Findable
from topn_tui.panels.titles import retitle
from topn_tui.panels.tones import Spans, spans


class Evictions(Findable[EvictionEntry]):
    """Nothing kept but what it shows."""

    PREPENDS = True
    GONE = mark("no longer kept; following the newest")
    ROOMY = 60
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(title=mark("time"), keep=6),
        Column(title=mark("key"), keep=9, right=True, at_least=10, at_most=20),
        Column(title=mark("score"), keep=8, right=True),
        Column(title=mark("was"), keep=5, right=True),
        Column(
            title=mark("why it left"), keep=10, at_least=21, at_most=60, stretch=True, worded=True
        ),
    )

    WORDS: ClassVar[Words] = {"key": (), "cause": tuple(Cause)}

    status: var[EngineStatus] = var(EngineStatus)

    def __init__(self, **keywords: str) -> None:
        super().__init__(**keywords)
        self.entitle(t("Evictions"))

    def watch_status(self, old: EngineStatus, new: EngineStatus) -> None:
        if new.evictions is not old.evictions:
            self.offer(new.evictions[::-1])
        retitle(self, subtitle=t("{count} in all", count=number(new.counters.evicted)))

    def nothing(self) -> str:
        if none := self.none_found():
            return none
        if self.status.counters.evicted:
            return t("Those until then are no longer kept.")
        return t("Nobody has left the board yet.")

    def facts(self, row: EvictionEntry) -> Mapping[str, str]:
        return {"key": key(row.row.key), "cause": row.cause}

    def identity(self, row: EvictionEntry) -> Hashable:
        return row.number

    def key_of(self, row: EvictionEntry) -> Key:
        return row.row.key

    def cells(self, row: EvictionEntry) -> tuple[Spans, ...]:
        rank = number(None) if row.rank is None else f"#{number(row.rank)}"
        return (
            spans((clock(row.at_ms), "dim")),
            spans((key(row.row.key), "name")),
            spans(number_within(row.row.score, 20)),
            spans((rank, "dim")),
            tuple((safe(t(part)), _tone(row)) for part in verdicts.why_left_parts(row)),
        )

    def shorter(self, row: EvictionEntry, width: int) -> Spans:
        return spans((verdicts.shorter(verdicts.why_left_parts(row), width), _tone(row)))

    def detail(self, row: EvictionEntry) -> Detail:
        names = self.status.column_names
        lines = [
            fact(t("why it left"), verdicts.shown_why_left(row)),
            fact(t("when"), clock(row.at_ms, millis=True)),
            fact(t("score it had"), number(row.row.score)),
            fact(t("rank it had"), number(row.rank)),
            fact(t("displaced by"), _other(row.by)),
            fact(t("came up"), _came_up(row)),
            *heading(t("Columns")),
            *(
                fact(safe(name), value(column))
                for name, column in zip(names, row.row.columns, strict=False)
            ),
        ]
        name = safe(self.status.key_name) or t("key")
        title = t("{name} {key} left", name=name, key=key(row.row.key))
        return Detail(title, tuple(lines), key=row.row.key)


def _tone(row: EvictionEntry) -> str:
    return "warn" if row.cause is Cause.LOADED else ""


def _came_up(row: EvictionEntry) -> str:
    if row.successor is None and row.cause in verdicts.OF_ITSELF:
        return t("nobody: the reserve was empty, so the board became a row short")
    return _other(row.successor)


def _other(row: Row | None) -> str:
    if row is None:
        return number(None)
    return t("{key}, score {score}", key=key(row.key), score=number(row.score))
