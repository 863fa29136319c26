"""A refill as it happens, on the whole pipeline in virtual time: nobody scripts what the screen shows."""

from __future__ import annotations

import re

import pytest

from tests.embedded.dashboard import Operator, live

pytestmark = pytest.mark.slow

STEP_MS = 50


async def heap(operator: Operator) -> str:
    """The heap's panel after the next moment."""
    await operator.clock.advance(STEP_MS)
    await operator.screen()
    return "\n".join(line.strip("│ ") for line in operator.lines("heap"))


async def until(operator: Operator, told: str) -> str:
    """The heap's panel once it tells this, a few seconds later at most."""
    for _ in range(8_000 // STEP_MS):
        drawn = await heap(operator)
        if re.search(told, drawn):
            return drawn
    pytest.fail(f"never told: {told}\n{drawn}")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_the_operator_sees_the_reserve_run_low_the_query_the_merge_and_the_floor_move(
    size: tuple[int, int],
) -> None:
    async with live(size=size) as operator:
        await operator.press("2")
        loads, floor = operator.app.status.counters.loads, operator.app.status.floor
        assert floor is not None
        drawn = await heap(operator)
        assert "load: " not in drawn
        while not re.search("▼ low", drawn):
            assert operator.app.status.load is None
            operator.table.delete([operator.app.status.reserve.best[-1].key])
            drawn = await heap(operator)
            drawn = await heap(operator)
        assert "▼ low" in drawn
        drawn = await until(operator, "◐ load: refill · waiting")
        assert "▼ low" in drawn
        if size[0] == 80:  # where the heap has the whole width; elsewhere the clause goes whole
            assert "the table may lag its log" in drawn
        drawn = await until(operator, "◐ load: refill · held")
        if size[0] == 80:
            assert re.search(r"waits for the log, \d+ rows in [0-9.]+ ms", drawn)
        drawn = await until(operator, "✔ refill merged: nothing differed")
        assert f"floor {floor[0]}·{floor[1]} → " in drawn
        assert "▼ low" not in drawn
        assert f"loads {loads + 1}" in drawn
        assert operator.app.status.reserve.held == operator.app.status.reserve.capacity
        await operator.run(7_000)
        drawn = await heap(operator)
        assert "merged" not in drawn
        assert "→" not in drawn
