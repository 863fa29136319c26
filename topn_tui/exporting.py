"""Board, events and evictions as CSV and as JSON: pure.

JSON loses nothing: numbers have all their digits, NULL is ``null``, bytes are base64 text, text is
unchanged; characters that a terminal obeys are written as JSON escapes. A row has the form in which
``topn-tui query`` prints it.

CSV is for spreadsheets, which take a text that begins with one of ``= + - @`` for a formula: such a
text gets an apostrophe in front (also one with only blanks and signs before them, or that begins with a
tab or a line break), a number never does. Control characters and changes of direction are
made visible (``␊``, ``\\u202e``). NULL is an empty cell, as is what is not known or not there; bytes are ``0x…``.
RFC 4180, UTF-8 without a mark.

Both tell times as UTC with milliseconds, and hold what the screen holds: oldest first, long texts
and messages of events and evictions cut as the engine keeps them.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from engine.published import number_text, value_json
from engine.status import EngineStatus, EventEntry, EvictionEntry, Key, Place, Row, Score, Value
from topn_tui.formatting import safe
from topn_tui.json_text import harmless
from topn_tui.panels.verdicts import why_left, words

Cells: TypeAlias = tuple[Value, ...]
Json: TypeAlias = Value | bool | Mapping[str, "Json"]

_FORMULA = re.compile(r"[\t\r\n]|\W*?[=+\-@＝＋－＠]")
"""How a text begins that a spreadsheet may work out: some pass over blanks and quotes before it."""
_DIRECTION = re.compile("[\u2028-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[^\w.-]+")


class What(StrEnum):
    """What can be exported."""

    BOARD = "board"
    EVENTS = "events"
    EVICTIONS = "evictions"


class Form(StrEnum):
    """How; also the file's suffix."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a screen holds at one moment, filters applied."""

    status: EngineStatus
    events: tuple[EventEntry, ...]
    """Oldest first."""
    evictions: tuple[EvictionEntry, ...]
    """Oldest first."""

    def count(self, what: What) -> tuple[int, int]:
        """How many rows would be exported, and how many the engine has of them."""
        status = self.status
        match what:
            case What.BOARD:
                return len(status.board), max(len(status.board), status.board_count)
            case What.EVENTS:
                return len(self.events), max(len(self.events), status.events_total)
            case What.EVICTIONS:
                return len(self.evictions), max(len(self.evictions), status.counters.evicted)


def default_name(what: What, form: Form, status: EngineStatus, *, at_ms: int) -> str:
    """A file's name in plain characters: ``interactives-board-20261124-101407.csv``; UTC."""
    return _name(what, form, status, at_ms)


def picture_name(status: EngineStatus, *, at_ms: int) -> str:
    """As :func:`default_name`, of a picture: ``interactives-screen-20261124-101407.svg``."""
    return _name("screen", "svg", status, at_ms)


def _name(what: str, suffix: str, status: EngineStatus, at_ms: int) -> str:
    board = _PLAIN.sub("_", status.board_name).strip("._-")[:60] or "topn"
    return f"{board}-{what}-{_moment(at_ms):%Y%m%d-%H%M%S}.{suffix}"


def export(what: What, form: Form, shown: Shown) -> str:
    """The text of the file."""
    if form is Form.CSV:
        return _csv(_tables(what, shown))
    return _json(what, shown)


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────


def csv_text(text: str) -> str:
    """A text as a cell: controls made visible, and an apostrophe before what may pass for a formula."""
    shown = text if text.isprintable() else "".join(map(_visible, text))
    return f"'{shown}" if _FORMULA.match(text) else shown


def csv_cell(value: Value) -> str:
    """Any value as a cell."""
    match value:
        case None:
            return ""
        case str():
            return csv_text(value)
        case bytes():
            return "0x" + value.hex()
        case float():
            return repr(value)
        case _:
            return number_text(value)


def _visible(char: str) -> str:
    if unicodedata.category(char) in ("Cc", "Cs") or _DIRECTION.match(char):
        return safe(char)
    return char


