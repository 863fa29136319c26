"""One row as a line of text, its parts between tabs: pure.

For a cell of a spreadsheet or a search field, so numbers are not grouped; every text is as it is on
the screen, so whoever pastes it into a terminal pastes no control character.
"""

from __future__ import annotations

from engine.published import number_text
from engine.status import EventEntry, EvictionEntry, Notice, Row, Value
from topn_tui.exporting import utc
from topn_tui.formatting import key, safe
from topn_tui.language import t
from topn_tui.panels.board import BoardLine
from topn_tui.panels.verdicts import shown_why_left, shown_words


def row_text(row: object) -> str | None:
    """The line; None for what is no row of a panel."""
    match row:
        case BoardLine():
            return _tabbed(*_row(row.row))
        case EventEntry():
            of = row.explained
            at = f"p{of.partition}@{of.offset}"
            return _tabbed(
                key(of.key), utc(row.at_ms), of.op, of.old_score, of.new_score, at, shown_words(of),
                *row.columns,
            )  # fmt: skip
        case EvictionEntry():
            return _tabbed(*_row(row.row), utc(row.at_ms), row.rank, shown_why_left(row))
        case Notice():
            return _tabbed(utc(row.at_ms), t(row.level), t(row.text))
        case _:
            return None


def _row(row: Row) -> tuple[Value, ...]:
    return (row.key, *row.columns, row.score)


def _tabbed(*values: Value) -> str:
    return "\t".join(map(_text, values))


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case str():
            return safe(value)
        case bytes():
            return "0x" + value.hex()
        case float():
            return repr(value)
        case _:
            return number_text(value)
