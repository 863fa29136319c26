"""The database of the seeded world: its size, its faults, a table, and the binlog of all changes."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

from engine.core.changes import LogPosition

Rows: TypeAlias = dict[int, int | None]
"""Key to score. ``None``: NULL in a table; in a replica also a row that is known to be gone."""

SERVER_ID = 1
"""Of the one server that there is."""


@dataclass(frozen=True)
class Shape:
    """The size of things, and what the feed tells of itself."""

    size: int
    reserve: int
    partitions: int
    used: int
    """How many partitions rows are hashed to; the others stay silent for ever."""
    evidence: str
    """``position``, ``es`` or ``gtid``: the best clock that events and answers carry."""
    grouped: bool
    """A batch's share of a partition is one message (protobuf), not one a row (flat JSON)."""
    numbered: bool
    """Messages carry Canal's batch number."""
    keys: int
    scores: int
    steps: int
    pace_ms: int
    """Mean virtual time of a step."""
    canal_lag_ms: int
    ranked: bool

    @classmethod
    def draw(cls, rng: random.Random) -> Shape:
        partitions = rng.choice((1, 2, 3))
        evidence = rng.choice(("position", "position", "es", "es", "gtid"))
        grouped = rng.random() < 0.3
        return cls(
            size=rng.choice((1, 1, 2, 2, 3, 4, 5)),
            reserve=rng.choice((0, 1, 1, 2, 2, 3, 4, 5)),
            partitions=partitions,
            used=max(1, partitions - (rng.random() < 0.15)),
            evidence=evidence,
            grouped=grouped,
            numbered=not grouped or rng.random() < 0.5,
            keys=rng.randint(3, 12),
            scores=rng.choice((2, 4, 12)),
            steps=rng.randint(100, 240),
            pace_ms=rng.choice((20, 80, 250)),
            canal_lag_ms=rng.choice((0, 100, 300)),
            ranked=rng.random() < 0.3,
        )


@dataclass(frozen=True)
class Faults:
    """What may go wrong in a history; the numbers are how many histories in a hundred have it."""

    crash: int = 40
    """Canal dies and starts again at its last saved position, up to five seconds back."""
    hole: int = 35
    """Part of a batch is lost in sending; Canal rolls back and sends it all again."""
    resend: int = 30
    """A whole batch is sent again."""
    stall: int = 35
    """Canal hangs for seconds with a backlog."""
    slow_partition: int = 12
    """One partition's messages wait for seconds while the others' go through."""
    dead: int = 25
    """A message cannot be decoded."""
    silent: int = 12
    """A change never reaches the topic and nothing says so. Only an audit can find that."""
    long_transaction: int = 15
    """Commits whose events carry a time of seconds ago."""
    clock: int = 4
    """The database's clock is set back or forward."""
    truncate: int = 15
    move: int = 60
    """Rows change their key."""
    null: int = 30
    alter: int = 10
    late_visible: int = 50
    """A commit is in the binlog up to 450 ms before a query can see it."""
    slow_query: int = 40
    failing_query: int = 20
    resync: int = 15
    restart: int = 15
    away: int = 15
    """The broker cannot be reached for a while."""
    gone: int = 12
    """The table is not there for a while, and nothing on the feed says so."""
    log_reset: int = 12
    """The binlog is begun anew (RESET MASTER), once all of it was read."""
    elsewhere: int = 8
    """The table is read from a replica, up to date, that has a shorter log of its own."""
    steady: int = 15
    """Before all is calm, changes go on for a while, and nothing else."""

    @classmethod
    def draw(cls, rng: random.Random) -> Faults:
        chosen = {f.name: rng.random() * 100 < f.default for f in fields(cls)}  # type: ignore[operator]
        return cls(**{name: int(on) for name, on in chosen.items()})

    @classmethod
    def none(cls) -> Faults:
        return cls(**{f.name: 0 for f in fields(cls)})


@dataclass(frozen=True, slots=True)
class Transaction:
    number: int
    written_ms: float
    visible_ms: float
    es_ms: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the binlog; it concerns one row, or the whole table."""

    index: int
    transaction: Transaction
    partition: int
    what: str
    """``upsert``, ``delete``, ``move``, ``clear``, ``alter`` or ``query``."""
    key: int = 0
    score: int | None = None
    old_key: int | None = None
    existed: bool = False
    """Whether there was a row of that key (of the old key, where it has moved)."""
    old_score: int | None = None
    """The score that row had."""

    def images(self) -> list[tuple[int, int | None]]:
        """Keys and the scores they have after it; None for a row that is gone or has a NULL."""
        if self.what == "move":
            assert self.old_key is not None
            return [(self.old_key, None), (self.key, self.score)]
        if self.what in ("upsert", "delete"):
            return [(self.key, self.score)]
        return []

    def replay(self, rows: Rows) -> None:
        """Do to a full copy of the table what this event did."""
        if self.what == "clear":
            rows.clear()
        rows.update(self.images())


class Table:
    """The table, its binlog, and what a query sees of it, which may be a moment behind."""

    def __init__(self, shape: Shape) -> None:
        self.rows: Rows = {}
        self.log: list[Entry] = []
        self.of_partition: list[list[int]] = [[] for _ in range(shape.partitions)]
        self.visible: Rows = {}
        self.visible_count = 0
        self._shape = shape
        self._log_starts = [0]
        self._history: dict[int, list[tuple[int, int, int | None]]] = {
            key: [] for key in range(shape.keys)
        }

    def append(
        self,
        transaction: Transaction,
        what: str,
        key: int = 0,
        score: int | None = None,
        old_key: int | None = None,
    ) -> None:
        about_row = what in ("upsert", "delete", "move")
        partition = key % self._shape.used if about_row else 0
        row = key if old_key is None else old_key
        existed, old_score = about_row and row in self.rows, self.rows.get(row)
        entry = Entry(
            len(self.log), transaction, partition, what, key, score, old_key, existed, old_score
        )
        self.log.append(entry)
        self.of_partition[partition].append(entry.index)
        images = [(k, None) for k in self._history] if what == "clear" else entry.images()
        for k, image in images:
            self._history[k].append((entry.index, partition, image))
        entry.replay(self.rows)
        for gone in (old_key, key if what == "delete" else None):
            if gone is not None:
                del self.rows[gone]

    def show(self, now_ms: float) -> None:
        """Let queries see what has become visible by now."""
        log = self.log
        while (
            self.visible_count < len(log)
            and log[self.visible_count].transaction.visible_ms <= now_ms
        ):
            log[self.visible_count].replay(self.visible)
            self.visible_count += 1

    def at(self, cut: Sequence[int]) -> Rows:
        """The table when each partition's events before its cut had happened, and no others."""
        rows: Rows = {}
        for key, history in self._history.items():
            for index, partition, score in reversed(history):
                if index < cut[partition]:
                    rows[key] = score
                    break
        return rows

    def position(self, index: int) -> LogPosition:
        """Where in the binlog an event stands; a file holds fifty."""
        index -= self._log_starts[bisect_right(self._log_starts, index) - 1]
        return LogPosition(number=1 + index // 50, offset=4 + index % 50 * 100, base="binlog")

    def begin_log_anew(self) -> None:
        """From here on places are counted from the beginning again."""
        self._log_starts.append(len(self.log))
