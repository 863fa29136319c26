"""What Enter shows of a row: a title and lines of safe text."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from engine.status import Key
from topn_tui.formatting import fit
from topn_tui.panels.tones import Spans, spans


@dataclass(frozen=True, slots=True)
class Detail:
    """One row, in full."""

    title: str
    lines: tuple[Spans, ...]
    key: Key | None = None
    """Of the row that it is about, where one may want to go to that."""


def fact(name: str, *value: str | tuple[str, str]) -> Spans:
    """A named line; names stand in a column of their own."""
    return spans((fit(name, max(14, cell_len(name) + 1)), "dim"), *value)


def heading(text: str) -> tuple[Spans, Spans]:
    """A blank line and a heading."""
    return (), spans((text, "accent"))
