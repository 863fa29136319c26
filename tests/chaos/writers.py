"""The connections that write to the table, whatever happens to the database meanwhile."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.constants import ER

from tests.chaos.schedule import Round
from tests.chaos.statements import Step, kind_of, step
from tests.stack.world import World

_EXPECTED = (
    ER.DUP_ENTRY,
    ER.LOCK_DEADLOCK,
    ER.LOCK_WAIT_TIMEOUT,
    ER.CHECKREAD,  # MariaDB: "Record has changed since last read"
    ER.TABLE_DEF_CHANGED,
)
"""What random statements may run into; nothing has changed then."""

TOLD = 40
"""How many of the last statements a story tells."""


class Writers:
    """The connections of one round, each a thread."""

    def __init__(self, world: World, plan: Round) -> None:
        self._world, self._plan = world, plan
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(seed,), name=f"writer {seed}", daemon=True)
            for seed in plan.writer_seeds
        ]
        if plan.alter:
            self._threads.append(threading.Thread(target=self._alter, name="alter", daemon=True))
        self._failures: list[BaseException] = []
        self.statements: Counter[str] = Counter()
        """Carried out, by kind."""
        self.outages = 0
        self.last: deque[tuple[float, str]] = deque(maxlen=TOLD)
        """When (seconds since 1970), and what."""

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End them; raises what none of them expected."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a writer hangs"
        if self._failures:
            raise self._failures[0]

    def _alter(self) -> None:
        """In the middle of what the others write."""
        plan = self._plan
        assert plan.alter is not None
        try:
            if not self._stopping.wait(plan.alter_at_s):
                with self._world.mysql.connect(database=self._world.database) as connection:
                    self._take(connection, [plan.alter])
        except BaseException as error:  # noqa: BLE001 - raised again by stop()
            self._failures.append(error)

    def _run(self, seed: int) -> None:
        rng, steps = random.Random(seed), itertools.count()
        try:
            while not self._stopping.is_set():
                try:
                    self._write_until_away(rng, steps)
                except (pymysql.err.OperationalError, pymysql.err.InterfaceError):
                    self.outages += 1
                    self._stopping.wait(0.2)
        except BaseException as error:  # noqa: BLE001 - raised again by stop()
            self._failures.append(error)

    def _write_until_away(self, rng: random.Random, steps: Iterator[int]) -> None:
        plan = self._plan
        mysql, database = self._world.mysql, self._world.database
        with mysql.connect(database=database, read_timeout_s=10) as connection:
            _execute(connection, "SET SESSION innodb_lock_wait_timeout = 2")
            while not self._stopping.wait(plan.pause_s * rng.uniform(0.2, 1.8)):
                early = next(steps) < plan.key_change_steps
                may = early or rng.random() < plan.key_change_share
                chosen = step(rng, key_changes=may, truncates=may and plan.truncates)
                self._take(connection, chosen)

    def _take(self, connection: Connection[Any], chosen: Step) -> None:
        try:
            for statement in chosen:
                self.last.append((time.time(), statement))
                _execute(connection, statement)
                self.statements[kind_of(statement)] += 1
        except pymysql.MySQLError as error:
            if error.args[0] not in _EXPECTED:
                raise
            connection.rollback()


def _execute(connection: Connection[Any], statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
