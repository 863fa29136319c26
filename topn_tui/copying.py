"""One row as a line of text, its parts between tabs: pure.

For a cell of a spreadsheet or a search field, so numbers are not grouped; every text is as it is on
the screen, so whoever pastes it into a terminal pastes no control character. A text that a spreadsheet
may take for a formula has an apostrophe before it, as in an exported CSV, and a key that is text is no
exception: it comes from the table as any other does. Whoever pastes such a key into a search field takes
the apostrophe off. Numbers, keys among them, never have one.
"""

from __future__ import annotations

from engine.published import number_text
from engine.status import EventEntry, EvictionEntry, Key, Notice, Row, Value
from topn_tui.exporting import csv_text, utc
from topn_tui.following import Sighting
from topn_tui.formatting import safe
from topn_tui.language import t
from topn_tui.panels.board import BoardLine
from topn_tui.panels.detail import Detail
from topn_tui.panels.verdicts import shown_why_left, shown_words


def row_text(row: object, of_key: Key | None = None) -> str | None:
    """The line; None for what is no row of a panel.

    Args:
        of_key: of the table's row that it is about, where it does not say so itself.
    """
    match row:
        case BoardLine():
            return _tabbed(*_row(row.row))
        case EventEntry():
            of = row.explained
            at = f"p{of.partition}@{of.offset}"
            return _tabbed(
                of.key, utc(row.at_ms), of.op, of.old_score, of.new_score, at, shown_words(of),
                *row.columns,
            )  # fmt: skip
        case EvictionEntry():
            return _tabbed(*_row(row.row), utc(row.at_ms), row.rank, shown_why_left(row))
        case Sighting():
            what = "".join(text for text, _ in row.what)
            return _tabbed(of_key, utc(row.at_ms), row.score, row.rank, what)
        case Notice():
            return _tabbed(utc(row.at_ms), t(row.level), t(row.text))
        case _:
            return None


def detail_text(detail: Detail) -> str:
    """A detail, line by line, as it is on the screen."""
    lines = ("".join(text for text, _ in line).rstrip() for line in detail.lines)
    return "\n".join(csv_text(line) for line in (detail.title, *lines))


def _row(row: Row) -> tuple[Value, ...]:
    return (row.key, *row.columns, row.score)


def _tabbed(*values: Value) -> str:
    return "\t".join(map(_text, values))


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case str():
            return csv_text(safe(value))
        case bytes():
            return "0x" + value.hex()
        case float():
            return repr(value)
        case _:
            return number_text(value)
