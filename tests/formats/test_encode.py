"""What the writers write is what a real Canal wrote, and the decoders read it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.changes import Delete, Event, Kind, LogPosition, Upsert
from engine.formats import canal_pb2 as pb
from engine.formats.encode import BinlogColumn, BinlogEvent, Image, RowImages
from engine.formats.encode_json import encode_json
from engine.formats.encode_protobuf import encode_protobuf
from tests.formats.recordings import column, decode, messages, table

FLAT = ["flat.jsonl", "flat.scores.jsonl", "flat.default.jsonl", "flat_part3.jsonl"]
PROTOBUF = ["protobuf.jsonl", "protobuf.scores.jsonl", "protobuf.default.jsonl"]


# ── recorded messages, as the events that caused them ─────────────────────────────────────────


def entries(value: bytes) -> list[pb.Entry]:
    body = pb.Packet.FromString(value).body
    return [pb.Entry.FromString(data) for data in pb.Messages.FromString(body).messages]


def images(columns: Any) -> Image | None:
    return {c.name: None if c.is_null else c.value for c in columns} or None


def event_of(entry: pb.Entry) -> BinlogEvent:
    """A recorded entry as the event it says it is: its ids, times, places and rows, nothing else."""
    header, change = entry.header, pb.RowChange.FromString(entry.store_value)
    known: dict[int, BinlogColumn] = {}
    for row in change.row_datas:
        for c in (*row.before_columns, *row.after_columns):
            known[c.index] = BinlogColumn(name=c.name, mysql_type=c.mysql_type, is_key=c.is_key)
    # A MINIMAL image has gaps; whatever stands in them is not written either.
    columns = [known.get(i) or BinlogColumn(name=f"?{i}", mysql_type="int") for i in range(16)]
    return BinlogEvent(
        op=pb.EventType.Name(header.event_type).removeprefix("EVENT_"),
        database=header.schema_name,
        table=header.table_name,
        es_ms=header.execute_time,
        columns=tuple(columns),
        rows=tuple(
            RowImages(before=images(row.before_columns), after=images(row.after_columns))
            for row in change.row_datas
        ),
        sql=change.sql,
        is_ddl=change.is_ddl,
        gtid=header.gtid,
        log_file=header.logfile_name,
        log_offset=header.logfile_offset,
        length=header.event_length,
        server_id=header.server_id,
        table_id=change.table_id,
    )


WITH_PROPS = {"protobuf.default.jsonl": [30]}
"""The one recorded message, by its index, that holds an XA COMMIT: its props are not ours to write."""


@pytest.mark.parametrize("file", PROTOBUF)
def test_protobuf_is_canals_byte_for_byte(file: str) -> None:
    others = []
    for index, value in enumerate(messages(f"real-canal/{file}")):
        if encode_protobuf([event_of(entry) for entry in entries(value)]) != value:
            others.append(index)
    assert others == WITH_PROPS.get(file, [])


def test_an_xa_commit_is_canals_but_for_the_props_behind_it() -> None:
    ((file, (index,)),) = WITH_PROPS.items()
    recorded = entries(messages(f"real-canal/{file}")[index])
    written = entries(encode_protobuf([event_of(entry) for entry in recorded]))
    assert [pb.EventType.Name(e.header.event_type) for e in recorded] == [
        "EVENT_QUERY",
        "EVENT_XACOMMIT",
    ]
    assert written[0] == recorded[0]
    ours, commit = written[1], recorded[1]
    assert (ours.header, ours.entry_type) == (commit.header, commit.entry_type)
    assert commit.store_value.startswith(ours.store_value)
    behind = pb.RowChange.FromString(commit.store_value.removeprefix(ours.store_value))
    assert [prop.key for prop in behind.props] == ["XA_TYPE", "XA_XID"]
    behind.ClearField("props")
    assert behind == pb.RowChange()


def test_the_other_layout_has_a_batch_number_and_no_version() -> None:
    value = messages("real-canal/protobuf.jsonl")[2]
    written = encode_protobuf([event_of(entry) for entry in entries(value)], batch_id=300)
    assert written.startswith(bytes.fromhex("18072a"))
    packet = pb.Packet.FromString(written)
    assert not packet.HasField("version")
    assert packet.body.startswith(bytes.fromhex("08ac02" + "12"))
    (event,) = decode(table(), written)
    assert event.batch == 300


def flat_and_protobuf() -> Iterator[tuple[bytes, BinlogEvent]]:
    """The same steps recorded in both formats, message by message."""
    for topic in ("", ".scores"):
        recorded = messages(f"real-canal/protobuf{topic}.jsonl")
        events = [event_of(entry) for value in recorded for entry in entries(value)]
        yield from zip(messages(f"real-canal/flat{topic}.jsonl"), events, strict=True)


def test_json_is_canals_byte_for_byte() -> None:
    """The rows come from the protobuf recording: so `old` and the types are worked out here."""
    written = 0
    for value, event in flat_and_protobuf():
        raw = json.loads(value)
        told = with_place(event, raw)
        assert encode_json(told, batch_id=raw["id"], ts_ms=raw["ts"]) == value
        written += 1
    assert written == 57


@pytest.mark.parametrize("file", FLAT)
def test_statements_in_json(file: str) -> None:
    for value in messages(f"real-canal/{file}"):
        raw = json.loads(value)
        if raw["data"] is None:
            event = BinlogEvent(
                op=raw["type"],
                database=raw["database"],
                table=raw["table"],
                es_ms=raw["es"],
                sql=raw["sql"],
                is_ddl=raw["isDdl"],
            )
            assert encode_json(event, batch_id=raw["id"], ts_ms=raw["ts"]) == value


@pytest.mark.parametrize("file", FLAT)
def test_rows_in_json(file: str) -> None:
    """Every recorded row message, its rows read from the flat message itself."""
    for value in messages(f"real-canal/{file}"):
        raw = json.loads(value)
        if raw["data"]:
            event = flat_event(raw)
            written = encode_json(event, batch_id=raw["id"], ts_ms=raw["ts"])
            if file == "flat_part3.jsonl" and written != value:
                # Rows before these went to other partitions, and what changed in them leaked.
                assert without_leak(json.loads(written)) == without_leak(raw)
            else:
                assert written == value


def without_leak(raw: dict[str, Any]) -> dict[str, Any]:
    old = [
        {name: value for name, value in before.items() if after[name] != value}
        for before, after in zip(raw["old"], raw["data"], strict=True)
    ]
    return raw | {"old": old}


def flat_event(raw: dict[str, Any]) -> BinlogEvent:
    keys = set(raw["pkNames"] or ())
    # A MINIMAL update says nothing of its key: it was in the image before, which nobody sends.
    hidden = {} if keys else {"?": "1"}
    rows = []
    for i, data in enumerate(raw["data"]):
        old = raw["old"][i] if raw["old"] else {}
        before = hidden or {**data, **old}
        rows.append(
            {
                "INSERT": RowImages(after=data),
                "UPDATE": RowImages(before=before, after=data),
                "DELETE": RowImages(before=data),
            }[raw["type"]]
        )
    columns = [
        BinlogColumn(name=name, mysql_type=mysql_type, is_key=name in keys)
        for name, mysql_type in raw["mysqlType"].items()
    ]
    return BinlogEvent(
        op=raw["type"],
        database=raw["database"],
        table=raw["table"],
        es_ms=raw["es"],
        columns=tuple(columns),
        rows=tuple(rows),
    )


def with_place(event: BinlogEvent, raw: dict[str, Any]) -> BinlogEvent:
    """The event at the time at which the other recording has it."""
    fields = {name: getattr(event, name) for name in event.__slots__} | {"es_ms": raw["es"]}
    return BinlogEvent(**fields)


# ── types ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mysql_type", "text", "expected"),
    [
        ("tinyint(3) unsigned", "127", -6), ("tinyint(3) unsigned", "128", 5),
        ("smallint unsigned", "32768", 4), ("mediumint unsigned", "8388608", 4),
        ("int unsigned", "2147483647", 4), ("int unsigned", "2147483648", -5),
        ("bigint unsigned", "9223372036854775808", 3), ("BIGINT", "1", -5),
        ("set('a','b')", "3", -7), ("set('a','b')", None, 2004),
        ("json", "{}", 12), ("json", None, 1111), ("geometry", "x", 1111), ("date", None, 91),
        ("char(3)", "a", 1), ("varbinary(3)", "a", 2004), ("time", "1", 92), ("year(4)", "1999", 12),
    ],
)  # fmt: skip
def test_type_numbers(mysql_type: str, text: str | None, expected: int) -> None:
    assert BinlogColumn(name="c", mysql_type=mysql_type).java_type(text) == expected


# ── round trips ───────────────────────────────────────────────────────────────────────────────

COLUMNS = (
    BinlogColumn(name="id", mysql_type="bigint(20)", is_key=True),
    BinlogColumn(name="biz", mysql_type="varchar(128)"),
    BinlogColumn(name="price", mysql_type="decimal(12,2)"),
    BinlogColumn(name="like_cnt", mysql_type="bigint(20) unsigned"),
)
OF = table(
    column("biz", "varchar(128)"),
    column("price", "decimal(12,2)"),
    score=column("like_cnt", "bigint(20) unsigned"),
)

Line = tuple[int, str | None, Decimal | None, int | None]

lines = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.none() | st.decimals(-(10**9), 10**9, places=2).map(abs),
    st.none() | st.integers(0, 2**64 - 1),
)
ops = st.sampled_from(["INSERT", "UPDATE", "DELETE"])


def image(line: Line) -> Image:
    key, biz, price, score = line
    texts = (str(key), biz, None if price is None else f"{price:f}", score)
    return {c.name: None if t is None else str(t) for c, t in zip(COLUMNS, texts, strict=True)}


def binlog(op: str, pairs: list[tuple[Line, Line]]) -> BinlogEvent:
    rows = [
        RowImages(
            before=None if op == "INSERT" else image(before),
            after=None if op == "DELETE" else image(after),
        )
        for before, after in pairs
    ]
    return BinlogEvent(
        op=op,
        database="webook",
        table="interactives",
        es_ms=1795430966000,
        columns=COLUMNS,
        rows=tuple(rows),
        log_file="mysql-bin.000007",
        log_offset=4711,
        gtid="0-1-9",
    )


def expected(op: str, pairs: list[tuple[Line, Line]]) -> tuple[Any, ...]:
    changes: list[Any] = []
    for before, after in pairs:
        if op == "DELETE":
            changes.append(Delete(before[0], before[3]))
            continue
        key, biz, price, score = after
        moved = op == "UPDATE" and before[0] != key
        old = before[3] if op == "UPDATE" else None
        changes.append(Upsert(key, score, (biz, price), before[0] if moved else None, old))
    return tuple(changes)


@settings(max_examples=150, deadline=None)
@given(ops, st.lists(st.tuples(lines, lines), min_size=1, max_size=6))
def test_what_is_written_is_read(op: str, pairs: list[tuple[Line, Line]]) -> None:
    event = binlog(op, pairs)
    (flat,) = decode(OF, encode_json(event, batch_id=7, ts_ms=1))
    (packed,) = decode(OF, encode_protobuf([event]))
    assert flat.changes == packed.changes == expected(op, pairs)
    assert (flat.op, flat.es_ms, flat.batch, flat.gtid) == (op, 1795430966000, 7, "0-1-9")
    place = LogPosition(7, 4711, "mysql-bin")
    assert packed == Event(
        Kind.ROWS, op, flat.es_ms, flat.changes, None, place, "0-1-9", server_id=event.server_id
    )


@pytest.mark.parametrize(
    ("op", "kind"),
    [
        ("TRUNCATE", Kind.CLEAR), ("ERASE", Kind.CLEAR), ("ALTER", Kind.RESHAPE),
        ("RENAME", Kind.RESHAPE), ("CREATE", Kind.RESHAPE), ("CINDEX", Kind.IGNORED),
    ],
)  # fmt: skip
def test_statements_are_read(op: str, kind: Kind) -> None:
    event = BinlogEvent(
        op=op, database="webook", table="interactives", es_ms=1000, sql="…", is_ddl=True
    )
    (flat,) = decode(OF, encode_json(event, batch_id=1, ts_ms=1))
    (packed,) = decode(OF, encode_protobuf([event]))
    assert (flat.kind, flat.op) == (packed.kind, packed.op) == (kind, op)


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    event = binlog("INSERT", [((1, None, None, 1), (1, "a\ud83d", None, 1))])
    for value in (encode_json(event, batch_id=1, ts_ms=1), encode_protobuf([event])):
        ((change,),) = [e.changes for e in decode(OF, value)]
        assert isinstance(change, Upsert)
        assert change.columns == ("a?", None)
