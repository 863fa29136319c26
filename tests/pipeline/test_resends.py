"""Canal sends again after SIGKILL: older images come first, and until they are made good it is not EXACT."""

from __future__ import annotations

import pytest

from tests.pipeline.at_rest import fresh, wait_rest
from tests.pipeline.boards import wait_equal
from tests.pipeline.engines import eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import AUDITS, start_proven, states_since
from tests.stack.fixtures import WorldFactory
from tests.stack.world import TABLE

pytestmark = pytest.mark.service

STATEMENTS = 150
ONE_BY_ONE = ("--set", "feed.batch_messages=1")
"""A resend that came in one batch would be over before anybody could see it."""
RESEND = ("CATCHING_UP", "resend: partition 0 delivers older messages again")


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
def test_what_canal_sends_again_is_catching_up_until_the_former_head_is_passed(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat, canal=False)
    engine = start_proven(
        shop, engine_on, *AUDITS, *ONE_BY_ONE, account="reader" if flat else "monitor"
    )
    seen = len(engine.states)
    at = sum(fresh(engine)["positions"].values())
    update = f"UPDATE {TABLE} SET like_cnt = like_cnt + 1, read_cnt = read_cnt + 1"
    # Of forty rows each, over three seconds of the binlog: without numbers a step back is one of
    # more than a second.
    shop.execute(";".join([update, "DO SLEEP(0.02)"] * STATEMENTS))
    engine.wait_for(lambda line: sum(line["positions"].values()) > at + 5, "it reads them")
    shop.canal.kill()
    before = sum(fresh(engine)["positions"].values())
    assert RESEND not in states_since(engine, seen)
    # It saves its position once a second: killed before the first time, it has none.
    shop.canal.forget_position()
    shop.canal.start()
    eventually(
        lambda: RESEND in states_since(engine, seen), "seen as a resend", context=engine.story
    )
    wait_equal(shop, engine)
    line = wait_rest(shop, engine)
    assert sum(line["positions"].values()) > before
    assert line["audit_mismatches"] == 0
    assert line["dead_letters"] == 0
