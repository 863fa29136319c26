"""Messages that nobody should send: each is told, none ends the engine, EXACT comes back by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.boards import query, wait_equal
from tests.pipeline.engines import HeadlessEngine, run_cli
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.messages import flat, packet, row, send
from tests.stack.fixtures import WorldFactory
from tests.stack.world import World

pytestmark = pytest.mark.service

QUICK = {"TOPN_ENGINE__SETTLE_MS": "300", "TOPN_ENGINE__OVERLAP_MS": "50"}
"""With a table that nobody writes to, healing need not wait long."""

CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

Bad = Callable[[World], bytes | None]


def without(values: dict[str, str | None], name: str) -> dict[str, str | None]:
    return {key: value for key, value in values.items() if key != name}


def update(**changed: Any) -> Bad:
    return lambda world: flat(world, "UPDATE", row(world, 78) | changed)


DEAD: dict[str, tuple[Bad, str]] = {
    "JSON that is cut": (lambda w: flat(w, "UPDATE", row(w, 78))[:-20], "not readable as JSON"),
    "a packet that is cut": (
        lambda w: packet(w.database, w.table)[:-3],
        "not readable as a Canal packet",
    ),
    "bytes of nothing known": (lambda _: b"\xfe\xed\x00\x1b[31m", "starts with bytes fe ed 00 1b"),
    "text": (lambda _: b"hello \x1b[31m", "neither Canal's JSON nor its protobuf"),
    "no byte at all": (lambda _: b"", "an empty message"),
    "JSON of somebody else": (lambda _: b'{"op":"u","after":{"id":1}}', "a Debezium message"),
    "JSON too deep": (lambda _: b'{"data":' + b"[" * 50_000, "JSON"),
    "a row without its key": (
        lambda w: flat(w, "UPDATE", without(row(w, 78), "id")),
        "key 'id' is missing; set binlog_row_image=FULL",
    ),
    "a row without its score": (
        lambda w: flat(w, "INSERT", without(row(w, 78), "like_cnt")),
        "score 'like_cnt' is missing; set binlog_row_image=FULL",
    ),
    "a key that is NULL": (update(id=None), "key 'id' is NULL"),
    "a score that is text": (update(like_cnt="many"), "'many' is not an integer"),
    "a score that is hostile": (update(like_cnt="1\x1b[2J\n\x9b"), "is not an integer"),
    "a score with a point": (update(like_cnt="450.0"), "'450.0' is not an integer"),
    "a score that is a JSON object": (update(like_cnt={"a": 1}), "is not a string"),
    "rows that are none": (lambda w: flat(w, "INSERT", data="x"), "not a list of rows"),
    "a packet with less than a row": (
        lambda w: packet(w.database, w.table),
        "score 'like_cnt' is missing; set binlog_row_image=FULL",
    ),
    "a statement instead of rows": (
        lambda w: flat(w, "UPDATE", sql="update interactives set like_cnt = 1"),
        "the binlog is in STATEMENT format; set binlog_format=ROW",
    ),
}

IGNORED: dict[str, Bad] = {
    "a null value": lambda _: None,
    "another table": lambda w: flat(w, "UPDATE", {"id": "1", "like_cnt": "x"}, table="others"),
    "another database": lambda w: flat(w, "DELETE", {"id": "78"}, database="others"),
    "another table's packet": lambda w: packet(w.database, "others"),
    "a statement about an index": lambda w: flat(w, "CINDEX", sql="create index", isDdl=True),
    "a query": lambda w: flat(w, "QUERY", sql="grant select", isDdl=True),
}


class Poisoned:
    """A world without a Canal, and one engine on it that all tests of the module use."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.config = world.write_settings(folder / "engine.toml")
        self.engine = HeadlessEngine(self.config, env=QUICK)
        self.engine.wait_exact()

    def send(self, value: bytes | None) -> None:
        """Write one message and wait until it has been read."""
        before = self.engine.latest["positions"]["0"]
        send(self.world, value)
        self.engine.wait_for(lambda line: line["positions"]["0"] > before, "it was read")

    def dead_letters(self) -> int:
        return int(self.engine.latest["dead_letters"])


@pytest.fixture(scope="module")
def poisoned(
    module_world: WorldFactory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Poisoned]:
    started = Poisoned(module_world(canal=False), tmp_path_factory.mktemp("poisoned"))
    yield started
    started.engine.close()


@pytest.mark.parametrize("case", DEAD)
def test_a_dead_letter_is_told_counted_and_healed(poisoned: Poisoned, case: str) -> None:
    make, reason = DEAD[case]
    engine = poisoned.engine
    engine.wait_exact()
    before, told = poisoned.dead_letters(), len(engine.states)
    poisoned.send(make(poisoned.world))
    engine.wait_for(
        lambda line: line["dead_letters"] == before + 1 and line["state"] == "EXACT",
        "it was healed",
    )
    reasons = [line["reason"] for line in engine.states[told:] if line["state"] == "INEXACT"]
    assert reasons
    assert all(said.startswith("dead letter: ") and reason in said for said in reasons), reasons
    place = f"p0@{engine.latest['positions']['0'] - 1}"
    notice = engine.wait_notice(f"^error: dead letter {place}: .*; loading again")
    assert reason in notice
    assert not any(CONTROLS.search(line) for line in engine.errors)
    wait_equal(poisoned.world, engine)


