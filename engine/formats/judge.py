"""What a binlog event asks of the core: rows, clear, reshape, nothing, or a dead letter.

One set of rules for both of Canal's wire formats. They go by the event's *type*, never by
``isDdl``, which Canal has had wrong (alibaba/canal#3418). Names are compared as MySQL compares them
by default, without regard to case.
"""

from __future__ import annotations

import re

from engine.columns import Table
from engine.core.changes import Event, Kind
from engine.formats.entry import Entry
from engine.formats.rows import RowReader
from engine.told import told

ROW_OPS = frozenset({"INSERT", "UPDATE", "DELETE"})

_NOT_ROWS = {
    "QUERY": "query",
    "XACOMMIT": "xa",
    "XAROLLBACK": "xa",
    "GTID": "gtid",
    "MHEARTBEAT": told("heartbeat"),
}
_OTHER_TABLE, _INDEX = told("other table"), told("index ddl")
UNKNOWN_ENTRY = told("unknown entry")
_OF_OUR_TABLE = {
    "TRUNCATE": Kind.CLEAR,
    "ERASE": Kind.CLEAR,  # DROP TABLE
    "CREATE": Kind.RESHAPE,
    "ALTER": Kind.RESHAPE,
    "RENAME": Kind.RESHAPE,
}
_DROP_DATABASE = re.compile(r"\s*drop\s+(?:database|schema)\b", re.IGNORECASE)


class Judge:
    """Turns entries into events for one table, whose row images `rows` reads."""

    def __init__(self, table: Table, rows: type[RowReader] = RowReader) -> None:
        self._database = table.database.lower()
        self._name = table.name.lower()
        self._rows = rows(table)
        name = re.escape(table.name)
        self._our_name = re.compile(rf"(?<![\w$]){name}(?![\w$])", re.IGNORECASE)

    def is_ours(self, database: str, table: str) -> bool:
        return table.lower() == self._name and database.lower() == self._database

    def events(self, entry: Entry) -> tuple[Event, ...]:
        """The events of one entry: one, or usable rows plus one dead letter for the others."""
        op = entry.op
        if op in _NOT_ROWS:
            if op == "QUERY" and self._drops_our_database(entry):
                return (entry.event(Kind.RESHAPE, entry.sql),)
            return (entry.event(Kind.IGNORED, _NOT_ROWS[op]),)
        if not self.is_ours(entry.database, entry.table):
            # Canal publishes a RENAME of several tables under the first new name only, and a DROP
            # of several under the first one: our table may stand further back in the statement.
            if op in ("RENAME", "ERASE") and self._our_name.search(entry.sql):
                return (entry.event(Kind.RESHAPE, entry.sql),)
            return (entry.event(Kind.IGNORED, _OTHER_TABLE),)
        if op in ROW_OPS:
            return self._row_events(entry)
        if op in _OF_OUR_TABLE:
            return (entry.event(_OF_OUR_TABLE[op], entry.sql),)
        if op in ("CINDEX", "DINDEX"):
            return (entry.event(Kind.IGNORED, _INDEX),)
        if entry.row_count:
            reason = told(
                "{count} rows of an event of unknown type {op!r}", count=entry.row_count, op=op
            )
            return (entry.event(Kind.DEAD, reason),)
        return (entry.event(Kind.IGNORED, UNKNOWN_ENTRY),)

    def _row_events(self, entry: Entry) -> tuple[Event, ...]:
        if not entry.row_count:
            table = f"{entry.database}.{entry.table}"
            reason = told("{op} on {table} without rows", op=entry.op, table=table)
            if entry.sql:
                turn = told("the binlog is in STATEMENT format; set binlog_format=ROW")
                reason = told("{what}: {turn}", what=reason, turn=turn)
            return (entry.event(Kind.DEAD, reason),)
        changes, problems = self._rows.changes(entry)
        if entry.doubt:
            problems.append(entry.doubt)
        events = [entry.event(Kind.ROWS, "", tuple(changes))] if changes else []
        if problems:
            others = len(problems) - 1
            # The count first: the end of a long reason is cut off.
            more = told(" (and {others} more)", others=others) if others else ""
            reason = told("{op}{more}: {problem}", op=entry.op, more=more, problem=problems[0])
            events.append(entry.event(Kind.DEAD, reason))
        return tuple(events)

    def _drops_our_database(self, entry: Entry) -> bool:
        return (
            entry.database.lower() == self._database and _DROP_DATABASE.match(entry.sql) is not None
        )
