"""What a reader of the published board sees, and what it ought to see."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.pipeline.engines import HeadlessEngine, eventually, run_cli
from tests.stack.world import World

Row = tuple[Any, ...]
FIELDS = ["id", "biz_id", "biz", "read_cnt", "like_cnt"]


def query(config: Path, *arguments: str) -> tuple[int, list[Row], str]:
    """Exit code, rows as (id, like_cnt, biz_id, biz, read_cnt), and stderr of `topn-tui query`."""
    answer = run_cli("query", *arguments, config=config)
    if not answer.stdout:
        return answer.returncode, [], answer.stderr
    envelope = json.loads(answer.stdout, parse_float=Decimal)
    assert list(envelope) == ["code", "msg", "data"]
    assert (envelope["code"], envelope["msg"]) == (200, "查询成功")
    assert all(list(row) == FIELDS for row in envelope["data"])
    rows = [
        (r["id"], r["like_cnt"], r["biz_id"], r["biz"], r["read_cnt"]) for r in envelope["data"]
    ]
    return answer.returncode, rows, answer.stderr


def ids(rows: list[Row]) -> list[int]:
    return [row[0] for row in rows]


def stored(world: World) -> list[Row]:
    """The board in Redis as (id, like_cnt, …), in rank order, checked to be in one piece."""
    redis, name = world.redis.client(), f"topn:{{{world.board}}}"
    scores = dict(redis.zrange(name, 0, -1, withscores=True))
    rows = redis.hgetall(f"{name}:rows")
    if set(scores) != set(rows):
        return []
    found = []
    for member, text in rows.items():
        row = json.loads(text)
        assert scores[member] == row["like_cnt"], (member, scores[member], row)
        found.append((row["id"], row["like_cnt"], row["biz_id"], row["biz"], row["read_cnt"]))
    return sorted(found, key=lambda row: (row[1], row[0]), reverse=True)


def state(world: World) -> str | None:
    """The published state."""
    value: str | None = world.redis.client().hget(f"topn:{{{world.board}}}:meta", "state")
    return value


def wait_equal(
    world: World, engine: HeadlessEngine, n: int = 10, *, timeout_s: float = 30
) -> list[Row]:
    """Wait until Redis says EXACT and has what SELECT has; the rows."""

    def equal() -> bool:
        return state(world) == "EXACT" and stored(world) == list(world.top(n))

    eventually(
        equal,
        "the published board is EXACT and equal to SELECT",
        timeout_s=timeout_s,
        context=lambda: f"{stored(world)}\n{world.top(n)}\n{state(world)}\n{engine.story()}",
    )
    return stored(world)
