"""What an export holds: nothing lost in JSON, nothing worked out by a spreadsheet from CSV."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.status import EngineStatus, EventEntry, EvictionEntry, Verdict
from tests.tui.scripted import event, row, sample
from topn_tui.exporting import (
    Form,
    Shown,
    What,
    csv_cell,
    csv_text,
    default_name,
    export,
    json_text,
)
from topn_tui.new_files import NotWritten, write_new

texts = st.text(st.characters(), max_size=40)
"""Any text at all; of lone surrogates, too."""
values = st.one_of(
    st.none(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.floats(allow_nan=False, allow_infinity=False), texts, st.binary(max_size=20),
)  # fmt: skip


def shown(status: EngineStatus) -> Shown:
    return Shown(status=status, events=status.events, evictions=status.evictions)


def lines(what: What, status: EngineStatus) -> list[list[str]]:
    return list(csv.reader(io.StringIO(export(what, Form.CSV, shown(status)), newline="")))


# ── CSV ──


@given(texts)
def test_a_csv_text_reads_back_but_for_the_apostrophe_and_the_controls_made_visible(
    text: str,
) -> None:
    status = sample(board=(row(1, 2, text),), column_names=("c",))
    _, (_, _, cell, _) = lines(What.BOARD, status)
    assert cell == csv_text(text)
    cell.encode("utf-8")
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in cell)
    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r")
    if text.isprintable():
        assert cell in (text, f"'{text}")


@given(texts, texts)
def test_an_apostrophe_put_there_is_told_from_one_that_was_there(one: str, other: str) -> None:
    if one.isprintable() and other.isprintable() and one != other:
        assert csv_text(one) != csv_text(other)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1+1", "'＝1+1"),
        ("  =1", "'  =1"),
        ('"=1', "'\"=1"),
        ("\t=1", "'␉=1"),
        ("\rx", "'␍x"),
        ("'=1", "''=1"),
        ("a\nb", "a␊b"),
        ("\x1b]52;c;aaaa\a", "␛]52;c;aaaa␇"),
        ("a\u202eb", "a\\u202eb"),
        ("\ud800", "\\ud800"),
        ("1-2", "1-2"),
        ("O'Neill", "O'Neill"),
        ("中文 é 👩‍👩‍👧", "中文 é 👩‍👩‍👧"),
        ("", ""),
    ],
)
def test_what_a_text_becomes_in_a_spreadsheet(text: str, cell: str) -> None:
    assert csv_text(text) == cell


def test_numbers_stay_numbers_with_all_their_digits() -> None:
    cells = [csv_cell(v) for v in (-5, Decimal("-0.50"), 10**30, -1.5, None, b"\x00=")]
    assert cells == ["-5", "-0.50", str(10**30), "-1.5", "", "0x003d"]


def test_a_hostile_column_name_is_no_formula_either() -> None:
    status = sample(board=(row(1, 2, 3),), column_names=("=cmd|' /C calc'!A0",))
    assert lines(What.BOARD, status)[0] == ["rank", "id", "'=cmd|' /C calc'!A0", "like_cnt"]


def test_the_board_in_rank_order() -> None:
    header, first, *rest = lines(What.BOARD, sample())
    assert header == ["rank", "id", "biz_id", "biz", "read_cnt", "like_cnt"]
    assert first == ["1", "82", "100", "et", "0", "650"]
    assert [line[0] for line in rest] == [str(n) for n in range(2, 11)]


def test_events_with_their_verdicts_and_evictions_with_who_displaced_them() -> None:
    header, *events = lines(What.EVENTS, sample())
    entered = dict(zip(header, events[7], strict=True))
    assert entered["verdict"] == "entered"
    assert entered["explanation"] == "entered at 4, pushed 53 out"
    assert entered["applied_at"] == "2023-11-14T22:13:19.508Z"
    assert (entered["old_score"], entered["after.biz"], entered["rank_after"]) == ("", "et", "4")
    deleted = dict(zip(header, events[5], strict=True))
    assert (deleted["op"], deleted["after.biz"]) == ("DELETE", "")
    assert (deleted["before.biz"], deleted["before.read_cnt"]) == (
        "",
        "",
    )  # the message has not said
    header, *evictions = lines(What.EVICTIONS, sample())
    displaced = dict(zip(header, evictions[1], strict=True))
    assert (displaced["key"], displaced["cause"], displaced["by_key"]) == ("53", "displaced", "98")


def test_an_event_has_the_whole_row_before_it_beside_the_one_after_where_it_is_known() -> None:
    newest = replace(sample().events[-1], columns_before=(100, "=1+1", None))
    status = sample(events=(*sample().events[:-1], newest))
    header, *_, last = lines(What.EVENTS, status)
    assert header[-6:] == [
        *(f"before.{name}" for name in status.column_names),
        *(f"after.{name}" for name in status.column_names),
    ]
    assert last[-6:] == ["100", "'=1+1", "", "100", "et", "0"]
    first, *_, last_object = json.loads(export(What.EVENTS, Form.JSON, shown(status)))["rows"]
    assert last_object["columns_before"] == {"biz_id": 100, "biz": "=1+1", "read_cnt": None}
    assert first["columns_before"] is None


# ── JSON ──


@given(values)
def test_a_json_value_loses_nothing(value: object) -> None:
    read = json.loads(json_text(value), parse_float=Decimal)  # type: ignore[arg-type]
    if isinstance(value, bytes):
        assert isinstance(read, str)
    elif isinstance(value, float):
        assert float(read) == value
    else:
        assert read == value


@given(texts)
def test_json_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    status = sample(
        board=(row(1, 2, text),), column_names=("c",), table=text,
        events=(event(1, Verdict.DEAD, reason=text, raw=text.encode("utf-8", "replace")),),
    )  # fmt: skip
    for what in (What.BOARD, What.EVENTS):
        written = export(what, Form.JSON, shown(status))
        written.encode("utf-8")
        assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl") for c in written if c != "\n")
        assert json.loads(written)["table"] == text
    rows = json.loads(export(What.BOARD, Form.JSON, shown(status)))["rows"]
    assert rows == [{"id": 1, "c": text, "like_cnt": 2}]


def test_the_json_board_has_rows_as_the_query_prints_them_and_says_how_exact_it_is() -> None:
    board = (row(-3, Decimal("1.50"), None, b"\xff", 10**25),)
    read = json.loads(export(What.BOARD, Form.JSON, shown(sample(board=board))), parse_float=str)
    assert read["rows"] == [
        {"id": -3, "biz_id": None, "biz": "/w==", "read_cnt": 10**25, "like_cnt": "1.50"}
    ]
    assert (read["exported"], read["state"], read["rows_here"]) == ("board", "EXACT", 1)


def test_the_json_events_have_places_floor_and_message() -> None:
    events: tuple[EventEntry, ...] = (
        event(1, Verdict.BELOW_FLOOR, floor=(12, 9), gap=3, raw=b"\xff\x00"),
        *sample().events[-1:],
    )
    below, moved = json.loads(export(What.EVENTS, Form.JSON, shown(sample(events=events))))["rows"]
    assert below["floor"] == {"score": 12, "key": 9}
    assert below["message_base64"] == "/wA="
    assert moved["before"] == {"where": "board", "rank": 2, "score": 550}
    assert json.loads(moved["message"])["data"][0]["id"] == "82"
    assert moved["columns"] == {"biz_id": 100, "biz": "et", "read_cnt": 0}


def test_the_json_evictions_have_whole_rows() -> None:
    evictions: tuple[EvictionEntry, ...] = sample().evictions
    deleted, displaced = json.loads(export(What.EVICTIONS, Form.JSON, shown(sample())))["rows"]
    assert deleted["successor"] == {"id": 70, "like_cnt": 53}
    assert displaced["by"] == {"id": 98, "like_cnt": 160}
    assert displaced["number"] == evictions[1].number


# ── files ──


def test_the_offered_name_is_plain_whatever_the_board_is_called() -> None:
    status = replace(sample(), board_name="../../etc/pass wd\x1b[31m")
    assert (
        default_name(What.EVENTS, Form.JSON, status, at_ms=1_700_000_000_000)
        == "etc_pass_wd_31m-events-20231114-221320.json"
    )
    assert default_name(What.BOARD, Form.CSV, EngineStatus(), at_ms=0).startswith("topn-board-")


def test_a_file_is_new_or_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert write_new("a.csv", "1\r\n中") == tmp_path / "a.csv"
    assert (tmp_path / "a.csv").read_bytes() == "1\r\n中".encode()
    for name, said in (
        ("a.csv", "there is one already, and it stays as it is; write another name"),
        ("no/a.csv", f"no such folder; make it or name another: {tmp_path}/no"),
        ("", "the file has no name yet"),
        (".", "a folder; add the file's name"),
        ("~nobody-here/a", "there is no such user"),
        ("a\0", "not a file's name"),
        ("a" * 300, "File name too long"),
        ("a.csv/b", "Not a directory"),
        ("/dev/full/b", "Not a directory"),
    ):
        with pytest.raises(NotWritten, match=said):
            write_new(name, "2")
    assert (tmp_path / "a.csv").read_bytes() == "1\r\n中".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
