"""What a Redis does late: a request of a server that hung must vouch for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from engine.adapters.redis import RedisBoard
from engine.adapters.redis_clock import StoreClock
from engine.errors import NotOwner, ServiceAway
from engine.published import lease_alive
from tests.adapters.boards import ranking, row, state
from tests.adapters.ways import Way
from tests.stack.redis_server import RedisServer

Open = Callable[..., RedisBoard]
TIMEOUT_MS = 400


@pytest.fixture(scope="module")
def server(new_redis: Callable[..., RedisServer]) -> RedisServer:
    return new_redis("enable-debug-command yes")


@pytest.fixture
async def opened(server: RedisServer, fresh_name: str) -> AsyncIterator[Open]:
    boards: list[RedisBoard] = []

    def new(engine_id: str, *, url: str = server.url(), **options: int) -> RedisBoard:
        chosen = {"timeout_ms": TIMEOUT_MS, "lease_ms": 5000} | options
        boards.append(RedisBoard(url=url, board_name=fresh_name, engine_id=engine_id, **chosen))
        return boards[-1]

    yield new
    server.resume()
    for board in boards:
        await board.close()


async def until_answering(board: RedisBoard) -> None:
    """Its requests of before have been carried out by then: the server is one queue."""
    async with asyncio.timeout(10):
        while True:
            try:
                await board.read()
            except ServiceAway:
                continue
            return


@pytest.mark.service
@pytest.mark.parametrize("what", ["rewrite", "publish", "heartbeat"])
async def test_a_write_that_waited_in_a_hung_server_is_not_carried_out(
    server: RedisServer, opened: Open, what: str
) -> None:
    """Its engine may be dead by then: the lease must not begin anew."""
    board, reader = opened("e1"), opened("")
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    before = await reader.read()
    server.pause()
    writes = {
        "rewrite": lambda: board.rewrite(state(1), [row(1, 2)]),
        "publish": lambda: board.publish(state(1), entered=[], left=[], moved=[row(1, 2)]),
        "heartbeat": lambda: board.heartbeat(state(1)),
    }
    with pytest.raises(ServiceAway, match="does not answer within 400 ms"):
        await writes[what]()
    await asyncio.sleep(0.1)  # the server hangs on: nothing can be awaited
    server.resume()
    await until_answering(reader)
    after = await reader.read()
    assert before is not None
    assert after is not None
    assert (after.rows, after.meta) == (before.rows, before.meta)
    # The engine, if it lives, goes on.
    await board.rewrite(state(1), [row(1, 3)])
    assert ranking(await reader.read()) == [(1, 3)]


@pytest.mark.service
async def test_an_acquisition_that_waited_in_a_hung_server_takes_nothing(
    server: RedisServer, opened: Open
) -> None:
    owner, other, reader = opened("e1"), opened("e2"), opened("")
    await owner.acquire(at_least_epoch=0)
    assert not (await other.acquire(at_least_epoch=0)).owned
    await owner.release(state(0))
    server.pause()
    with pytest.raises(ServiceAway):
        await other.acquire(at_least_epoch=0)
    await asyncio.sleep(0.1)
    server.resume()
    await until_answering(reader)
    stored = await reader.read()
    assert stored is not None
    assert (stored.meta["owner"], stored.meta["state"]) == ("", "STOPPED")


@pytest.mark.service
async def test_a_slow_server_does_not_lengthen_the_lease(server: RedisServer, opened: Open) -> None:
    """The lease runs from when its holder asked for it, not from when the server got to it."""
    board, reader = opened("e1", timeout_ms=2000), opened("")
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    with server.client() as client:
        writing = asyncio.create_task(board.heartbeat(state(1)))
        await asyncio.to_thread(client.execute_command, "DEBUG", "SLEEP", "0.6")
        await writing
        # In one step, whatever the order of the two was.
        client.client_pause(600, all=True)
    await board.heartbeat(state(1))
    stored = await reader.read()
    assert stored is not None
    age_ms = stored.store_clock_ms - int(stored.meta["updated_at_ms"])
    assert 500 <= age_ms < 1500
    assert lease_alive(stored)


@pytest.fixture
def way(server: RedisServer) -> Iterator[Way]:
    proxy = Way(server.port)
    yield proxy
    proxy.close()


def scripts_run(server: RedisServer) -> int:
    with server.client() as client:
        return int(client.info("commandstats")["cmdstat_evalsha"]["calls"])


@pytest.mark.service
async def test_an_older_board_cannot_come_after_a_newer_one(
    server: RedisServer, opened: Open, way: Way
) -> None:
    """The connection broke and the bytes did not: they arrive after those of the next one."""
    board = opened("e1", url=way.url, timeout_ms=5000)
    reader = opened("")
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    way.keep = True
    with pytest.raises(ServiceAway, match=r"closed the connection|broke"):
        await board.rewrite(state(1), [row(2, 2)])
    way.keep = False
    await board.rewrite(state(1), [row(3, 3)])
    newest, run = await reader.read(), scripts_run(server)
    way.deliver()
    async with asyncio.timeout(5):
        while scripts_run(server) == run:  # noqa: ASYNC110  # Redis tells nobody
            await asyncio.sleep(0)
    stored = await reader.read()
    assert newest is not None
    assert stored is not None
    assert (stored.rows, stored.meta["version"]) == (newest.rows, newest.meta["version"])
    await board.heartbeat(state(1))  # and the owner did not even notice


@pytest.mark.service
async def test_our_own_late_acquisition_is_not_somebody_else(
    opened: Open, server: RedisServer, fresh_name: str
) -> None:
    board = opened("e1")
    epoch = (await board.acquire(at_least_epoch=0)).epoch
    await board.rewrite(state(1), [row(1, 1)])
    with server.client() as client:
        client.hset(f"topn:{{{fresh_name}}}:meta", "epoch", epoch + 1)
    with pytest.raises(NotOwner) as caught:
        await board.heartbeat(state(1))
    assert (caught.value.owner, caught.value.epoch) == ("", epoch + 1)
    assert str(caught.value) == (
        f"an earlier request of this engine was carried out late (epoch {epoch + 1})"
    )
    assert (await board.acquire(at_least_epoch=epoch + 1)).epoch == epoch + 2


@pytest.mark.service
@pytest.mark.parametrize("jump_ms", [3_600_000, -3_600_000])
async def test_a_server_whose_clock_was_set_is_believed_at_once(opened: Open, jump_ms: int) -> None:
    board = opened("e1")
    await board.acquire(at_least_epoch=0)
    now_ms = board._clock.monotonic_ms()
    elsewhere = board._clock.at(now_ms) + jump_ms
    board._clock.learn(elsewhere, asked_ms=now_ms, answered_ms=now_ms)
    await board.rewrite(state(0), [])
    stored = await board.read()
    assert stored is not None
    assert abs(int(stored.meta["updated_at_ms"]) - stored.store_clock_ms) < 2000
    assert lease_alive(stored)


def test_what_is_known_of_a_clock_is_what_all_answers_allow() -> None:
    clock = StoreClock(lambda: 0.0)
    assert clock.at(0) == 0
    clock.learn(5_000, asked_ms=100, answered_ms=1_100)  # 3,900 to 4,901 ahead
    assert clock.at(2_000) == 5_900
    clock.learn(7_000, asked_ms=2_990, answered_ms=3_000)  # 4,000 to 4,011
    assert clock.at(2_000) == 6_000
    clock.learn(9_300, asked_ms=4_000, answered_ms=5_400)  # says less, and contradicts nothing
    assert clock.at(2_000) == 6_000


def test_an_answer_that_contradicts_what_was_known_is_believed() -> None:
    clock = StoreClock(lambda: 0.0)
    clock.learn(7_000, asked_ms=2_990, answered_ms=3_000)
    clock.learn(1_000, asked_ms=4_000, answered_ms=4_010)
    assert clock.at(5_000) == 1_990
