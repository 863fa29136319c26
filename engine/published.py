"""How a row looks once it is published, and how a published board is read back. No I/O.

A published row is one JSON object: key, columns, score, in this order. Numbers keep all their
digits: neither writing nor reading goes through a float. A NULL is ``null``; bytes are base64 text;
a float that JSON has no number for (NaN, infinity) is ``null`` too.

Writers and readers both use this module, so a reader of the store needs to know nothing else.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import msgspec

from engine.core.changes import Row, Value
from engine.core.rank import Key, RankKey, Score
from engine.ports import StoredBoard
from engine.told import told

MEMBER_DIGITS = 20
"""Digits of a fixed-width member: enough for every BIGINT, signed or unsigned."""

MOST_DIGITS = 400
"""Digits before or behind the point of a number that a table can hold: more than a DOUBLE has."""

FORGOTTEN = 1_000_000
"""Versions left out by whoever takes over a board that has gone back in time."""

_ALL_NINES = 10**MEMBER_DIGITS - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBoard:
    """A board as a reader sees it, all of one moment."""

    rows: tuple[str, ...]
    """Row JSON texts as stored, highest rank first."""
    limit: int | None
    """N: how many rows the board may have; None until its engine has written it."""
    state: str
    reason: str | None
    provisional: bool
    alive: bool
    """Whether the publishing engine's lease still runs: past it no state may be believed."""
    problems: tuple[str, ...]
    """What does not fit together in the store; empty when all is well."""
    positions: Mapping[int, int]
    """Partition -> next offset: how far the feed had been followed when this was published."""

    @property
    def exact(self) -> bool:
        """Whether the rows are the exact top N, as far as anybody can know."""
        return self.state == "EXACT" and self.alive and not self.problems

    def describe(self) -> str:
        """The state in one line."""
        if self.problems:
            return f"INCONSISTENT: {self.problems[0]:.200}"
        if not self.alive and self.state != "STOPPED":
            return f"STALE: no engine keeps this board any more; the last state was {self.state}"
        return f"{self.state}: {self.reason}" if self.reason else self.state


def row_json(row: Row, field_names: Sequence[str]) -> str:
    """The published form of a row.

    Args:
        field_names: key, columns, score, as in :attr:`engine.columns.Table.field_names`.
    """
    values: tuple[Value, ...] = (row.key, *row.columns, row.score)
    pairs = zip(field_names, values, strict=True)
    return "{" + ",".join(f"{_text_json(n)}:{value_json(v)}" for n, v in pairs) + "}"


def value_json(value: Value) -> str:
    """One value as JSON text."""
    match value:
        case None:
            return "null"
        case str():
            return _text_json(value)
        case bytes():
            return _text_json(base64.b64encode(value).decode("ascii"))
        case float():
            return repr(value) if math.isfinite(value) else "null"
        case _:
            return number_text(value)


def number_text(number: Score) -> str:
    """All digits of an exact number, never in exponent form: readers would lose the type."""
    if isinstance(number, Decimal):
        # A column's Decimal may be NaN only through a damaged feed; JSON has no word for it.
        return format(number, "f") if number.is_finite() else "null"
    return str(int(number))


def parse_row(text: str) -> dict[str, Any]:
    """A published row by field name, in published order; numbers as int or Decimal.

    Raises:
        ValueError: the text is not a JSON object.
    """
    fields = json.loads(text, parse_float=_number, parse_constant=_no_constant)
    if not isinstance(fields, dict):
        raise ValueError(f"a published row is a JSON object, this is {text[:80]!r}")
    return fields


def fits_double(score: Score) -> bool:
    """Whether a double tells this score from every other one, so that a ZSET may order by it.

    A whole number must be the double exactly. A fraction must come back from the double's shortest
    text: two different numbers that both do are two different doubles, although 0.1 is no double.
    """
    try:
        double = float(score)
    except OverflowError:
        return False
    if not math.isfinite(double):
        return False
    if score == int(score):
        return double == score
    return Decimal(repr(double)) == score


def member(key: Key, *, fixed_width: bool = False) -> str:
    """The ZSET member and hash field of a key: its text.

    With `fixed_width` an integer key becomes text of one width whose byte order is the order of the
    numbers, for outside readers that need ZREVRANGE to agree with us among equal scores: zero-padded
    to 20 digits; a negative key is ``-`` and the 20-digit complement (``-`` sorts before every digit,
    and the complement makes -1 the greatest of the negatives). A string key is its own text: its
    bytes already sort as we rank.
    """
    if isinstance(key, str):
        return _clean(key)
    if not fixed_width:
        return str(key)
    if key >= 0:
        return f"{key:0{MEMBER_DIGITS}d}"
    return f"-{_ALL_NINES + key:0{MEMBER_DIGITS}d}"


def rank_key(fields: Mapping[str, Any]) -> RankKey:
    """Rank key of a parsed row: the score is its last field, the key its first.

    Raises:
        ValueError: they are not an exact number and a key.
    """
    values = list(fields.values())
    if len(values) < 2:
        raise ValueError("a published row has at least a key and a score")
    key, score = values[0], values[-1]
    if not isinstance(key, int | str) or not isinstance(score, int | Decimal):
        raise ValueError(f"key {key!r} or score {score!r} is of the wrong type")
    return (score, key)


