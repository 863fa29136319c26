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


@pytest.mark.parametrize(
    ("file", "table", "rows", "figures", "ignored"),
    [
        ("real-canal/flat.jsonl", {}, WITH_XA, (53, 349, 4), {"index ddl": 2}),
        ("real-canal/protobuf.jsonl", {}, WITH_XA, (33, 349, 4), {"index ddl": 2}),
        ("real-canal/flat_part3.jsonl", {}, ALL_PARTITIONS, (41, 331, 0), {}),
        ("real-canal/flat.default.jsonl", {}, [], (48, 0, 0), {"query": 47, "xa": 1}),
        ("real-canal/protobuf.default.jsonl", {}, [], (31, 0, 0), {"query": 47, "xa": 1}),
        ("real-canal/flat.scores.jsonl", SCORES_TABLE, SCORES, (4, 6, 0), {}),
        ("real-canal/protobuf.scores.jsonl", SCORES_TABLE, SCORES, (3, 6, 0), {}),
        ("real-canal/flat.scores.jsonl", {}, [], (4, 0, 0), {"other table": 4}),
        ("canal/canal-1.1.7plus-gtid-kafka.jsonl", USERS_TABLE, USERS, (9, 10, 0), {"query": 1}),
        ("canal/canal-data.txt", PRODUCTS_TABLE, PRODUCTS, (11, 20, 0), {"other table": 1}),
        ("canal/ddl-isDdl-false-issue3418.jsonl", one_table("flink-test", "pvuv_sink"), [], (1, 0, 0), {}),
        ("canal/minimal-row-image-update-issue1834.jsonl", one_table("order_center", "order_info"), [], (1, 0, 1), {}),
        ("canal/statement-format-update.jsonl", one_table("test", "tbl_user_book"), [], (1, 0, 1), {}),
        ("other/debezium-no-schema.jsonl", {}, [], (16, 0, 16), {}),
        ("other/maxwell.jsonl", {}, [], (20, 0, 20), {}),
    ],
    ids=lambda value: Path(value).name if isinstance(value, str) else "",
)  # fmt: skip
def test_whole_rows_and_what_was_not_used(
    file: str,
    table: dict[str, str],
    rows: Rows,
    figures: tuple[int, int, int],
    ignored: dict[str, int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    stats = tmp_path / "stats.json"
    settings = sample_settings({"board.size": "400", **table})
    code = replay(settings, SAMPLES / file, rows=None, batch=7, stats=stats, steps=False)
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    # Numbers with a point as written: 0.5000 is not 0.5, and no double rounds the expected ones.
    assert json.loads(said.out, parse_float=str)["data"] == rows
    found = json.loads(stats.read_text())
    assert tuple(found[name] for name in ("messages", "changes", "dead_letters")) == figures
    assert found["ignored"] == ignored
    assert (found["state"], found["tracked"]) == ("EXACT", len(rows))


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
