"""Other tables than the sample: DECIMAL scores, text keys, and columns of every type."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.engines import HeadlessEngine, eventually, run_cli
from tests.pipeline.fixtures import EngineFactory
from tests.stack.fixtures import WorldFactory
from tests.stack.world import World

pytestmark = pytest.mark.service

QUICK = {
    "TOPN_ENGINE__SETTLE_MS": "500",
    "TOPN_ENGINE__OVERLAP_MS": "100",
    "TOPN_ENGINE__AUDIT_INTERVAL_S": "1",
}

PRICES = """
DROP TABLE interactives;
CREATE TABLE interactives (
  name VARCHAR(40) NOT NULL COLLATE utf8mb4_general_ci PRIMARY KEY,
  price DECIMAL(30,10),
  KEY (price)
) DEFAULT CHARSET = utf8mb4
"""
PRICES_SETTINGS = QUICK | {
    "TOPN_TABLE__KEY": "name",
    "TOPN_TABLE__SCORE": "price",
    "TOPN_TABLE__COLUMNS": "",
}


def printed(config: Path) -> list[dict[str, Any]]:
    """The rows that `query` prints; numbers as the text they are printed as."""
    said = run_cli("query", config=config).stdout
    rows: list[dict[str, Any]] = json.loads(said, parse_int=str, parse_float=str)["data"]
    return rows


def prices(world: World) -> list[dict[str, str]]:
    rows = world.query(
        "SELECT name, price FROM interactives WHERE price IS NOT NULL "
        "ORDER BY price DESC, CAST(name AS BINARY) DESC LIMIT 10"
    )
    return [{"name": name, "price": f"{price:f}"} for name, price in rows]


def wait_prices(world: World, engine: HeadlessEngine) -> list[dict[str, str]]:
    """Wait until what is printed is what SELECT gives, digit by digit; the rows."""

    def equal() -> bool:
        return engine.latest["state"] == "EXACT" and printed(engine.config) == prices(world)

    eventually(
        equal,
        "the printed prices are those of the table",
        context=lambda: f"{printed(engine.config)}\n{prices(world)}\n{engine.story()}",
    )
    return prices(world)


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
def test_decimal_scores_and_text_keys_are_ranked_by_value_and_by_bytes(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(canal=False, rows=False, flat=flat)
    shop.execute(PRICES)
    shop.canal.start()
    keys = ["a", "B", "é", "中", "😀", "zz", "\uffee"]
    for key in keys:
        shop.execute("INSERT INTO interactives VALUES (%s, '0.1')", (key,))
    engine = engine_on(shop, env=PRICES_SETTINGS)
    engine.wait_exact()

    # A tie is broken by the keys' UTF-8 bytes, whatever the column's collation says.
    rows = wait_prices(shop, engine)
    assert [r["name"] for r in rows] == sorted(keys, key=str.encode, reverse=True)
    assert {r["price"] for r in rows} == {"0.1000000000"}

    # Two prices that one double stands for; a negative one, zero, and NULL.
    for key, price in {
        "a": "12345678901234567890.0000000001",
        "B": "12345678901234567890.0000000002",
        "é": "-0.0000000001",
        "中": "0",
        "zz": None,
    }.items():
        shop.execute("UPDATE interactives SET price = %s WHERE name = %s", (price, key))
    rows = wait_prices(shop, engine)
    assert [r["name"] for r in rows] == ["B", "a", "😀", "\uffee", "中", "é"]
    assert rows[0]["price"] == "12345678901234567890.0000000002"

    # A key that changes in its case only, one that is new, one that is gone.
    shop.execute("UPDATE interactives SET name = 'b' WHERE name = 'B'")
    shop.execute('INSERT INTO interactives VALUES ("new\\n\\"\'", 7.5)')
    shop.execute("DELETE FROM interactives WHERE name = '😀'")
    rows = wait_prices(shop, engine)
    assert [r["name"] for r in rows] == ["b", "a", "new\n\"'", "\uffee", "中", "é"]
    last = engine.wait_for(lambda line: line["verified_ms_ago"] is not None, "an audit")
    assert (last["audit_mismatches"], last["dead_letters"]) == (0, 0)


TYPES = {
    "e": ("ENUM('a','B','it''s, so')", "'it''s, so'", "it's, so"),
    "s": ("SET('x','y','z')", "'z,x'", "x,z"),
    "bits": ("BIT(10)", "b'1000000001'", "513"),
    "on_": ("TINYINT(1)", "TRUE", "1"),
    "u": ("BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615"),
    "dec_": ("DECIMAL(20,4)", "-0.5", "-0.5000"),
    "zero": ("DECIMAL(20,4)", "0", "0.0000"),
    "dbl": ("DOUBLE", "0.1", "0.1"),
    "big": ("DOUBLE", "1e300", "1e+300"),
    "flt": ("FLOAT", "3.14159", "3.14159"),
    "txt": ("TEXT", "'中 😀\\n\\t'", "中 😀\n\t"),
    "chr": ("CHAR(5)", "'ab '", "ab"),
    "blb": ("BLOB", "x'00FF1B5B'", base64.b64encode(b"\x00\xff\x1b[").decode()),
    "bin": ("BINARY(4)", "x'01'", base64.b64encode(b"\x01\0\0\0").decode()),
    "dt": ("DATETIME", "'2024-02-29 23:59:59'", "2024-02-29 23:59:59"),
    "dt3": ("DATETIME(3)", "'2024-02-29 23:59:59.5'", "2024-02-29 23:59:59.500"),
    "dt6": ("DATETIME(6)", "'2024-02-29 23:59:59'", "2024-02-29 23:59:59.000000"),
    "ts": ("TIMESTAMP NULL", "'2024-07-01 12:00:00'", "2024-07-01 12:00:00"),
    "ts6": ("TIMESTAMP(6) NULL", "'2024-07-01 12:00:00.000001'", "2024-07-01 12:00:00.000001"),
    "d": ("DATE", "'2024-02-29'", "2024-02-29"),
    "t": ("TIME(2)", "'-12:34:56.7'", "-12:34:56.70"),
    "y": ("YEAR", "1999", "1999"),
    "j": ("JSON", '\'{"b": [1, 2.50, null], "a": "é"}\'', None),
    "nul": ("INT", "NULL", None),
}
"""Column -> type, SQL value, and what is published (None: see the test)."""


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
def test_a_row_looks_the_same_whether_the_table_or_the_feed_tells_of_it(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(canal=False, rows=False, flat=flat)
    columns = ", ".join(f"{name} {kind}" for name, (kind, *_) in TYPES.items())
    values = ", ".join(sql for _, sql, _ in TYPES.values())
    shop.execute(
        "DROP TABLE interactives; CREATE TABLE interactives "
        f"(id BIGINT PRIMARY KEY, score BIGINT, {columns}, KEY (score)) DEFAULT CHARSET utf8mb4"
    )
    shop.execute(f"INSERT INTO interactives VALUES (1, 10, {values}), (2, 5, {values})")
    shop.canal.start()
    settings = {
        "TOPN_TABLE__SCORE": "score",
        "TOPN_TABLE__COLUMNS": ",".join(TYPES),
        "TOPN_TABLE__TIME_ZONE": "+00:00",
    }
    engine = engine_on(shop, env=QUICK | settings)
    engine.wait_exact()

    loaded = {r["id"]: r for r in printed(engine.config)}
    assert list(loaded["1"]) == ["id", *TYPES, "score"]
    wrong = {
        name: (loaded["1"][name], wanted)
        for name, (*_, wanted) in TYPES.items()
        if name != "j" and loaded["1"][name] != wanted
    }
    assert wrong == {}
    assert json.loads(loaded["1"]["j"]) == {"b": [1, 2.5, None], "a": "é"}

    # Told by the feed: an update of the score alone, and a third row that nothing has loaded.
    shop.execute("UPDATE interactives SET score = 20 WHERE id = 2")
    shop.execute(f"INSERT INTO interactives VALUES (3, 15, {values})")
    eventually(lambda: len(printed(engine.config)) == 3, "the new row", context=engine.story)
    delivered = {r["id"]: r for r in printed(engine.config)}
    assert delivered == {
        "1": loaded["1"],
        "2": loaded["2"] | {"score": "20"},
        "3": loaded["1"] | {"id": "3", "score": "15"},
    }

    # Told by the table again: audits come and go, and no row is written anew.
    settled = engine.wait_exact()
    later = engine.wait_for(
        lambda line: line["loads"] >= settled["loads"] + 2 and line["state"] == "EXACT", "audits"
    )
    assert (later["audit_mismatches"], later["dead_letters"]) == (0, 0)
    assert {r["id"]: r for r in printed(engine.config)} == delivered
    with shop.redis.client() as redis:
        rows = redis.hgetall(f"topn:{{{shop.board}}}:rows")
    assert {
        key: json.loads(text, parse_int=str, parse_float=str) for key, text in rows.items()
    } == delivered
