"""The row that is followed: where it is, and what became of it, newest first."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual.reactive import var

from engine.status import EngineStatus, Key
from topn_tui.following import KEPT, Sighting, is_tracked, whereabouts
from topn_tui.formatting import clock, key, number, number_within, safe
from topn_tui.language import mark, t
from topn_tui.panels.columns import Column
from topn_tui.panels.ledger import Ledger
from topn_tui.panels.titles import retitle
from topn_tui.panels.tones import Spans, spans
from topn_tui.remapping import key_of


class Follow(Ledger[Sighting]):
    """Not there while no row is followed. In the past it shows what had happened until then."""

    PREPENDS = True
    ROOMY = 60
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(title=mark("time"), keep=6),
        Column(title=mark("score"), keep=8, right=True),
        Column(title=mark("rank"), keep=7, right=True),
        Column(title=mark("what became of it"), keep=10, at_least=22, at_most=60, stretch=True),
    )
    DEFAULT_CSS = """
    Follow { display: none; }
    Follow.-there { display: block; }
    """

    status: var[EngineStatus] = var(EngineStatus)
    row_followed: var[Key | None] = var(None)
    sightings: var[tuple[Sighting, ...]] = var(())

    def watch_row_followed(self, of: Key | None) -> None:
        self.set_class(of is not None, "-there")
        self.action_top()
        self._draw()

    def watch_sightings(self) -> None:
        self._draw()

    def watch_status(self, old: EngineStatus, new: EngineStatus) -> None:
        self._draw(again=old.at_ms > new.at_ms or self._is_short())

    def _is_short(self) -> bool:
        """Some sightings are still to come, seen from the moment that is shown."""
        return len(self._rows) < len(self.sightings)

    def _draw(self, *, again: bool = True) -> None:
        of = self.row_followed
        if of is None:
            return
        if again:
            seen = [s for s in self.sightings if s.at_ms <= self.status.at_ms]
            self.show(seen[::-1])
        where = whereabouts(of, self.status)
        if self._rows and not is_tracked(of, self.status):
            where += t("; last seen {time}", time=clock(self._rows[0].at_ms))
        name = safe(self.status.key_name) or t("key")
        said = t("◆ Following {name} {key} · {where}", name=name, key=key(of), where=where)
        retitle(self, title=said)
        count, most = number(len(self._rows)), number(KEPT)
        follow = key_of(self, "follow")
        told = t(
            "{count} kept of at most {most} · {follow} stops", count=count, most=most, follow=follow
        )
        retitle(self, subtitle=told)

    def nothing(self) -> str:
        return t("Nothing is known of this row yet: no change of it has been seen.")

    def identity(self, row: Sighting) -> Hashable:
        return row.number

    def key_of(self, row: Sighting) -> Key | None:
        return self.row_followed

    def cells(self, row: Sighting) -> tuple[Spans, ...]:
        rank = number(None) if row.rank is None else f"#{number(row.rank)}"
        score = number(None) if row.score is None else number_within(row.score, 20)
        return (
            spans((clock(row.at_ms, millis=self.size.width >= 70), "dim")),
            spans((score, "strong")),
            spans((rank, "dim" if row.rank is None else "")),
            row.what,
        )
