"""Everything that can be wrong with a database server, and the sentence it gets."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.mysql import MySQLSource
from engine.errors import MissingTable, ServiceAway
from tests.stack.mariadb import MariaDB
from tests.stack.tls import Authority, make_ca

pytestmark = pytest.mark.service

WRONG = "hunter2-secret"
Open = Callable[..., MySQLSource]


@pytest.fixture(scope="module")
def mortal(adapter_folder: Path, authority: Authority) -> Iterator[MariaDB]:
    """A server with TLS for localhost, that these tests may kill."""
    folder = adapter_folder / "mariadb-mortal"
    folder.mkdir()
    stem = adapter_folder / "mariadb-tls"
    authority.issue(stem, hosts=("localhost",))
    stem.with_suffix(".key").chmod(0o644)
    options = [
        f"--ssl-cert={stem}.pem",
        f"--ssl-key={stem}.key",
        f"--ssl-ca={authority.certificate}",
    ]
    server = MariaDB(folder, options=options).start()
    server.execute(
        "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, score INT, KEY (score));"
        "INSERT INTO d.t VALUES (1, 10), (2, 20)"
    )
    server.create_account("app", "app-pw", "SELECT ON d.*")
    server.create_account("nothing", "app-pw")
    yield server
    server.stop()


@pytest.fixture
async def opened(mortal: MariaDB) -> AsyncIterator[Open]:
    if not mortal.alive:
        await asyncio.to_thread(mortal.start)
    sources: list[MySQLSource] = []

    def new(**options: Any) -> MySQLSource:
        options = {
            "host": "127.0.0.1",
            "port": mortal.port,
            "user": "app",
            "password": "app-pw",
            "database": "d",
            "table": "t",
            "key": "id",
            "score": "score",
            "connect_timeout_ms": 1000,
            "query_timeout_ms": 1000,
        } | options
        sources.append(MySQLSource(**options))
        return sources[-1]

    yield new
    for source in sources:
        await source.close()


async def away(source: MySQLSource) -> ServiceAway:
    with pytest.raises(ServiceAway) as caught:
        await source.describe()
    assert WRONG not in str(caught.value)
    assert WRONG not in str(caught.value.__cause__)
    assert WRONG not in repr(source)
    return caught.value


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"password": WRONG}, "refuses user 'app' with this password"),
        ({"user": "nobody"}, "refuses user 'nobody' with this password"),
        ({"user": "nothing"}, "user 'nothing' may not read d.t"),
        ({"table": "missing"}, "there is no table d.missing"),
        ({"database": "missing"}, "user 'app' may not read missing.t, or there is no such table"),
        ({"port": 1}, "127.0.0.1:1 refuses the connection"),
        ({"host": "nosuch.invalid"}, "no host is called nosuch.invalid"),
    ],
)
async def test_the_true_reason(opened: Open, options: dict[str, Any], reason: str) -> None:
    error = await away(opened(**options))
    assert reason in error.reason
    assert error.turn
    assert isinstance(error, MissingTable) is (reason == "there is no table d.missing"), "no outage"


async def test_a_missing_database(opened: Open, mortal: MariaDB) -> None:
    error = await away(opened(user="root", password=mortal.root_password, database="missing"))
    assert "there is no table missing.t" in error.reason  # MySQL says: no database 'missing'


async def test_tls(opened: Open, authority: Authority, tmp_path: Path) -> None:
    tls = {"tls": True, "ca_file": str(authority.certificate)}
    source = opened(host="localhost", **tls)
    await source.describe()
    cipher = await source._connection.rows("SHOW STATUS LIKE 'Ssl_cipher'")
    assert cipher[0][1]
    assert "is made for another name" in (await away(opened(**tls))).reason
    await opened(check_hostname=False, **tls).describe()
    other = opened(host="localhost", tls=True, ca_file=str(make_ca(tmp_path).certificate))
    assert "is not trusted" in (await away(other)).reason


async def test_a_server_without_tls_is_not_spoken_to_in_the_clear(
    opened: Open, maria: MariaDB
) -> None:
    error = await away(opened(port=maria.port, tls=True))
    assert "offers no TLS" in error.reason


async def test_a_server_that_insists_on_tls(opened: Open, mortal: MariaDB) -> None:
    mortal.create_account("careful", "app-pw", "SELECT ON d.*")
    mortal.execute("ALTER USER careful@'%' REQUIRE SSL")
    assert "refuses user 'careful'" in (await away(opened(user="careful"))).reason


async def test_too_many_connections(opened: Open, mortal: MariaDB) -> None:
    mortal.execute("ALTER USER app@'%' WITH MAX_USER_CONNECTIONS 1")
    try:
        first = opened()
        await first.describe()
        assert "takes no more connections" in (await away(opened())).reason
    finally:
        mortal.execute("ALTER USER app@'%' WITH MAX_USER_CONNECTIONS 0")


async def test_a_silent_server(opened: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        error = await away(opened(port=silent.getsockname()[1], connect_timeout_ms=300))
        assert time.monotonic() - started < 2
    assert "does not answer within 300 ms" in error.reason


async def test_a_query_that_takes_too_long_is_ended_in_the_server(
    opened: Open, mortal: MariaDB
) -> None:
    mortal.execute("CREATE TABLE d.slow (id INT PRIMARY KEY, score INT)")
    mortal.execute(
        "INSERT INTO d.slow SELECT seq, seq * 7919 % 1000003 FROM seq_1_to_400000",
        database="d",
    )
    source = opened(table="slow", query_timeout_ms=30)
    await source.describe()
    started = time.monotonic()
    with pytest.raises(ServiceAway, match="was ended after 30 ms") as caught:
        await source.best_rows(200_000)
    assert time.monotonic() - started < 2
    assert "create the index" in caught.value.turn


async def test_a_locked_table(opened: Open, mortal: MariaDB) -> None:
    source = opened(query_timeout_ms=300)
    await source.describe()
    with contextlib.closing(mortal.connect()) as blocker:
        blocker.cursor().execute("LOCK TABLES d.t WRITE")
        started = time.monotonic()
        with pytest.raises(ServiceAway, match="was ended after 300 ms"):
            await source.best_rows(5)
        assert time.monotonic() - started < 3
    assert len((await source.best_rows(5)).rows) == 2


async def test_a_server_that_stops_answering(opened: Open, mortal: MariaDB) -> None:
    """The server keeps no deadline now; ours ends the wait, and a new connection is made after it."""
    source = opened(query_timeout_ms=300)
    await source.describe()
    mortal.pause()
    try:
        started = time.monotonic()
        with pytest.raises(ServiceAway, match="does not answer within"):
            await source.best_rows(5)
        with pytest.raises(ServiceAway, match="does not answer within"):
            await source.best_rows(5)
        assert time.monotonic() - started < 6
    finally:
        mortal.resume()
    assert len((await source.best_rows(5)).rows) == 2


async def test_killed_and_back(opened: Open, mortal: MariaDB) -> None:
    source = opened()
    await source.describe()
    await asyncio.to_thread(mortal.kill)
    for _ in range(2):
        with pytest.raises(ServiceAway):
            await source.best_rows(5)
    await asyncio.to_thread(mortal.start)
    assert len((await source.best_rows(5)).rows) == 2


async def test_a_killed_connection_is_made_again(opened: Open, mortal: MariaDB) -> None:
    source = opened()
    await source.describe()
    ((number,),) = await source._connection.rows("SELECT CONNECTION_ID()")
    mortal.execute(f"KILL {number}")
    with pytest.raises(ServiceAway):
        await source.best_rows(5)
    assert len((await source.best_rows(5)).rows) == 2


async def test_cancelled_in_the_middle_of_an_answer(opened: Open) -> None:
    """The next call must not be given the answer to this one."""
    source = opened()
    await source.describe()
    for delay_ms in range(6):
        loading = asyncio.create_task(source.best_rows(5))
        await asyncio.sleep(delay_ms / 2000)
        loading.cancel()
        await asyncio.wait({loading})
        assert [r.key for r in (await source.best_rows(5)).rows] == [2, 1]


async def test_calls_side_by_side_take_turns(opened: Open) -> None:
    source = opened()
    await source.describe()
    answers = await asyncio.gather(*(source.best_rows(n) for n in (1, 2, 1, 2)))
    assert [len(a.rows) for a in answers] == [1, 2, 1, 2]


@pytest.mark.parametrize("how", ["never opened", "open", "paused", "killed"])
async def test_close(opened: Open, mortal: MariaDB, how: str) -> None:
    source = opened()
    if how != "never opened":
        await source.describe()
    if how == "paused":
        mortal.pause()
    if how == "killed":
        await asyncio.to_thread(mortal.kill)
    try:
        async with asyncio.timeout(3):
            await source.close()
            await source.close()
    finally:
        if how == "paused":
            mortal.resume()


async def test_no_log_has_the_password(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await away(opened(password=WRONG))
    assert WRONG not in caplog.text
