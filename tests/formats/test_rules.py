"""What each kind of message asks of the core, where no recording shows it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.changes import Delete, Event, Kind, Upsert
from engine.errors import WrongSetting
from engine.formats import canal_pb2 as pb
from engine.formats import make_decoder
from engine.formats.canal_protobuf import log_position
from tests.formats.recordings import column, decode, flat, messages, row, table

PLAIN = table(column("biz", "varchar(128)"))


def one(value: bytes | None, **settings: Any) -> Event:
    (event,) = decode(PLAIN, value, **settings)
    return event


def packet(*entries: pb.Entry | bytes, **fields: Any) -> bytes:
    data = [e if isinstance(e, bytes) else e.SerializeToString() for e in entries]
    body = pb.Messages(batch_id=9, messages=data).SerializeToString()
    settings: dict[str, Any] = {"type": pb.PACKET_MESSAGES, "body": body} | fields
    return pb.Packet(**settings).SerializeToString()


def entry(
    kind: pb.EventType = pb.EVENT_UPDATE,
    before: dict[str, str | None] | None = None,
    after: dict[str, str | None] | None = None,
    *,
    name: str = "interactives",
    sql: str = "",
    entry_type: pb.EntryType = pb.ENTRY_ROWDATA,
) -> pb.Entry:
    def columns(image: dict[str, str | None] | None) -> list[pb.Column]:
        return [
            pb.Column(name=n, is_null=v is None, value=v or "") for n, v in (image or {}).items()
        ]

    rows = [pb.RowData(before_columns=columns(before), after_columns=columns(after))]
    change = pb.RowChange(event_type=kind, sql=sql, row_datas=rows if before or after else [])
    header = pb.Header(
        schema_name="webook", table_name=name, event_type=kind, logfile_name="bin.000012",
        logfile_offset=345, execute_time=1000, gtid="0-1-360",
    )  # fmt: skip
    return pb.Entry(header=header, entry_type=entry_type, store_value=change.SerializeToString())


@pytest.mark.parametrize(
    ("op", "fields", "kind", "reason"),
    [
        ("ALTER", {}, Kind.RESHAPE, ""),
        ("RENAME", {}, Kind.RESHAPE, ""),
        ("CREATE", {}, Kind.RESHAPE, ""),
        ("TRUNCATE", {}, Kind.CLEAR, ""),
        ("ERASE", {}, Kind.CLEAR, ""),
        ("CINDEX", {}, Kind.IGNORED, "index ddl"),
        ("XAROLLBACK", {"database": "", "table": ""}, Kind.IGNORED, "xa"),
        ("GTID", {}, Kind.IGNORED, "gtid"),
        ("MHEARTBEAT", {}, Kind.IGNORED, "heartbeat"),
        ("FUTURE", {}, Kind.IGNORED, "unknown entry"),
        ("ALTER", {"table": "other"}, Kind.IGNORED, "other table"),
        ("ERASE", {"database": "other"}, Kind.IGNORED, "other table"),
        ("QUERY", {"table": "", "sql": "CREATE DATABASE webook"}, Kind.IGNORED, "query"),
        ("QUERY", {"table": "", "sql": "drop database webook"}, Kind.RESHAPE, ""),
        ("QUERY", {"database": "x", "sql": "drop database x"}, Kind.IGNORED, "query"),
    ],
)
def test_ddl_goes_by_type(op: str, fields: dict[str, Any], kind: Kind, reason: str) -> None:
    for is_ddl in (True, False):
        event = one(flat(op, **{"isDdl": is_ddl} | fields))
        assert (event.kind, event.op) == (kind, op)
        if kind is Kind.IGNORED:
            assert event.reason == reason


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("RENAME TABLE interactives TO old_i, `new_i` TO `interactives`", Kind.RESHAPE),
        ("rename table webook.INTERACTIVES to old_i", Kind.RESHAPE),
        ("RENAME TABLE interactives_new TO old_i", Kind.IGNORED),
        ("RENAME TABLE my$interactives TO old_i", Kind.IGNORED),
    ],
)
def test_a_rename_is_found_in_the_statement_too(sql: str, kind: Kind) -> None:
    """Canal publishes `RENAME TABLE a TO b, c TO a` under the name b."""
    assert one(flat("RENAME", sql=sql, table="old_i")).kind is kind
    of_protobuf = entry(pb.EVENT_RENAME, sql=sql, name="old_i")
    assert one(packet(of_protobuf)).kind is kind


def test_a_drop_of_several_tables_is_found_in_the_statement() -> None:
    event = one(flat("ERASE", sql="DROP TABLE `a`,`interactives`", table="a"))
    assert event.kind is Kind.RESHAPE


def test_names_are_compared_without_case() -> None:
    data = row(ID="7", BIZ="x")
    del data["id"], data["biz"]
    event = one(flat("INSERT", [data], database="WeBook", table="Interactives"))
    assert event.changes == (Upsert(7, 5, ("x",)),)
    other = table(column("BIZ", "text"), database="WEBOOK", name="INTERACTIVES")
    assert decode(other, flat("INSERT", [row()]))[0].changes == (Upsert(1, 5, ("article",)),)


@pytest.mark.parametrize(
    ("score", "why"),
    [
        *[(s, "is not an integer") for s in (
            "abc", "1.5", "5.0", "1e3", "1E3", " 5", "5 ", "+5", "1_0", "", "-", "nan", "Infinity",
            "null", "٣", "²", "0x1f", "9" * 5000, "\x1b[31m", 1.5, 1e3,
        )],
        (True, "is not a string"), ({}, "is not a string"), ([5], "is not a string"),
    ],
)  # fmt: skip
def test_a_score_that_is_no_number_is_dead(score: Any, why: str) -> None:
    event = one(flat("UPDATE", [row(like_cnt=score)], [{"like_cnt": "4"}]))
    assert event.kind is Kind.DEAD
    assert why in event.reason
    assert "score 'like_cnt'" in event.reason
    assert event.reason.isprintable()


@pytest.mark.parametrize("score", [2**60, 2**64 - 1, -(2**63), 0, -1, 2**53 + 1])
def test_integers_are_exact(score: int) -> None:
    for raw in (str(score), score):
        old = {"like_cnt": str(score - 1)}
        event = one(flat("UPDATE", [row(like_cnt=raw)], [old]))
        assert event.changes == (Upsert(1, score, ("article",), None, score - 1),)


@pytest.mark.parametrize("score", [10**20, -(10**20), 2**80, 10**390])
def test_an_integer_longer_than_any_of_mysql_is_dead(score: int) -> None:
    event = one(flat("UPDATE", [row(like_cnt=str(score))], [{"like_cnt": "4"}]))
    assert event.kind is Kind.DEAD
    assert "an integer" in event.reason


@pytest.mark.parametrize(
    ("op", "key"), [(op, key) for op in ("INSERT", "DELETE") for key in (None, "x", "1e3", "")]
)
def test_a_key_that_cannot_be_read_is_dead(op: str, key: str | None) -> None:
    event = one(flat(op, [row(id=key)]))
    assert event.kind is Kind.DEAD
    assert "key 'id'" in event.reason


@pytest.mark.parametrize("missing", ["id", "like_cnt"])
def test_absent_is_not_null(missing: str) -> None:
    data = row()
    del data[missing]
    for op in ("INSERT", "UPDATE"):
        event = one(flat(op, [data]))
        assert event.kind is Kind.DEAD
        assert f"{missing!r} is missing" in event.reason
    kind = Kind.DEAD if missing == "id" else Kind.ROWS
    assert one(flat("DELETE", [data])).kind is kind


def test_the_other_rows_are_delivered() -> None:
    data = [row(), row(id="2", like_cnt="x"), row(id="3"), row(id=None), 5]
    good, bad = decode(PLAIN, flat("INSERT", data))
    assert [change.key for change in good.changes] == [1, 3]
    assert (bad.kind, bad.es_ms, bad.batch) == (Kind.DEAD, good.es_ms, good.batch)
    assert bad.reason.startswith("INSERT (and 2 more): row 2 of 5: score 'like_cnt': 'x' is not")


@pytest.mark.parametrize("data", [None, []])
def test_rows_without_rows_are_dead(data: Any) -> None:
    assert one(flat("UPDATE", data)).kind is Kind.DEAD
    assert one(packet(entry())).kind is Kind.DEAD
    assert "STATEMENT" in one(packet(entry(sql="UPDATE interactives SET x=1"))).reason


def test_rows_of_an_unknown_type_are_dead() -> None:
    assert one(flat("UPSERT", [row()])).kind is Kind.DEAD
    assert one(packet(entry(pb.EVENT_UNKNOWN, after=row()))).kind is Kind.DEAD


def test_the_old_leak_is_no_key_change() -> None:
    """A multi-row UPDATE's old has columns that only an earlier row changed."""
    data = [row(id="9"), row(id="2")]
    event = one(flat("UPDATE", data, [{"id": "1"}, {"id": "2", "like_cnt": "5"}]))
    assert event.changes == (Upsert(9, 5, ("article",), 1, 5), Upsert(2, 5, ("article",), None, 5))


