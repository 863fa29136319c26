"""The table source on a real MariaDB: its rows, its order, what it says about the table."""

import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.mysql import MySQLSource, log_position
from engine.adapters.mysql_connection import Server
from engine.core.changes import LogPosition
from engine.errors import MissingTable, WrongSetting, WrongShape
from tests.stack.mariadb import MariaDB

pytestmark = pytest.mark.service

Open = Callable[..., MySQLSource]


@pytest.fixture(scope="session")
def database(maria: MariaDB) -> str:
    maria.execute("CREATE DATABASE adapter")
    schema = Path(__file__).with_name("tables.sql").read_text()
    maria.execute("SET SESSION sql_mode = ''; " + schema, database="adapter")
    maria.create_account("app", "app-pw", "SELECT ON adapter.*")
    maria.create_account("binlog", "app-pw", "SELECT ON adapter.*", "BINLOG MONITOR ON *.*")
    return "adapter"


@pytest.fixture
async def opened(maria: MariaDB, database: str) -> AsyncIterator[Open]:
    sources: list[MySQLSource] = []

    def new(**options: Any) -> MySQLSource:
        options = {
            "host": "127.0.0.1",
            "port": maria.port,
            "user": "app",
            "password": "app-pw",
            "database": database,
            "table": "likes",
            "key": "id",
            "score": "score",
        } | options
        sources.append(MySQLSource(**options))
        return sources[-1]

    yield new
    for source in sources:
        await source.close()


async def keys(source: MySQLSource, limit: int = 100) -> list[Any]:
    await source.describe()
    return [row.key for row in (await source.best_rows(limit)).rows]


async def test_the_best_rows_in_normal_form(opened: Open) -> None:
    columns = ("title", "price", "made", "day", "at", "e", "s", "b", "bl", "y", "f")
    source = opened(columns=columns, time_zone="+00:00")
    report = await source.describe()
    assert report.table.field_names == ("id", *columns, "score")
    assert report.table.columns[1].mysql_type == "decimal(10,3)"
    rows = (await source.best_rows(10)).rows
    assert [(r.key, r.score) for r in rows] == [(2**64 - 1, 5), (1, 5), (2, -7)]
    assert dict(zip(columns, rows[1].columns, strict=True)) == {
        "title": "é你'\"`\\",
        "price": Decimal("1.500"),
        "made": "2026-01-02 03:04:05.678",
        "day": "2026-01-02",
        "at": "-12:00:00",
        "e": "b",
        "s": "x,y",
        "b": 257,
        "bl": b"\xff\x00",
        "y": 2026,
        "f": 1.5,
    }
    assert rows[2].columns[3:5] == ("0000-00-00", "838:59:59")
    assert await keys(source, 1) == [2**64 - 1]


@pytest.mark.parametrize("table", ["words", "latin"])
async def test_text_keys_rank_by_their_utf8_bytes(opened: Open, table: str) -> None:
    source = opened(table=table, key="word")
    await source.describe()
    rows = (await source.best_rows(100)).rows
    assert list(rows) == sorted(rows, key=lambda r: r.rank_key, reverse=True)
    assert len(rows) == (9 if table == "words" else 3)
    for limit in range(1, len(rows)):
        assert (await source.best_rows(limit)).rows == rows[:limit]


async def test_a_decimal_keeps_its_digits(opened: Open) -> None:
    source = opened(table="words", key="word")
    await source.describe()
    best = (await source.best_rows(1)).rows[0]
    assert (best.key, best.score) == ("top", Decimal("99999999999999.9999"))


async def test_names_that_need_quoting_and_any_case(opened: Open) -> None:
    source = opened(table="we`ird", key="K`EY", score="Sc Ore", columns=("SELECT",))
    report = await source.describe()
    assert report.table.field_names == ("k`ey", "select", "sc ore")
    assert (await source.best_rows(5)).rows[0].columns == (3,)


async def test_a_timestamp_is_text_in_the_zone_asked_for(opened: Open) -> None:
    for zone, expected in (("+00:00", "03:04:05.678"), ("+08:00", "11:04:05.678")):
        source = opened(columns=("made",), time_zone=zone)
        await source.describe()
        text = (await source.best_rows(2)).rows[1].columns[0]
        assert str(text).endswith(expected)


