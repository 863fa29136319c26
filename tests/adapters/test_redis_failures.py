"""Everything that can be wrong with a Redis, and the sentence it gets."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.redis import RedisBoard
from engine.errors import ServiceAway, StoreRefused, WrongSetting
from tests.adapters.boards import row, state
from tests.stack.redis_server import RedisServer
from tests.stack.tls import Authority, make_ca

pytestmark = pytest.mark.service

SECRET = "hunter2-secret"
Open = Callable[..., RedisBoard]


@pytest.fixture
async def opened(fresh_name: str) -> AsyncIterator[Open]:
    boards: list[RedisBoard] = []

    def new(url: str, **options: Any) -> RedisBoard:
        options = {"board_name": fresh_name, "engine_id": "e1", "timeout_ms": 700} | options
        boards.append(RedisBoard(url=url, **options))
        return boards[-1]

    yield new
    for board in boards:
        await board.close()


async def refused(board: RedisBoard) -> str:
    with pytest.raises((ServiceAway, StoreRefused)) as caught:
        await board.acquire(at_least_epoch=0)
    assert SECRET not in repr(caught.value)
    assert SECRET not in str(caught.value.__cause__)
    return f"{type(caught.value).__name__}: {caught.value}"


async def test_refused(opened: Open) -> None:
    said = await refused(opened("redis://127.0.0.1:1/0"))
    assert "ServiceAway: Redis: 127.0.0.1:1 refuses the connection" in said


async def test_unknown_host(opened: Open) -> None:
    assert "no host is called nosuch.invalid" in await refused(opened("redis://nosuch.invalid/0"))


async def test_silent_server(opened: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        board = opened(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        started = time.monotonic()
        assert "does not answer within 700 ms" in await refused(board)
        assert time.monotonic() - started < 3


async def test_passwords(opened: Open, new_redis: Callable[..., RedisServer]) -> None:
    server = new_redis("user limited on >pw ~other:* &* +@all", password="right")
    url = server.url()
    assert "asks for a password and none is set" in await refused(opened(url))
    assert "refuses this user name and password" in await refused(opened(url, password=SECRET))
    limited = opened(url, username="limited", password="pw")
    assert "StoreRefused" in await refused(limited)
    assert "the user may not do this" in await refused(limited)
    assert (await opened(url, password="right").acquire(at_least_epoch=0)).owned


async def test_a_database_that_is_not_there(opened: Open, redis_server: RedisServer) -> None:
    assert "no database of this number" in await refused(opened(redis_server.url(99)))


async def test_full_memory_writes_nothing_and_heals(
    opened: Open, new_redis: Callable[..., RedisServer]
) -> None:
    server = new_redis()
    board = opened(server.url())
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(2), [row(1, 1), row(2, 2)])
    before = await board.read()
    with server.client() as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(StoreRefused, match="its memory is full"):
            await board.publish(state(2), entered=[row(3, 3)], left=[1], moved=[])
        with pytest.raises(StoreRefused, match="its memory is full"):
            await board.heartbeat(state(2))
        after = await board.read()
        assert before is not None
        assert after is not None
        assert (after.rows, after.scores, after.meta) == (before.rows, before.scores, before.meta)
        client.config_set("maxmemory", "0")
    await board.publish(state(2), entered=[row(3, 3)], left=[1], moved=[])


async def test_a_read_only_replica(opened: Open, new_redis: Callable[..., RedisServer]) -> None:
    server = new_redis("replicaof 127.0.0.1 1")
    said = await refused(opened(server.url()))
    assert "StoreRefused" in said
    assert "this server is a read-only replica; point the setting to the primary" in said


@pytest.mark.parametrize("suffix", ["", ":rows", ":meta"])
async def test_a_key_of_another_type(
    opened: Open, redis_server: RedisServer, fresh_name: str, suffix: str
) -> None:
    key = f"topn:{{{fresh_name}}}{suffix}"
    with redis_server.client() as client:
        client.set(key, "precious")
        said = await refused(opened(redis_server.url()))
        assert (
            f"StoreRefused: Redis at 127.0.0.1:{redis_server.port}: key {key} is a string" in said
        )
        assert "rename or delete it" in said
        assert client.get(key) == "precious"


async def test_the_type_changes_under_the_owner(
    opened: Open, redis_server: RedisServer, fresh_name: str
) -> None:
    key, board = f"topn:{{{fresh_name}}}", opened(redis_server.url())
    await board.acquire(at_least_epoch=0)
    with redis_server.client() as client:
        client.set(key, "precious")
        with pytest.raises(StoreRefused, match="is a string"):
            await board.rewrite(state(1), [row(1, 1)])
        with pytest.raises(StoreRefused, match="another type"):
            await board.read()
        assert client.get(key) == "precious"


async def test_foreign_data_at_our_name(
    opened: Open, redis_server: RedisServer, fresh_name: str
) -> None:
    key = f"topn:{{{fresh_name}}}"
    with redis_server.client() as client:
        client.zadd(key, {"theirs": 1})
        assert f"key {key} is a zset that this board did not write" in await refused(
            opened(redis_server.url())
        )
        client.delete(key)
        client.hset(f"{key}:rows", "theirs", "1")
        assert f"key {key}:rows is a hash" in await refused(opened(redis_server.url()))
        client.delete(f"{key}:rows")
        client.hset(f"{key}:meta", "theirs", "1")
        assert f"key {key}:meta is a hash" in await refused(opened(redis_server.url()))
        client.delete(f"{key}:meta")
    assert (await opened(redis_server.url()).acquire(at_least_epoch=0)).owned


async def test_ours_without_its_meta_is_taken_again(
    opened: Open, redis_server: RedisServer, fresh_name: str
) -> None:
    """An evicted meta key: rows for every member show that the board was ours."""
    board = opened(redis_server.url())
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    with redis_server.client() as client:
        client.delete(f"topn:{{{fresh_name}}}:meta")
    assert (await opened(redis_server.url()).acquire(at_least_epoch=0)).owned


async def test_tls(
    opened: Open,
    new_redis: Callable[..., RedisServer],
    authority: Authority,
    adapter_folder: Path,
) -> None:
    stem = adapter_folder / "redis-tls"
    authority.issue(stem, hosts=("localhost",))
    server = new_redis("tls-auth-clients no")
    with server.client() as client:
        client.config_set("tls-ca-cert-file", str(authority.certificate))
        client.config_set("tls-cert-file", f"{stem}.pem", "tls-key-file", f"{stem}.key")
        port = server.port + 1000
        client.config_set("tls-port", port)
    trusted = {"ca_file": str(authority.certificate)}
    other = {"ca_file": str(make_ca(adapter_folder / "other").certificate)}
    url = f"rediss://localhost:{port}/0"
    assert (await opened(url, **trusted).acquire(at_least_epoch=0)).owned
    assert f"certificate of localhost:{port} is not trusted" in await refused(opened(url, **other))
    by_address = f"rediss://127.0.0.1:{port}/0"
    assert "is made for another name" in await refused(opened(by_address, **trusted))
    unchecked = opened(by_address, check_hostname=False, **trusted)
    assert (await unchecked.acquire(at_least_epoch=0)).owned
    plain = opened(f"redis://127.0.0.1:{port}/0")
    assert "closed the connection" in await refused(plain)
    wrong_way = opened(f"rediss://127.0.0.1:{server.port}/0", **trusted)
    assert "does not speak TLS on this port" in await refused(wrong_way)


async def test_down_and_back(opened: Open, new_redis: Callable[..., RedisServer]) -> None:
    server = new_redis()
    board = opened(server.url())
    await board.acquire(at_least_epoch=0)
    server.pause()
    with pytest.raises(ServiceAway, match="does not answer"):
        await board.heartbeat(state(0))
    server.resume()
    async with asyncio.timeout(5):
        await board.rewrite(state(1), [row(1, 1)])
    await asyncio.to_thread(server.kill)
    with pytest.raises(ServiceAway, match="Redis"):
        await board.read()
    await board.release(state(1))  # says nothing
    await board.close()
    await board.close()


async def test_cancelled_in_the_middle_of_an_answer(
    opened: Open, new_redis: Callable[..., RedisServer]
) -> None:
    """The next call must not be given the answer to this one."""
    server = new_redis()
    board = opened(server.url())
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    for _ in range(3):
        server.pause()
        reading = asyncio.create_task(board.read())
        await asyncio.sleep(0.05)
        reading.cancel()
        server.resume()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert isinstance(await board.heartbeat(state(1)), int)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:6379", "http://h/0", "redis://:x", "redis://h:no/0", "redis://h/db"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(WrongSetting, match="redis://host:port/db"):
        RedisBoard(url=url, board_name="b")


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(WrongSetting, match="holds a password") as caught:
        RedisBoard(url=f"redis://u:{SECRET}@h/0", board_name="b")
    assert SECRET not in repr(caught.value)


def test_a_missing_ca_file() -> None:
    with pytest.raises(WrongSetting, match=r"there is no file /nowhere/ca\.pem"):
        RedisBoard(url="rediss://h/0", board_name="b", ca_file="/nowhere/ca.pem")


async def test_nothing_shows_the_password(
    opened: Open, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    board = opened(redis_server.url(), password=SECRET)
    said = await refused(board)
    assert SECRET not in said + repr(board) + caplog.text
