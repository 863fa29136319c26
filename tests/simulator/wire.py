"""The change feed of the simulator: binlog entries as Canal's bytes, and the topic they go to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from engine.adapters.embedded.feed import ChangeLog
from engine.columns import Column, Table
from engine.formats.encode import BinlogColumn, BinlogEvent, Image, RowImages
from engine.formats.encode_json import encode_json
from engine.formats.encode_protobuf import encode_protobuf
from tests.core import world_database as db
from tests.core.world_canal import Canal, Message

DATABASE, TABLE = "shop", "board"

COLUMNS = (
    BinlogColumn(name="id", mysql_type="bigint(20)", is_key=True),
    BinlogColumn(name="name", mysql_type="varchar(40)"),
    BinlogColumn(name="score", mysql_type="bigint(20)"),
)

DESCRIBED = Table(
    database=DATABASE,
    name=TABLE,
    key=Column(name="id", mysql_type="bigint(20)"),
    score=Column(name="score", mysql_type="bigint(20)"),
    columns=(Column(name="name", mysql_type="varchar(40)"),),
    primary_key=("id",),
)

_DDL = {"clear": "TRUNCATE", "alter": "ALTER", "query": "QUERY"}


def name_of(key: int) -> str:
    """What the one display column of a row says."""
    return f"row {key}"


@dataclass(frozen=True, slots=True)
class WireMessage(Message):
    """A message as bytes, with what went into it for the oracles."""

    value: bytes = b""
    dead: frozenset[int] = frozenset()
    """The binlog indices of entries that nobody can read out of it."""
    batch: int = 0
    """Canal's how manieth batch it is part of, over all its lives."""


class Topic(ChangeLog):
    """A topic, and what each of its messages is about."""

    def __init__(self, partitions: int, now_ms: float = 0) -> None:
        super().__init__(partitions)
        self.now_ms = now_ms
        self.committed: dict[int, int] = {}
        """What any engine has committed last, as a consumer group keeps it."""
        self._about: dict[tuple[int, int, int], WireMessage] = {}
        self._newest: dict[int, int] = {}
        self._newest_batch = 0

    def write(self, partition: int, message: Message) -> None:
        """What a :class:`~tests.core.world_canal.Broker` is to Canal."""
        assert isinstance(message, WireMessage)
        offset = self.append(message.value, timestamp_ms=db_ms(self.now_ms), partition=partition)
        self._about[self.incarnation, partition, offset] = message
        newest = self._newest.get(partition, -1)
        self._newest[partition] = max(newest, message.entries[-1].index)
        self._newest_batch = max(self._newest_batch, message.batch)

    def about(self, incarnation: int, partition: int, offset: int) -> WireMessage:
        return self._about[incarnation, partition, offset]

    def repeat_last(self, partition: int) -> None:
        """The producer's retry of a record whose acknowledgement was lost.

        Only of the newest batch: Canal waits for all acknowledgements of a batch before the next one.
        """
        end = self.ends()[partition]
        last = self._about.get((self.incarnation, partition, end - 1))
        if last is not None and last.batch == self._newest_batch:
            self.write(partition, last)

    def before(self, positions: Sequence[int]) -> list[int]:
        """By partition, the binlog index of what stands just before a position; -1: nothing."""
        found = []
        for partition, at in enumerate(positions):
            message = self._about.get((self.incarnation, partition, at - 1))
            newest = self._newest.get(partition, -1)
            found.append(newest if message is None else message.entries[-1].index)
        return found

    def expire(self, partition: int) -> None:
        """Retention has removed everything that is there."""
        part = self._partitions[partition]
        part.start = part.end
        part.messages.clear()

    def add_partition(self) -> None:
        self._partitions.append(type(self._partitions[0])())
        self.arrived.set()


def db_ms(monotonic_ms: float) -> int:
    return 1_700_000_000_000 + int(monotonic_ms)


class WireCanal(Canal):
    """Canal whose faults come when they are ordered, and whose messages are real bytes."""

    def __init__(
        self,
        table: db.Table,
        topic: Topic,
        shape: db.Shape,
        rng: random.Random,
        *,
        protobuf: bool,
    ) -> None:
        super().__init__(table, topic, shape, db.Faults.none(), rng)  # type: ignore[arg-type]  # write() is all it needs
        self._protobuf = protobuf
        self._ordered: set[str] = set()
        self._next_is_minimal = False
        self._batches = 0
        self._minimal: set[int] = set()
        """Of the entries that nobody can use, those whose row image is MINIMAL; the others are damaged."""

    def order(self, fault: str) -> None:
        """This fault strikes at its next occasion."""
        self._ordered.add(fault)

    def calm_down(self) -> None:
        self._ordered.clear()

    def _strikes(self, fault: str, chance: float) -> bool:
        if fault == "dead" and "minimal" in self._ordered:
            self._ordered.remove("minimal")
            self._next_is_minimal = True
            return True
        if fault in self._ordered:
            self._ordered.remove(fault)
            return True
        return False

    def _take_batch(self, now_ms: float, *, calm: bool) -> None:
        self._batches += 1
        super()._take_batch(now_ms, calm=calm)

    def _message(self, entries: tuple[db.Entry, ...]) -> Message:
        dead = frozenset(e.index for e in entries if e.index in self._dead)
        if self._next_is_minimal and dead:
            self._next_is_minimal = False
            self._minimal.update(i for i in dead if self._table.log[i].existed)
        minimal = dead & self._minimal
        events = [self._binlog_event(e, minimal=e.index in minimal) for e in entries]
        batch = self._batch
        if self._protobuf:
            value = encode_protobuf(events, batch_id=batch if self._shape.numbered else None)
        else:
            (event,) = events
            value = encode_json(event, batch_id=batch, ts_ms=events[0].es_ms)
        if dead - minimal:
            value = value[:-3] if min(dead) % 2 else b"\x00" + value
            dead = frozenset(e.index for e in entries)
        return WireMessage(entries, (), value, dead, self._batches)

    def _binlog_event(self, entry: db.Entry, *, minimal: bool) -> BinlogEvent:
        position = self._table.position(entry.index)
        by_gtid = self._shape.evidence == "gtid"
        op, rows, ours = _DDL.get(entry.what, ""), (), entry.what != "query"
        if not op:
            op, images = _images(entry, minimal=minimal)
            rows = (images,)
        return BinlogEvent(
            op=op,
            database=DATABASE if ours else "",
            table=TABLE if ours else "",
            es_ms=entry.transaction.es_ms,
            columns=COLUMNS if rows else (),
            rows=rows,
            sql="" if rows else f"{op} {TABLE}",
            is_ddl=not rows and ours,
            gtid=f"0-1-{entry.transaction.number}" if by_gtid else "",
            log_file=f"{position.base}.{position.number:06}",
            log_offset=position.offset,
            length=100,
        )


def _images(entry: db.Entry, *, minimal: bool) -> tuple[str, RowImages]:
    key, old_key = entry.key, entry.key if entry.old_key is None else entry.old_key
    before, after = _image(old_key, entry.old_score), _image(key, entry.score)
    if entry.what == "delete":
        if minimal:
            before = {"name": before["name"]}
        return "DELETE", RowImages(before=before)
    if not entry.existed:
        return "INSERT", RowImages(after=after)
    if minimal:
        after = {"score": after["score"]}
    return "UPDATE", RowImages(before=before, after=after)


def _image(key: int, score: int | None) -> Image:
    return {"id": str(key), "name": name_of(key), "score": None if score is None else str(score)}
