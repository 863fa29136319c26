"""Random SQL that is hard on a top-N: the best fall, ties abound, keys change, rows come and go."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

import pymysql
from pymysql.connections import Connection
from pymysql.constants import ER

from tests.stack.world import TABLE, World

KEYS = range(1, 120)
"""Few, so that the same rows are hit again and again."""

FEWEST = 50
"""Rows are only taken away while there are more than this: the board is always full."""

SCORES = range(40, 90)
"""Few, and around the board's last row: ties, and a board that changes all the time."""

_EXPECTED = (ER.DUP_ENTRY, ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT)
"""What random statements may run into; nothing has changed then."""

Statement = Callable[["Traffic", "Connection[Any]"], None]


class Traffic:
    """A thread that writes to a world's table until it is stopped; a context manager.

    It goes on when the database comes back after it was away. Used by one test, from one thread.

    Args:
        world: whose table.
        seed: the same statements in the same order for the same table.
        pause_s: after each statement.
        key_changes: also REPLACE by the unique key, and UPDATE of the key.
        truncates: also TRUNCATE, now and then.
        only_likes_of: nothing else than likes of these keys.
    """

    def __init__(
        self,
        world: World,
        *,
        seed: int,
        pause_s: float = 0.01,
        key_changes: bool = True,
        truncates: bool = False,
        only_likes_of: range | None = None,
    ) -> None:
        self._world, self._random = world, random.Random(seed)
        self._pause_s = pause_s
        self._choices = [*_STATEMENTS]
        self._choices += [(_replace, 4), (_rename, 3)] if key_changes else []
        self._choices += [(_truncate, 1)] if truncates else []
        if only_likes_of is not None:
            self._choices = [(_like, 1)]
        self._keys = only_likes_of or KEYS
        self._rows = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)
        self._failure: BaseException | None = None
        self.statements = 0
        """Executed so far."""
        self.outages = 0
        """How often the database went away."""
        self.by_kind: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """End it; how many statements it has executed. Raises what it did not expect."""
        self._stopping.set()
        self._thread.join(15)
        assert not self._thread.is_alive(), "the traffic hangs"
        if self._failure is not None:
            raise self._failure
        return self.statements

    # ── the thread ────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._write_until_away()
                except (pymysql.err.OperationalError, pymysql.err.InterfaceError):
                    self.outages += 1
                    self._stopping.wait(0.1)
        except BaseException as error:  # noqa: BLE001 - raised again by stop()
            self._failure = error

    def _write_until_away(self) -> None:
        statements, weights = zip(*self._choices, strict=True)
        with self._world.mysql.connect(database=self._world.database) as connection:
            while not self._stopping.wait(self._pause_s):
                if self._rows < FEWEST and self._keys is KEYS:
                    statement = _insert
                else:
                    (statement,) = self._random.choices(statements, weights)
                self._execute(statement, connection)

    def _execute(self, statement: Statement, connection: Connection[Any]) -> None:
        try:
            statement(self, connection)
        except pymysql.MySQLError as error:
            if error.args[0] not in _EXPECTED:
                raise
            connection.rollback()
        self.statements += 1
        self.by_kind[statement.__name__] += 1
        if self.statements % 20 == 1 or self._rows < FEWEST or statement is _truncate:
            ((self._rows,),) = self._sql(connection, f"SELECT COUNT(like_cnt) FROM {TABLE}")

    def _sql(self, connection: Connection[Any], sql: str, *parameters: object) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

    # ── what chance decides ───────────────────────────────────────────────────────────────

    def key(self) -> int:
        return self._random.choice(self._keys)

    def score(self) -> int:
        return self._random.choice(SCORES)

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)


def _like(t: Traffic, c: Connection[Any]) -> None:
    t._sql(c, f"UPDATE {TABLE} SET like_cnt = like_cnt + 1 WHERE id = %s", t.key())


def _unlike(t: Traffic, c: Connection[Any]) -> None:
    t._sql(c, f"UPDATE {TABLE} SET like_cnt = like_cnt - 1 WHERE id = %s", t.key())


def _score(t: Traffic, c: Connection[Any]) -> None:
    t._sql(c, f"UPDATE {TABLE} SET like_cnt = %s WHERE id = %s", t.score(), t.key())


def _sink_the_best(t: Traffic, c: Connection[Any]) -> None:
    best = f"ORDER BY like_cnt DESC, id DESC LIMIT {1 + t.below(3)}"
    t._sql(c, f"UPDATE {TABLE} SET like_cnt = like_cnt - 35 WHERE like_cnt > 0 {best}")


def _many(t: Traffic, c: Connection[Any]) -> None:
    first = t.key()
    changed = "like_cnt = like_cnt + %s, read_cnt = COALESCE(read_cnt, 0) + 1"
    between = "WHERE id BETWEEN %s AND %s"
    t._sql(c, f"UPDATE {TABLE} SET {changed} {between}", t.below(9) - 4, first, first + 15)


def _insert(t: Traffic, c: Connection[Any]) -> None:
    key = t.key()
    values = (
        f"INSERT INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES (%s, %s, 'new', 0, %s)"
    )
    t._sql(c, f"{values} ON DUPLICATE KEY UPDATE like_cnt = VALUES(like_cnt)", key, key, t.score())


def _delete(t: Traffic, c: Connection[Any]) -> None:
    t._sql(c, f"DELETE FROM {TABLE} WHERE id = %s", t.key())


def _delete_the_best(t: Traffic, c: Connection[Any]) -> None:
    t._sql(c, f"DELETE FROM {TABLE} ORDER BY like_cnt DESC LIMIT %s", 1 + t.below(2))


def _null(t: Traffic, c: Connection[Any]) -> None:
    t._sql(c, f"UPDATE {TABLE} SET like_cnt = NULL WHERE id = %s", t.key())


def _replace_by_key(t: Traffic, c: Connection[Any]) -> None:
    key = t.key()
    values = f"REPLACE INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES (%s, %s, 'again', 1, %s)"
    t._sql(c, values, key, 1000 + key, t.score())


def _transaction(t: Traffic, c: Connection[Any]) -> None:
    c.begin()
    for statement in (_score, _delete, _insert, _sink_the_best, _like):
        statement(t, c)
    if t.below(4):
        c.commit()
    else:
        c.rollback()


def _replace(t: Traffic, c: Connection[Any]) -> None:
    """REPLACE by the unique key, under a new primary key: arrives as an UPDATE of the key."""
    found = t._sql(c, f"SELECT biz_id, biz FROM {TABLE} WHERE biz_id = %s", t.key())
    if found:
        values = (
            f"REPLACE INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES (%s, %s, %s, 0, %s)"
        )
        t._sql(c, values, t.key(), *found[0], t.score())


def _rename(t: Traffic, c: Connection[Any]) -> None:
    t._sql(c, f"UPDATE {TABLE} SET id = %s WHERE id = %s", t.key(), t.key())


def _truncate(t: Traffic, c: Connection[Any]) -> None:
    t._sql(c, f"TRUNCATE TABLE {TABLE}")


_STATEMENTS: list[tuple[Statement, int]] = [
    (_like, 15),
    (_unlike, 15),
    (_score, 20),
    (_sink_the_best, 10),
    (_many, 4),
    (_insert, 12),
    (_delete, 6),
    (_delete_the_best, 3),
    (_null, 4),
    (_replace_by_key, 4),
    (_transaction, 6),
]
"""With how often each is chosen."""
