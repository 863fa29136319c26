"""What docs/own-services.md tells people to do after an incident: record the topic, replay it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, read
from tests.pipeline.engines import eventually, run_cli
from tests.stack.fixtures import WorldFactory
from tests.stack.world import World

pytestmark = pytest.mark.service

PAGE = read(ROOT / "docs" / "own-services.md")
(SCRIPT,) = [text for language, text in PAGE.blocks if language == "python"]
(ROWS,) = [line for line in PAGE.lines("sql") if line.startswith("SELECT JSON_OBJECT")]
(REPLAY,) = [line for line in PAGE.lines("sh") if "changes.jsonl --rows rows.jsonl" in line]


def record(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The page's script, as a reader runs it."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def write_rows(shop: World, file: Path) -> None:
    """What the page's statement gives, as the client prints it."""
    statement = ROWS.replace("webook.", f"`{shop.database}`.")
    file.write_text("".join(f"{line}\n" for (line,) in shop.query(statement)))


def replayed(shop: World, folder: Path) -> tuple[list[dict[str, Any]], str]:
    """The board that the page's command prints, on the files in this folder, and what it remarks."""
    config = shop.write_settings(folder / "topn.toml")
    _, *words = REPLAY.replace("--config topn.toml ", "").split()
    words = [str(folder / word) if word.endswith(".jsonl") else word for word in words]
    done = run_cli("--config", str(config), *words)
    assert done.returncode == 0, done.stderr
    board: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])["data"]
    return board, done.stderr


def truth(shop: World) -> list[dict[str, Any]]:
    names = ("id", "like_cnt", "biz_id", "biz", "read_cnt")
    return [dict(zip(names, row, strict=True)) for row in shop.top()]


@pytest.mark.parametrize(("flat", "partitions"), [(True, 1), (False, 3)], ids=["flat", "protobuf3"])
def test_what_the_script_records_is_replayed_to_the_table_s_own_top(
    world: WorldFactory, tmp_path: Path, flat: bool, partitions: int
) -> None:
    shop = world(flat=flat, partitions=partitions)
    shop.execute("UPDATE interactives SET like_cnt = 500, biz = '文章' WHERE id = 70")
    shop.execute("DELETE FROM interactives WHERE id = 78")
    write_rows(shop, tmp_path / "rows.jsonl")  # at a moment within the recording
    shop.execute("UPDATE interactives SET like_cnt = 3 WHERE id = 70")
    shop.execute("INSERT INTO interactives (id, biz_id, biz, like_cnt) VALUES (90, 9, 'z', 400)")
    shop.execute("UPDATE interactives SET read_cnt = read_cnt + 1")

    def board() -> tuple[list[dict[str, Any]], str]:
        done = record(shop.kafka.bootstrap_servers, shop.topic)
        assert (done.returncode, done.stderr) == (0, "")
        (tmp_path / "changes.jsonl").write_text(done.stdout)
        return replayed(shop, tmp_path)

    eventually(lambda: board() == (truth(shop), ""), "all that was written is in the recording")
    whole = (tmp_path / "changes.jsonl").read_text().splitlines()
    recent = record(shop.kafka.bootstrap_servers, shop.topic, "60").stdout.splitlines()
    assert sorted(recent) == sorted(whole)
    assert {json.loads(line)["partition"] for line in whole} == set(range(partitions))


def test_flat_messages_of_one_partition_are_a_recording_as_they_are(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world(flat=True)
    write_rows(shop, tmp_path / "rows.jsonl")
    shop.execute("UPDATE interactives SET like_cnt = 500 WHERE id = 70")
    shop.execute("INSERT INTO interactives (id, biz_id, biz, like_cnt) VALUES (90, 9, 'z', 400)")
    values = [value or b"" for value in shop.kafka.values(shop.topic, 2)]
    (tmp_path / "changes.jsonl").write_bytes(b"".join(value + b"\n" for value in values))
    assert replayed(shop, tmp_path) == (truth(shop), "")


def test_a_topic_that_is_not_there_is_told_and_not_made(world: WorldFactory) -> None:
    shop = world(canal=False)
    for _ in range(2):
        done = record(shop.kafka.bootstrap_servers, "no_such_topic")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "there is no topic no_such_topic\n"
