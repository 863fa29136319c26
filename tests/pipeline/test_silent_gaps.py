"""Gaps that nothing on the topic announces: what the real Canal leaves out, only the audit sees."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.pipeline.at_rest import fresh
from tests.pipeline.boards import ids, stored, wait_equal
from tests.pipeline.engines import HeadlessEngine, eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import AUDITS, change, start_proven
from tests.stack.fixtures import PrivateStackFactory, WorldFactory
from tests.stack.world import TABLE, World

pytestmark = pytest.mark.service

AHEAD = ("CATCHING_UP", "the table is ahead of a silent feed: is Canal running?")
FRESH_S = 2.0
"""An audit is due each second; this old, the last one was a while ago."""


@dataclass
class Gap:
    """A world whose Canal leaves something out, and an engine that was EXACT before."""

    shop: World
    engine: HeadlessEngine

    def open(self) -> None:
        """Write the change that will never come."""
        self.shop.execute(f"UPDATE {TABLE} SET like_cnt = 999 WHERE id = 32")

    def is_told(self, difference: str = "32 (999) in the table") -> None:
        """The state says that the feed is silent and the table ahead, and the notice whose turn it is."""
        engine = self.engine
        engine.wait_for(lambda line: (line["state"], line["reason"]) == AHEAD, "ahead of the feed")
        said = engine.wait_notice(
            f"^warning: the feed is silent but the table has changed: .*{re.escape(difference)}"
        )
        assert "see whether Canal runs and what its log says" in said
        assert fresh(engine)["audit_mismatches"] == 0, "it may still come"

    def skip(self) -> None:
        """What an operator does with a Canal that cannot go on: have it begin at the binlog's end."""
        self.shop.canal.kill()
        self.shop.canal.forget_position()
        self.shop.canal.begin_at_the_end()
        self.shop.canal.start()

    def is_found_and_healed(self, difference: str = "only in the table: 32 (999)") -> None:
        """Once the feed goes on behind the gap the audit has proof: counted, named and replaced."""
        shop, engine = self.shop, self.engine

        def found() -> bool:
            change(shop, 5)  # by binlog time, the proof comes more than a second after the query
            return bool(fresh(engine)["audit_mismatches"])

        eventually(found, "an audit has found it", context=engine.story)
        said = engine.wait_notice("^error: audit: the board was wrong without knowing it")
        assert difference in said
        wait_equal(shop, engine)
        line = engine.wait_for(
            lambda line: (line["verified_ms_ago"] or 1e9) < FRESH_S * 1000, "verified since"
        )
        assert line["audit_mismatches"] == 1
        assert line["dead_letters"] == 0


def gap_in(shop: World, engine_on: EngineFactory, account: str) -> Gap:
    return Gap(shop, start_proven(shop, engine_on, *AUDITS, account=account))


def test_canal_killed_before_it_first_saved_its_position(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False, flat=False)
    gap = gap_in(shop, engine_on, "monitor")
    # A Canal that is new to this database, and whose settings name no position.
    shop.canal.stop()
    shop.canal.forget_position()
    shop.canal.begin_at_the_end()
    shop.canal.start()
    shop.canal.kill()
    assert shop.canal.saved_position() is None
    gap.open()
    gap.is_told()
    shop.canal.start()
    gap.is_found_and_healed()


def test_the_binlog_was_purged_while_canal_was_down(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(mysql=True), canal=False, flat=False)
    gap = gap_in(shop, engine_on, "monitor")
    shop.canal.kill()
    gap.open()
    eventually(lambda: purged(shop), "the binlog is purged")
    shop.canal.launch()
    eventually(lambda: "1236" in all_logs(shop), "Canal does not find its place")
    gap.is_told()
    gap.skip()
    gap.is_found_and_healed()


