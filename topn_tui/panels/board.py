"""The board: the best rows in rank order, how they moved lately, and on demand the reserve."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from textual.reactive import var

from engine.status import EngineStatus, Health, Key, Row, Score, State
from engine.told import listed
from topn_tui.formatting import bar, change, key, number, number_within, safe, value
from topn_tui.language import mark, t
from topn_tui.panels.columns import Column
from topn_tui.panels.detail import Detail, fact, heading
from topn_tui.panels.ledger import Ledger
from topn_tui.panels.movement import Movement, Movements
from topn_tui.panels.pipeline import HEALTH
from topn_tui.panels.titles import retitle
from topn_tui.panels.tones import Spans, spans
from topn_tui.remapping import key_of

SCORE_CELLS = 26
"""Widest score written digit for digit in a table; the detail has all of any number."""


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One row with its rank; below the board where `reserve`."""

    rank: int
    row: Row
    reserve: bool = False


class Board(Ledger[BoardLine]):
    """Keeps the movements of the last seconds besides what it shows."""

    GONE = mark("the picked row is not on the board any more")

    status: var[EngineStatus] = var(EngineStatus)
    now_s: var[int] = var(0)
    show_reserve: var[bool] = var(False)
    before: var[tuple[Row, ...] | None] = var(None)
    """While a moment of the past is shown: the board before it, from which its movements start."""

    def __init__(self, **keywords: str) -> None:
        super().__init__(**keywords)
        retitle(self, title=t("Board"))
        self._movements, self._anew = Movements(), False
        self._top: Score = 0
        self._least: Score = 0

    def watch_before(self, before: tuple[Row, ...] | None) -> None:
        """Back from the past: what lies between is no movement, so the next board is a first one."""
        if before is None:
            self._movements, self._anew = Movements(), True

    def watch_status(self, old: EngineStatus, new: EngineStatus) -> None:
        names = (new.key_name, new.score_name, new.column_names)
        if names != (old.key_name, old.score_name, old.column_names):
            self.show_columns(_columns(new))
        board_is_new = new.board is not old.board or self._anew
        self._anew = False
        if self.before is not None:
            self._movements = Movements()
            self._movements.follow(self.before, self.now_s * 1_000)
        if board_is_new or self.before is not None:
            self._movements.follow(new.board, self.now_s * 1_000)
        if (
            board_is_new
            or self.before is not None
            or (self.show_reserve and new.reserve.best is not old.reserve.best)
        ):
            self._show_rows()
        told = (new.counters.loads, new.services)
        if not new.board and told != (old.counters.loads, old.services):
            self.redraw()
        retitle(self, subtitle=_subtitle(new))

    def watch_show_reserve(self) -> None:
        self._show_rows()

    def watch_now_s(self, now_s: int) -> None:
        if self._movements.fade(now_s * 1_000):
            self.redraw()

    def _show_rows(self) -> None:
        status = self.status
        lines = [BoardLine(rank, row) for rank, row in enumerate(status.board, 1)]
        if self.show_reserve:
            below = enumerate(status.reserve.best, status.board_count + 1)
            lines += [BoardLine(rank, row, reserve=True) for rank, row in below]
        scores = [line.row.score for line in lines]
        self._top, self._least = max(scores, default=0), min([0, *scores])
        self.show(lines)

    def nothing(self) -> str:
        if self.status.counters.loads:
            return t("The table has no row that can be ranked.")
        waited = [of for of in self.status.services if of.health in (Health.AWAY, Health.TROUBLED)]
        if not waited:
            return t("Nothing is loaded yet.")
        names = listed([of.name for of in waited])
        lines = [t("Nothing is loaded yet: waiting for {names}.", names=names)]
        for of in waited:
            why = safe(t(of.detail)) or t(of.health.value)
            lines.append(f"{HEALTH[of.health][0]} {safe(t(of.name))}: {why}")
        keys = {of: key_of(self, of) for of in ("pipeline", "notices")}
        lines.append(
            t(
                "All are asked again and again. {pipeline} shows each stage, {notices} what was told.",
                **keys,
            )
        )
        return "\n".join(lines)

    def identity(self, row: BoardLine) -> Hashable:
        return row.row.key

    def key_of(self, row: BoardLine) -> Key:
        return row.row.key

    def cells(self, row: BoardLine) -> tuple[Spans, ...]:
        of, movement = row.row, self._movements.of(row.row.key)
        dim = self._movements.is_dim(of.key)
        tone = "dim" if row.reserve else ""
        names = self.status.column_names
        columns = of.columns[: len(names)] + ("",) * (len(names) - len(of.columns))
        return (
            spans((number(row.rank), "dim" if row.reserve else "strong")),
            spans((t("res"), "dim")) if row.reserve else _moved(movement, row.rank, dim=dim),
            spans((key(of.key), tone or "name")),
            *(spans((value(column), tone)) for column in columns),
            spans((number_within(of.score, SCORE_CELLS), tone or "strong")),
            () if row.reserve else _changed(movement, of.score, dim=dim),
            (),
        )

    def fill(self, row: BoardLine, width: int) -> Spans:
        """The bar: from the least of 0 and the lowest score up to the highest."""
        reach = self._top - self._least
        share = float((row.row.score - self._least) / reach) if reach else 0.0
        return spans((bar(share, width), "dim" if row.reserve else "name"))

    def detail(self, row: BoardLine) -> Detail:
        status, of = self.status, row.row
        rank = (
            t("{rank} in the reserve", rank=number(row.rank))
            if row.reserve
            else t("{rank} of {count}", rank=number(row.rank), count=number(status.board_count))
        )
        movement = self._movements.of(of.key)
        lines = [
            fact(t("rank"), rank),
            fact(safe(status.score_name) or t("score"), (number(of.score), "strong")),
        ]
        if movement is not None and not row.reserve:
            where = (
                t("not on the board")
                if movement.rank is None
                else t("rank {rank}", rank=number(movement.rank))
            )
            was = t("{where}, score {score}", where=where, score=number(movement.score))
            lines.append(fact(t("just before"), was))
        if status.heap and not row.reserve:
            ahead = of.score - status.heap[0][0]
            by = t("by {gap}", gap=number(ahead)) if ahead else t("at its score")
            lines.append(fact(t("above the bar"), by))
        lines += heading(t("Columns"))
        pairs = zip(status.column_names, of.columns, strict=False)
        lines += [fact(safe(name), value(column)) for name, column in pairs]
        return Detail(f"{safe(status.key_name) or t('key')} {key(of.key)}", tuple(lines))


