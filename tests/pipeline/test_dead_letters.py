"""A poisoned message's way: told, healed, kept with all its bytes, listed, exported, replayed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from tests.pipeline.boards import wait_equal
from tests.pipeline.engines import HeadlessEngine, eventually, run_cli
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.messages import flat, row, send
from tests.stack.fixtures import WorldFactory
from tests.stack.world import World

pytestmark = pytest.mark.service

QUICK = {"TOPN_ENGINE__SETTLE_MS": "300", "TOPN_ENGINE__OVERLAP_MS": "50"}


def command(
    engine: HeadlessEngine, *arguments: str, env: Mapping[str, str] | None = None
) -> list[str]:
    """The lines that `topn-tui dead-letters` prints, without a complaint."""
    said = run_cli("dead-letters", *arguments, config=engine.config, env=env)
    assert (said.returncode, said.stderr.count("skipped")) == (0, 0), said.stderr
    return said.stdout.splitlines()


def listed(engine: HeadlessEngine, count: int) -> list[dict[str, Any]]:
    """So many letters of the list, as soon as they are there."""

    def found() -> list[dict[str, Any]]:
        letters = [json.loads(line) for line in command(engine, "list", "--json")]
        return letters if len(letters) == count else []

    letters: list[dict[str, Any]] = eventually(found, f"{count} are listed")
    return letters


def poison(world: World, *values: bytes, engine: HeadlessEngine, partition: int = 0) -> None:
    """Write these values and wait until each is told and the board healed."""
    before = engine.latest["dead_letters"]
    send(world, *values, partition=partition)
    engine.wait_for(
        lambda line: line["dead_letters"] == before + len(values) and line["state"] == "EXACT",
        "they were healed",
    )


@pytest.fixture
def dead_topic(world: WorldFactory) -> Iterator[tuple[World, str]]:
    shop = world(canal=False)
    name = f"{shop.topic}.dead"
    yield shop, name
    shop.kafka.delete_topic(name)


def test_a_dead_letter_is_listed_exported_and_replayed_with_the_same_reason(
    world: WorldFactory, engine_on: EngineFactory, tmp_path: Path
) -> None:
    shop = world(canal=False, partitions=3)
    engine = engine_on(shop, env=QUICK)
    engine.wait_exact()
    values = [b"\xfe\xed\x00\x1b[31m", flat(shop, "UPDATE", row(shop, 78) | {"like_cnt": "?"}), b""]
    poison(shop, *values, engine=engine, partition=2)
    assert any(line["state"] == "INEXACT" for line in engine.states)
    letters = listed(engine, 3)
    assert [(one["topic"], one["partition"], one["offset"]) for one in letters] == [
        (shop.topic, 2, offset) for offset in range(3)
    ]
    assert [one["raw_size"] for one in letters] == [len(value) for value in values]
    assert all(abs(one["noticed_ms"] - one["timestamp_ms"]) < 60_000 for one in letters)
    for one in letters:
        assert one["reason"] in engine.wait_notice(f"dead letter p2@{one['offset']}: ")
    assert len(command(engine, "list")) == 4
    assert "00000  fe ed 00 1b" in "\n".join(command(engine, "show", "p2@0"))
    exported = tmp_path / "dead.jsonl"
    command(engine, "export", str(exported))
    config = ("--config", str(engine.config))  # the row's table, whose name is not the sample's
    replayed = run_cli("replay", str(exported), "--steps", *config).stdout.splitlines()
    dead = [step for step in map(json.loads, replayed[:-1]) if step["kind"] == "dead_letter"]
    assert [(step["partition"], step["offset"]) for step in dead] == [(2, 0), (2, 1), (2, 2)]
    assert [step["reason"] for step in dead] == [one["reason"] for one in letters]
    wait_equal(shop, engine)
    assert engine.latest["dead_letters_lost"] == 0


def test_a_killed_engine_has_kept_what_it_told(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    engine = engine_on(shop, env=QUICK)
    engine.wait_exact()
    send(shop, b"?")
    engine.wait_notice("dead letter p0@0")
    engine.kill()
    assert [one["offset"] for one in listed(engine, 1)] == [0]


def test_a_stopped_engine_has_kept_a_flood_of_them(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    engine = engine_on(shop, env=QUICK)
    engine.wait_exact()
    send(shop, *(b"?%d" % number for number in range(500)))
    engine.wait_for(lambda line: line["positions"]["0"] == 500, "they were read")
    assert engine.stop() == 0
    assert [one["offset"] for one in listed(engine, 500)] == list(range(500))
    assert engine.latest["dead_letters_lost"] == 0


def test_two_engines_and_a_reader_share_one_file(
    world: WorldFactory, engine_on: EngineFactory, tmp_path: Path
) -> None:
    shop = world(canal=False)
    env = QUICK | {"TOPN_DEAD_LETTERS__FILE": str(tmp_path / "shared.jsonl")}
    engines = [engine_on(shop, env=env), engine_on(shop, env=env)]
    for engine in engines:
        engine.wait_for(lambda line: line["state"] == "EXACT", "it is EXACT")
    send(shop, *(b"?" * 2_000 for _ in range(50)))
    for engine in engines:
        engine.wait_for(lambda line: line["dead_letters"] == 50, "they were noticed")
    eventually(
        lambda: (tmp_path / "shared.jsonl").read_bytes().count(b"\n") == 100, "both wrote theirs"
    )
    lines = command(engines[0], "list", "--json", env=env)
    assert [json.loads(line)["offset"] for line in lines] == list(range(50))


@pytest.mark.parametrize("file", ["/dev/null/x.jsonl", "/dev/full"])
def test_a_file_that_cannot_be_written_is_told_once_counted_and_survived(
    world: WorldFactory, engine_on: EngineFactory, file: str
) -> None:
    shop = world(canal=False)
    engine = engine_on(shop, env=QUICK | {"TOPN_DEAD_LETTERS__FILE": file})
    engine.wait_exact()
    for _ in range(2):
        poison(shop, b"?", engine=engine)
    engine.wait_for(lambda line: line["dead_letters_lost"] == 2, "the losses were counted")
    told = [line for line in engine.errors if "dead letters are not kept" in line]
    assert len(told) == 1
    assert told[0].endswith("or set dead_letters.file to another place")
    wait_equal(shop, engine)
    assert engine.stop() == 0


def test_they_are_sent_to_the_topic_with_their_place(
    dead_topic: tuple[World, str], engine_on: EngineFactory
) -> None:
    shop, name = dead_topic
    shop.kafka.create_topic(name)
    engine = engine_on(shop, env=QUICK | {"TOPN_DEAD_LETTERS__TOPIC": name})
    engine.wait_exact()
    poison(shop, b"\xfe\x00poison", engine=engine)
    (record,) = asyncio.run(records(shop, name, 1))
    headers = {key.removeprefix("__connect.errors."): value for key, value in record.headers}
    (letter,) = listed(engine, 1)
    assert (record.key, record.value) == (b"k", b"\xfe\x00poison")
    assert record.timestamp == letter["timestamp_ms"]
    assert headers["topic"] == shop.topic.encode()
    assert (headers["partition"], headers["offset"]) == (b"0", b"0")
    assert headers["exception.message"].decode() == letter["reason"]
    assert engine.stop() == 0
    assert engine.latest["dead_letters_lost"] == 0


def test_a_missing_topic_is_told_and_used_once_it_is_there(
    dead_topic: tuple[World, str], engine_on: EngineFactory
) -> None:
    shop, name = dead_topic
    engine = engine_on(shop, env=QUICK | {"TOPN_DEAD_LETTERS__TOPIC": name})
    engine.wait_exact()
    poison(shop, b"1", engine=engine)
    engine.wait_for(lambda line: line["dead_letters_lost"] == 1, "the loss was counted")
    engine.wait_notice("not kept in the topic .*: there is no such topic; create it, or correct")
    wait_equal(shop, engine)
    assert len(listed(engine, 1)) == 1  # the file has it
    shop.kafka.create_topic(name)
    poison(shop, b"2", engine=engine)
    engine.wait_notice("dead letters are kept in the topic .* again; 1 were lost")
    (record,) = asyncio.run(records(shop, name, 1))
    assert record.value == b"2"
    assert engine.stop() == 0


def test_an_observer_keeps_them_and_sends_none(
    dead_topic: tuple[World, str], engine_on: EngineFactory
) -> None:
    shop, name = dead_topic
    engine = engine_on(shop, "--observe", env=QUICK | {"TOPN_DEAD_LETTERS__TOPIC": name})
    engine.wait_for(lambda line: line["state"] == "EXACT", "it is EXACT")
    poison(shop, b"1", engine=engine)
    assert len(listed(engine, 1)) == 1
    assert engine.stop() == 0
    assert engine.latest["dead_letters_lost"] == 0  # the topic is missing, and was not asked for


async def records(world: World, topic: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=world.kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
