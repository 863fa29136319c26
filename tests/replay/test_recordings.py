"""`topn-tui replay` of every recording: whole rows of the whole table, and what was not used, exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine import replaying
from engine.configuration import sample_settings
from engine.errors import WrongSetting
from tests.formats.recordings import SAMPLES
from topn_tui.replay import replay

NAMES = ("id", "biz_id", "biz", "read_cnt", "like_cnt")
BULK = [dict(zip(NAMES, (i - 998, i, "bulk", 0, i), strict=True)) for i in range(1299, 999, -1)]
"""What `22_insert_300_rows` of flat.steps.json leaves."""


def article(*values: int | None) -> dict[str, Any]:
    key, biz_id, read, likes = values
    return dict(zip(NAMES, (key, biz_id, "article", read, likes), strict=True))


WITH_XA = [*BULK, article(302, 80, None, 1)]
ALL_PARTITIONS = [
    *BULK,
    article(1008, 1, None, 78),
    article(1004, 10, 0, 2),
    article(1009, 30, None, 1),
]
"""The file has one partition after the other: the TRUNCATE, of partition 0, comes before these rows."""

SCORES_NAMES = (
    *("id", "s_dec", "s_dbl", "s_float", "s_uint", "s_tiny", "flag"),
    *("e", "t", "bl", "dt", "ts", "j", "s_ubig"),
)
SCORES = [
    dict(zip(SCORES_NAMES, values, strict=True))
    for values in (
        (
            *(100, "1234567890123457.7891", "3.3333333333333335e+299", "1.5", 2**32 - 1, -128, 10),
            *("b", "文本😀", "AP+A", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05", '{"a":1}'),
            2**64 - 2,
        ),
        (101, "-0.5000", "0.1", "3.4e+38", 0, 127, 0, "a", "", "", None, None, None, 2**63),
        (2**63 - 1, "0.0000", "0.0", "0.1", 2**31, 0, *7 * [None], 2**63 - 1),
        (1, *12 * [None], 1),
        (2**64 - 2, *12 * [None], 0),
    )
]
"""Numbers with a point as they are written, digit by digit."""

SCORES_TABLE = {
    "table.name": "scores",
    "table.score": "s_ubig",
    "table.columns": ",".join(SCORES_NAMES[1:-1]),
}

USERS_TABLE = {
    "table.url": "mysql://u@h/canal_demo",
    "table.name": "canal_demo_user_test",
    "table.score": "is_active",
    "table.columns": "username,email",
}
USERS = [
    {"id": 10, "username": "eve_adams", "email": "eve@example.com", "is_active": 0},
    {"id": 9, "username": "diana_prince", "email": "diana@example.com", "is_active": 0},
    {"id": 8, "username": "charlie_brown", "email": "charlie@example.com", "is_active": 0},
    {"id": 4, "username": "lisa_brown", "email": None, "is_active": 0},
]

PRODUCTS_TABLE = {
    "table.url": "mysql://u@h/inventory",
    "table.name": "products2",
    "table.score": "id",
    "table.columns": "name,weight",
}
PRODUCTS = [
    {"id": key, "name": name, "weight": weight}
    for key, name, weight in (
        (110, "jacket", "0.5"),
        (109, "spare tire", "22.2"),
        (108, "jacket", "0.1"),
        (107, "rocks", "5.1"),
        (106, "hammer", "1.0"),
        (105, "hammer", "0.875"),
        (104, "hammer", "0.75"),
        (101, "scooter", "5.17"),
    )
]
"""What canal-data.expected.txt, another reader's change log of the same file, comes to."""


def one_table(database: str, name: str) -> dict[str, str]:
    return {"table.url": f"mysql://u@h/{database}", "table.name": name}


Rows = list[dict[str, Any]]

NO_KEY = "UPDATE: row 1 of 1: key 'id' is missing; set binlog_row_image=FULL and filter no such column in Canal"
STATEMENT = "UPDATE on test.tbl_user_book without rows: the binlog is in STATEMENT format; set binlog_format=ROW"
FOREIGN = "only Canal's formats are understood: let Canal write this topic, or read another"
MEANT = "set table.url, whose path is the database, and table.name to the one that is meant"


