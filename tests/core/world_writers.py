"""The writers of the seeded worlds: transactions of one to three changes."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Final

from tests.core.world_database import Faults, Shape, Table, Transaction

EPOCH_MS: Final = 1_700_000_000_000
"""The database's clock when the world's monotonic clock is at zero."""


class Writers:
    """Write to the table and its binlog; what they write is chosen by `rng`."""

    def __init__(self, table: Table, shape: Shape, faults: Faults, rng: random.Random) -> None:
        self._table, self._shape, self._faults, self._rng = table, shape, faults, rng
        self._transactions = 0
        self.clock_error_ms = 0

    def write(self, now_ms: float, *, filling: bool = False) -> None:
        """One transaction of one to three changes."""
        transaction = self.transaction(now_ms)
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            self._change_something(transaction, filling=filling)

    def change_one(self, now_ms: float, *, moving: bool) -> None:
        """A row moves to another key, or comes; or one is written again as it is."""
        transaction, rng = self.transaction(now_ms), self._rng
        key, score = rng.randrange(self._shape.keys), rng.randrange(self._shape.scores)
        if moving and rng.random() < 0.7 and any(other != key for other in self._table.rows):
            self.move_a_row(transaction, key, score)
        else:
            as_it_is = self._table.rows.get(key)
            self._table.append(transaction, "upsert", key, score if moving else as_it_is)

    def rewrite_all(self, now_ms: float) -> None:
        """Every row once more as it is, and new ones: traffic on every partition that is used."""
        self._rewrite(now_ms, self._table.rows.keys() | range(self._shape.used))

    def rewrite_one_a_partition(self, now_ms: float) -> None:
        """The least traffic on every partition that is used."""
        self._rewrite(now_ms, range(self._shape.used))

    def _rewrite(self, now_ms: float, keys: Iterable[int]) -> None:
        transaction, rows = self.transaction(now_ms), self._table.rows
        for key in sorted(keys):
            self._table.append(transaction, "upsert", key, rows.get(key))

    def transaction(self, now_ms: float) -> Transaction:
        rng, faults, log = self._rng, self._faults, self._table.log
        self._transactions += 1
        visible_ms = now_ms + (rng.randint(0, 450) if faults.late_visible else 0)
        if log:
            visible_ms = max(visible_ms, log[-1].transaction.visible_ms)
        begun_ms = now_ms - rng.randint(0, 60)
        if faults.long_transaction and rng.random() < 0.1:
            begun_ms -= rng.randint(0, 5000)
        es_ms = self.database_ms(begun_ms) // 1000 * 1000
        return Transaction(self._transactions, now_ms, visible_ms, es_ms)

    def database_ms(self, monotonic_ms: float) -> int:
        """The database's clock at a moment of the world's."""
        return EPOCH_MS + int(monotonic_ms) + self.clock_error_ms

    def _change_something(self, transaction: Transaction, *, filling: bool) -> None:
        rng, faults, table = self._rng, self._faults, self._table
        key, chance = rng.randrange(self._shape.keys), rng.random()
        score: int | None = rng.randrange(self._shape.scores)
        if faults.null and rng.random() < 0.07:
            score = None
        if chance < 0.22:
            if key in table.rows:
                table.append(transaction, "delete", key)
        elif chance < 0.36 and faults.move and not filling:
            self.move_a_row(transaction, key, score)
        elif chance < 0.37 and faults.truncate and not filling:
            table.append(transaction, "clear")
        elif chance < 0.375 and faults.alter and not filling:
            table.append(transaction, "alter")
        elif chance < 0.385:
            table.append(transaction, "query")
        elif key not in table.rows or table.rows[key] != score:
            table.append(transaction, "upsert", key, score)

    def move_a_row(self, transaction: Transaction, key: int, score: int | None) -> None:
        """Some row gets this key; as in REPLACE, a row that had it goes first."""
        rows = self._table.rows
        others = sorted(k for k in rows if k != key)
        if not others:
            return
        old_key = self._rng.choice(others)
        kept = rows[old_key] if self._rng.random() < 0.5 else score
        if key in rows:
            self._table.append(transaction, "delete", key)
        self._table.append(transaction, "move", key, kept, old_key)
