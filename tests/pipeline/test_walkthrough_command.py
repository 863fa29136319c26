"""`topn-tui walkthrough --write` on the real services: what it does, and what it refuses to touch."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.test_walkthrough import AFTER, boards, ids
from tests.pipeline.engines import PROGRAM, environment, eventually, run_cli
from tests.pipeline.fixtures import EngineFactory
from tests.stack.fixtures import WorldFactory
from tests.stack.world import TABLE, World, as_toml

pytestmark = pytest.mark.service

WRITER_PASSWORD = secrets.token_hex(12)


def settings(shop: World, tmp_path: Path, **walkthrough: Any) -> Path:
    """Settings with an account that may write, unless `walkthrough` says otherwise."""
    rights = f"SELECT, INSERT, UPDATE, DELETE ON `{shop.database}`.*"
    shop.mysql.create_account("writer", WRITER_PASSWORD, rights)
    section = {
        "url": f"mysql://writer@127.0.0.1:{shop.mysql.port}/{shop.database}",
        "password": WRITER_PASSWORD,
    }
    chosen = {name: value for name, value in (section | walkthrough).items() if value}
    sections = shop.settings() | {"walkthrough": chosen}
    file = tmp_path / "walkthrough.toml"
    file.touch(mode=0o600)
    file.write_text(as_toml(sections))
    return file


@contextmanager
def half_way(
    shop: World, config: Path, *, heard: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """The command, once it has begun to write to the table; killed at last where it is still there.

    Args:
        heard: where its output and errors go.
    """
    before = rows(shop)
    with subprocess.Popen(
        [*PROGRAM, "walkthrough", "--write"],
        env=environment(config),
        stdin=subprocess.DEVNULL,
        stdout=heard,
        stderr=heard,
        text=True,
    ) as process:
        try:
            eventually(lambda: rows(shop) != before, "it has begun to write")
            yield process
        finally:
            process.kill()  # nobody who failed waits for it; after its end this does nothing


def rows(shop: World) -> list[tuple[Any, ...]]:
    return shop.query("SELECT * FROM interactives ORDER BY id")


@pytest.mark.parametrize(("flat", "partitions"), [(True, 1), (False, 3)], ids=["flat", "protobuf3"])
def test_the_walkthrough_is_one_command_and_leaves_the_table_as_it_was(
    world: WorldFactory, tmp_path: Path, flat: bool, partitions: int
) -> None:
    shop = world(flat=flat, partitions=partitions)
    before = rows(shop)
    done = run_cli("walkthrough", "--write", config=settings(shop, tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert [ids(board) for board in boards(done.stdout)] == AFTER
    assert rows(shop) == before
    assert WRITER_PASSWORD not in done.stdout


def test_on_an_empty_table_beside_an_engine_that_publishes(
    world: WorldFactory, engine_on: EngineFactory, tmp_path: Path
) -> None:
    shop = world(rows=False)
    engine = engine_on(shop)
    engine.wait_exact()
    done = run_cli("walkthrough", "--write", config=settings(shop, tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert [ids(board) for board in boards(done.stdout)] == AFTER
    assert rows(shop) == []
    engine.wait_for(lambda line: line["tracked"] == 0, "the engine has followed")
    assert engine.latest["publication"] == "OWNER"


def test_it_refuses_what_it_must_not_touch(world: WorldFactory, tmp_path: Path) -> None:
    shop = world(canal=False)
    file = settings(shop, tmp_path)

    def refused(*arguments: str, config: Path = file) -> str:
        before = rows(shop)
        done = run_cli("walkthrough", *arguments, config=config)
        assert (done.returncode, boards(done.stdout)) == (2, [])
        assert rows(shop) == before
        return done.stderr

    assert "say so with --write" in refused()
    assert "not set: walkthrough.url" in refused(
        "--write", config=settings(shop, tmp_path, url=None)
    )
    other = f"mysql://writer@127.0.0.1:{shop.mysql.port}/elsewhere"
    assert "database elsewhere" in refused("--write", config=settings(shop, tmp_path, url=other))
    file = settings(shop, tmp_path)
    assert "board.size = 5" in refused("--write", "--set", "board.size=5")
    shop.execute("UPDATE interactives SET like_cnt = 11 WHERE id = 70")
    assert "neither empty nor holds exactly the 22 start rows" in refused("--write")
    shop.execute("UPDATE interactives SET like_cnt = 53 WHERE id = 70")
    shop.execute("ALTER TABLE interactives ADD COLUMN note VARCHAR(20) DEFAULT 'dear'")
    assert "columns that the sample has not (note)" in refused("--write")


def test_an_account_that_may_not_write_is_told_and_nothing_has_changed(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world()
    reader = shop.settings()["table"]
    file = settings(shop, tmp_path, url=reader["url"], password=reader["password"])
    before = rows(shop)
    done = run_cli("walkthrough", "--write", config=file)
    assert done.returncode == 2
    assert "walkthrough.url: user 'reader' may not write" in done.stderr
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON" in done.stderr
    assert rows(shop) == before


@pytest.mark.parametrize(
    "signum",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP", "SIGQUIT"],
)
def test_stopped_half_way_it_puts_the_table_back(
    world: WorldFactory, tmp_path: Path, signum: signal.Signals
) -> None:
    shop = world(canal=False)  # the board never follows: it waits after its first write
    before = rows(shop)
    with half_way(shop, settings(shop, tmp_path)) as process:
        process.send_signal(signum)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "The table is as it was found." in out
    assert "Nobody else should write to it meanwhile" in out
    assert "Traceback" not in err
    assert rows(shop) == before
    assert all(json.loads(line) for line in out.splitlines() if line.startswith("{"))


@pytest.mark.parametrize("gone", ["terminal", "reader"])
def test_the_table_is_put_back_however_often_it_is_asked_to_stop_and_nobody_hears_it(
    world: WorldFactory, tmp_path: Path, gone: str
) -> None:
    shop = world(canal=False)
    before = rows(shop)
    ours, its = os.openpty() if gone == "terminal" else os.pipe()
    with half_way(shop, settings(shop, tmp_path), heard=its) as process:
        os.close(its)
        with shop.mysql.connect(database=shop.database) as other, other.cursor() as cursor:
            # Row 78 is somebody's for a moment: putting back has to wait for it.
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT * FROM {TABLE} WHERE id = 78 FOR UPDATE")
            os.close(ours)  # what is written from now on is EIO or EPIPE
            process.send_signal(signal.SIGHUP)
            eventually(lambda: waits_for_a_lock(shop), "it is putting back")
            for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
                process.send_signal(signum)
            cursor.execute("ROLLBACK")
        assert process.wait(timeout=30) == 1
    assert rows(shop) == before


def waits_for_a_lock(shop: World) -> bool:
    sql = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    return shop.query(sql) != [(0,)]


def test_rows_that_somebody_else_wrote_meanwhile_are_left_and_named(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world(canal=False)
    before = rows(shop)
    with half_way(shop, settings(shop, tmp_path)) as process:
        shop.execute("UPDATE interactives SET like_cnt = 291 WHERE id = 58")
        shop.execute("UPDATE interactives SET like_cnt = 6 WHERE id = 90")
        theirs = shop.query("SELECT * FROM interactives WHERE id IN (58, 90)")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "but not the rows with ids 58, 90: somebody else wrote them" in out
    assert shop.query("SELECT * FROM interactives WHERE id IN (58, 90)") == theirs
    assert shop.query("SELECT * FROM interactives WHERE id NOT IN (58, 90) ORDER BY id") == [
        row for row in before if row[0] != 58
    ]


def test_two_walkthroughs_are_never_on_one_table(world: WorldFactory, tmp_path: Path) -> None:
    shop = world(canal=False)
    before = rows(shop)
    config = settings(shop, tmp_path)
    with half_way(shop, config, heard=subprocess.DEVNULL) as process:
        second = run_cli("walkthrough", "--write", config=config)
        assert second.returncode == 1
        assert "another walkthrough is on" in second.stderr
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    assert rows(shop) == before