def _csv(lines: Iterator[Cells]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows([csv_cell(value) for value in line] for line in lines)
    return file.getvalue()


def _tables(what: What, shown: Shown) -> Iterator[Cells]:
    """The header, then the rows. A column of the table has its panel's word before it where it could
    be taken for one of ours."""
    status = shown.status
    key, score, names = status.key_name or "key", status.score_name or "score", status.column_names
    match what:
        case What.BOARD:
            yield ("rank", key, *names, score)
            for rank, row in enumerate(status.board, 1):
                yield (rank, row.key, *_columns(row.columns, names), row.score)
        case What.EVENTS:
            yield (*_EVENT, *(f"{at}.{name}" for at in ("before", "after") for name in names))
            for event in shown.events:
                before = _columns(event.columns_before or (), names)
                yield (*_event_cells(event), *before, *_columns(event.columns, names))
        case What.EVICTIONS:
            yield (*_EVICTION, *(f"row.{name}" for name in names))
            for eviction in shown.evictions:
                yield (*_eviction_cells(eviction), *_columns(eviction.row.columns, names))


def _columns(columns: Cells, names: tuple[str, ...]) -> Cells:
    return columns[: len(names)] + (None,) * (len(names) - len(columns))


_EVENT = ("number", "applied_at", "binlog_at", "op", "key", "old_score", "new_score", "partition",
          "offset", "verdict", "explanation", "rank_before", "rank_after")  # fmt: skip
_EVICTION = ("number", "at", "key", "score", "rank", "cause", "explanation", "by_key", "by_score",
             "successor_key", "successor_score")  # fmt: skip


def _event_cells(entry: EventEntry) -> Cells:
    of = entry.explained
    ranks = [None if place is None else place.rank for place in (of.before, of.after)]
    return (
        entry.number, utc(entry.at_ms), utc(of.es_ms), of.op, of.key, of.old_score, of.new_score,
        of.partition, of.offset, of.verdict, words(of), *ranks,
    )  # fmt: skip


def _eviction_cells(entry: EvictionEntry) -> Cells:
    by: tuple[Key | Score | None, ...] = (entry.by.key, entry.by.score) if entry.by else (None,) * 2
    up: tuple[Key | Score | None, ...] = (None, None)
    if entry.successor is not None:
        up = (entry.successor.key, entry.successor.score)
    return (
        entry.number, utc(entry.at_ms), entry.row.key, entry.row.score, entry.rank, entry.cause,
        why_left(entry), *by, *up,
    )  # fmt: skip


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────


def json_text(value: Json) -> str:
    """JSON without loss: a number keeps its digits, and a lone surrogate of a damaged text its escape."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=_SURROGATE.search(value) is not None)
        case None | int() | float() | Decimal() | bytes():
            return value_json(value)
        case _:
            pairs = (f"{json_text(name)}:{json_text(item)}" for name, item in value.items())
            return "{" + ",".join(pairs) + "}"


def _json(what: What, shown: Shown) -> str:
    """One object: what it is and how exact that was, then the rows, one a line."""
    status = shown.status
    exact = status.exactness
    count, of = shown.count(what)
    facts: dict[str, Json] = {
        "exported": what,
        "board": status.board_name,
        "table": status.table,
        "topic": status.topic,
        "at": utc(status.at_ms),
        "state": exact.state,
        "reason": exact.reason,
        "provisional": exact.provisional,
        "as_of": utc(exact.as_of_at_ms),
        "verified_at": utc(exact.verified_at_ms),
        "rows_here": count,
        "rows_in_all": of,
    }
    rows = ",\n".join(map(json_text, _entries(what, shown)))
    return harmless(json_text(facts)[:-1] + ',"rows":[' + (rows and f"\n{rows}\n") + "]}\n")


def _entries(what: What, shown: Shown) -> Iterator[Mapping[str, Json]]:
    status = shown.status
    match what:
        case What.BOARD:
            for row in status.board:
                yield _row(row, status)
        case What.EVENTS:
            for event in shown.events:
                yield _event(event, status)
        case What.EVICTIONS:
            for eviction in shown.evictions:
                yield _eviction(eviction, status)


def _row(row: Row, status: EngineStatus) -> dict[str, Json]:
    """The published form: key, columns, score."""
    key, score = status.key_name or "key", status.score_name or "score"
    return {key: row.key, **_named(row.columns, status), score: row.score}


def _named(columns: Cells, status: EngineStatus) -> dict[str, Json]:
    return dict(zip(status.column_names, columns, strict=False))


def _event(entry: EventEntry, status: EngineStatus) -> dict[str, Json]:
    """`columns_before` is null where there was no row, or where it is not known."""
    of = entry.explained
    before: Json = None
    if entry.columns_before is not None:
        before = _named(entry.columns_before, status)
    floor: Json = None if of.floor is None else {"score": of.floor[0], "key": of.floor[1]}
    return {
        "number": entry.number,
        "applied_at": utc(entry.at_ms),
        "binlog_at": utc(of.es_ms),
        "op": of.op,
        "key": of.key,
        "old_score": of.old_score,
        "new_score": of.new_score,
        "partition": of.partition,
        "offset": of.offset,
        "verdict": of.verdict,
        "explanation": words(of),
        "reason": of.reason,
        "other_key": of.other,
        "gap": of.gap,
        "floor": floor,
        "before": _place(of.before),
        "after": _place(of.after),
        "columns_before": before,
        "columns": _named(entry.columns, status),
        **_message(entry.raw),
        "message_bytes": entry.raw_size,
    }


def _eviction(entry: EvictionEntry, status: EngineStatus) -> dict[str, Json]:
    return {
        "number": entry.number,
        "at": utc(entry.at_ms),
        "row": _row(entry.row, status),
        "rank": entry.rank,
        "cause": entry.cause,
        "explanation": why_left(entry),
        "by": None if entry.by is None else _row(entry.by, status),
        "successor": None if entry.successor is None else _row(entry.successor, status),
    }


def _place(of: Place | None) -> Json:
    return None if of is None else {"where": of.where, "rank": of.rank, "score": of.score}


def _message(raw: bytes) -> dict[str, Json]:
    """The message as it is kept: text where it is text."""
    try:
        return {"message": raw.decode()}
    except UnicodeDecodeError:
        return {"message_base64": base64.b64encode(raw).decode("ascii")}


# ── times ─────────────────────────────────────────────────────────────────────────────────────


def utc(at_ms: int | None) -> str | None:
    """``2026-11-24T10:14:07.310Z``; None where the moment is not known (None, or 0 for "not yet")."""
    return f"{_moment(at_ms):%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03d}Z" if at_ms else None


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1_000, tz=UTC)