async def test_what_the_log_must_pass(opened: Open, maria: MariaDB) -> None:
    source = opened(user="binlog")
    report = await source.describe()
    assert report.log_positions
    answer = await source.best_rows(3)
    file, offset = maria.binlog_position()
    assert answer.position == log_position(file, offset)
    assert answer.gtid.startswith("0-1-")
    assert abs(answer.clock_ms - time.time() * 1000) < 5000
    assert answer.query_ms > 0
    maria.execute("UPDATE many SET score = -1 WHERE id = 1", database="adapter")
    later = await source.best_rows(3)
    assert answer.position is not None
    assert later.position is not None
    assert later.position > answer.position
    assert later.gtid != answer.gtid
    assert later.clock_ms >= answer.clock_ms


async def test_select_alone_is_enough(opened: Open) -> None:
    source = opened()
    report = await source.describe()
    assert not report.log_positions
    assert report.server.startswith("MariaDB 1")
    assert report.server.endswith("server id 1")
    answer = await source.best_rows(3)
    assert answer.position is None
    assert answer.gtid
    assert answer.server_id == report.server_id == 1
    assert answer.server_uuid == "", "MariaDB has none"


async def test_each_answer_is_fresh(opened: Open, maria: MariaDB) -> None:
    source = opened(table="many")
    await source.describe()
    assert (await source.best_rows(1)).rows[0].score < 5000
    maria.execute("INSERT INTO many VALUES (30000, 5000)", database="adapter")
    assert (await source.best_rows(1)).rows[0].key == 30000
    maria.execute("DELETE FROM many WHERE id = 30000", database="adapter")
    assert (await source.best_rows(1)).rows[0].score < 5000


async def test_no_warning_where_all_is_well(opened: Open) -> None:
    assert (await opened(table="many").describe()).warnings == ()
    assert (await opened(table="words", key="word").describe()).warnings == ()


async def test_a_missing_index_comes_with_its_statement(opened: Open, maria: MariaDB) -> None:
    for key, columns in (("id", "`score`, `id`"), ("word", "`score`")):
        source = opened(table="unindexed", key=key)
        (warning,) = (await source.describe()).warnings
        statement = warning.rpartition("; ")[2]
        assert statement == f"CREATE INDEX `topn_score` ON `adapter`.`unindexed` ({columns})"
        maria.execute(statement)
        assert (await source.describe()).warnings == ()
        maria.execute("DROP INDEX topn_score ON adapter.unindexed")


async def test_a_load_with_an_index_does_not_read_the_table(opened: Open, maria: MariaDB) -> None:
    for table, key in (("many", "id"), ("words", "word")):
        source = opened(table=table, key=key)
        await source.describe()
        await source.best_rows(5)
        counted = await source._connection.rows("SHOW SESSION STATUS LIKE 'Handler_read_rnd_next'")
        before = int(counted[0][1])
        await source.best_rows(5)
        counted = await source._connection.rows("SHOW SESSION STATUS LIKE 'Handler_read_rnd_next'")
        assert int(counted[0][1]) - before < 60  # temporary tables only


async def test_binlog_settings_that_will_hurt(opened: Open, maria: MariaDB) -> None:
    wrong = {"binlog_format": "MIXED", "binlog_row_image": "MINIMAL", "read_only": "1"}
    before = {name: maria.query(f"SELECT @@global.{name}")[0][0] for name in wrong}
    try:
        for name, value in wrong.items():
            maria.execute(f"SET GLOBAL {name} = {value}")
        warnings = "\n".join((await opened(table="many").describe()).warnings)
    finally:
        for name, value in before.items():
            maria.execute(f"SET GLOBAL {name} = {value}")
    assert "binlog_format is MIXED" in warnings
    assert "SET GLOBAL binlog_format = 'ROW'" in warnings
    assert "binlog_row_image is MINIMAL" in warnings
    assert "the server is read-only, so probably a replica" in warnings


