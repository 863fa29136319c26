"""Binlog events, newest first, each with its verdict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import ClassVar

from textual.reactive import var

from engine.status import EngineStatus, EventEntry, Key, Score, Verdict
from topn_tui.filtering import Words
from topn_tui.formatting import clock, key, number, number_within, rate, safe, spark
from topn_tui.language import mark, t
from topn_tui.panels import verdicts
from topn_tui.panels.columns import Column
from topn_tui.panels.detail import Detail
from topn_tui.panels.event_detail import event_detail
from topn_tui.panels.findable import Findable
from topn_tui.panels.titles import retitle
from topn_tui.panels.tones import Spans, shorten, spans, width_of
from topn_tui.remapping import key_of

SCORE_CELLS = 20
SHORT = 3
"""Letters of an operation for which there is no room: ``UPD``. Four of them would look like a slip."""

OPERATIONS = (
    "insert", "update", "delete", "truncate", "alter", "rename", "create", "erase", "query", "cindex", "dindex",
    "gtid", "xacommit", "xarollback", "mheartbeat",
)  # fmt: skip
"""Canal's types of events, as it calls them; whatever is in the feed is listed."""


class Events(Findable[EventEntry]):
    """Keeps the last number it saw and how many it saw, to say how many it could not show."""

    PREPENDS = True
    GONE = mark("the picked change is no longer kept; following the newest")
    ROOMY = 84
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(title=mark("time"), keep=6),
        Column(title=mark("op"), keep=7, at_least=3, at_most=8, drawn=True),
        Column(title=mark("key"), keep=9, right=True, at_least=10, at_most=20),
        Column(title=mark("old"), keep=8, right=True),
        Column(title=mark("→ new"), keep=8, right=True),
        Column(title=mark("at"), keep=5),
        Column(title=mark("verdict"), keep=10, at_least=22, at_most=36, stretch=True, worded=True),
    )

    WORDS: ClassVar[Words] = {
        "key": (),
        "op": OPERATIONS,
        "verdict": tuple(Verdict),
    }

    status: var[EngineStatus] = var(EngineStatus)

    def __init__(self, **keywords: str) -> None:
        super().__init__(**keywords)
        self.entitle(t("Binlog events"))
        self._last_seen = 0
        self._seen = 0

    def watch_status(self, old: EngineStatus, new: EngineStatus) -> None:
        if new.events is not old.events:
            self._seen += sum(entry.number > self._last_seen for entry in new.events)
            if new.events:
                self._last_seen = max(self._last_seen, new.events[-1].number)
            self.offer(new.events[::-1])
        elif not new.events and (old.topic, old.table) != (new.topic, new.table):
            self.redraw()
        if new.rates is not old.rates:
            pulse = spark(new.rates.changes_history, 10).strip()
            title = f"{t('Binlog events')} · {rate(new.rates.changes_per_s)} {pulse}"
            self.entitle(title.rstrip())
        self._say_missed()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._say_missed()

    def set_scroll(self, x: float | None, y: float | None) -> None:
        """Textual tells nobody of this one."""
        super().set_scroll(x, y)
        self._say_missed()

    def _say_missed(self) -> None:
        above, missed = round(self.scroll_y), self.status.events_total - self._seen
        parts = [t("{count} in all", count=number(self.status.events_total))]
        if missed > 0:
            parts.append(t("{count} not shown", count=number(missed)))
        if above:
            parts.append(
                t("▲ {count} above, {top} follows", count=number(above), top=key_of(self, "top"))
            )
        retitle(self, subtitle=" · ".join(parts))

    def nothing(self) -> str:
        if none := self.none_found():
            return none
        topic, table = safe(self.status.topic), safe(self.status.table)
        if not topic or not table:
            return t("Waiting for the first change.")
        if self.status.events_total:
            return t("The changes until then are no longer kept.")
        return t(
            "No change on topic {topic} since the start. Write a row to {table} to see it here.",
            topic=topic,
            table=table,
        )

    def facts(self, row: EventEntry) -> Mapping[str, str]:
        of = row.explained
        return {"key": key(of.key), "op": of.op, "verdict": of.verdict}

    def identity(self, row: EventEntry) -> Hashable:
        return row.number

    def key_of(self, row: EventEntry) -> Key | None:
        return row.explained.key

    def cells(self, row: EventEntry) -> tuple[Spans, ...]:
        of = row.explained
        return (
            spans((clock(row.at_ms, millis=self.size.width >= 90), "dim")),
            spans(safe(of.op)),
            spans((key(of.key), "name")),
            spans((_score(of.old_score), "dim")),
            spans((_score(of.new_score), "strong")),
            spans((f"p{of.partition}@{of.offset}", "dim")),
            verdicts.verdict(of),
        )

    def fill(self, row: EventEntry, width: int) -> Spans:
        """The operation; where there is little room its first letters, as people write them."""
        op = safe(row.explained.op)
        return spans(op if len(op) <= width or not op.isascii() else op[: min(width, SHORT)])

    def shorter(self, row: EventEntry, width: int) -> Spans:
        """Why a row left, and who came up, in fewer words; of any other verdict the last parts go."""
        of = row.explained
        if of.verdict is not Verdict.LEFT:
            return shorten(verdicts.verdict(of), width, keep=1)
        sign = spans((f"{verdicts.GLYPHS[of.verdict][0]} ", verdicts.GLYPHS[of.verdict][1]))
        said = verdicts.shorter(verdicts.parts(of), width - width_of(sign))
        return spans(*sign, (said, verdicts.GLYPHS[of.verdict][1]))

    def detail(self, row: EventEntry) -> Detail:
        return event_detail(row, self.status)


def _score(of: Score | None) -> str:
    return number(None) if of is None else number_within(of, SCORE_CELLS)
