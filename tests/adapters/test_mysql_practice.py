"""The walkthrough's table on a real server: transactions, its lock, and what it refuses to write to."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.mysql_connection import Statement
from engine.adapters.mysql_practice import MySQLPractice
from engine.borrowed_table import BorrowedTable
from engine.errors import ServiceAway, WrongSetting
from engine.sample import SampleRow
from engine.walkthrough_steps import START, STEPS
from tests.stack.jars import HERE
from tests.stack.mariadb import MariaDB

pytestmark = pytest.mark.service

SCHEMA = (HERE.parents[1] / "canal" / "mysql" / "1-schema.sql").read_text()
PASSWORD = secrets.token_hex(12)
CHANGES = [change for step in STEPS for change in step.changes]
Open = Callable[..., MySQLPractice]


@pytest.fixture(scope="module")
def server(adapter_folder: Path) -> Iterator[MariaDB]:
    """A server of their own: these tests stop it for a while."""
    folder = adapter_folder / "mariadb-practice"
    folder.mkdir()
    with contextlib.ExitStack() as after:
        running = MariaDB(folder).start()
        after.callback(running.stop)
        yield running


@pytest.fixture
def shop(server: MariaDB) -> Iterator[MariaDB]:
    """The server with a database `d` that has the table, empty, and accounts for it."""
    server.execute("DROP DATABASE IF EXISTS d; CREATE DATABASE d")
    server.execute(SCHEMA, database="d")
    everything = "SELECT, INSERT, UPDATE, DELETE ON d.*"
    server.create_account("writer", PASSWORD, everything)
    server.create_account("seeing", PASSWORD, everything, "TRIGGER ON d.*")
    server.create_account("inserter", PASSWORD, "SELECT, INSERT, UPDATE ON d.*")
    yield server
    server.resume()


@pytest.fixture
async def opened(shop: MariaDB) -> AsyncIterator[Open]:
    tables: list[MySQLPractice] = []

    def new(cls: type[MySQLPractice] = MySQLPractice, **options: Any) -> MySQLPractice:
        options = {
            "host": "127.0.0.1",
            "port": shop.port,
            "user": "writer",
            "password": PASSWORD,
            "database": "d",
            "table": "interactives",
            "tls": False,
            "ca_file": None,
            "cert_file": None,
            "key_file": None,
            "check_hostname": True,
            "server_name": None,
            "connect_timeout_ms": 5000,
            "query_timeout_ms": 1000,
        } | options
        tables.append(cls(**options))
        return tables[-1]

    yield new
    for table in tables:
        await table.close()


def fill(shop: MariaDB) -> None:
    """The start rows, with what the sample does not know in a column."""
    columns = ", ".join(SampleRow._fields)
    marks = ", ".join(["%s"] * len(SampleRow._fields))
    for row in START:
        values = row._replace(utime=7 + row.id)
        shop.execute(f"INSERT INTO interactives ({columns}) VALUES ({marks})", values, database="d")


def stored(shop: MariaDB) -> list[tuple[Any, ...]]:
    return shop.query("SELECT * FROM interactives ORDER BY id", database="d")


def keys(shop: MariaDB) -> list[int]:
    return [row[0] for row in stored(shop)]


async def walked(table: MySQLPractice) -> BorrowedTable:
    """A borrowed table with all changes of the steps made."""
    ground = BorrowedTable(table)
    await ground.prepare()
    for change in CHANGES:
        await ground.write(change)
    return ground


@pytest.mark.parametrize("filled", [False, True])
async def test_what_was_written_is_put_back(opened: Open, shop: MariaDB, filled: bool) -> None:
    if filled:
        fill(shop)
    before = stored(shop)
    ground = await walked(opened())
    assert keys(shop)[-2:] == [82, 90]
    assert 78 not in keys(shop)
    await ground.put_back()
    assert stored(shop) == before


async def test_all_is_put_back_or_nothing(opened: Open, shop: MariaDB) -> None:
    fill(shop)
    before = stored(shop)
    ground = await walked(opened())
    # Somebody has the pair (biz_id, biz) that row 78 must have again.
    shop.execute("INSERT INTO interactives VALUES (500, 11, 'et', 1, 1, 1, 1, 1)", database="d")
    meanwhile = stored(shop)
    with pytest.raises(ServiceAway, match="Duplicate entry"):
        await ground.put_back()
    assert not ground.as_found
    assert stored(shop) == meanwhile  # the other's row, too
    shop.execute("DELETE FROM interactives WHERE id = 500", database="d")
    await ground.put_back()
    assert stored(shop) == before


async def test_two_walkthroughs_are_never_on_one_table(opened: Open, shop: MariaDB) -> None:
    fill(shop)
    shop.execute("CREATE TABLE other LIKE interactives", database="d")
    first = opened()
    await BorrowedTable(first).prepare()
    with pytest.raises(ServiceAway, match=r"another walkthrough is on `d`\.`interactives`"):
        await BorrowedTable(opened()).prepare()
    await BorrowedTable(opened(table="other")).prepare()
    await first.close()
    await BorrowedTable(opened()).prepare()


async def test_a_connection_that_broke_while_nobody_wrote_is_made_again(
    opened: Open, shop: MariaDB
) -> None:
    ground = BorrowedTable(opened())
    await ground.prepare()
    for change in CHANGES:
        _kill(shop)
        await ground.write(change)
    _kill(shop)
    await ground.put_back()
    assert keys(shop) == []


def _kill(shop: MariaDB) -> None:
    ids = shop.query("SELECT id FROM information_schema.processlist WHERE user = 'writer'")
    for (number,) in ids:
        shop.execute(f"KILL {number}")


async def test_a_row_that_somebody_has_locked_is_not_waited_for_and_not_written_later(
    opened: Open, shop: MariaDB
) -> None:
    fill(shop)
    before = stored(shop)
    ground = BorrowedTable(opened())
    await ground.prepare()
    with contextlib.closing(shop.connect(database="d")) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM interactives WHERE id = 78 FOR UPDATE")
        with pytest.raises(ServiceAway, match=r"somebody else has rows of .* locked"):
            await ground.write(CHANGES[2])
        cursor.execute("ROLLBACK")
    await ground.put_back()
    assert stored(shop) == before


class Paused(MySQLPractice):
    """Its server stops answering in the midst of the next exchange."""

    server: MariaDB | None = None
    at = ""

    async def _write(
        self,
        run: Statement,
        there: Mapping[int, SampleRow],
        wanted: Mapping[int, SampleRow | None],
    ) -> None:
        self._pause("write")
        await super()._write(run, there, wanted)
        if self.at == "commit":
            self.at = "read, then commit"

    async def _locked(self, run: Statement, keys: Sequence[int]) -> dict[int, SampleRow]:
        found = await super()._locked(run, keys)
        self._pause("read, then commit")
        return found

    def _pause(self, at: str) -> None:
        if self.server is not None and self.at == at:
            self.server.pause()
            self.server = None


@pytest.mark.parametrize("at", ["write", "commit"])
async def test_a_write_that_was_given_up_does_not_come_after_the_table_was_put_back(
    opened: Open, shop: MariaDB, at: str
) -> None:
    fill(shop)
    before = stored(shop)
    table = opened(cls=Paused)
    assert isinstance(table, Paused)
    ground = BorrowedTable(table)
    await ground.prepare()
    table.server, table.at = shop, at
    with pytest.raises(ServiceAway):
        await ground.write(CHANGES[0])
    assert not ground.as_found
    shop.resume()  # with what was sent in its socket
    await ground.put_back()
    assert stored(shop) == before
    assert ground.as_found
    await table.close()
    await opened().claim()  # so no connection of before is left
    assert stored(shop) == before


async def test_an_account_that_may_not_delete_is_told_before_anything_is_written(
    opened: Open, shop: MariaDB
) -> None:
    with pytest.raises(WrongSetting, match=r"user .inserter. may not write `d`\.`interactives`"):
        await BorrowedTable(opened(user="inserter")).prepare()
    assert stored(shop) == []


@pytest.mark.parametrize(
    ("sql", "user", "why"),
    [
        (
            "CREATE TABLE child (id BIGINT PRIMARY KEY, of_id BIGINT, FOREIGN KEY (of_id)"
            " REFERENCES interactives (id) ON DELETE CASCADE)",
            "writer",
            r"foreign keys of other tables refer to .* \(d\.child\)",
        ),
        (
            "CREATE TRIGGER counted AFTER DELETE ON interactives FOR EACH ROW SET @gone = OLD.id",
            "seeing",
            r"has triggers \(counted\)",
        ),
    ],
    ids=["foreign key", "trigger"],
)
async def test_a_table_that_others_are_written_with_is_refused(
    opened: Open, shop: MariaDB, sql: str, user: str, why: str
) -> None:
    fill(shop)
    before = stored(shop)
    shop.execute(sql, database="d")
    ground = BorrowedTable(opened(user=user))
    with pytest.raises(WrongSetting, match=why):
        await ground.prepare()
    assert ground.as_found
    assert stored(shop) == before
