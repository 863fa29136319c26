"""RESET MASTER with the real Canal: every place in the new log is below all that were delivered."""

from __future__ import annotations

import pytest

from tests.pipeline.at_rest import fresh, wait_rest
from tests.pipeline.boards import wait_equal
from tests.pipeline.engines import eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import AUDITS, change, proven, start_proven
from tests.stack.fixtures import PrivateStackFactory, WorldFactory

pytestmark = pytest.mark.service


def test_a_log_begun_anew_is_audited_on_a_quiet_feed_and_exact_again_under_traffic(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(mysql=True), canal=False, flat=False)
    for _ in range(3):
        shop.execute("FLUSH BINARY LOGS")
    engine = start_proven(shop, engine_on, *AUDITS, account="monitor")
    wait_rest(shop, engine)  # what Canal has not sent by now nobody would ever send
    shop.canal.stop()
    shop.canal.forget_position()
    shop.execute("RESET MASTER")
    shop.canal.begin_at_the_end()
    shop.canal.start()
    # Who made the changes cannot be a replica that lags: it is believed, after a while.
    engine.wait_notice(
        "^warning: MySQL: its log ends at .*, before .*, which the feed had delivered"
    )
    engine.wait_for(
        lambda line: (line["verified_ms_ago"] or 10_000) < 1000, "audits get through again"
    )
    seen = len(engine.states)

    def proven_again() -> bool:
        change(shop, 5)
        states = {(s["state"], s["reason"]) for s in engine.states[seen:]}
        return RESEND in states and proven(fresh(engine))

    eventually(proven_again, "EXACT by evidence, with traffic all the while", context=engine.story)
    wait_equal(shop, engine)
    assert fresh(engine)["audit_mismatches"] == 0


RESEND = ("CATCHING_UP", "resend: partition 0 delivers older messages again")