@pytest.mark.parametrize("old", [None, [], [{}], [None]])
def test_old_may_be_missing(old: Any) -> None:
    (change,) = one(flat("UPDATE", [row()], old)).changes
    assert isinstance(change, Upsert)
    assert (change.key, change.score, change.old_key) == (1, 5, None)


def test_old_of_another_length_cannot_be_matched() -> None:
    data = [row(), row(id="2")]
    (event,) = decode(PLAIN, flat("UPDATE", data, [{"biz": "x"}, {}, {}]))
    assert len(event.changes) == 2
    rows, lost = decode(PLAIN, flat("UPDATE", data, [{"id": "8"}, {}, {}]))
    assert [change.old_key for change in rows.changes if isinstance(change, Upsert)] == [None] * 2
    assert "2 rows but 3 old ones" in lost.reason


@pytest.mark.parametrize(
    "biz", ["a\nb", "\x1b[31m", "[bold]x[/]", "😀", "null", "x" * 10_000, "5", "\u202e", "\0"]
)
def test_text_stays_what_it_is(biz: str) -> None:
    assert one(flat("INSERT", [row(biz=biz)])).changes == (Upsert(1, 5, (biz,)),)
    assert one(packet(entry(pb.EVENT_INSERT, after=row(biz=biz)))).changes == (
        Upsert(1, 5, (biz,)),
    )


