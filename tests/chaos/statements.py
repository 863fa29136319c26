"""Adversarial SQL that depends on nothing but chance: one seed, the same statements, whatever happens.

A step is a list of statements; more than one of them is a transaction, whose last word is COMMIT or
ROLLBACK.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.stack.world import TABLE

KEYS = range(1, 90)
"""Few: the same rows are hit again and again."""

SCORES = range(40, 90)
"""Few: ties everywhere, and around the board's last row."""

COLUMNS = "(id, biz_id, biz, read_cnt, like_cnt)"
Step = list[str]
Maker = Callable[[random.Random], str]


def _key(rng: random.Random) -> int:
    return rng.choice(KEYS)


def _score(rng: random.Random) -> int:
    return rng.choice(SCORES)


def _like(rng: random.Random) -> str:
    return f"UPDATE {TABLE} SET like_cnt = like_cnt + 1 WHERE id = {_key(rng)}"


def _unlike(rng: random.Random) -> str:
    return (
        f"UPDATE {TABLE} SET like_cnt = like_cnt - {rng.choice((1, 1, 7))} WHERE id = {_key(rng)}"
    )


def _rescore(rng: random.Random) -> str:
    return f"UPDATE {TABLE} SET like_cnt = {_score(rng)} WHERE id = {_key(rng)}"


def _sink_the_best(rng: random.Random) -> str:
    best = f"ORDER BY like_cnt DESC, id DESC LIMIT {rng.randint(1, 3)}"
    return f"UPDATE {TABLE} SET like_cnt = like_cnt - 35 WHERE like_cnt > 0 {best}"


def _delete(rng: random.Random) -> str:
    return f"DELETE FROM {TABLE} WHERE id = {_key(rng)}"


def _delete_the_best(rng: random.Random) -> str:
    return f"DELETE FROM {TABLE} ORDER BY like_cnt DESC, id DESC LIMIT {rng.randint(1, 2)}"


def _null(rng: random.Random) -> str:
    return f"UPDATE {TABLE} SET like_cnt = NULL WHERE id = {_key(rng)}"


def _many(rng: random.Random) -> str:
    first, by = _key(rng), rng.randint(-4, 4)
    changed = f"like_cnt = like_cnt + {by}, read_cnt = COALESCE(read_cnt, 0) + 1"
    return f"UPDATE {TABLE} SET {changed} WHERE id BETWEEN {first} AND {first + 12}"


def _column_only(rng: random.Random) -> str:
    return f"UPDATE {TABLE} SET read_cnt = {rng.randrange(1000)} WHERE id = {_key(rng)}"


def _insert(rng: random.Random) -> str:
    """Several rows; those that are there get the score instead (also found by the unique key)."""
    rows = ", ".join(
        f"({key}, {key}, 'u', 0, {_score(rng)})" for key in rng.sample(KEYS, rng.randint(1, 5))
    )
    double = "ON DUPLICATE KEY UPDATE like_cnt = VALUES(like_cnt)"
    return f"INSERT INTO {TABLE} {COLUMNS} VALUES {rows} {double}"


def _replace(rng: random.Random) -> str:
    """By the primary key alone: DELETE and INSERT. A NULL is never a duplicate."""
    values = f"({_key(rng)}, {_key(rng)}, NULL, 1, {_score(rng)})"
    return f"REPLACE INTO {TABLE} {COLUMNS} VALUES {values}"


def _replace_by_unique_key(rng: random.Random) -> str:
    """Arrives as an UPDATE of the primary key."""
    values = f"({_key(rng)}, {_key(rng)}, 'u', 2, {_score(rng)})"
    return f"REPLACE INTO {TABLE} {COLUMNS} VALUES {values}"


def _new_key(rng: random.Random) -> str:
    return f"UPDATE {TABLE} SET id = {_key(rng)} WHERE id = {_key(rng)}"


def _new_keys(rng: random.Random) -> str:
    """Rows chase one another: each takes the key of the next."""
    first = _key(rng)
    where = f"WHERE id BETWEEN {first} AND {first + 3} ORDER BY id DESC"
    return f"UPDATE {TABLE} SET id = id + 1 {where}"


PLAIN: list[tuple[Maker, int]] = [
    (_like, 10),
    (_unlike, 14),
    (_rescore, 18),
    (_sink_the_best, 9),
    (_delete, 5),
    (_delete_the_best, 4),
    (_null, 4),
    (_many, 5),
    (_column_only, 4),
    (_insert, 16),
    (_replace, 5),
]
"""With how often each is chosen."""

KEY_CHANGES: list[tuple[Maker, int]] = [
    (_replace_by_unique_key, 5),
    (_new_key, 3),
    (_new_keys, 1),
]


def refill(rng: random.Random, count: int = 60) -> str:
    """One statement that brings many rows back, after a TRUNCATE or so many deletes."""
    rows = ", ".join(f"({key}, {key}, 'u', 0, {_score(rng)})" for key in rng.sample(KEYS, count))
    return f"INSERT IGNORE INTO {TABLE} {COLUMNS} VALUES {rows}"


def step(rng: random.Random, *, key_changes: bool, truncates: bool) -> Step:
    """The next thing that a connection does."""
    makers, weights = zip(*PLAIN, *(KEY_CHANGES if key_changes else ()), strict=True)
    chance = rng.random()
    if truncates and chance < 0.004:
        return [f"TRUNCATE TABLE {TABLE}", refill(rng)]
    if chance < 0.02:
        return [refill(rng, 30)]
    if chance < 0.12:
        chosen = rng.choices(makers, weights, k=rng.randint(2, 8))
        last = "ROLLBACK" if rng.random() < 0.3 else "COMMIT"
        return ["BEGIN", *(make(rng) for make in chosen), last]
    return [rng.choices(makers, weights)[0](rng)]


ALTERS = (
    (
        f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS note INT NULL",
        f"ALTER TABLE {TABLE} DROP COLUMN IF EXISTS note",
    ),
    (f"ALTER TABLE {TABLE} MODIFY read_cnt INT", f"ALTER TABLE {TABLE} MODIFY read_cnt BIGINT"),
    (
        f"CREATE INDEX IF NOT EXISTS ix_read ON {TABLE} (read_cnt)",
        f"DROP INDEX IF EXISTS ix_read ON {TABLE}",
    ),
)
"""Each with what takes it back; of such kinds that no row becomes another one. Indexes are last."""

_KINDS = (
    ("key change", "SET id ="),
    ("REPLACE by a unique key", ", 'u', 2,"),
    ("ON DUPLICATE KEY", "ON DUPLICATE KEY"),
    ("UPDATE of several rows", "BETWEEN"),
    ("UPDATE of the best", "ORDER BY like_cnt DESC, id DESC LIMIT"),
    ("UPDATE to NULL", "like_cnt = NULL"),
)
"""What a kind of statement is recognised by; the first that fits counts."""


def kind_of(statement: str) -> str:
    """What a statement is, in a word or two: for counting."""
    verb = statement.split(maxsplit=1)[0]
    kinds = (kind for kind, sign in _KINDS if sign in statement)
    found = next(kinds, verb)
    return found.replace("UPDATE", verb) if verb == "DELETE" else found
