"""Canal's protobuf messages (``canal.mq.flatMessage=false``).

A record is one Packet with Messages with any number of entries, each a binlog event: three nested
parses. Both byte layouts (with and without ``canal.mq.dynamicTopic``) are the same messages.

What cannot be noticed: a Packet cut exactly before its body is what Canal sends when it has filtered
every entry, and counts as "no entries". Every other cut breaks a length and is a dead letter.

``Event.gtid`` is the header's ``gtid``: on MySQL the executed *set*, on MariaDB one id, as in the
flat format. (The event's own GTID is in the header's props as ``curtGtid``; it is not used.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from google.protobuf.message import DecodeError

from engine.columns import Table
from engine.core.changes import Event, Kind, LogPosition
from engine.formats import canal_pb2 as pb
from engine.formats.entry import NULL_VALUE, Entry, Image, Images, dead, ignored
from engine.formats.judge import ROW_OPS, UNKNOWN_ENTRY, Judge
from engine.formats.rows import RowReader
from engine.told import told

OPS = {value: name.removeprefix("EVENT_") for name, value in pb.EventType.items()}
"""Canal's event types by the names that the flat format has for them."""
OPS[pb.EVENT_UNKNOWN] = ""

_NO_ENTRIES = told("no entries")
_NOT_ROW_DATA = {
    pb.ENTRY_UNKNOWN: UNKNOWN_ENTRY,
    pb.ENTRY_TRANSACTIONBEGIN: told("transaction"),
    pb.ENTRY_TRANSACTIONEND: told("transaction"),
    pb.ENTRY_HEARTBEAT: told("heartbeat"),
    pb.ENTRY_GTIDLOG: "gtid",
}


class CanalProtobuf:
    """Decoder of protobuf packets for one table."""

    def __init__(self, table: Table, rows: type[RowReader] = RowReader) -> None:
        self._judge = Judge(table, rows)
        decisive = {table.key.name, table.score.name}
        columns = {column.name for column in table.columns}
        self._after = _ImageReader(decisive | columns)
        self._before = _ImageReader(decisive | columns if rows.WHOLE else decisive)

    def decode(self, value: bytes | None) -> tuple[Event, ...]:
        """The events of one message, one or more an entry, in order; never raises on content."""
        if value is None:
            return ignored(NULL_VALUE)
        try:
            packet = pb.Packet.FromString(value)
            if problem := _packet_problem(packet):
                return dead(problem)
            messages = pb.Messages.FromString(packet.body)
        except DecodeError:
            return dead(
                told(
                    "not readable as a Canal packet ({size} bytes): cut or damaged", size=len(value)
                )
            )
        batch = messages.batch_id or None
        count = len(messages.messages)
        events: list[Event] = []
        for i, data in enumerate(messages.messages, 1):
            try:
                events += self._entry_events(data, batch)
            except DecodeError:
                events += dead(
                    told(
                        "entry {entry} of {count} ({size} bytes) does not decode",
                        entry=i,
                        count=count,
                        size=len(data),
                    )
                )
        return tuple(events) or ignored(_NO_ENTRIES)

    def _entry_events(self, data: bytes, batch: int | None) -> tuple[Event, ...]:
        raw = pb.Entry.FromString(data)
        header = raw.header
        entry = Entry(
            OPS.get(header.event_type, ""),
            header.schema_name,
            header.table_name,
            es_ms=header.execute_time or None,
            batch=batch,
            position=log_position(header.logfile_name, header.logfile_offset),
            gtid=header.gtid,
            server_id=header.server_id or None,
        )
        if raw.entry_type != pb.ENTRY_ROWDATA:
            reason = _NOT_ROW_DATA.get(raw.entry_type, UNKNOWN_ENTRY)
            return (entry.event(Kind.IGNORED, reason),)
        if entry.op in ROW_OPS and not self._judge.is_ours(entry.database, entry.table):
            return self._judge.events(entry)
        try:
            change = pb.RowChange.FromString(raw.store_value)
        except DecodeError:
            reason = told(
                "{op} on {table}: its rows ({size} bytes) do not decode",
                op=entry.op,
                table=f"{entry.database}.{entry.table}",
                size=len(raw.store_value),
            )
            return (entry.event(Kind.DEAD, reason),)
        op = OPS.get(change.event_type, "") or entry.op
        return self._judge.events(
            Entry(
                op,
                entry.database,
                entry.table,
                change.sql,
                entry.es_ms,
                batch,
                entry.position,
                entry.gtid,
                entry.server_id,
                len(change.row_datas),
                self._images(op, change),
            )
        )

    def _images(self, op: str, change: pb.RowChange) -> Iterator[Images]:
        for row in change.row_datas:
            before = None if op == "INSERT" else self._before.read(row.before_columns)
            yield before, None if op == "DELETE" else self._after.read(row.after_columns)


def log_position(file: str, offset: int) -> LogPosition | None:
    """``mariadb-bin.000012`` -> base and number; None for a name without a number."""
    base, dot, number = file.rpartition(".")
    if not dot or not number.isascii() or not number.isdigit():
        return None
    return LogPosition(int(number), offset, base)


class _ImageReader:
    """Takes the columns that are wanted out of a protobuf row.

    Reading one field of one column costs about 0.1 µs, and a row has many columns, so the place of
    each wanted column is remembered and only verified; a row that looks different is read whole.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._places: tuple[tuple[int, str], ...] = ()

    def read(self, columns: Sequence[pb.Column]) -> Image:
        image: dict[str, str | None] = {}
        try:
            for place, name in self._places:
                column = columns[place]
                if column.name != name:
                    return self._whole(columns)
                image[name] = None if column.is_null else column.value
        except IndexError:
            return self._whole(columns)
        return image or self._whole(columns)

    def _whole(self, columns: Sequence[pb.Column]) -> Image:
        image = {column.name: None if column.is_null else column.value for column in columns}
        if self._names <= image.keys():
            self._places = tuple((i, n) for i, n in enumerate(image) if n in self._names)
        return image


def _packet_problem(packet: pb.Packet) -> str:
    if packet.type != pb.PACKET_MESSAGES:
        return told(
            "a Canal packet of type {type}, not {wanted} (messages)",
            type=packet.type,
            wanted=pb.PACKET_MESSAGES,
        )
    if packet.compression not in (pb.COMPRESSION_UNKNOWN, pb.COMPRESSION_NONE):
        return told(
            "a Canal packet with compression {compression}; Canal for Kafka sets none",
            compression=packet.compression,
        )
    return ""