def test_the_table_was_swapped_by_rename(world: WorldFactory, engine_on: EngineFactory) -> None:
    shop = world(canal=False)
    gap = gap_in(shop, engine_on, "reader")
    # As gh-ost and pt-online-schema-change end: Canal files it under the old table's new name.
    shop.execute(
        f"CREATE TABLE {TABLE}_new LIKE {TABLE};"
        f"INSERT INTO {TABLE}_new SELECT * FROM {TABLE};"
        f"UPDATE {TABLE}_new SET like_cnt = 999 WHERE id = 32;"
        f"RENAME TABLE {TABLE} TO {TABLE}_old, {TABLE}_new TO {TABLE}"
    )
    gap.is_told()
    gap.is_found_and_healed()


@pytest.mark.parametrize("dropped", [False, True], ids=["renamed", "dropped with another"])
def test_the_table_is_gone_and_nothing_said_so(
    world: WorldFactory, engine_on: EngineFactory, dropped: bool
) -> None:
    """Canal files a RENAME under the new name, and a DROP of several tables under the first."""
    shop = world(canal=False)
    engine = start_proven(shop, engine_on, *AUDITS, account="reader")
    ((_, create),) = shop.query(f"SHOW CREATE TABLE {TABLE}")
    if dropped:
        shop.execute(f"CREATE TABLE other (id INT PRIMARY KEY); DROP TABLE other, {TABLE}")
    else:
        shop.execute(f"RENAME TABLE {TABLE} TO {TABLE}_old")
    engine.wait_for(
        lambda line: (
            line["state"] == "INEXACT"
            and "the table is not what it was: there is no table" in line["reason"]
        ),
        "known to be gone",
    )
    assert TABLE in engine.wait_notice("^warning: MySQL: there is no table")
    assert stored(shop), "the board stays as it is"
    shop.execute(str(create) if dropped else f"RENAME TABLE {TABLE}_old TO {TABLE}")
    change(shop, 5)
    wait_equal(shop, engine)
    assert fresh(engine)["audit_mismatches"] == 0, "it was known to be wrong"


def test_the_binlog_was_compressed_which_canal_cannot_read(
    private_stack: PrivateStackFactory, world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(on=private_stack(mysql=True), canal=False)
    gap = gap_in(shop, engine_on, "reader")
    shop.execute("SET GLOBAL log_bin_compress_min_len=10; SET GLOBAL log_bin_compress=ON")
    shop.execute(f"TRUNCATE TABLE {TABLE}")  # Canal reads on, and says nothing of it
    gap.is_told("none in the table, 78 (450), 58 (290)")
    shop.execute("SET GLOBAL log_bin_compress=OFF")
    gap.skip()
    shop.execute(
        f"INSERT INTO {TABLE} (id, biz_id, biz, read_cnt, like_cnt) VALUES (5, 1, 'a', 0, 3)"
    )
    gap.is_found_and_healed("only on the board's side: 78 (450), 58 (290)")
    assert ids(stored(shop)) == [5]


def test_canal_is_stuck_behind_a_record_that_is_too_large(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False, flat=False)
    gap = gap_in(shop, engine_on, "monitor")
    shop.execute(f"ALTER TABLE {TABLE} ADD COLUMN note LONGTEXT")
    gap.engine.wait_notice(r"the table was changed \(ALTER\)")
    wait_equal(shop, gap.engine)
    shop.execute(f"UPDATE {TABLE} SET note = REPEAT('x', 2000000) WHERE id = 60")
    gap.open()  # a small one, of another row: stuck behind it
    eventually(lambda: "RecordTooLargeException" in all_logs(shop), "Canal is stuck")
    gap.is_told()
    gap.skip()
    gap.is_found_and_healed()


def all_logs(world: World) -> str:
    """What Canal has logged, wherever its logback.xml puts it."""
    folder = world.canal.directory
    logs = [path.read_text(errors="replace") for path in folder.rglob("*.log")]
    return "\n".join([*logs, world.canal.log_text()])


def purged(world: World) -> bool:
    """Whether only the newest file of the binlog is left; tries to bring that about."""
    # The server keeps what the killed Canal was reading until it notices that nobody listens.
    world.execute("FLUSH BINARY LOGS")
    file, _ = world.mysql.binlog_position()
    world.execute(f"PURGE BINARY LOGS TO '{file}'")
    return len(world.query("SHOW BINARY LOGS")) == 1