def _columns(status: EngineStatus) -> tuple[Column, ...]:
    """Rank, key and score stay; then change, movement, the display columns from the left, the bar."""
    return (
        Column(title="#", keep=10, right=True),
        Column(title=t("move"), keep=7),
        Column(title=safe(status.key_name) or t("key"), keep=9, right=True, at_least=6, at_most=24),
        *(
            Column(title=safe(name), keep=6 if i < 2 else 4, right=True, at_least=8, at_most=28)
            for i, name in enumerate(status.column_names)
        ),
        Column(title=safe(status.score_name) or t("score"), keep=10, right=True),
        Column(title=t("change"), keep=6, right=True),
        Column(title="", keep=2, at_least=4, at_most=12, stretch=True, drawn=True),
    )


def _moved(movement: Movement | None, rank: int, *, dim: bool) -> Spans:
    if movement is None:
        return ()
    if movement.rank is None:
        return spans((t("new"), "dim" if dim else "good"))
    up = movement.rank - rank
    if up == 0:
        return spans(("=", "dim"))
    tone = "dim" if dim else "good" if up > 0 else "warn"
    return spans((f"▲{up}" if up > 0 else f"▼{-up}", tone))


def _changed(movement: Movement | None, score: Score, *, dim: bool) -> Spans:
    if movement is None or score == movement.score:
        return ()
    by = score - movement.score
    return spans((change(by), "dim" if dim else "good" if by > 0 else "warn"))


def _subtitle(status: EngineStatus) -> str:
    shown, held = len(status.board), status.board_count
    parts = []
    if shown < held:
        parts.append(t("first {shown} shown", shown=number(shown)))
    if status.size:
        parts.append(t("{held} of {size} rows", held=number(held), size=number(status.size)))
    if status.ended or status.exactness.state is State.STOPPED:
        parts.append(t("as it was when the engine ended"))
    return " · ".join(parts)
