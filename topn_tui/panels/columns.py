"""Which columns a table shows in a given width, and how wide: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from topn_tui.language import t


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    title: str
    keep: int = 5
    """When there is no room, columns with the lowest number go first."""
    right: bool = False
    at_least: int = 0
    """Narrower than this it is dropped. 0: never narrower than its content, for a cut number lies."""
    at_most: int = 40
    stretch: bool = False
    """Takes what is left over."""
    drawn: bool = False
    """Its cells are drawn to the column's width, once that is known (a bar)."""
    worded: bool = False
    """What is too wide for it is said in fewer words, not merely cut."""


def translated(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The same columns with their titles in the screen's language: ours, never names of a table."""
    return tuple(replace(column, title=t(column.title)) for column in columns)


def _title_cells(column: Column) -> int:
    """A column that is drawn narrower than its content still has room for its title."""
    return cell_len(column.title) if column.drawn else 0


def fit_columns(
    columns: Sequence[Column], natural: Sequence[int], width: int, gap: int
) -> tuple[int, ...]:
    """Each column's width in cells, 0 for one that is dropped; with gaps at most `width` in all.

    Args:
        columns: in the order on screen.
        natural: the widest content seen in each.
        width: cells to share out.
        gap: blank cells between two columns.
    """
    wanted = [
        min(c.at_most, max(n, cell_len(c.title), c.at_least if c.stretch and c.drawn else 0))
        for c, n in zip(columns, natural, strict=True)
    ]
    least = [
        min(want, max(c.at_least, _title_cells(c))) if c.at_least else want
        for c, want in zip(columns, wanted, strict=True)
    ]
    shown = set(range(len(columns)))
    while len(shown) > 1 and sum(least[i] for i in shown) + gap * (len(shown) - 1) > width:
        shown.remove(min(shown, key=lambda i: (columns[i].keep, i)))
    widths = [least[i] if i in shown else 0 for i in range(len(columns))]
    spare = width - sum(widths) - gap * (len(shown) - 1)
    for i in sorted(shown, key=lambda i: -columns[i].keep):
        more = max(0, min(spare, wanted[i] - widths[i]))
        widths[i] += more
        spare -= more
    stretch = next((i for i in sorted(shown) if columns[i].stretch), None)
    if stretch is not None:
        widths[stretch] += spare  # may be negative where even the last column has no room
    return tuple(max(0, min(w, width)) for w in widths)
