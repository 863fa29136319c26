"""The table read from another server than Canal tails: a real replica, that lags or stands still."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.at_rest import fresh, wait_rest
from tests.pipeline.boards import ids, stored, wait_equal
from tests.pipeline.engines import HeadlessEngine, eventually
from tests.pipeline.fixtures import EngineFactory
from tests.pipeline.starting import AUDITS, NO_AUDITS, change
from tests.stack.fixtures import WorldFactory
from tests.stack.mariadb import MariaDB
from tests.stack.world import MONITOR_PASSWORD, World

pytestmark = pytest.mark.service


@pytest.fixture
def replica(stack_directory: Path) -> Iterator[MariaDB]:
    """A second server with an id of its own; it follows nobody yet."""
    options = ("--server-id=2", "--log-slave-updates=ON", "--read-only=ON")
    folder = Path(tempfile.mkdtemp(prefix="replica-", dir=stack_directory))
    folder.chmod(0o711)  # as the workspace: the database server's user must get in
    server = MariaDB(folder, options=options).start()
    yield server
    server.stop()


def follow(replica: MariaDB, world: World) -> None:
    """Make it follow the world's server, with what that has of this world."""
    replica.execute(f"CREATE DATABASE `{world.database}`")
    ((statement,),) = [row[1:] for row in world.query("SHOW CREATE TABLE interactives")]
    replica.execute(str(statement), database=world.database)
    rows = world.query("SELECT * FROM interactives")
    marks = ",".join(["%s"] * len(rows[0]))
    for row in rows:
        replica.execute(f"INSERT INTO interactives VALUES ({marks})", row, database=world.database)
    replica.create_account(
        "monitor",
        MONITOR_PASSWORD,
        f"SELECT ON `{world.database}`.*",
        "REPLICATION CLIENT ON *.*",
        "SLAVE MONITOR ON *.*",
    )
    replica.execute("RESET MASTER")  # what was copied was written here by nobody
    replica.execute(f"SET GLOBAL gtid_slave_pos = '{world.mysql.gtids()}'")
    replica.execute(
        f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={world.mysql.port},"
        f" MASTER_USER='canal', MASTER_PASSWORD='{world.mysql.canal_password}',"
        " MASTER_USE_GTID=slave_pos; START SLAVE"
    )


def has(replica: MariaDB, world: World) -> bool:
    """Whether the table is there as it is on the primary."""
    sql = "SELECT * FROM interactives ORDER BY id"
    return replica.query(sql, database=world.database) == world.query(sql)


def engine_on_replica(shop: World, engine_on: EngineFactory, replica: MariaDB) -> HeadlessEngine:
    """An engine that reads the table from the replica, which keeps up as yet."""
    follow(replica, shop)
    eventually(lambda: has(replica, shop), "the replica has caught up")
    url = f"mysql://monitor@127.0.0.1:{replica.port}/{shop.database}"
    options = ("--set", f"table.url={url}", "--set", "engine.settle_ms=800")
    return engine_on(shop, *AUDITS, *options, account="monitor")


def test_a_replica_as_the_table_source_is_warned_about_and_its_lag_told(
    world: WorldFactory, engine_on: EngineFactory, replica: MariaDB
) -> None:
    shop = world(flat=False)
    engine = engine_on_replica(shop, engine_on, replica)
    is_replica = rf"^warning: the server is a replica of 127\.0\.0\.1:{shop.mysql.port}, "
    unless = (
        "unless Canal tails this very server, loads give boards of the past; point to the server"
    )
    engine.wait_notice(f"{is_replica}and keeps up with it: {unless}")
    engine.wait_notice("^warning: the server is read-only, so probably a replica")
    engine.wait_exact()
    change(shop, 5)
    engine.wait_notice(
        "^warning: the feed has changes made on the server with id 1, and the table is read from the "
        "one with id 2: unless Canal tails that one, point table.url to the server that Canal tails"
    )
    replica.execute("STOP SLAVE SQL_THREAD")
    engine.wait_notice(f"{is_replica}and its replication does not run: {unless}")
    replica.execute("START SLAVE SQL_THREAD")
    eventually(lambda: has(replica, shop), "the replica has caught up again")
    wait_equal(shop, engine)
    engine.wait_for(
        lambda line: (line["verified_ms_ago"] or 10_000) < 2000, "audits get through, and agree"
    )
    assert fresh(engine)["audit_mismatches"] == 0