def test_a_display_column_never_costs_the_row() -> None:
    of = table(column("biz_id"), column("e", "enum('a')"), column("gone", "int"))
    (event,) = decode(of, flat("INSERT", [row(biz_id="many", e="7")]))
    assert event.changes == (Upsert(1, 5, ("many", "7", None)),)


def test_key_and_score_may_be_display_columns() -> None:
    of = table(column("like_cnt"), column("id"))
    assert decode(of, flat("INSERT", [row()]))[0].changes == (Upsert(1, 5, (5, 1)),)


def test_a_string_key() -> None:
    of = table(key=column("biz", "varchar(128)"))
    data, old = [row(biz="b", like_cnt=None)], [{"biz": "a", "like_cnt": "3"}]
    for value in (
        flat("UPDATE", data, old),
        packet(entry(before=row(biz="a", like_cnt="3"), after=data[0])),
    ):
        assert decode(of, value)[0].changes == (Upsert("b", None, (), "a", 3),)
    assert decode(of, flat("DELETE", [{"biz": "a"}]))[0].changes == (Delete("a"),)


def test_json_may_have_a_mark_and_space_before_it() -> None:
    assert one(b"\xef\xbb\xbf" + flat("INSERT", [row()])).kind is Kind.ROWS
    assert one(b" \r\n" + flat("INSERT", [row()])).kind is Kind.ROWS


