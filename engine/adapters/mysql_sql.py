"""The statements that load a board. Text only, no connection."""

from __future__ import annotations

from engine.columns import Column, ColumnKind, Table


def quoted(name: str) -> str:
    """An identifier that no name can break out of."""
    return "`" + name.replace("`", "``") + "`"


def full_name(table: Table) -> str:
    return f"{quoted(table.database)}.{quoted(table.name)}"


def load_statement(table: Table, limit: int, *, key_utf8: bool = True) -> str:
    """The best `limit` rows in our order: key, columns, score.

    Args:
        key_utf8: whether the key column's own bytes are UTF-8; otherwise they are converted, because
            string keys rank by their UTF-8 bytes.
    """
    key, score = quoted(table.key.name), quoted(table.score.name)
    values = ", ".join(_selected(c) for c in (table.key, *table.columns, table.score))
    if table.key.kind is ColumnKind.TEXT:
        return _load_by_text(table, values, limit, key_utf8=key_utf8)
    return (
        f"SELECT {values} FROM {full_name(table)} WHERE {score} IS NOT NULL "
        f"ORDER BY {score} DESC, {key} DESC LIMIT {limit}"
    )


def _load_by_text(table: Table, values: str, limit: int, *, key_utf8: bool) -> str:
    """The same order by bytes, which no index has: so sort only what can be among the best.

    The inner query finds the lowest score of the best `limit` rows, from an index on the score;
    only rows from there on are sorted.
    """
    key, score, name = quoted(table.key.name), quoted(table.score.name), full_name(table)
    order = key if key_utf8 else f"CONVERT({key} USING utf8mb4)"
    best = (
        f"SELECT {score} AS topn_score FROM {name} WHERE {score} IS NOT NULL "
        f"ORDER BY {score} DESC LIMIT {limit}"
    )
    return (
        f"SELECT STRAIGHT_JOIN {values} "
        f"FROM (SELECT MIN(topn_score) AS topn_least FROM ({best}) AS topn_best) AS topn_bar "
        f"JOIN {name} ON {score} >= topn_least "
        f"ORDER BY {score} DESC, CAST({order} AS BINARY) DESC LIMIT {limit}"
    )


def index_statement(table: Table) -> str:
    """The index that lets a load read the best rows and nothing else."""
    columns = quoted(table.score.name)
    if table.key.kind is not ColumnKind.TEXT:
        columns += f", {quoted(table.key.name)}"
    return f"CREATE INDEX {quoted('topn_' + table.score.name)} ON {full_name(table)} ({columns})"


def _selected(column: Column) -> str:
    name = quoted(column.name)
    # As text: a driver's date has no place for 0000-00-00, a driver's time none for 838:59:59.
    return f"CAST({name} AS CHAR)" if column.kind is ColumnKind.TEMPORAL else name
