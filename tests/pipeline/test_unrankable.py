"""Tables that can never be ranked as the settings say: exit code 2, and what to choose instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.engines import run_cli
from tests.stack.fixtures import WorldFactory
from tests.stack.world import READER_PASSWORD, World

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def shop(module_world: WorldFactory) -> World:
    """One world for all tests of the module: nothing is ever published from it."""
    return module_world(canal=False)


NEVER = {
    "a score that is not there": (
        {"SCORE": "likes"},
        "score column 'likes' is not in the table; ",
    ),
    "a score that is almost there": (
        {"SCORE": "like_count"},
        "score column 'like_count' is not in the table; did you mean like_cnt",
    ),
    "a floating-point score": (
        {"NAME": "odd", "KEY": "u", "SCORE": "f"},
        "score column f is float: floating point has no exact order; choose an integer or DECIMAL",
    ),
    "a temporal score": (
        {"NAME": "odd", "KEY": "u", "SCORE": "d"},
        "score column d is datetime: a time is not a number; choose an integer or DECIMAL",
    ),
    "a text score": (
        {"SCORE": "biz", "COLUMNS": ""},
        "score column biz is varchar(128): it is not a number; choose an integer or DECIMAL",
    ),
    "a key of two columns": (
        {"NAME": "odd", "KEY": "a"},
        "key column a is one part of the primary key (a, b)",
    ),
    "a key that is not unique": (
        {"NAME": "odd", "KEY": "n"},
        "it does not tell rows apart; choose a column",
    ),
    "a key that is not there": ({"KEY": "uid"}, "key column 'uid' is not in the table; "),
    "a column that is not there": ({"COLUMNS": "bizz"}, "column 'bizz' is not in the table; did"),
    "a view": ({"NAME": "seen"}, "is a view: its rows never reach the binlog; choose the table"),
    "a time zone unknown": ({"TIME_ZONE": "Nowhere/Land"}, "does not know this time zone"),
}


@pytest.mark.parametrize("case", NEVER)
def test_what_can_never_be_ranked_ends_with_2(shop: World, tmp_path: Path, case: str) -> None:
    changed, sentence = NEVER[case]
    shop.execute(
        "CREATE TABLE IF NOT EXISTS odd "
        "(a INT, b INT, u INT NOT NULL UNIQUE, n INT NOT NULL, f FLOAT, d DATETIME, like_cnt INT, "
        "PRIMARY KEY (a, b));"
        "CREATE OR REPLACE VIEW seen AS SELECT * FROM interactives"
    )
    table = {"COLUMNS": ""} if changed.get("NAME") == "odd" else {}
    env = {f"TOPN_TABLE__{name}": value for name, value in (table | changed).items()}
    config = shop.write_settings(tmp_path / "engine.toml")
    ended = run_cli("run", "--headless", config=config, env=env)
    assert ended.returncode == 2, ended.stderr
    (said_last,) = [line for line in ended.stderr.splitlines() if line.startswith("topn-tui: ")]
    assert sentence in said_last
    assert "Traceback" not in ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1])["publication"] == "STOPPED"
    said = ended.stdout + ended.stderr + config.with_suffix(".log").read_text()
    assert READER_PASSWORD not in said