def test_nothing_and_foreign_bytes() -> None:
    assert one(None) == Event(Kind.IGNORED, "", reason="null value")
    for value in (b"", b"\0\0\0\0\x07", b"\x0a\x01", b"[1]", b"{}", b'{"a":1}', b"hello"):
        assert one(value).kind is Kind.DEAD
    assert "no database, table, type" in one(b"{}").reason
    assert "starts with bytes 00 00" in one(b"\0\0\0\0\x07").reason
    assert "deeply" in one(b'{"data":' + b"[" * 10**5).reason


@pytest.mark.parametrize(("wanted", "other"), [("canal-json", 1), ("canal-protobuf", 0)])
def test_a_fixed_format_names_its_setting(wanted: str, other: int) -> None:
    both = [flat("INSERT", [row()]), packet(entry(pb.EVENT_INSERT, after=row()))]
    assert one(both[1 - other], format=wanted).kind is Kind.ROWS
    event = one(both[other], format=wanted)
    assert event.kind is Kind.DEAD
    assert f"[feed] format is '{wanted}'; set it to 'auto'" in event.reason


def test_an_unknown_format_is_a_wrong_setting() -> None:
    with pytest.raises(WrongSetting, match="choose one of auto, canal-json, canal-protobuf"):
        make_decoder(PLAIN, "avro")


def test_protobuf_header_fields() -> None:
    event = one(packet(entry(pb.EVENT_INSERT, after=row())))
    assert (event.es_ms, event.batch, event.gtid) == (1000, 9, "0-1-360")
    assert event.position == log_position("bin.000012", 345)
    assert (log_position("binlog", 4), log_position("", 4)) == (None, None)


def test_protobuf_packets_that_are_not_messages() -> None:
    assert "type 3" in one(packet(type=pb.PACKET_ACK)).reason
    assert "compression 3" in one(packet(compression=pb.COMPRESSION_GZIP)).reason
    assert one(packet()).reason == "no entries"


@pytest.mark.parametrize(
    ("entry_type", "reason"),
    [
        (pb.ENTRY_UNKNOWN, "unknown entry"),
        (pb.ENTRY_TRANSACTIONBEGIN, "transaction"),
        (pb.ENTRY_TRANSACTIONEND, "transaction"),
        (pb.ENTRY_HEARTBEAT, "heartbeat"),
        (pb.ENTRY_GTIDLOG, "gtid"),
        (99, "unknown entry"),
    ],
)
def test_entries_that_are_not_row_data(entry_type: pb.EntryType, reason: str) -> None:
    event = one(packet(entry(after=row(), entry_type=entry_type)))
    assert (event.kind, event.reason) == (Kind.IGNORED, reason)


def test_a_damaged_entry_does_not_cost_the_others() -> None:
    good = entry(pb.EVENT_INSERT, after=row())
    broken = pb.Entry.FromString(good.SerializeToString())
    broken.store_value = broken.store_value[:-3]
    foreign = entry(pb.EVENT_INSERT, after=row(), name="other")
    foreign.store_value = b"\xff"
    events = decode(PLAIN, packet(good, b"\xff\xff", broken, foreign, good))
    kinds = [event.kind for event in events]
    assert kinds == [Kind.ROWS, Kind.DEAD, Kind.DEAD, Kind.IGNORED, Kind.ROWS]
    assert "entry 2 of 5" in events[1].reason
    assert "its rows" in events[2].reason


def test_protobuf_columns_that_move() -> None:
    """The decoder remembers where the columns stand; an ALTER moves them."""
    decoder = make_decoder(PLAIN)
    for image in (row(), dict(reversed(row().items())), {"x": "1"} | row(), row()):
        (event,) = decoder.decode(packet(entry(pb.EVENT_INSERT, after=image)))
        assert event.changes == (Upsert(1, 5, ("article",)),)
    (event,) = decoder.decode(packet(entry(pb.EVENT_INSERT, after={"id": "1", "biz": None})))
    assert event.kind is Kind.DEAD


def test_the_raw_layout_has_a_batch() -> None:
    value = messages("real-canal/protobuf.jsonl")[2]
    assert value[:4] == b"\x10\x01\x18\x07"
    assert one(value).batch is None
    assert one(packet(entry(pb.EVENT_INSERT, after=row()))).batch == 9
