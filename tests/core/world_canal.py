"""Canal and the broker of the seeded world: what comes between a binlog and who reads the topic."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.core.changes import Delete, Event, Kind, RowChange, Upsert
from tests.core.world_database import SERVER_ID, Entry, Faults, Shape, Table


@dataclass(frozen=True, slots=True)
class Message:
    entries: tuple[Entry, ...]
    events: tuple[Event, ...]


class Broker:
    """Partition logs that never lose anything."""

    def __init__(self, partitions: int) -> None:
        self.logs: list[list[Message]] = [[] for _ in range(partitions)]

    def write(self, partition: int, message: Message) -> None:
        self.logs[partition].append(message)

    def ends(self) -> list[int]:
        return [len(log) for log in self.logs]

    def before(self, positions: Sequence[int]) -> list[int]:
        """By partition, the binlog index of what stands just before a position; -1: nothing."""
        return [
            log[at - 1].entries[-1].index if at else -1
            for log, at in zip(self.logs, positions, strict=True)
        ]


class Canal:
    """Reads the binlog in batches, sends each batch partition by partition, saves its position."""

    def __init__(
        self, table: Table, broker: Broker, shape: Shape, faults: Faults, rng: random.Random
    ) -> None:
        self._table, self._broker = table, broker
        self._shape, self._faults, self._rng = shape, faults, rng
        self._cursor = 0
        self._outbox: list[deque[Message]] = [deque() for _ in range(shape.partitions)]
        self._roll_back_to: int | None = None
        self._batch = 0
        self._saved: list[tuple[float, int]] = [(0, 0)]
        self._stalled_until_ms = 0.0
        self._blocked_until_ms = [0.0] * shape.partitions
        self._sent: set[int] = set()
        self._dead: set[int] = set()
        self.lost: set[int] = set()
        """Events that it has dropped without a word."""
        self.holed: set[int] = set()
        """Events that it has left out once, to send them again with their whole batch."""

    @property
    def idle(self) -> bool:
        behind = self._cursor < len(self._table.log) or self._roll_back_to is not None
        return not behind and not any(self._outbox)

    @property
    def stuck_until_ms(self) -> float:
        return max(self._stalled_until_ms, *self._blocked_until_ms)

    def step(self, now_ms: float, *, calm: bool) -> None:
        """Send a little of the open batch, or take the next one. Calm: nothing new goes wrong."""
        if now_ms < self._stalled_until_ms:
            return
        if not calm and self._strikes("stall", 0.01):
            self._stalled_until_ms = now_ms + self._rng.randint(2000, 15_000)
            return
        if not calm and self._strikes("crash", 0.02):
            self._crash(now_ms)
        if any(self._outbox):
            self._send_some(now_ms, calm=calm)
        else:
            self._take_batch(now_ms, calm=calm)

    def begin_at_the_end(self, now_ms: float) -> None:
        """Somebody has it forget where it was, which it has read to its end."""
        self._saved = [(now_ms, self._cursor)]

    def _strikes(self, fault: str, chance: float) -> bool:
        return bool(getattr(self._faults, fault)) and self._rng.random() < chance

    def _crash(self, now_ms: float) -> None:
        since_ms = now_ms - self._rng.randint(0, 5000)
        self._saved = [s for s in self._saved if s[0] <= since_ms] or self._saved[:1]
        self._cursor = self._saved[-1][1]
        for queue in self._outbox:
            queue.clear()
        self._roll_back_to = None
        self._batch = 0

    def _send_some(self, now_ms: float, *, calm: bool) -> None:
        partition = self._rng.choice([p for p, queue in enumerate(self._outbox) if queue])
        if not calm and self._strikes("slow_partition", 0.03):
            self._blocked_until_ms[partition] = now_ms + self._rng.randint(1000, 9000)
        if now_ms < self._blocked_until_ms[partition]:
            return
        queue = self._outbox[partition]
        for _ in range(min(len(queue), self._rng.randint(1, 3))):
            self._broker.write(partition, queue.popleft())
        if not any(self._outbox):
            self._finish_batch(now_ms)

    def _finish_batch(self, now_ms: float) -> None:
        if self._roll_back_to is not None:
            self._cursor, self._roll_back_to = self._roll_back_to, None
            return
        log, save = self._table.log, self._cursor
        while 0 < save < len(log) and log[save].transaction is log[save - 1].transaction:
            save -= 1  # positions are saved at the end of transactions
        self._saved.append((now_ms, save))

    def _take_batch(self, now_ms: float, *, calm: bool) -> None:
        first, log = self._cursor, self._table.log
        limit = min(len(log), first + self._rng.randint(1, 6))
        lag_ms = self._shape.canal_lag_ms
        while self._cursor < limit and log[self._cursor].transaction.written_ms + lag_ms <= now_ms:
            self._cursor += 1
        if self._cursor == first:
            return
        self._batch += 1
        holed = not calm and self._strikes("hole", 0.08)
        for message in self._messages(log[first : self._cursor], calm=calm):
            if not (holed and self._rng.random() < 0.5):
                self._outbox[message.entries[0].partition].append(message)
            else:
                self.holed.update(entry.index for entry in message.entries)
        if holed or (not calm and self._strikes("resend", 0.04)):
            self._roll_back_to = first
        if not any(self._outbox):
            self._finish_batch(now_ms)

    def _messages(self, entries: Sequence[Entry], *, calm: bool) -> Iterable[Message]:
        kept: list[Entry] = []
        for entry in entries:
            new = entry.index not in self._sent and not calm
            self._sent.add(entry.index)
            if new and self._strikes("silent", 0.01):
                self.lost.add(entry.index)
            if new and self._strikes("dead", 0.01):
                self._dead.add(entry.index)
            if entry.index not in self.lost:
                kept.append(entry)
        if self._shape.grouped:
            shares = [[e for e in kept if e.partition == p] for p in range(self._shape.partitions)]
        else:
            shares = [[e] for e in kept]
        return [self._message(tuple(share)) for share in shares if share]

    def _message(self, entries: tuple[Entry, ...]) -> Message:
        return Message(entries, tuple(map(self._event, entries)))

    def _event(self, entry: Entry) -> Event:
        kind, changes, op = _decoded(entry)
        if entry.index in self._dead:
            kind, changes, op = Kind.DEAD, (), ""
        evidence = self._shape.evidence
        return Event(
            kind=kind,
            op=op,
            es_ms=entry.transaction.es_ms,
            changes=changes,
            batch=self._batch if self._shape.numbered else None,
            position=self._table.position(entry.index) if evidence == "position" else None,
            gtid=f"0-1-{entry.transaction.number}" if evidence == "gtid" else "",
            server_id=SERVER_ID,
            reason="cannot be decoded" if kind is Kind.DEAD else op if kind is Kind.IGNORED else "",
        )


def _decoded(entry: Entry) -> tuple[Kind, tuple[RowChange, ...], str]:
    match entry.what:
        case "upsert":
            return Kind.ROWS, (Upsert(entry.key, entry.score),), "INSERT"
        case "move":
            return Kind.ROWS, (Upsert(entry.key, entry.score, old_key=entry.old_key),), "UPDATE"
        case "delete":
            return Kind.ROWS, (Delete(entry.key),), "DELETE"
        case "clear":
            return Kind.CLEAR, (), "TRUNCATE"
        case "alter":
            return Kind.RESHAPE, (), "ALTER"
        case _:
            return Kind.IGNORED, (), "QUERY"
