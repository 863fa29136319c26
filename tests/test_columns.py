"""One normal form a column type: what Canal writes and what a SELECT gives come out the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.columns import (
    Column,
    ColumnKind,
    feed_reader,
    key_problem,
    score_problem,
    table_reader,
)


def column(mysql_type: str) -> Column:
    return Column(name="c", mysql_type=mysql_type)


SAME = [
    # type, Canal's text, a SELECT's value, normal form
    ("bigint(20) unsigned", "18446744073709551615", 2**64 - 1, 2**64 - 1),
    ("bigint", "-9223372036854775808", -(2**63), -(2**63)),
    ("tinyint(1)", "1", 1, 1),
    ("year(4)", "2024", 2024, 2024),
    ("year", "0000", 0, 0),
    ("decimal(20,4)", "-0.5000", Decimal("-0.5000"), Decimal("-0.5000")),
    ("decimal(20,4)", "0.0", Decimal("0.0000"), Decimal("0.0000")),
    ("decimal(10)", "0.0", Decimal(0), Decimal(0)),
    ("decimal(10,0)", "7", Decimal(7), Decimal(7)),
    ("decimal(65,30)", "9" * 35 + "." + "1" * 30, Decimal("9" * 35 + "." + "1" * 30),
     Decimal("9" * 35 + "." + "1" * 30)),
    ("double", "1.0E300", 1e300, 1e300),
    ("double", "-0.1", -0.1, -0.1),
    ("double", "1.0E-7", 1e-7, 1e-7),
    ("float", "3.4E38", 3.4e38, 3.4e38),
    ("float", "0.1", 0.1, 0.1),
    ("float", "1.2345679", 1.23457, 1.23457),
    ("varchar(128)", "文本😀", "文本😀", "文本😀"),
    ("char(3)", "", "", ""),
    ("longtext", "null", b"null", "null"),
    ("enum('a','b')", "2", "b", "b"),
    ("enum('a','b')", "0", "", ""),
    ("enum('a','b')", "a", "a", "a"),
    ("ENUM('it''s','x,y','(3)')", "1", "it's", "it's"),
    ("enum('it''s','x,y','(3)')", "2", "x,y", "x,y"),
    ("enum('2','1')", "1", "2", "2"),
    ("set('a','b','c')", "5", "a,c", "a,c"),
    ("set('a','b','c')", "0", "", ""),
    ("set('a','b','c')", "c,a", "a,c", "a,c"),
    ("bit(4)", "10", b"\x0a", 10),
    ("bit(64)", "18446744073709551615", b"\xff" * 8, 2**64 - 1),
    ("blob", "\0ÿ\x80", b"\x00\xff\x80", b"\x00\xff\x80"),
    ("binary(4)", "a", b"a\0\0\0", b"a\0\0\0"),
    ("binary", "", b"\0", b"\0"),
    ("varbinary(4)", "a", b"a", b"a"),
    ("point", "\x01", b"\x01", b"\x01"),
    ("json", '{"b":1,"a":[1, 2]}', '{"a": [1, 2], "b": 1}', '{"a":[1,2],"b":1}'),
    ("json", "{broken", "{broken", "{broken"),
    ("json", '{"n":123456789012345678901}', '{"n": 123456789012345678901}',
     '{"n":123456789012345678901}'),
    ("datetime(3)", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678",
     "2026-01-02 03:04:05.678"),
    ("datetime(3)", "2026-01-02 03:04:05", "2026-01-02 03:04:05.000", "2026-01-02 03:04:05.000"),
    ("datetime", "0000-00-00 00:00:00", "0000-00-00 00:00:00", "0000-00-00 00:00:00"),
    ("timestamp", "2026-01-02 03:04:05", b"2026-01-02 03:04:05", "2026-01-02 03:04:05"),
    ("date", "2026-01-02", "2026-01-02", "2026-01-02"),
    ("time(6)", "-838:59:59.5", "-838:59:59.500000", "-838:59:59.500000"),
]  # fmt: skip


@pytest.mark.parametrize(("mysql_type", "fed", "selected", "normal"), SAME)
def test_both_sides_give_the_normal_form(
    mysql_type: str, fed: str, selected: Any, normal: Any
) -> None:
    for value in (feed_reader(column(mysql_type))(fed), table_reader(column(mysql_type))(selected)):
        assert (value, type(value), str(value)) == (normal, type(normal), str(normal))


@pytest.mark.parametrize("mysql_type", sorted({case[0] for case in SAME}))
def test_null_is_none(mysql_type: str) -> None:
    assert feed_reader(column(mysql_type))(None) is None
    assert table_reader(column(mysql_type))(None) is None


@pytest.mark.parametrize(
    ("mysql_type", "text"),
    [
        *[("int", t) for t in ("", "-", "+5", " 5", "5 ", "1_0", "5.0", "1e3", "٣", "--5", "\n")],
        *[("decimal(5,2)", t) for t in ("", ".5", "5.", "1e3", "NaN", "Infinity", "1_0", " 1")],
        *[("double", t) for t in ("", "nan", "Infinity", "1_0", " 1", "0x1p3")],
        ("enum('a')", "2"), ("enum('a')", "x"), ("enum('a')", "-1"),
        ("set('a')", "2"), ("set('a')", "a,x"), ("set('a')", "-1"),
        ("bit(1)", "x"), ("blob", "文"), ("date", "today"), ("time", "12"), ("datetime", ""),
    ],
)  # fmt: skip
def test_what_canal_never_writes_is_refused(mysql_type: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"is not (an|a|bytes) ?"):
        feed_reader(column(mysql_type))(text)


@pytest.mark.parametrize(
    ("mysql_type", "value"),
    [("int", "5"), ("int", True), ("int", 1.5), ("bit(1)", "x"), ("decimal(5,2)", "x"),
     ("text", 5), ("text", b"\xff"), ("blob", 5), ("date", 5), ("double", "inf")],
)  # fmt: skip
def test_what_a_select_never_gives_is_refused(mysql_type: str, value: object) -> None:
    with pytest.raises(ValueError, match="is not"):
        table_reader(column(mysql_type))(value)


def test_decimals_beyond_the_scale_stay() -> None:
    """A row written just after an ALTER: its value is right, so it is kept."""
    assert feed_reader(column("decimal(20,2)"))("1.2345") == Decimal("1.2345")
    assert str(feed_reader(column("decimal(20,2)"))("1.2300")) == "1.23"


@pytest.mark.parametrize(
    ("mysql_type", "kind"),
    [
        ("INTEGER", ColumnKind.INTEGER), ("double precision", ColumnKind.FLOAT),
        ("VARCHAR(255)", ColumnKind.TEXT), ("geometry", ColumnKind.OTHER), ("", ColumnKind.OTHER),
        ("mediumblob", ColumnKind.BYTES), ("timestamp(6)", ColumnKind.TEMPORAL),
    ],
)  # fmt: skip
def test_kinds(mysql_type: str, kind: ColumnKind) -> None:
    assert column(mysql_type).kind is kind


def test_labels() -> None:
    labels = column("set('a','it''s','x,y',' ','')").labels
    assert labels == ("a", "it's", "x,y", " ", "")
    assert column("varchar(3)").labels == ()


GOOD = ["tinyint(1)", "int", "bigint(20) unsigned"]
TEXT = ["char(3)", "varchar(3)", "text"]
BAD = [
    "year",
    "bit(1)",
    "float",
    "double",
    "datetime",
    "date",
    "enum('a')",
    "json",
    "blob",
    "point",
]


def test_what_can_be_score_or_key() -> None:
    for good in GOOD:
        assert score_problem(column(good)) is None
        assert key_problem(column(good)) is None
    assert score_problem(column("decimal(20,4)")) is None
    for text in TEXT:
        assert key_problem(column(text)) is None
    for bad in [*BAD, *TEXT]:
        problem = score_problem(column(bad))
        assert problem is not None
        assert f"score column c is {bad}" in problem
        assert "choose an integer or DECIMAL column" in problem
    for bad in [*BAD, "decimal(20,4)"]:
        problem = key_problem(column(bad))
        assert problem is not None
        assert f"key column c is {bad}" in problem
