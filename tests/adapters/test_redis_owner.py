"""One owner at a time, whatever happens to engines and to Redis's memory."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from engine.adapters.redis import RedisBoard
from engine.errors import NotOwner
from engine.published import inconsistencies
from tests.adapters.boards import ranking, row, state
from tests.stack.redis_server import RedisServer

pytestmark = pytest.mark.service

Open = Callable[..., RedisBoard]


@pytest.fixture
async def opened(redis_server: RedisServer, fresh_name: str) -> AsyncIterator[Open]:
    boards: list[RedisBoard] = []

    def new(
        engine_id: str, *, lease_ms: int = 5000, server: RedisServer = redis_server
    ) -> RedisBoard:
        boards.append(
            RedisBoard(
                url=server.url(), board_name=fresh_name, engine_id=engine_id, lease_ms=lease_ms
            )
        )
        return boards[-1]

    yield new
    for board in boards:
        await board.close()


async def test_the_second_stands_by(opened: Open) -> None:
    first, second = opened("e1"), opened("e2")
    assert (await first.acquire(at_least_epoch=0)).owned
    held = await second.acquire(at_least_epoch=0)
    assert (held.owned, held.owner, held.epoch) == (False, "e1", 1)
    assert 0 < held.free_in_ms <= 5000
    with pytest.raises(NotOwner) as caught:
        await second.rewrite(state(0), [])
    assert caught.value.owner == "e1"


async def test_only_one_of_many_gets_it(opened: Open) -> None:
    boards = [opened(f"e{i}") for i in range(20)]
    answers = await asyncio.gather(*(b.acquire(at_least_epoch=0) for b in boards))
    assert sum(a.owned for a in answers) == 1


async def test_an_expired_lease_is_taken_and_its_holder_fenced(opened: Open) -> None:
    first, second = opened("e1", lease_ms=150), opened("e2")
    await first.acquire(at_least_epoch=0)
    await first.rewrite(state(1), [row(1, 1)])
    async with asyncio.timeout(5):
        while not (answer := await second.acquire(at_least_epoch=0)).owned:  # noqa: ASYNC110
            await asyncio.sleep(answer.free_in_ms / 1000)  # Redis tells nobody when a lease ends
    stored = await second.read()
    assert stored is not None
    assert stored.meta["state"] == "LOADING"  # the dead engine's EXACT does not stand
    for write in (
        lambda: first.publish(state(2), entered=[row(2, 2)], left=[], moved=[]),
        lambda: first.rewrite(state(0), []),
        lambda: first.heartbeat(state(1)),
    ):
        with pytest.raises(NotOwner) as caught:
            await write()
        assert (caught.value.owner, caught.value.epoch) == ("e2", 2)
    await first.release(state(1))
    stored = await second.read()
    assert stored is not None
    assert (stored.meta["owner"], stored.meta["state"]) == ("e2", "LOADING")
    assert ranking(stored) == [(1, 1)]


async def test_an_expired_lease_that_nobody_took_goes_on(opened: Open) -> None:
    only = opened("e1", lease_ms=50)
    await only.acquire(at_least_epoch=0)
    await only.rewrite(state(0), [])
    await asyncio.sleep(0.1)  # the lease itself is what passes
    await only.heartbeat(state(0))


async def test_a_new_owner_that_has_loaded_nothing_yet_keeps_its_lease(opened: Open) -> None:
    """The board is still the last owner's, and larger than the new one says."""
    first, second = opened("e1"), opened("e2")
    await first.acquire(at_least_epoch=0)
    await first.rewrite(state(2), [row(1, 1), row(2, 2)])
    await first.release(state(0))
    await second.acquire(at_least_epoch=0)
    versions = [await second.heartbeat(state(0, "LOADING")) for _ in range(3)]
    stored = await second.read()
    assert stored is not None
    assert (stored.meta["size"], stored.meta["state"]) == ("2", "LOADING")
    assert inconsistencies(stored) == ()
    assert versions[1] == versions[2]
    await second.rewrite(state(1), [row(3, 3)])
    assert ranking(await second.read()) == [(3, 3)]