@pytest.mark.parametrize(
    ("file", "table", "rows", "figures", "ignored", "said"),
    [
        ("real-canal/flat.jsonl", {}, WITH_XA, (53, 349, 4), {"index ddl": 2},
         f"4 dead letters, the first at p0@37: {NO_KEY}; --steps prints each"),
        ("real-canal/protobuf.jsonl", {}, WITH_XA, (33, 349, 4), {"index ddl": 2},
         f"4 dead letters, the first at p0@23: {NO_KEY}; --steps prints each"),
        ("real-canal/flat_part3.jsonl", {}, ALL_PARTITIONS, (41, 331, 0), {}, ""),
        ("real-canal/flat.default.jsonl", {}, [], (48, 0, 0), {"query": 47, "xa": 1},
         "no change of webook.interactives in 48 messages: none is about a table"),
        ("real-canal/protobuf.default.jsonl", {}, [], (31, 0, 0), {"query": 47, "xa": 1},
         "no change of webook.interactives in 31 messages: none is about a table"),
        ("real-canal/flat.scores.jsonl", SCORES_TABLE, SCORES, (4, 6, 0), {}, ""),
        ("real-canal/protobuf.scores.jsonl", SCORES_TABLE, SCORES, (3, 6, 0), {}, ""),
        ("real-canal/flat.scores.jsonl", {}, [], (4, 0, 0), {"other table": 4},
         "no change of webook.interactives in 4 messages; the recording has webook.scores (CREATE, INSERT, UPDATE); "
         + MEANT),
        ("real-canal/protobuf.scores.jsonl", {}, [], (3, 0, 0), {"other table": 4},
         "no change of webook.interactives in 3 messages; the recording has webook.scores (CREATE, INSERT, UPDATE); "
         + MEANT),
        ("canal/canal-1.1.7plus-gtid-kafka.jsonl", USERS_TABLE, USERS, (9, 10, 0), {"query": 1}, ""),
        ("canal/canal-data.txt", PRODUCTS_TABLE, PRODUCTS, (11, 20, 0), {"other table": 1}, ""),
        ("canal/ddl-isDdl-false-issue3418.jsonl", one_table("flink-test", "pvuv_sink"), [], (1, 0, 0), {},
         "no change of flink-test.pvuv_sink in 1 message; the recording has flink-test.pvuv_sink (ALTER)"),
        ("canal/minimal-row-image-update-issue1834.jsonl", one_table("order_center", "order_info"), [], (1, 0, 1), {},
         f"1 dead letter, the first at p0@0: {NO_KEY}; --steps prints it"),
        ("canal/statement-format-update.jsonl", one_table("test", "tbl_user_book"), [], (1, 0, 1), {},
         f"1 dead letter, the first at p0@0: {STATEMENT}; --steps prints it"),
        ("other/debezium-no-schema.jsonl", {}, [], (16, 0, 16), {},
         f"16 dead letters, the first at p0@0: a Debezium message; {FOREIGN}; --steps prints each"),
        ("other/maxwell.jsonl", {}, [], (20, 0, 20), {},
         f"20 dead letters, the first at p0@0: a Maxwell message; {FOREIGN}; --steps prints each"),
    ],
    ids=lambda value: Path(value).name if isinstance(value, str) and " " not in value else "",
)  # fmt: skip
def test_whole_rows_and_what_was_not_used(
    file: str,
    table: dict[str, str],
    rows: Rows,
    figures: tuple[int, int, int],
    ignored: dict[str, int],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    stats = tmp_path / "stats.json"
    settings = sample_settings({"board.size": "400", **table})
    code = replay(settings, SAMPLES / file, rows=None, batch=7, stats=stats, steps=False)
    written = capsys.readouterr()
    lost = "not exact: INEXACT: nobody knows what the messages changed that cannot be used"
    unknown = figures[2] and not file.startswith("real-canal/")  # there a TRUNCATE came after them
    told = [*([said] if said else []), *([lost] if unknown else [])]
    assert (code, written.err.splitlines()) == (
        3 if unknown else 0,
        [f"topn-tui: {line}" for line in told],
    )
    # Numbers with a point as written: 0.5000 is not 0.5, and no double rounds the expected ones.
    assert json.loads(written.out, parse_float=str)["data"] == rows
    found = json.loads(stats.read_text())
    assert tuple(found[name] for name in ("messages", "changes", "dead_letters")) == figures
    assert found["ignored"] == ignored
    state = "INEXACT" if unknown else "EXACT"
    assert (found["state"], found["tracked"]) == (state, len(rows))


def event(table: str, op: str = "UPDATE", database: str = "webook") -> bytes:
    """A flat message with one row of this table."""
    row = {"id": "1", "like_cnt": "1"}
    fields = {"database": database, "table": table, "type": op, "es": 1, "id": 1, "data": [row]}
    return json.dumps(fields | {"isDdl": False, "old": [row], "sql": ""}).encode()


def told(
    capsys: pytest.CaptureFixture[str], file: Path, *values: bytes, steps: bool = False
) -> str:
    """What the replay of these messages says on stderr."""
    file.write_bytes(b"".join(value + b"\n" for value in values))
    code = replay(sample_settings(), file, rows=None, batch=7, stats=None, steps=steps)
    said = capsys.readouterr().err
    lost = (
        "topn-tui: not exact: INEXACT: nobody knows what the messages changed that cannot be used\n"
    )
    assert (code == 3) is said.endswith(lost)
    return said.removesuffix(lost)


def test_of_a_recording_without_a_change_the_tables_are_named_a_few_and_how_many_more(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "changes.jsonl"
    said = told(capsys, file, *(event(f"t{n}") for n in range(8)), event("t1", "DELETE"))
    names = "webook.t0 (UPDATE), webook.t1 (UPDATE, DELETE), webook.t2 (UPDATE), webook.t3 (UPDATE)"
    assert f"in 9 messages; the recording has {names}, webook.t4 (UPDATE) and 3 more; set" in said
    said = told(capsys, file, event("\x1b[31mt\u202e"))
    assert "webook.␛[31mt\\u202e (UPDATE)" in said
    assert said.count("\n") == 1
    assert told(capsys, file) == "topn-tui: the recording has no message\n"


@pytest.mark.parametrize("op", ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "ERASE"])
def test_one_change_of_the_table_among_others_and_nothing_is_told(
    op: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ours = event("Interactives", op)
    assert told(capsys, tmp_path / "changes.jsonl", event("others"), ours) == ""


def test_dead_letters_are_told_once_on_stderr_or_each_among_the_steps(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, damaged = tmp_path / "changes.jsonl", b'{"value":"\\u001b[31m"}'
    usable = event("interactives")
    said = told(capsys, file, usable, damaged, damaged)
    assert said.startswith("topn-tui: 2 dead letters, the first at p0@1: neither Canal's JSON nor")
    assert said.endswith("; --steps prints each\n")
    assert told(capsys, file, usable, damaged, steps=True) == ""
    both = told(capsys, file, event("others"), damaged).splitlines()
    assert ["no change of" in line for line in both] == [True, False]
    assert "1 dead letter, the first at p0@1" in both[1]


def test_where_all_that_is_told_of_the_table_cannot_be_used_nobody_is_sent_to_another(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    damaged = event("interactives", "INSERT").replace(b'"data": [', b'"data": null, "x": [')
    said = told(capsys, tmp_path / "changes.jsonl", damaged, event("others")).splitlines()
    assert len(said) == 1
    assert "1 dead letter, the first at p0@0" in said[0]


def test_what_was_lost_before_a_truncate_is_not_missed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, damaged = tmp_path / "changes.jsonl", b'{"value":"no message"}'
    emptied, row = event("interactives", "TRUNCATE"), event("interactives", "INSERT")
    for messages, code in (((damaged, emptied, row), 0), ((emptied, damaged, row), 3)):
        file.write_bytes(b"\n".join(messages))
        assert replay(sample_settings(), file, rows=None, batch=7, stats=None, steps=False) == code
    capsys.readouterr()


def test_every_recording_is_among_them() -> None:
    (marked,) = test_whole_rows_and_what_was_not_used.pytestmark  # type: ignore[attr-defined]
    replayed = {SAMPLES / case[0] for case in marked.args[1]}
    others = {SAMPLES / "canal" / "canal-data.expected.txt"}
    recordings = {*SAMPLES.glob("*/*.jsonl"), *SAMPLES.glob("*/*.txt")} - others
    assert replayed == recordings


def test_a_float_is_no_score_of_a_recording_either() -> None:
    settings = sample_settings(PRODUCTS_TABLE | {"table.score": "weight"})
    file = SAMPLES / "canal" / "canal-data.txt"
    with pytest.raises(WrongSetting, match="score column weight is float"):
        replay(settings, file, rows=None, batch=500, stats=None, steps=False)


def test_a_board_that_is_not_exact_is_printed_with_exit_3_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """In the silence after the recording a held load ends: here there is none."""
    monkeypatch.setattr(replaying, "PATIENCE_MS", 0)
    stats = tmp_path / "stats.json"
    settings = sample_settings({"board.size": "3"})
    file = SAMPLES / "real-canal" / "flat_part3.jsonl"
    code = replay(settings, file, rows=None, batch=500, stats=stats, steps=False)
    said = capsys.readouterr()
    assert code == 3
    assert json.loads(said.out)["data"] == BULK[:3]
    reason = "partition 0, 1, 2 has not yet passed the last load"
    assert said.err == f"topn-tui: not exact: CATCHING_UP: {reason}\n"
    found = json.loads(stats.read_text())
    assert (found["state"], found["reason"]) == ("CATCHING_UP", reason)


def test_the_steps_are_json_that_no_terminal_obeys(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    changes, rows = tmp_path / "changes.jsonl", tmp_path / "rows.jsonl"
    changes.write_text("")
    keys = [f"{sign}[31m" for sign in ("\x9b", "\x7f", "\u202e")]
    rows.write_text("".join(json.dumps({"id": key, "like_cnt": 1}) + "\n" for key in keys))
    gone = {"database": "webook", "table": "interactives", "type": "DELETE", "es": 1, "id": 1}
    gone |= {"isDdl": False, "sql": "", "mysqlType": {"id": "varchar(9)", "like_cnt": "bigint"}}
    for key in keys:
        message = gone | {"data": [{"id": key, "like_cnt": "1"}]}
        with changes.open("a") as file:
            file.write(json.dumps(message) + "\n")
    assert replay(sample_settings(), changes, rows=rows, batch=1, stats=None, steps=True) == 0
    said = capsys.readouterr().out
    assert not set("\x7f\x9b\u202e") & set(said)
    steps = [json.loads(line) for line in said.splitlines()]
    assert {step["key"] for step in steps if step.get("kind") == "eviction"} == set(keys)
