"""Seeded, adversarial histories of the table as a topic would hold them, and what must come out."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from engine.formats.encode import BinlogColumn, BinlogEvent, RowImages

START_MS = 1_795_430_000_000
COLUMNS = (
    BinlogColumn(name="id", mysql_type="bigint(20)", is_key=True),
    BinlogColumn(name="biz_id", mysql_type="bigint(20)"),
    BinlogColumn(name="biz", mysql_type="varchar(128)"),
    BinlogColumn(name="read_cnt", mysql_type="bigint(20)"),
    BinlogColumn(name="like_cnt", mysql_type="bigint(20)"),
)

Row = dict[str, int | str | None]
Image = dict[str, str | None]


@dataclass
class History:
    """One history: the rows at the start, the events in order of arrival, the rows delivered."""

    seed: int
    start: list[Row] = field(default_factory=list)
    events: list[BinlogEvent] = field(default_factory=list)
    delivered: dict[int, Row] = field(default_factory=dict)

    def top(self, size: int) -> list[Row]:
        """The best rows, whole, by brute force."""
        ranked = [row for row in self.delivered.values() if row["like_cnt"] is not None]
        ranked.sort(key=lambda row: (row["like_cnt"], row["id"]), reverse=True)
        return ranked[:size]


def history(seed: int) -> History:
    """Likes, un-likes, new rows, deletes, NULLs, key changes, TRUNCATE, resends, and holes with resends.

    A statement changes one row or several.
    """
    rng = random.Random(seed)
    made = History(seed)
    keys, scores = rng.randint(3, 30), rng.choice((2, 5, 60))
    table: dict[int, Row] = {}
    for key in rng.sample(range(keys), rng.randint(0, keys)):
        table[key] = _row(rng, key, scores)
    made.start = [dict(row) for row in table.values()]
    es_ms = START_MS
    for number in range(rng.randint(10, 120)):
        es_ms += rng.choice((0, 0, 1000, 3000))
        event = _event(rng, table, keys, scores, es_ms, number)
        if event is not None:
            made.events.append(event)
        if made.events and rng.random() < 0.05:  # a resend: the last few once more, in order
            made.events += made.events[-rng.randint(1, 6) :]
        if made.events and rng.random() < 0.03:  # a hole: some come late, with all that followed
            last = made.events[-rng.randint(1, 8) :]
            made.events[-len(last) :] = last[rng.randint(1, len(last)) :] + last
    made.delivered = _deliver(made)
    return made


def _row(rng: random.Random, key: int, scores: int) -> Row:
    score = None if rng.random() < 0.05 else rng.randrange(scores)
    return {
        "id": key,
        "biz_id": rng.choice((None, key * 7, -key)),
        "biz": rng.choice(("a", "文章", "", None)),
        "read_cnt": rng.randrange(1000),
        "like_cnt": score,
    }


def _event(
    rng: random.Random, table: dict[int, Row], keys: int, scores: int, es_ms: int, number: int
) -> BinlogEvent | None:
    draw, key = rng.random(), rng.randrange(keys)
    common = {"es_ms": es_ms, "log_offset": 100 + number * 50}
    if draw < 0.01:
        table.clear()
        return _statement("TRUNCATE", **common)
    op = "INSERT" if key not in table else "DELETE" if draw < 0.25 else "UPDATE"
    further = rng.choices(range(keys), k=rng.randint(1, 5)) if rng.random() < 0.3 else []
    found = (_images(rng, op, table, of, keys, scores) for of in (key, *further))
    return _rows(op, tuple(images for images in found if images is not None), **common)


def _images(
    rng: random.Random, op: str, table: dict[int, Row], key: int, keys: int, scores: int
) -> RowImages | None:
    """One row of a statement; None where this key has no part in it."""
    if (op == "INSERT") == (key in table):
        return None
    before = table.pop(key, None)
    if op == "DELETE":
        return RowImages(before=_image(before))
    new_key = rng.randrange(keys) if op == "UPDATE" and rng.random() < 0.1 else key
    if new_key in table:
        new_key = key
    table[new_key] = after = _row(rng, new_key, scores)
    return RowImages(before=_image(before), after=_image(after))


def _image(row: Row | None) -> Image | None:
    """A row as Canal's text."""
    if row is None:
        return None
    return {name: None if value is None else str(value) for name, value in row.items()}


def _rows(op: str, rows: tuple[RowImages, ...], *, es_ms: int, log_offset: int) -> BinlogEvent:
    return BinlogEvent(
        op=op,
        database="webook",
        table="interactives",
        es_ms=es_ms,
        columns=COLUMNS,
        rows=rows,
        log_offset=log_offset,
    )


def _statement(op: str, *, es_ms: int, log_offset: int) -> BinlogEvent:
    return BinlogEvent(
        op=op,
        database="webook",
        table="interactives",
        es_ms=es_ms,
        sql=f"{op} TABLE interactives",
        is_ddl=True,
        log_offset=log_offset,
    )


def _deliver(made: History) -> dict[int, Row]:
    """The rows as delivered: last arrival wins."""
    rows: dict[int, Row] = {_key(row): row for row in made.start}
    for event in made.events:
        if event.op == "TRUNCATE":
            rows.clear()
        for images in event.rows:
            if images.before is not None:
                rows.pop(int(images.before["id"] or 0), None)
            if images.after is not None:
                row = _native(images.after)
                rows[_key(row)] = row
    return rows


def _native(image: Image) -> Row:
    """A row again, of Canal's text."""
    return {
        name: text if name == "biz" or text is None else int(text) for name, text in image.items()
    }


def _key(row: Row) -> int:
    key = row["id"]
    assert isinstance(key, int)
    return key
