"""Every recorded message means what the SQL that caused it says."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from engine.core.changes import Delete, Event, Kind, LogPosition, Upsert
from tests.formats.recordings import (
    INTERACTIVES,
    SAMPLES,
    SCORES,
    column,
    decode,
    messages,
    table,
    without_place,
)

R, B = "ROWS", "article"
T0, T1 = 17 * 10**11, 17 * 10**11 + 1000


def up(key: int, score: int | None, /, *columns: Any, **old: int) -> Upsert:
    return Upsert(key, score, columns, old.get("key"), old.get("score"))


# (flat line, kind, op, changes), in the order of the SQL steps of flat.steps.json
STEPS: list[tuple[int, str, str, list[Any]]] = [
    (1, "CLEAR", "ERASE", []),
    (2, "RESHAPE", "CREATE", []),
    (3, R, "INSERT", [up(1, 5, 1, B, 10, T0)]),
    (4, R, "INSERT", [up(2, 6, 2, B, 20, T0), up(3, 7, 3, B, 30, T0), up(4, 8, 4, "video", 40, T0)]),
    (5, R, "UPDATE", [up(1, 6, 1, B, 10, T0, score=5)]),
    (6, R, "UPDATE", [
        up(1, 7, 1, B, 10, T1, score=6), up(2, 7, 2, B, 20, T1, score=6),
        up(3, 8, 3, B, 30, T1, score=7), up(4, 9, 4, "video", 40, T1, score=8),
    ]),
    (7, R, "UPDATE", [
        up(1, 999, 1, B, 11, T1, score=7), up(2, 7, 2, B, 21, T1, score=7),
        up(3, 8, 3, B, 31, T1, score=8), up(4, 9, 4, "video", 41, T1, score=9),
    ]),
    (8, R, "UPDATE", [up(1003, 8, 3, B, 31, T1, key=3, score=8)]),
    (9, R, "DELETE", [Delete(2, 7)]),
    (10, R, "DELETE", [Delete(1003, 8), Delete(4, 9)]),
    (11, R, "INSERT", [up(1004, 0, 10, B, 0, 1)]),
    (12, R, "UPDATE", [up(1004, 1, 10, B, 0, 1, score=0)]),
    (13, R, "UPDATE", [up(1004, 2, 10, B, 0, 1, score=1)]),
    (14, R, "INSERT", [up(1005, 3, 11, B, 0, 1), up(1006, 4, 12, B, 0, 1)]),
    (15, R, "DELETE", [Delete(1005, 3)]),
    (16, R, "INSERT", [up(1008, None, 20, B, None, None)]),
    (17, R, "UPDATE", [up(1008, 7, 20, B, None, None)]),
    (18, R, "UPDATE", [up(1008, None, 20, B, None, None, score=7)]),
    (19, R, "INSERT", [up(1009, 1, None, None, None, None)]),
    (20, R, "INSERT", [up(1010, 1, 21, "文章", 1, 1)]),
    (21, R, "INSERT", [up(1011, 1, 22, "a😀b", 1, 1)]),
    (22, R, "INSERT", [up(1012, 1, 23, 'q"u\'o\\te\nnew\tline', 1, 1)]),
    (23, R, "INSERT", [up(1013, 1, 24, "esc\x1b[31m\0nul\x7f\r</script>\u2028", 1, 1)]),
    (24, R, "INSERT", [up(1014, 1, 25, "", 1, 1)]),
    (25, R, "UPDATE", [up(1015, 77, 1, B, None, None, key=1, score=999)]),
    (26, R, "DELETE", [Delete(1015, 77)]),
    (27, R, "INSERT", [up(1015, 78, 1, B, None, None)]),
    (28, R, "INSERT", [up(1016, 1, 30, B, None, None)]),
    (29, R, "UPDATE", [up(1015, 79, 1, B, None, 5, score=78)]),
    (30, R, "INSERT", [up(1018, 1, 31, B, None, None)]),
    (31, "RESHAPE", "ALTER", []),
    (32, R, "INSERT", [up(1019, 1, 40, B, None, None)]),
    (33, R, "UPDATE", [up(1015, 79, 1, B, None, 5, score=79)]),
    (34, "RESHAPE", "ALTER", []),
    (35, R, "INSERT", [up(1020, 1, 41, B, None, None)]),
    (36, "IGNORED", "CINDEX", []),
    (37, "IGNORED", "DINDEX", []),
    (38, "DEAD", "UPDATE", []),  # MINIMAL image: neither key nor the other columns
    (39, R, "INSERT", [up(1021, 1, 50, B, None, None)]),
    (40, R, "DELETE", [Delete(1021, None)]),
    (41, R, "UPDATE", [up(1015, 81, 1, B, None, 5, score=80)]),
    (42, "DEAD", "UPDATE", []),  # STATEMENT format
    (43, "DEAD", "INSERT", []),
    (44, "DEAD", "DELETE", []),
    (45, R, "UPDATE", [up(1015, 182, 1, B, None, 5, score=181)]),
    (46, R, "INSERT", [up(1, 1, 70, B, None, None)]),
    (47, "CLEAR", "TRUNCATE", []),
    (48, R, "INSERT", [up(1, 1, 71, B, None, None)]),
    (49, R, "DELETE", [Delete(1, 1)]),
    (50, R, "INSERT", [up(i - 998, i, i, "bulk", 0, 1) for i in range(1000, 1129)]),
    (51, R, "INSERT", [up(i - 998, i, i, "bulk", 0, 1) for i in range(1129, 1258)]),
    (52, R, "INSERT", [up(i - 998, i, i, "bulk", 0, 1) for i in range(1258, 1300)]),
    (53, R, "INSERT", [up(302, 1, 80, B, None, None)]),
]  # fmt: skip


def test_flat_line_by_line() -> None:
    lines = messages("real-canal/flat.jsonl")
    assert len(lines) == len(STEPS)
    for line, kind, op, changes in STEPS:
        (event,) = decode(INTERACTIVES, lines[line - 1])
        raw = json.loads(lines[line - 1])
        assert (event.kind.name, event.op, list(event.changes)) == (kind, op, changes), line
        assert (event.es_ms, event.batch, event.gtid) == (raw["es"], raw["id"], "")
        assert event.position is None


def test_protobuf_gives_the_same_events() -> None:
    of_flat = decode(INTERACTIVES, *messages("real-canal/flat.jsonl"))
    of_protobuf = decode(INTERACTIVES, *messages("real-canal/protobuf.jsonl"))
    assert without_place(of_protobuf) == without_place(of_flat)
    assert [event.batch for event in of_protobuf] == [None] * len(STEPS)
    places = [event.position for event in of_protobuf]
    assert places[0] == LogPosition(1, 104237, "mariadb-bin")
    assert all(a < b for a, b in pairwise(places) if a and b)
    assert all(event.es_ms for event in of_protobuf)


def test_a_transaction_is_one_protobuf_message_with_an_event_each() -> None:
    events = decode(INTERACTIVES, messages("real-canal/protobuf.jsonl")[10])
    assert [event.op for event in events] == ["INSERT", "UPDATE", "UPDATE", "INSERT", "DELETE"]


@pytest.mark.parametrize("file", ["flat.scores.jsonl", "protobuf.scores.jsonl"])
def test_every_kind_of_column(file: str) -> None:
    created, tx, inserted, updated = decode(SCORES, *messages(f"real-canal/{file}"))
    assert (created.kind, tx.changes) == (Kind.RESHAPE, (Upsert(1, 1, (None,) * 12),))
    time = ("2026-01-02 03:04:05.678", "2026-01-02 03:04:05")
    rest = (1.5, 2**32 - 1, -128, 10, "b", "文本😀", b"\x00\xff\x80", *time, '{"a":1}')
    first = Decimal("1234567890123456.7891")
    assert inserted.changes == (
        Upsert(100, 2**64 - 1, (first, 1e300, *rest)),
        Upsert(101, 2**63, (Decimal("-0.5000"), 0.1, 3.4e38, 0, 127, 0, "a", "", b"", *3 * [None])),
        Upsert(2**63 - 1, 2**63 - 1, (Decimal(0), 0.0, 0.1, 2**31, 0, *7 * [None])),
        Upsert(2**64 - 2, 0, (None,) * 12),
    )
    zero = inserted.changes[2]
    assert isinstance(zero, Upsert)
    assert str(zero.columns[0]) == "0.0000"  # Canal writes "0.0"
    changed = (first + 1, 3.3333333333333335e299, *rest)
    assert updated.changes == (Upsert(100, 2**64 - 2, changed, None, 2**64 - 1),)


@pytest.mark.parametrize("file", ["flat.scores.jsonl", "protobuf.scores.jsonl"])
def test_a_decimal_is_a_score(file: str) -> None:
    of = table(
        name="scores",
        key=column("id", "bigint(20) unsigned"),
        score=column("s_dec", "decimal(20,4)"),
    )
    _, _, inserted, updated = decode(of, *messages(f"real-canal/{file}"))
    scores = [change.score for change in inserted.changes if isinstance(change, Upsert)]
    assert list(map(str, scores)) == ["1234567890123456.7891", "-0.5000", "0.0000", "None"]
    (change,) = updated.changes
    assert (str(change.old_score), change.key) == ("1234567890123456.7891", 100)


@pytest.mark.parametrize("file", ["flat.default.jsonl", "protobuf.default.jsonl"])
def test_the_default_topic_has_nothing_for_us(file: str) -> None:
    reasons = [
        (event.kind, event.op, event.reason)
        for event in decode(INTERACTIVES, *messages(f"real-canal/{file}"))
    ]
    assert reasons == [(Kind.IGNORED, "QUERY", "query")] * 47 + [(Kind.IGNORED, "XACOMMIT", "xa")]


def test_partitioned_topic_has_the_same_rows() -> None:
    steps = json.loads((SAMPLES / "real-canal/flat.steps.json").read_text())
    assert steps[0]["step"] == "00_drop_create"
    events = decode(INTERACTIVES, *messages("real-canal/flat_part3.jsonl"))
    assert {event.kind for event in events} == {Kind.ROWS, Kind.CLEAR, Kind.RESHAPE}
    bulk = [
        change.key
        for event in events
        for change in event.changes
        if isinstance(change, Upsert) and change.columns[1] == "bulk"
    ]
    assert len(bulk) == len(set(bulk)) == 300
    moved = [
        (change.old_key, change.key)
        for event in events
        for change in event.changes
        if isinstance(change, Upsert) and change.old_key is not None
    ]
    assert len(moved) == 2  # an UPDATE of the key, a REPLACE by a unique key


def _events(path: str, database: str, name: str, score: str, mysql_type: str) -> list[Event]:
    of = table(database=database, name=name, score=column(score, mysql_type))
    return decode(of, *messages(path))


def test_canal_with_gtid_field() -> None:
    path = "canal/canal-1.1.7plus-gtid-kafka.jsonl"
    events = _events(path, "canal_demo", "canal_demo_user_test", "is_active", "tinyint(1)")
    assert [(e.kind.name, e.op, len(e.changes)) for e in events] == [
        (R, "INSERT", 1), (R, "INSERT", 2), (R, "UPDATE", 1), (R, "UPDATE", 2), (R, "DELETE", 1),
        (R, "DELETE", 2), (R, "UPDATE", 1), ("IGNORED", "QUERY", 0), ("RESHAPE", "ALTER", 0),
    ]  # fmt: skip
    assert events[2].changes == (Upsert(10, 0, (), None, 1),)
    assert events[6].changes == (Upsert(4, 0, (), None, 0),)  # its old is [{}]


def test_canal_without_gtid_field_replays_to_the_expected_table() -> None:
    """canal-data.expected.txt is the change log that another reader made of the same file."""
    of = table(
        column("name", "varchar(255)"),
        database="inventory",
        name="products2",
        score=column("weight", "decimal(10,3)"),
    )
    rows: dict[Any, Any] = {}
    for event in decode(of, *messages("canal/canal-data.txt")):
        for change in event.changes:
            if isinstance(change, Delete):
                del rows[change.key]
            else:
                rows[change.key] = (change.columns[0], change.score)
    expected: dict[Any, Any] = {}
    for line in (SAMPLES / "canal/canal-data.expected.txt").read_text().splitlines():
        key, name, *_, weight = line[3:-1].split(",")
        if line.startswith(("+I", "+U")):
            expected[int(key)] = (name, Decimal(weight))
        else:
            del expected[int(key)]
    assert rows == expected


def test_statement_format_minimal_image_and_wrong_is_ddl() -> None:
    path = "canal/statement-format-update.jsonl"
    (event,) = _events(path, "test", "tbl_user_book", "n", "int")
    assert event.kind is Kind.DEAD
    assert "binlog_format=ROW" in event.reason
    path = "canal/minimal-row-image-update-issue1834.jsonl"
    (event,) = _events(path, "order_center", "order_info", "n", "int")
    assert event.kind is Kind.DEAD
    assert "key 'id' is missing; set binlog_row_image=FULL" in event.reason
    path = "canal/ddl-isDdl-false-issue3418.jsonl"
    (event,) = _events(path, "flink-test", "pvuv_sink", "n", "int")
    assert event.kind is Kind.RESHAPE


@pytest.mark.parametrize("name", ["debezium-no-schema", "maxwell"])
def test_other_formats_are_named(name: str) -> None:
    for event in _events(f"other/{name}.jsonl", "inventory", "products", "weight", "int"):
        assert event.kind is Kind.DEAD
        assert name.split("-")[0].capitalize() in event.reason