@pytest.mark.parametrize("case", IGNORED)
def test_what_is_not_about_our_rows_changes_nothing(poisoned: Poisoned, case: str) -> None:
    engine = poisoned.engine
    engine.wait_exact()
    before, told = poisoned.dead_letters(), len(engine.states)
    poisoned.send(IGNORED[case](poisoned.world))
    assert poisoned.dead_letters() == before
    wait_equal(poisoned.world, engine)
    # A message of the load's own second makes a provisional EXACT wait for more; nothing is lost.
    assert {line["state"] for line in engine.states[told:]} <= {"EXACT", "CATCHING_UP"}


def test_a_score_beyond_every_column_is_a_dead_letter(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    engine = engine_on(shop, env=QUICK)
    engine.wait_exact()
    send(shop, flat(shop, "UPDATE", row(shop, 78) | {"like_cnt": "9" * 400}))
    engine.wait_for(lambda line: line["dead_letters"] == 1, "it was told")
    wait_equal(shop, engine)


def test_usable_rows_beside_an_unusable_one_are_used(poisoned: Poisoned) -> None:
    world, engine = poisoned.world, poisoned.engine
    engine.wait_exact()
    before = poisoned.dead_letters()
    world.execute("UPDATE interactives SET like_cnt = 451 WHERE id = 78")
    bad = row(world, 58) | {"like_cnt": "?"}
    poisoned.send(flat(world, "UPDATE", bad, row(world, 78)))
    engine.wait_for(lambda line: line["dead_letters"] == before + 1, "the bad one was told")
    assert wait_equal(world, engine)[0][:2] == (78, 451)


TEXTS = {
    78: "line feed\nand\ttab\r\n",
    58: "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b1m\x7f",
    20: "[bold red]x[/] [link=file:///]y[/link]",
    60: "😀👨‍👩‍👧🇩🇪\u202eabc\u2066",
    72: "'\"\\`\x00",
    56: "中x" * 5_000,
}
"""What a text column may hold, by row."""


def test_text_passes_through_unchanged_and_moves_no_terminal(poisoned: Poisoned) -> None:
    world, engine = poisoned.world, poisoned.engine
    world.execute("ALTER TABLE interactives MODIFY biz TEXT, DROP INDEX IF EXISTS biz_type_id")
    for key, text in TEXTS.items():
        world.execute("UPDATE interactives SET biz = %s WHERE id = %s", (text, key))
    poisoned.send(flat(world, "UPDATE", *(row(world, key) for key in TEXTS)))
    board = wait_equal(world, engine)
    assert {r[0]: r[3] for r in board if r[0] in TEXTS} == TEXTS
    assert query(poisoned.config)[1] == board
    for arguments in ((), ("--table",)):
        said = run_cli("query", *arguments, config=poisoned.config)
        assert said.stderr == ""
        assert CONTROLS.search(said.stdout) is None
        assert len(said.stdout.splitlines()) == (11 if arguments else 1)


def test_scores_beyond_a_double_keep_every_digit_and_their_order(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    engine = engine_on(shop, env=QUICK)
    engine.wait_exact()
    scores = {58: 2**60 + 1, 78: 2**60 + 2, 20: 2**60, 60: 2**63 - 1, 62: -(2**63), 64: 2**53 + 1}
    for key, score in scores.items():
        shop.execute("UPDATE interactives SET like_cnt = %s WHERE id = %s", (score, key))
    send(shop, flat(shop, "UPDATE", *(row(shop, key) for key in scores)))
    expected = list(shop.top())
    assert [r[0] for r in expected[:5]] == [60, 78, 58, 20, 64]
    engine.wait_for(
        lambda line: line["state"] == "EXACT" and query(engine.config)[1] == expected,
        "the printed board is what SELECT gives",
    )
    table = run_cli("query", "--table", config=engine.config).stdout
    assert all(str(r[1]) in table for r in expected)
    with shop.redis.client() as redis:
        name = f"topn:{{{shop.board}}}"
        assert redis.zscore(name, "60") == float(2**63)
        assert redis.hget(f"{name}:meta", "score_exact") == "0"
        assert '"like_cnt":9223372036854775807}' in str(redis.hget(f"{name}:rows", "60"))


@pytest.mark.parametrize("is_flat", [True, False], ids=["flat", "protobuf"])
def test_a_session_that_logs_too_little_is_noticed_and_healed(
    world: WorldFactory, engine_on: EngineFactory, is_flat: bool
) -> None:
    shop = world(flat=is_flat)
    engine = engine_on(shop, env=QUICK)
    engine.wait_exact()
    sessions = {
        "binlog_format = 'STATEMENT'": "the binlog is in STATEMENT format; set binlog_format=ROW",
        "binlog_row_image = 'MINIMAL'": "is missing; set binlog_row_image=FULL",
    }
    for number, (session, reason) in enumerate(sessions.items(), 1):
        shop.execute(
            f"SET SESSION {session}; UPDATE interactives SET like_cnt = 600 + {number} WHERE id = 58"
        )
        engine.wait_for(lambda line, n=number: line["dead_letters"] == n, "it was noticed")  # type: ignore[misc]
        assert wait_equal(shop, engine)[0][:2] == (58, 600 + number)
        assert any(reason in (line["reason"] or "") for line in engine.states)
    assert engine.stop() == 0
