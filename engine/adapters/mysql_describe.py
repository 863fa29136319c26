"""What a table is and whether it can be ranked, out of information_schema.

SELECT on the table is all the account needs for this.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from engine.adapters.mysql_connection import Connection
from engine.adapters.mysql_reasons import SERVICE
from engine.columns import Column, ColumnKind, Table, key_problem, score_problem
from engine.errors import MissingTable, WrongSetting, WrongShape
from engine.told import told


class Wanted(NamedTuple):
    """The settings' names, as typed."""

    database: str
    table: str
    key: str
    score: str
    columns: tuple[str, ...]


class Index(NamedTuple):
    """One index of the table, its columns in order."""

    name: str
    unique: bool
    columns: tuple[str, ...]


class Shape(NamedTuple):
    """The table as found."""

    table: Table
    engine: str
    indexes: tuple[Index, ...]
    key_utf8: bool
    """Whether the key column's own bytes are UTF-8."""


class _Found(NamedTuple):
    column: Column
    nullable: bool
    charset: str


async def shape(connection: Connection, wanted: Wanted) -> Shape:
    """Look the table up.

    Raises:
        WrongShape: it cannot be ranked, or a column is not there; with the next step.
        WrongSetting: a column is named twice.
        MissingTable: there is no such table.
        ServiceAway: the account may not see it.
    """
    database, name, engine = await _find_table(connection, wanted)
    columns = await _columns(connection, database, name)
    indexes = await _indexes(connection, database, name)
    found = [_pick(columns, n, what) for n, what in _named(wanted)]
    _check_distinct(found)
    key, score, shown = found[0], found[1], found[2:]
    for problem in (key_problem(key.column), score_problem(score.column)):
        if problem is not None:
            raise WrongShape(problem)
    _check_unique(key, indexes, f"{database}.{name}")
    return Shape(
        table=Table(
            database=database,
            name=name,
            key=key.column,
            score=score.column,
            columns=tuple(c.column for c in shown),
            primary_key=next((i.columns for i in indexes if i.name == "PRIMARY"), ()),
        ),
        engine=engine,
        indexes=indexes,
        key_utf8=key.charset in ("utf8", "utf8mb3", "utf8mb4", "ascii", ""),
    )


async def _find_table(connection: Connection, wanted: Wanted) -> tuple[str, str, str]:
    found = await connection.rows(
        "SELECT table_schema, table_name, table_type, engine FROM information_schema.tables "
        "WHERE table_schema = %s AND table_name = %s",
        (wanted.database, wanted.table),
    )
    # The comparison may ignore case where two tables differ in nothing else.
    exact = [row for row in found if row[:2] == (wanted.database, wanted.table)]
    if not found:
        # What is invisible to the account looks missing here; this statement says which it is.
        quoted_db, quoted_name = (n.replace("`", "``") for n in wanted[:2])
        await connection.rows(f"SELECT 1 FROM `{quoted_db}`.`{quoted_name}` LIMIT 0")
        raise MissingTable(
            SERVICE,
            told(
                "there is no table {database}.{table}", database=wanted.database, table=wanted.table
            ),
            told("correct its name"),
        )
    database, name, kind, engine = (exact or found)[0]
    if kind not in ("BASE TABLE", "SYSTEM VERSIONED"):
        raise WrongShape(
            told(
                "{database}.{name} is a {kind}: its rows never reach the binlog; choose the "
                "table behind it",
                database=database,
                name=name,
                kind=str(kind).lower(),
            )
        )
    return str(database), str(name), str(engine or "")


async def _columns(connection: Connection, database: str, name: str) -> dict[str, _Found]:
    rows = await connection.rows(
        "SELECT column_name, column_type, is_nullable, character_set_name "
        "FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
        "ORDER BY ordinal_position",
        (database, name),
    )
    return {
        str(column).lower(): _Found(
            Column(name=str(column), mysql_type=_text(mysql_type)), nullable == "YES", charset or ""
        )
        for column, mysql_type, nullable, charset in rows
    }


async def _indexes(connection: Connection, database: str, name: str) -> tuple[Index, ...]:
    rows = await connection.rows(
        "SELECT index_name, non_unique, column_name FROM information_schema.statistics "
        "WHERE table_schema = %s AND table_name = %s ORDER BY index_name, seq_in_index",
        (database, name),
    )
    columns: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for index, non_unique, column in rows:
        # An index on an expression has no column; no column is called "".
        columns[str(index), not int(non_unique)].append(str(column or ""))
    return tuple(Index(name, unique, tuple(c)) for (name, unique), c in columns.items())


def _named(wanted: Wanted) -> list[tuple[str, str]]:
    shown = [(c, told("column")) for c in wanted.columns]
    return [
        (wanted.key, told("key column")),
        (wanted.score, told("score column")),
        *shown,
    ]


def _pick(columns: dict[str, _Found], name: str, what: str) -> _Found:
    found = columns.get(name.lower())  # column names ignore case in every MySQL
    if found is None:
        near = difflib.get_close_matches(name.lower(), columns, n=3)
        names = [columns[n].column.name for n in near or list(columns)[:10]]
        listed = ", ".join(names)
        hint = told("it has {names}", names=listed)
        if near:
            hint = told("did you mean {names}?", names=listed)
        raise WrongShape(
            told("{what} {name!r} is not in the table; {hint}", what=what, name=name, hint=hint)
        )
    return found


def _check_distinct(found: Sequence[_Found]) -> None:
    names = [f.column.name for f in found]
    for name in names:
        if names.count(name) > 1:
            raise WrongSetting(
                told(
                    "column {name} is named more than once among key, score and columns; key and "
                    "score are always shown, leave it out of the columns",
                    name=name,
                )
            )


def _check_unique(key: _Found, indexes: Sequence[Index], table: str) -> None:
    name = key.column.name
    if any(i.unique and i.columns == (name,) for i in indexes) and not key.nullable:
        return
    primary = next((i.columns for i in indexes if i.name == "PRIMARY"), ())
    if name in primary:
        raise WrongShape(
            told(
                "key column {name} is one part of the primary key ({primary}) of {table}: it "
                "does not tell rows apart; choose a column with a unique index of its own",
                name=name,
                primary=", ".join(primary),
                table=table,
            )
        )
    why = told("may be NULL") if key.nullable else told("has no unique index of its own")
    hint = told("; {name} is the primary key", name=primary[0]) if len(primary) == 1 else ""
    raise WrongShape(
        told(
            "key column {name} of {table} {why}: it does not tell rows apart; choose a "
            "column that is NOT NULL with a PRIMARY KEY or UNIQUE index on it alone{hint}",
            name=name,
            table=table,
            why=why,
            hint=hint,
        )
    )


def ordering_index(found: Shape) -> Index | None:
    """The index that a load can read in order, if there is one."""
    table = found.table
    for index in found.indexes:
        if not index.columns or index.columns[0] != table.score.name:
            continue
        if table.key.kind is ColumnKind.TEXT or index.columns[1:2] == (table.key.name,):
            return index
        # InnoDB puts the primary key behind the columns of every other index.
        is_primary = any(
            i.name == "PRIMARY" and i.columns == (table.key.name,) for i in found.indexes
        )
        if len(index.columns) == 1 and is_primary and found.engine == "InnoDB":
            return index
    return None


def _text(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
