"""`topn-tui replay`: recorded messages through the real decoder and core, offline."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.assembly import make_replay
from engine.columns import Column, Table
from engine.core.changes import Row
from engine.core.states import State
from engine.formats.encode import BinlogEvent, RowImages
from engine.formats.encode_json import encode_json
from engine.formats.encode_protobuf import encode_protobuf
from engine.ports import Message
from engine.replaying import Outcome, Step
from tests.pipeline.engines import run_cli
from tests.replay.histories import COLUMNS, History, history

SAMPLES = Path(__file__).parents[1] / "samples" / "real-canal"
TYPES = {column.name: column.mysql_type for column in COLUMNS}
TABLE = Table(
    database="webook",
    name="interactives",
    key=Column(name="id", mysql_type=TYPES["id"]),
    score=Column(name="like_cnt", mysql_type=TYPES["like_cnt"]),
    columns=tuple(Column(name=n, mysql_type=TYPES[n]) for n in ("biz_id", "biz", "read_cnt")),
)


def as_json(made: History) -> list[bytes]:
    return [encode_json(e, batch_id=n // 4 + 1, ts_ms=e.es_ms) for n, e in enumerate(made.events)]


def as_protobuf(made: History) -> list[bytes]:
    """Packets of one event, or of several: of a transaction, or of a batch."""
    rng, left, packets = random.Random(made.seed), list(made.events), []
    while left:
        count = rng.choice((1, 1, 2, 3, 7))
        packets.append(encode_protobuf(left[:count]))
        del left[:count]
    return packets


def whole(row: Row) -> dict[str, object]:
    """A row of the board by the names of its columns."""
    return dict(zip(TABLE.field_names, (row.key, *row.columns, row.score), strict=True))


def replayed(
    made: History,
    values: list[bytes],
    *,
    size: int,
    reserve: int,
    batch: int,
    seen: Callable[[Step], None] = lambda step: None,
) -> Outcome:
    rows = [
        Row(r["id"], r["like_cnt"], (r["biz_id"], r["biz"], r["read_cnt"]))  # type: ignore[arg-type]
        for r in made.start
        if r["like_cnt"] is not None
    ]
    run = make_replay(
        TABLE, size=size, reserve=reserve, partitions=1, rows=rows, wire_format="auto", seen=seen
    )
    messages = [Message(0, offset, 0, value) for offset, value in enumerate(values)]
    for start in range(0, len(messages), batch):
        run.feed(messages[start : start + batch])
    return run.finish()


@pytest.mark.parametrize("encode", [as_json, as_protobuf])
@pytest.mark.parametrize(
    "seeds",
    [range(60), pytest.param(range(60, 1000), marks=pytest.mark.slow)],
    ids=["some", "most"],
)
def test_adversarial_histories_end_exact_and_equal_to_brute_force(
    encode: Callable[[History], list[bytes]], seeds: range
) -> None:
    for seed in seeds:
        made, rng = history(seed), random.Random(seed)
        size, reserve, batch = rng.randint(1, 5), rng.randint(0, 5), rng.choice((1, 3, 500))
        outcome = replayed(made, encode(made), size=size, reserve=reserve, batch=batch)
        assert outcome.claim.state is State.EXACT, f"seed {seed}: {outcome.claim}"
        assert [whole(row) for row in outcome.rows] == made.top(size), f"seed {seed}"


def test_the_histories_have_statements_of_several_rows_and_packets_of_several_events() -> None:
    made = [history(seed) for seed in range(60)]
    for op in ("INSERT", "UPDATE", "DELETE"):
        several = [e for h in made for e in h.events if e.op == op and len(e.rows) > 1]
        assert len(several) > 60, op
    assert sum(len(h.events) for h in made) > 1.5 * sum(len(as_protobuf(h)) for h in made)


def test_a_replay_is_deterministic() -> None:
    made = history(7)

    def steps() -> list[Step]:
        seen: list[Step] = []
        replayed(made, as_json(made), size=3, reserve=1, batch=5, seen=seen.append)
        return seen

    assert steps() == steps()


@pytest.mark.parametrize("seed", range(10))
def test_the_command_prints_the_board_of_a_recording(seed: int, tmp_path: Path) -> None:
    made = history(1000 + seed)
    changes, rows = tmp_path / "changes.jsonl", tmp_path / "rows.jsonl"
    stats = tmp_path / "stats.json"
    values = as_json(made) if seed % 2 else as_protobuf(made)
    if seed % 2:
        changes.write_bytes(b"\n".join(values) + b"\n")
        rows.write_text("".join(json.dumps(row) + "\n" for row in made.start))
    else:
        lines = [
            json.dumps({"partition": 0, "offset": n, "value_base64": base64.b64encode(v).decode()})
            for n, v in enumerate(values)
        ]
        changes.write_text("\n".join(lines))
        texts = [{k: None if v is None else str(v) for k, v in row.items()} for row in made.start]
        rows.write_text("".join(json.dumps(row) + "\n" for row in texts))
    answer = run_cli(
        "replay", str(changes), "--rows", str(rows), "--size", "4", "--reserve", "2",
        "--batch", "7", "--stats", str(stats),
    )  # fmt: skip
    assert (answer.returncode, answer.stderr) == (0, "")
    board = json.loads(answer.stdout)["data"]
    assert board == made.top(4)
    figures = json.loads(stats.read_text())
    assert figures["messages"] == len(values)
    assert figures["state"] == "EXACT"


@pytest.mark.parametrize("name", ["flat", "protobuf", "flat_part3"])
def test_the_recordings_of_a_real_canal_end_with_the_bulk_rows(name: str, tmp_path: Path) -> None:
    stats = tmp_path / "stats.json"
    answer = run_cli(
        "replay", str(SAMPLES / f"{name}.jsonl"), "--size", "3", "--steps", "--stats", str(stats)
    )
    assert answer.returncode == 0, answer.stderr  # a TRUNCATE came after the dead letters
    *steps, envelope = map(json.loads, answer.stdout.splitlines())
    assert {step["kind"] for step in steps} <= {"load", "eviction", "dead_letter"}
    assert [row["like_cnt"] for row in envelope["data"]] == [1299, 1298, 1297]
    if name != "flat_part3":  # a recording without the dead letters' steps
        assert json.loads(stats.read_text())["dead_letters"] == 4
        reasons = [step["reason"] for step in steps if step["kind"] == "dead_letter"]
        assert len(reasons) == 4
        assert all(reasons)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a":1', "line 2: not JSON"),
        ("[1]", "line 2: not a JSON object"),
        ('{"value":5}', "line 2: value is not text"),
        ('{"value_base64":"?"}', "line 2: value_base64 is not base64"),
        ('{"value":"x","partition":-1}', "line 2: partition is -1"),
        ('{"value":"x","partition":1000000000000}', "line 2: partition is 1000000000000, above"),
        ('{"value":"x","offset":9223372036854775808}', "line 2: offset is 9223372036854775808"),
    ],
)
def test_an_unusable_line_is_named_with_its_number(line: str, said: str, tmp_path: Path) -> None:
    changes = tmp_path / "changes.jsonl"
    changes.write_bytes(as_json(history(1))[0] + b"\n" + line.encode() + b"\n")
    answer = run_cli("replay", str(changes))
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_missing_file_and_a_row_without_its_key_are_told(tmp_path: Path) -> None:
    assert "cannot be read" in run_cli("replay", str(tmp_path / "none.jsonl")).stderr
    changes, rows = tmp_path / "changes.jsonl", tmp_path / "rows.jsonl"
    changes.write_text("")
    rows.write_text('{"like_cnt": 5}\n')
    answer = run_cli("replay", str(changes), "--rows", str(rows))
    assert (answer.returncode, "line 1: column id is missing" in answer.stderr) == (2, True)


def test_only_messages_that_count_as_lost_are_healed_from_what_arrived(tmp_path: Path) -> None:
    good = as_json(history(3))
    changes = tmp_path / "changes.jsonl"
    lines = [*good, b'{"value":"not a message of Canal"}', b'{"value":null}']
    changes.write_bytes(b"\n".join(lines))
    stats = tmp_path / "stats.json"
    answer = run_cli("replay", str(changes), "--stats", str(stats))
    figures = json.loads(stats.read_text())
    assert answer.returncode == 3
    assert "INEXACT: nobody knows what the messages changed" in answer.stderr
    assert (figures["dead_letters"], figures["ignored"]["null value"]) == (1, 1)
    assert (figures["loads"], figures["state"]) == (2, "INEXACT")


START = {"id": 1, "biz_id": 7, "biz": "42", "read_cnt": None, "like_cnt": 3}


def board_of(
    tmp_path: Path,
    values: list[bytes],
    start: list[dict[str, object]],
    *,
    said: str = "",
    code: int = 0,
) -> list[object]:
    """The board that the command prints after these messages on a table with these rows.

    Args:
        said: of what it tells on stderr; "": nothing.
        code: its exit code.
    """
    changes, rows = tmp_path / "changes.jsonl", tmp_path / "rows.jsonl"
    changes.write_bytes(b"".join(value + b"\n" for value in values))
    rows.write_text("".join(json.dumps(row) + "\n" for row in start))
    answer = run_cli("replay", str(changes), "--rows", str(rows))
    assert (answer.returncode, bool(answer.stderr)) == (code, bool(said)), answer.stderr
    assert said in answer.stderr
    return json.loads(answer.stdout)["data"]


def test_numbers_of_the_start_rows_stay_numbers_where_no_message_tells_a_type(
    tmp_path: Path,
) -> None:
    other = START | {"id": 2, "biz_id": None, "like_cnt": 3.25}
    assert board_of(tmp_path, [], [START, other], said="no message") == [other, START]


@pytest.mark.parametrize("number", ["1e999999999", "1e-99999999999999", "0e-99999999999999"])
def test_a_number_that_no_table_holds_is_named_with_its_line(number: str, tmp_path: Path) -> None:
    changes, rows = tmp_path / "changes.jsonl", tmp_path / "rows.jsonl"
    changes.write_text("")
    rows.write_text(f'{{"id": 1, "like_cnt": {number}}}\n')
    answer = run_cli("replay", str(changes), "--rows", str(rows))
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "line 1: column like_cnt:" in answer.stderr


@pytest.mark.parametrize(
    ("op", "table", "clears"),
    [
        ("TRUNCATE", "interactives", True),
        ("ERASE", "interactives", True),
        ("ALTER", "interactives", False),
        ("RENAME", "interactives", False),
        ("TRUNCATE", "others", False),
    ],
)
def test_truncate_and_erase_clear_the_table_and_other_statements_do_not(
    op: str, table: str, clears: bool, tmp_path: Path
) -> None:
    statement = BinlogEvent(
        op=op, database="webook", table=table, es_ms=1, sql=f"{op} {table}", is_ddl=True
    )
    said = "" if clears else f"the recording has webook.{table} ({op})"
    left = board_of(tmp_path, [encode_json(statement, batch_id=1, ts_ms=1)], [START], said=said)
    assert left == ([] if clears else [START])


def test_an_image_without_key_or_score_is_not_applied_and_a_delete_needs_the_key_alone(
    tmp_path: Path,
) -> None:
    def event(op: str, *rows: RowImages) -> bytes:
        event = BinlogEvent(
            op=op, database="webook", table="interactives", es_ms=1, columns=COLUMNS, rows=rows
        )
        return encode_json(event, batch_id=1, ts_ms=1)

    whole = {"id": "2", "biz_id": "8", "biz": "b", "read_cnt": "0", "like_cnt": "5"}
    no_score = {name: text for name, text in whole.items() if name != "like_cnt"}
    no_key = {name: text for name, text in whole.items() if name != "id"}
    values = [
        event("INSERT", RowImages(after=no_score | {"id": "3"})),
        event("INSERT", RowImages(after=no_key)),
        event("INSERT", RowImages(after=whole)),
        event("DELETE", RowImages(before={"id": "1"})),
    ]
    said = "2 dead letters, the first at p0@0: INSERT"
    (row,) = board_of(tmp_path, values, [START], said=said, code=3)
    assert row == {"id": 2, "biz_id": 8, "biz": "b", "read_cnt": 0, "like_cnt": 5}