async def test_calls_side_by_side_take_turns(opened: Open) -> None:
    board = opened("e1")
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 0)])
    moves = [board.publish(state(1), entered=[], left=[], moved=[row(1, n)]) for n in range(20)]
    await asyncio.gather(*moves, *(board.heartbeat(state(1)) for _ in range(20)))


async def test_a_clean_stop_frees_it_at_once(opened: Open) -> None:
    first, second = opened("e1"), opened("e2")
    await first.acquire(at_least_epoch=0)
    await first.rewrite(state(1), [row(1, 1)])
    await first.release(state(1))
    stored = await second.read()
    assert stored is not None
    assert (stored.meta["state"], stored.meta["owner"]) == ("STOPPED", "")
    assert ranking(stored) == [(1, 1)]
    assert (await second.acquire(at_least_epoch=0)).epoch == 2


async def test_ours_again_with_a_greater_epoch(opened: Open) -> None:
    board = opened("e1")
    epochs = [(await board.acquire(at_least_epoch=least)).epoch for least in (0, 0, 7)]
    assert epochs == [1, 2, 8]


async def test_an_empty_restart_is_noticed_and_healed(
    opened: Open, new_redis: Callable[..., RedisServer]
) -> None:
    server = new_redis()
    board = opened("e1", server=server)
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    with pytest.raises(NotOwner) as caught:
        await board.heartbeat(state(1))
    assert (caught.value.owner, caught.value.epoch) == ("", 0)
    assert (await board.acquire(at_least_epoch=1)).epoch == 2
    await board.rewrite(state(1), [row(1, 1)])
    assert ranking(await board.read()) == [(1, 1)]


async def test_an_old_dump_is_noticed_and_healed(
    opened: Open, redis_server: RedisServer, fresh_name: str
) -> None:
    """The same owner and epoch, but not the board that was written last."""
    board, name = opened("e1"), f"topn:{{{fresh_name}}}"
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(1, 1)])
    with redis_server.client() as client:
        keys = [name, f"{name}:rows", f"{name}:meta"]
        old = {key: _dump(redis_server, key) for key in keys}
        await board.publish(state(1), entered=[row(2, 2)], left=[1], moved=[])
        for key, dump in old.items():
            client.restore(key, 0, dump, replace=True)
    with pytest.raises(NotOwner) as caught:
        await board.publish(state(1), entered=[], left=[], moved=[row(2, 3)])
    assert caught.value.owner == ""
    assert (await board.acquire(at_least_epoch=1)).epoch == 2
    await board.rewrite(state(1), [row(2, 3)])
    assert ranking(await board.read()) == [(2, 3)]


async def test_a_dump_of_another_owner_older_than_us(
    opened: Open, redis_server: RedisServer, fresh_name: str
) -> None:
    """A promoted replica that missed our taking over: it still names the dead engine."""
    dead, board, name = opened("e1"), opened("e2"), f"topn:{{{fresh_name}}}"
    await dead.acquire(at_least_epoch=0)
    await dead.rewrite(state(1), [row(1, 1)])
    old = _dump(redis_server, f"{name}:meta")
    await dead.release(state(1))
    await board.acquire(at_least_epoch=0)
    await board.rewrite(state(1), [row(2, 2)])
    with redis_server.client() as client:
        client.restore(f"{name}:meta", 0, old, replace=True)
    with pytest.raises(NotOwner) as caught:
        await board.rewrite(state(1), [row(2, 2)])
    assert (caught.value.owner, caught.value.epoch) == ("", 1)


async def test_a_time_stamp_of_another_clock_does_not_hold_the_lease(
    opened: Open, redis_server: RedisServer, fresh_name: str
) -> None:
    first, second = opened("e1"), opened("e2")
    await first.acquire(at_least_epoch=0)
    with redis_server.client() as client:
        client.hincrby(f"topn:{{{fresh_name}}}:meta", "updated_at_ms", 86_400_000)
    assert (await second.acquire(at_least_epoch=0)).owned


def _dump(server: RedisServer, key: str) -> bytes:
    import redis

    with redis.Redis(port=server.port) as raw:
        found = raw.dump(key)
    assert isinstance(found, bytes)
    return found