def test_by_gtid_the_answer_of_a_replica_that_lags_is_refused(
    world: WorldFactory, engine_on: EngineFactory, replica: MariaDB
) -> None:
    """GTIDs mean the same on both servers: what was delivered and is not in its log cannot be in its rows."""
    shop = world(flat=True, gtids=True)
    engine = engine_on_replica(shop, engine_on, replica)
    engine.wait_exact()
    change(shop, 5)
    eventually(lambda: has(replica, shop), "the replica has a GTID of its own to show")
    engine.wait_for(lambda line: line["verified_ms_ago"] is not None, "an audit got through before")
    replica.execute("STOP SLAVE SQL_THREAD")
    try:
        best = shop.top(1)[0][0]
        shop.execute(f"UPDATE interactives SET like_cnt = 1 WHERE id = {best}")
        said = engine.wait_notice(
            "^warning: MySQL: its log ends at .*, before .*, which the feed had"
        )
        assert "a replica that lags" in said
        loads = wait_rest(shop, engine)["loads"]
        engine.wait_for(lambda line: (line["verified_ms_ago"] or 0) > 3000, "no audit gets through")
        assert best not in ids(stored(shop))
        assert (fresh(engine)["loads"], fresh(engine)["audit_mismatches"]) == (loads, 0)
    finally:
        replica.execute("START SLAVE SQL_THREAD")
    engine.wait_for(
        lambda line: (line["verified_ms_ago"] or 10_000) < 2000, "audits get through again"
    )
    wait_equal(shop, engine)
    assert fresh(engine)["audit_mismatches"] == 0


def test_a_table_that_has_lost_its_score_column_is_inexact_until_it_is_back(
    world: WorldFactory, engine_on: EngineFactory, replica: MariaDB
) -> None:
    """On the replica alone: the feed never tells, and the look at it before each query does."""
    shop = world(flat=False)
    engine = engine_on_replica(shop, engine_on, replica)
    engine.wait_exact()
    change(shop, 5)
    engine.wait_notice("^warning: the feed has changes made on the server with id 1")
    wait_rest(shop, engine)
    rename = "ALTER TABLE interactives RENAME COLUMN"
    replica.execute(f"{rename} like_cnt TO likes", database=shop.database)
    wrong = engine.wait_for(lambda line: line["state"] == "INEXACT", "another table is known of")
    assert "the table is not what it was: score column 'like_cnt' is not" in str(wrong["reason"])
    replica.execute(f"{rename} likes TO like_cnt", database=shop.database)
    engine.wait_for(lambda line: line["state"] == "EXACT", "loaded again")
    wait_equal(shop, engine)
    assert fresh(engine)["audit_mismatches"] == 0


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
def test_by_gtid_one_message_proves_the_load_without_any_silence(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat, gtids=True)
    never_quiet = ("--set", "engine.settle_ms=3600000")
    engine = engine_on(shop, *NO_AUDITS, *never_quiet)  # may not ask where the binlog ends
    engine.wait_for(lambda line: line["state"] == "CATCHING_UP", "loaded, and not passed")
    began = time.monotonic()
    change(shop, 78)
    engine.wait_for(lambda line: line["state"] == "EXACT", "EXACT by one message")
    assert all(not s["provisional"] for s in engine.states)
    assert time.monotonic() - began < 3  # by binlog time it would take two changes, seconds apart
    wait_rest(shop, engine)
