"""What the store in memory does late: as the one in Redis, nothing that could be taken for new."""

from __future__ import annotations

import copy

import pytest

from engine.adapters.embedded import EmbeddedBoard
from engine.errors import NotOwner, ServiceAway
from engine.published import FORGOTTEN
from tests.adapters.boards import ranking, row, state
from tests.embedded.conftest import parts


async def test_a_write_that_was_overtaken_by_a_newer_one_is_refused() -> None:
    of = parts()
    board = of.board("one")
    await board.acquire(at_least_epoch=0)
    overtaken = copy.copy(board)
    await board.rewrite(state(1, "INEXACT", positions={0: 9}), [row(2, 99)])
    with pytest.raises(NotOwner, match="an earlier request of this engine was carried out late"):
        await overtaken.rewrite(state(1, positions={0: 5}), [row(1, 50)])
    stored = await of.board().read()
    assert ranking(stored) == [(2, 99)]
    assert stored is not None
    assert (stored.meta["state"], stored.meta["offsets"]) == ("INEXACT", '{"0": 9}')


class OnItsWay(EmbeddedBoard):
    """Its requests were all made when the board was opened."""

    def _ask(self) -> None:
        self._request += 1
        self._asked_ms = self._asked_ms or self._store.clock.wall_ms()


@pytest.mark.parametrize("late_ms", [2000, 2001])
async def test_a_lease_runs_from_the_asking_and_who_waits_no_more_gets_none(late_ms: int) -> None:
    of = parts()
    board = OnItsWay(of.store, "b", engine_id="one", lease_ms=5000, timeout_ms=2000)
    asked_ms = of.clock.wall_ms()
    await board.acquire(at_least_epoch=0)
    await of.clock.advance(late_ms, step_ms=500)
    if late_ms > 2000:
        with pytest.raises(ServiceAway, match="gets to a request later than 2000 ms"):
            await board.heartbeat(state(0))
        with pytest.raises(ServiceAway, match="gets to a request later than 2000 ms"):
            await board.acquire(at_least_epoch=0)
    else:
        await board.heartbeat(state(0))
    stored = await of.board().read()
    assert stored is not None
    assert stored.meta["updated_at_ms"] == str(asked_ms)


async def test_who_takes_over_a_board_that_has_gone_back_leaves_versions_out() -> None:
    of = parts()
    board = of.board("one")
    epoch = (await board.acquire(at_least_epoch=0)).epoch
    version = await board.rewrite(state(0), [])
    of.store.flush()
    await board.acquire(at_least_epoch=epoch)
    assert await board.rewrite(state(0), []) > version + FORGOTTEN
