"""The board in Redis, as its readers see it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from itertools import pairwise

import pytest
import redis.asyncio

from engine.adapters.redis import RedisBoard
from engine.adapters.redis_scripts import CHUNK
from engine.core.changes import Row
from engine.errors import NotOwner, WrongSetting
from engine.published import inconsistencies, lease_alive
from tests.adapters.boards import FIELDS, ranking, row, state
from tests.stack.redis_server import RedisServer

pytestmark = pytest.mark.service


@pytest.fixture
async def board(redis_server: RedisServer, fresh_name: str) -> AsyncIterator[RedisBoard]:
    found = RedisBoard(url=redis_server.url(), board_name=fresh_name, engine_id="e1")
    yield found
    await found.close()


@pytest.fixture
async def client(redis_server: RedisServer) -> AsyncIterator["redis.asyncio.Redis"]:
    found = redis.asyncio.Redis(port=redis_server.port, decode_responses=True)
    yield found
    await found.aclose()


async def test_a_rewrite_then_differences(board: RedisBoard) -> None:
    await board.acquire(at_least_epoch=0)
    first = await board.rewrite(state(3), [row(k, k) for k in (1, 2, 3)])
    second = await board.publish(
        state(3), entered=[row(4, 4)], left=[1], moved=[row(2, Decimal("7.50"), "é")]
    )
    stored = await board.read()
    assert stored is not None
    assert ranking(stored) == [(2, Decimal("7.50")), (4, 4), (3, 3)]
    assert inconsistencies(stored) == ()
    assert stored.rows["2"] == '{"id":2,"title":"é","score":7.50}'
    assert stored.scores == {"2": 7.5, "3": 3.0, "4": 4.0}
    assert second == first + 1


async def test_what_the_meta_says(board: RedisBoard) -> None:
    acquired = await board.acquire(at_least_epoch=41)
    await board.rewrite(state(1, positions={0: 5, 10: 7}), [row(1, 1)])
    stored = await board.read()
    assert stored is not None
    meta = stored.meta
    assert acquired.epoch == 42
    assert (meta["epoch"], meta["owner"], meta["state"]) == ("42", "e1", "EXACT")
    assert (meta["size"], meta["score_exact"], meta["provisional"]) == ("1", "1", "0")
    assert (meta["reason"], meta["as_of_ms"], meta["members"]) == ("", "", "plain")
    assert json.loads(meta["fields"]) == list(FIELDS)
    assert json.loads(meta["offsets"]) == {"0": 5, "10": 7}
    assert abs(int(meta["updated_at_ms"]) - stored.store_clock_ms) < 2000
    assert lease_alive(stored)


async def test_the_keys_are_where_readers_expect_them(
    board: RedisBoard, client: "redis.asyncio.Redis", fresh_name: str
) -> None:
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(2), [row(9, 80), row(10, 80)])
    name = f"topn:{{{fresh_name}}}"
    assert sorted(await client.keys(f"*{fresh_name}*")) == [name, f"{name}:meta", f"{name}:rows"]
    assert await client.zrevrange(name, 0, -1, withscores=True) == [("9", 80.0), ("10", 80.0)]


async def test_before_an_owner_there_is_no_board(board: RedisBoard) -> None:
    assert await board.read() is None


async def test_a_reader_needs_no_engine_id(
    board: RedisBoard, redis_server: RedisServer, fresh_name: str
) -> None:
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    reader = RedisBoard(url=redis_server.url(), board_name=fresh_name)
    assert ranking(await reader.read()) == [(1, 1)]
    with pytest.raises(ValueError, match="for reading"):
        await reader.acquire(at_least_epoch=0)
    await reader.close()


async def test_a_board_larger_than_lua_can_unpack(board: RedisBoard) -> None:
    count = 2 * CHUNK + 3
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(count), [row(k, k) for k in range(count)])
    left = list(range(count - 1))
    await board.publish(state(1), entered=[], left=left, moved=[row(count - 1, -5)])
    assert ranking(await board.read()) == [(count - 1, -5)]


async def test_an_empty_board(board: RedisBoard) -> None:
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(0), [])
    await board.publish(state(1), entered=[row(1, 1)], left=[], moved=[])
    await board.publish(state(0), entered=[], left=[1], moved=[])
    stored = await board.read()
    assert stored is not None
    assert (stored.rows, stored.scores, stored.meta["size"]) == ({}, {}, "0")


async def test_text_keys_keep_what_redis_might_mistake(board: RedisBoard) -> None:
    keys = ["", " ", "+inf", "a b", "ключ", "k\r\nDEL x", "{tag}", "\x00"]
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(len(keys)), [row(k, 1) for k in keys])
    stored = await board.read()
    assert stored is not None
    assert [k for k, _ in ranking(stored)] == sorted(keys, reverse=True)
    assert inconsistencies(stored) == ()


async def test_scores_beyond_a_double_are_exact_in_the_rows(board: RedisBoard) -> None:
    scores = [2**64 - 1, 2**64 - 2, Decimal("18446744073709551613.5")]
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(3), [row(k, s) for k, s in enumerate(scores)])
    stored = await board.read()
    assert ranking(stored) == list(enumerate(scores))
    assert stored is not None
    assert inconsistencies(stored) == ()


async def test_columns_of_every_kind(board: RedisBoard) -> None:
    await board.acquire(at_least_epoch=0)
    values = [b"\xff\x00", None, 1.5, Decimal("0.10"), "text", 7]
    await board.rewrite(state(len(values)), [row(k, k, v) for k, v in enumerate(values)])
    stored = await board.read()
    assert stored is not None
    titles = [json.loads(stored.rows[str(k)])["title"] for k in range(len(values))]
    assert titles == ["/wA=", None, 1.5, 0.1, "text", 7]


async def test_fixed_width_members_let_redis_order_as_we_do(
    redis_server: RedisServer, client: "redis.asyncio.Redis", fresh_name: str
) -> None:
    board = RedisBoard(
        url=redis_server.url(), board_name=fresh_name, engine_id="e1", fixed_width_members=True
    )
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(5), [row(k, 80) for k in (9, 10, -1, -2, 0)])
    await board.publish(state(4), entered=[], left=[0], moved=[row(9, 80, "x")])
    stored = await board.read()
    in_redis = await client.zrevrange(f"topn:{{{fresh_name}}}", 0, -1)
    assert stored is not None
    assert [json.loads(stored.rows[m])["id"] for m in in_redis] == [10, 9, -1, -2]
    assert inconsistencies(stored) == ()
    assert stored.meta["members"] == "fixed-width"
    await board.close()


async def test_subscribers_can_follow(
    board: RedisBoard, client: "redis.asyncio.Redis", fresh_name: str
) -> None:
    async with client.pubsub() as subscription:
        await subscription.subscribe(f"topn:{{{fresh_name}}}:changes")
        await board.acquire(at_least_epoch=0)
        await board.rewrite(state(1), [row("a", 1)])
        await board.publish(state(1), entered=[row("b", 2)], left=["a"], moved=[])
        await board.heartbeat(state(1))  # nothing new: nothing told
        await board.heartbeat(state(1, "CATCHING_UP"))
        await board.release(state(1))
        told = []
        async with asyncio.timeout(10):
            while len(told) < 5:
                message = await subscription.get_message(True, timeout=1)
                if message is not None:
                    told.append(json.loads(message["data"]))
    assert [t["state"] for t in told] == ["LOADING", "EXACT", "EXACT", "CATCHING_UP", "STOPPED"]
    assert all(b["version"] == a["version"] + 1 for a, b in pairwise(told))
    assert told[1]["whole"] is True
    assert told[2]["entered"] == [{"id": "b", "title": None, "score": 2}]
    assert (told[2]["left"], told[2]["moved"], told[2]["epoch"]) == (["a"], [], 1)


async def test_a_heartbeat_renews_the_lease(board: RedisBoard) -> None:
    await board.acquire(at_least_epoch=0)
    version = await board.rewrite(state(0), [])
    before = await board.read()
    assert await board.heartbeat(state(0, positions={0: 9})) == version
    after = await board.read()
    assert before is not None
    assert after is not None
    assert int(after.meta["updated_at_ms"]) >= int(before.meta["updated_at_ms"])
    assert after.meta["offsets"] == '{"0": 9}'


async def test_readers_never_see_a_member_too_many_or_too_few(
    board: RedisBoard, redis_server: RedisServer, fresh_name: str
) -> None:
    """Every read in between is a whole board, whatever is written meanwhile."""
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(20), [row(k, k) for k in range(20)])
    reader = RedisBoard(url=redis_server.url(), board_name=fresh_name)
    done = False

    async def write() -> None:
        for i in range(200):
            gone, new = i % 20 + (i // 20) * 20, i + 20
            await board.publish(state(20), entered=[row(new, new)], left=[gone], moved=[])
            if i % 50 == 0:
                rows = [row(k, k) for k in range(i + 1, i + 21)]
                await board.rewrite(state(20), rows)

    writing = asyncio.create_task(write())
    while not done:
        done = writing.done()
        stored = await reader.read()
        assert stored is not None
        assert inconsistencies(stored) == ()
        assert len(stored.scores) == 20
    await writing
    await reader.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda c, k: c.delete(k),
        lambda c, k: c.zrem(k, "1"),
        lambda c, k: c.zadd(k, {"x": 1}),
        lambda c, k: c.hdel(f"{k}:rows", "2"),
        lambda c, k: c.delete(f"{k}:meta"),
        lambda c, k: c.hset(f"{k}:meta", "version", "1"),
    ],
)
async def test_a_difference_is_not_written_onto_another_board(
    board: RedisBoard,
    client: "redis.asyncio.Redis",
    fresh_name: str,
    damage: Callable[..., "asyncio.Future[int]"],
) -> None:
    rows: list[Row] = [row(k, k) for k in (1, 2, 3)]
    acquired = await board.acquire(at_least_epoch=0)
    await board.rewrite(state(3), rows)
    await damage(client, f"topn:{{{fresh_name}}}")
    for write in (
        lambda: board.publish(state(3), entered=[], left=[], moved=[row(1, 9)]),
        lambda: board.heartbeat(state(3)),
    ):
        with pytest.raises(NotOwner) as caught:
            await write()
        assert caught.value.owner == ""
    again = await board.acquire(at_least_epoch=acquired.epoch)
    await board.rewrite(state(3), rows)
    assert again.owned
    assert again.epoch > acquired.epoch
    assert ranking(await board.read()) == [(3, 3), (2, 2), (1, 1)]


@pytest.mark.parametrize("name", ["", "a b", "a{b}"])
def test_a_name_that_cannot_be_a_key(name: str) -> None:
    with pytest.raises(WrongSetting, match="board name"):
        RedisBoard(url="redis://h:1/0", board_name=name)