async def test_a_cascading_foreign_key(opened: Open) -> None:
    (warning,) = (await opened(table="child").describe()).warnings
    assert "foreign key `follows` changes rows when `parent` changes" in warning
    assert "only the audit will notice" in warning


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": "composite", "key": "a"}, r"one part of the primary key \(a, b\)"),
        ({"table": "odd", "key": "nullable"}, "may be NULL.*id is the primary key"),
        ({"table": "odd", "key": "plain"}, "has no unique index of its own"),
        ({"table": "odd", "key": "blobkey"}, "key column blobkey is varbinary"),
        ({"table": "odd", "score": "real_score"}, "floating point has no exact order"),
        ({"table": "odd", "score": "day"}, "a time is not a number"),
        ({"key": "idd"}, "key column 'idd' is not in the table; did you mean id"),
        ({"columns": ("titel",)}, "column 'titel' is not in the table; did you mean title"),
        ({"columns": ("ID",)}, "column id is named more than once"),
        ({"table": "seen"}, "is a view: its rows never reach the binlog"),
        ({"time_zone": "Nowhere/Land"}, "does not know this time zone"),
        ({"time_zone": "'; DROP"}, "does not know this time zone"),
    ],
)
async def test_what_cannot_be_ranked(opened: Open, options: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongSetting, match=message) as refused:
        await opened(**options).describe()
    of_the_table = not (options.keys() & {"time_zone"} or "more than once" in message)
    assert isinstance(refused.value, WrongShape) is of_the_table


async def test_a_unique_key_that_is_not_the_primary_key(opened: Open) -> None:
    report = await opened(table="unindexed", key="word").describe()
    assert report.table.key.name == "word"


async def test_a_missing_table_may_still_be_created(opened: Open, maria: MariaDB) -> None:
    source = opened(table="later")
    with pytest.raises(MissingTable, match=r"there is no table adapter\.later"):
        await source.describe()
    maria.execute("CREATE TABLE adapter.later (id INT PRIMARY KEY, score INT)")
    assert (await source.describe()).table.name == "later"
    assert (await source.best_rows(5)).rows == ()


async def test_a_table_that_went_away(opened: Open, maria: MariaDB) -> None:
    maria.execute("CREATE TABLE adapter.passing (id INT PRIMARY KEY, score INT)")
    source = opened(table="passing")
    await source.describe()
    maria.execute("RENAME TABLE adapter.passing TO adapter.passed")
    with pytest.raises(MissingTable, match=r"there is no table adapter\.passing"):
        await source.best_rows(5)
    maria.execute("RENAME TABLE adapter.passed TO adapter.passing")
    assert (await source.best_rows(5)).rows == ()


async def test_a_column_that_went_away(opened: Open, maria: MariaDB) -> None:
    maria.execute("CREATE TABLE adapter.shrinking (id INT PRIMARY KEY, c INT, score INT)")
    source = opened(table="shrinking", columns=("c",))
    await source.describe()
    maria.execute("ALTER TABLE adapter.shrinking DROP COLUMN c")
    with pytest.raises(MissingTable, match=r"a column of adapter\.shrinking is gone"):
        await source.best_rows(5)
    with pytest.raises(WrongShape, match="column 'c' is not in the table"):
        await source.describe()


async def test_a_view_that_took_the_name_of_the_table(opened: Open, maria: MariaDB) -> None:
    maria.execute("CREATE TABLE adapter.veiled (id INT PRIMARY KEY, score INT)")
    source = opened(table="veiled")
    await source.describe()
    maria.execute("RENAME TABLE adapter.veiled TO adapter.behind_it")
    maria.execute("CREATE VIEW adapter.veiled AS SELECT * FROM adapter.behind_it")
    with pytest.raises(WrongShape, match="is a view"):
        await source.describe()


async def test_rows_before_the_table_is_known(opened: Open) -> None:
    with pytest.raises(ValueError, match="before describe"):
        await opened().best_rows(1)


@pytest.mark.parametrize(
    ("file", "position"),
    [
        ("mariadb-bin.000012", LogPosition(12, 4, "mariadb-bin")),
        ("a.b.1000000", LogPosition(1_000_000, 4, "a.b")),
        ("binlog", None),
        ("a.b", None),
    ],
)
def test_binlog_file_names(file: str, position: LogPosition | None) -> None:
    assert log_position(file, 4) == position


def test_the_two_servers_differ_in_a_few_words() -> None:
    mysql, maria = Server(False, (8, 4, 2)), Server(True, (10, 11, 6))
    assert mysql.limited("SELECT 1", 250) == "SELECT /*+ MAX_EXECUTION_TIME(250) */ 1"
    assert maria.limited("SELECT 1", 250) == "SET STATEMENT max_statement_time=0.250 FOR SELECT 1"
    assert mysql.log_status_statements[0] == "SHOW BINARY LOG STATUS"
    assert Server(False, (8, 0, 36)).log_status_statements[0] == "SHOW MASTER STATUS"
    assert maria.log_status_statements[0] == "SHOW MASTER STATUS"
    assert (mysql.uuid_variable, maria.uuid_variable) == ("@@global.server_uuid", "''")