def order_rows(stored: StoredBoard) -> tuple[str, ...]:
    """The stored row texts by exact rank, highest first: what the ZSET alone cannot always say.

    Raises:
        ValueError: a row that is not one of ours.
    """
    ranked = [(rank_key(parse_row(text)), text) for text in stored.rows.values()]
    if len({type(key) for (_, key), _ in ranked}) > 1:
        raise ValueError("some keys of this board are numbers and some are text")
    ranked.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(text for _, text in ranked)


def differing(
    stored: StoredBoard,
    rows: Sequence[Row],
    field_names: Sequence[str],
    *,
    fixed_width: bool = False,
) -> tuple[str, ...]:
    """What a stored board has otherwise than these rows, a few words each; empty if nothing."""
    expected = {member(row.key, fixed_width=fixed_width): row for row in rows}
    found = [told("{name} is missing", name=name) for name in expected if name not in stored.scores]
    found += [told("{name} was added", name=name) for name in stored.scores if name not in expected]
    found += [
        told("the row of {name} was added", name=name)
        for name in stored.rows
        if name not in expected
    ]
    for name, row in expected.items():
        if name in stored.scores and stored.scores[name] != float(row.score):
            score = stored.scores[name]
            found.append(told("the score of {name} is {score:.17g}", name=name, score=score))
        if stored.rows.get(name) != row_json(row, field_names):
            found.append(told("the row of {name} differs", name=name))
    return tuple(found)


def inconsistencies(stored: StoredBoard) -> tuple[str, ...]:
    """What does not fit together in a stored board, a sentence each; empty when all is well."""
    found: list[str] = []
    only_scores = sorted(stored.scores.keys() - stored.rows.keys())
    only_rows = sorted(stored.rows.keys() - stored.scores.keys())
    if only_scores:
        found.append(f"members without a row: {_some(only_scores)}")
    if only_rows:
        found.append(f"rows that are not members: {_some(only_rows)}")
    claimed = stored.meta.get("size", "")
    if claimed != str(len(stored.scores)):
        found.append(f"the board claims {claimed or 'no'} members and has {len(stored.scores)}")
    for name in sorted(stored.rows.keys() & stored.scores.keys()):
        problem = _row_problem(name, stored)
        if problem:
            found.append(problem)
    return tuple(found)


def lease_alive(stored: StoredBoard) -> bool:
    """Whether an owner still keeps this board; otherwise its state is only what was last said."""
    try:
        until_ms = int(stored.meta["updated_at_ms"]) + int(stored.meta["lease_ms"])
    except (KeyError, ValueError):
        return False
    return bool(stored.meta.get("owner")) and until_ms > stored.store_clock_ms


def published_board(stored: StoredBoard) -> PublishedBoard:
    """What a reader may make of a stored board. Never raises: what is damaged becomes a problem."""
    try:
        problems, rows = inconsistencies(stored), order_rows(stored)
    except (ValueError, OverflowError, RecursionError) as error:
        # Not rows of ours: there is nothing to show, and no order to show it in.
        problems, rows = (f"a row cannot be read: {error}",), ()
    meta = stored.meta
    limit = meta.get("limit", "")
    return PublishedBoard(
        rows=rows,
        limit=int(limit) if limit.isascii() and limit.isdecimal() else None,
        state=meta.get("state", ""),
        reason=meta.get("reason") or None,
        provisional=meta.get("provisional") == "1",
        alive=lease_alive(stored),
        problems=problems,
        positions=_positions(meta.get("offsets", "")),
    )


def _row_problem(name: str, stored: StoredBoard) -> str:
    try:
        score, key = rank_key(parse_row(stored.rows[name]))
    except ValueError:
        return f"the row of {name!r} cannot be read"
    if name not in (member(key), member(key, fixed_width=True)):
        return f"the row of {name!r} is that of {key!r}"
    if float(score) != stored.scores[name]:
        return f"{name!r} has score {number_text(score)} in its row, {stored.scores[name]!r} in the set"
    return ""


def _positions(text: str) -> dict[int, int]:
    """The offsets as published; none where somebody has damaged them: they are no part of the answer."""
    try:
        return {int(p): o for p, o in msgspec.json.decode(text, type=dict[str, int]).items()}
    except (msgspec.MsgspecError, ValueError):
        return {}


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(n) for n in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]} is no number") from None
    # A few letters may stand for a text of a billion digits; doubles end at 1e308 and 5e-324.
    if number and abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{text[:40]} is beyond every number of a table")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _text_json(text: str) -> str:
    try:
        return msgspec.json.encode(text).decode("utf-8")
    except UnicodeEncodeError:
        return msgspec.json.encode(_clean(text)).decode("utf-8")


def _clean(text: str) -> str:
    """The text without what UTF-8 has no bytes for: a damaged feed can hold a lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text
