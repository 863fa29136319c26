"""The board's min-heap as a tree, root = the bar to beat; under it the reserve and the floor."""

from __future__ import annotations

from rich.cells import cell_len
from textual.reactive import var

from engine.status import EngineStatus, Floor, Key, RankKey, Row
from topn_tui.formatting import UNKNOWN, crop, key, number
from topn_tui.language import t
from topn_tui.panels import tree
from topn_tui.panels.lines import Lines
from topn_tui.panels.movement import FADE_MS
from topn_tui.panels.refill import MOVED_S, FloorMoves, load_lines
from topn_tui.panels.titles import retitle
from topn_tui.panels.tones import Spans, spans, width_of

FRESH_S = FADE_MS // 1_000
"""How long a node that is new in the heap stands out, in the second half less: as a mark on the board."""


class Heap(Lines, can_focus=True):
    """Keeps which nodes are new of late, besides what it shows."""

    status: var[EngineStatus] = var(EngineStatus)
    now_s: var[int] = var(0)
    marked: var[Key | None] = var(None)
    followed: var[Key | None] = var(None)
    before: var[tuple[Row, ...] | None] = var(None)
    """While a moment of the past is shown: the board before it; what it has not is new in the heap."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, whole=True)
        retitle(self, title=t("Heap · score·key · root = the bar to beat"))
        self._fresh: dict[RankKey, int] = {}
        self._anew = False
        self._floor = FloorMoves()

    def watch_before(self, before: tuple[Row, ...] | None) -> None:
        """Back from the past: what lies between is not new of late."""
        self._anew = before is None

    def watch_status(self, old: EngineStatus, new: EngineStatus) -> None:
        anew, self._anew = self._anew, False
        if anew or self.before is not None:
            self._fresh.clear()
            self._floor.forget()
        else:
            self._floor.follow(old, new, self.now_s)
        if self.before is not None or (not anew and new.heap is not old.heap and old.heap):
            before = {row.rank_key for row in self.before} if self.before else set(old.heap)
            self._fresh.update((node, self.now_s) for node in new.heap if node not in before)
        if anew or _shown_of(new) != _shown_of(old):
            self.redraw()

    def watch_now_s(self, now_s: int) -> None:
        fade = bool(self._fresh)
        self._fresh = {node: at for node, at in self._fresh.items() if now_s - at < FRESH_S}
        fade |= self._floor.fade(now_s)
        status = self.status
        if fade or status.load is not None or _just_loaded(status, now_s):
            self.redraw()

    def watch_marked(self) -> None:
        self.redraw()

    def watch_followed(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        """Work the picture out again; drawn only if it differs."""
        width, height = self.size
        status = self.status
        moved = self._floor.told(status.floor, self.now_s)
        under = _under(status, width, moved)
        under += load_lines(status, self.now_s * 1_000)
        nodes = [self._node(rank_key) for rank_key in status.heap]
        room = max(0, height - len(under) - 1)
        lines, drawn = tree.draw(nodes, width, room)
        lines += [()] * (room - len(lines) + 1)
        self.show([*lines, *under])
        more = drawn < status.board_count
        of = number(status.board_count)
        count = t("top {drawn} of {count} nodes", drawn=number(drawn), count=of) if more else ""
        retitle(self, subtitle=count)

    def _node(self, rank_key: RankKey) -> tree.Node:
        score, of = number(rank_key[0]), key(rank_key[1])
        new_s = self._fresh.get(rank_key)
        tone = ""
        if new_s is not None:
            tone = "fresh" if self.now_s - new_s < FRESH_S / 2 else "fading"
        if rank_key is self.status.heap[0]:
            tone = "accent"
        if self.marked is not None and rank_key[1] == self.marked:
            tone = "mark"
        short = f"{score}·{of if isinstance(rank_key[1], int) else crop(of, 6)}"
        sign = ""
        if self.followed is not None and rank_key[1] == self.followed:
            sign, tone = "◆", tone or "accent"
        return tree.Node((f"{sign}{score}·{of}", f"{sign}{short}", f"{sign}{score}"), tone)


def _shown_of(status: EngineStatus) -> tuple[object, ...]:
    """The parts of a status that this panel draws."""
    counters = (status.counters.spilled, status.counters.loads)
    known = (status.floor, status.whole_table_known, status.board_count, status.size)
    return (id(status.heap), status.reserve, counters, known, status.load, status.last_load)


def _just_loaded(status: EngineStatus, now_s: int) -> bool:
    """The last load is told, or was until a moment ago."""
    last = status.last_load
    ended_ms = None if last is None else last.ended_at_ms
    return ended_ms is not None and now_s * 1_000 - ended_ms < 2 * MOVED_S * 1_000


def _under(status: EngineStatus, width: int, moved: Spans) -> list[Spans]:
    reserve, counters = status.reserve, status.counters
    bar = status.heap[0] if status.heap else None
    return [
        spans((t("bar to beat  "), "dim"), *_of(bar, "accent"), *_rank(status, bar)),
        _strip(status, width),
        spans((t("next up "), "dim"), *_row(reserve.next_up), (t("   spills next "), "dim"),
              *_row(reserve.next_to_spill)),
        spans((t("floor "), "dim"), *moved, *_floor(status), (t("   spilled "), "dim"), number(counters.spilled),
              (t("   loads "), "dim"), number(counters.loads),
              (t("   rows at the floor or below are not kept"), "dim")),
    ]  # fmt: skip


def _rank(status: EngineStatus, bar: RankKey | None) -> Spans:
    if bar is None:
        return ()
    if status.board_count < status.size:
        return spans((t("  board not full: any row enters"), "warn"))
    rank = t("  rank {rank}", rank=number(status.board_count))
    return spans((rank, "dim"), (t(", the first to go"), "dim"))


def _strip(status: EngineStatus, width: int) -> Spans:
    """The reserve's fill, with its low mark as a notch."""
    reserve = status.reserve
    if not reserve.capacity:
        return spans((t("reserve "), "dim"), UNKNOWN)
    low = reserve.held < reserve.low_mark and not status.whole_table_known
    mark = number(reserve.low_mark)
    said = (
        (t("  ▼ low: below {mark}", mark=mark), "warn")
        if low
        else (t("  refill below {mark}", mark=mark), "dim")
    )
    figures = spans(f" {number(reserve.held)}/{number(reserve.capacity)}", said)
    name = t("reserve ")
    cells = max(4, min(40, width - cell_len(name) - width_of(figures)))
    full = round(cells * min(1, reserve.held / reserve.capacity))
    notch = min(cells - 1, round(cells * reserve.low_mark / reserve.capacity))
    tone = "warn" if low else "name"
    strip = "█" * full + "░" * (cells - full)
    return spans(
        (name, "dim"),
        (strip[:notch], tone if full else "faint"),
        ("┃", "warn"),
        (strip[notch + 1 : max(full, notch + 1)], tone),
        (strip[max(full, notch + 1) :], "faint"),
        *figures,
    )


def _row(row: Row | None) -> Spans:
    return _of(None if row is None else row.rank_key)


def _of(rank_key: Floor, tone: str = "") -> Spans:
    """``51·44``: score and key."""
    if rank_key is None:
        return spans(UNKNOWN)
    return spans((f"{number(rank_key[0])}·{key(rank_key[1])}", tone))


def _floor(status: EngineStatus) -> Spans:
    if status.floor is None:
        return spans(t("none: whole table known") if status.whole_table_known else UNKNOWN)
    if status.floor[0].is_finite() if not isinstance(status.floor[0], int) else True:
        return _of(status.floor)
    return spans(UNKNOWN)  # an infinite floor is how the engine says that nothing is known yet
