"""What a server or table has that will hurt later, each a sentence with the next step."""

from __future__ import annotations

import re

from engine.adapters.mysql_connection import Connection
from engine.adapters.mysql_describe import Shape, ordering_index
from engine.adapters.mysql_sql import full_name, index_statement, load_statement, quoted
from engine.told import told

_VARIABLES = (
    "log_bin",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_value_options",
    "read_only",
    "super_read_only",
    "server_id",
)
_PLAN_LIMIT = 65
"""LIMIT of the load that is explained: a small one, as a board has."""

_CASCADE = re.compile(
    r"\s*CONSTRAINT (?P<name>`.+?`) FOREIGN KEY .+ REFERENCES (?P<parent>`.+?`(\.`.+?`)?) "
    r".*ON (DELETE|UPDATE) (CASCADE|SET)"
)
"""A line of SHOW CREATE TABLE."""

_KEEPS_UP_S = 5
"""A replica that is so far behind is not called late: whole seconds, and a heartbeat, are in it."""

_SMALL_TABLE_ROWS = 10_000
"""Below it an optimizer may rightly prefer to read the whole table."""


async def variables(connection: Connection) -> dict[str, str]:
    """The server's global variables that matter here; a missing one is not in it."""
    names = ", ".join(["%s"] * len(_VARIABLES))
    rows = await connection.rows(
        f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})", _VARIABLES
    )
    return {str(name).lower(): str(value) for name, value in rows}


def binlog_warnings(found: dict[str, str]) -> list[str]:
    """What the binlog will not tell, or tell late."""
    warnings: list[str] = []
    if found.get("log_bin", "ON").upper() == "OFF":
        warnings.append(
            told(
                "the server writes no binlog (log_bin is OFF): no change will ever arrive; "
                "start it with --log-bin, or point to the server that Canal tails"
            )
        )
    binlog_format = found.get("binlog_format", "ROW").upper()
    if binlog_format != "ROW":
        warnings.append(
            told(
                "binlog_format is {binlog_format}: some changes arrive as statements without "
                "rows; SET GLOBAL binlog_format = 'ROW' and reconnect the writers",
                binlog_format=binlog_format,
            )
        )
    image = found.get("binlog_row_image", "FULL").upper()
    if image != "FULL":
        warnings.append(
            told(
                "binlog_row_image is {image}: changes arrive without all columns; SET GLOBAL "
                "binlog_row_image = 'FULL' and reconnect the writers",
                image=image,
            )
        )
    if "PARTIAL_JSON" in found.get("binlog_row_value_options", "").upper():
        warnings.append(
            told(
                "binlog_row_value_options is PARTIAL_JSON: JSON columns arrive in part; SET "
                "GLOBAL binlog_row_value_options = ''"
            )
        )
    if "ON" in (found.get("read_only", "").upper(), found.get("super_read_only", "").upper()):
        warnings.append(
            told(
                "the server is read-only, so probably a replica: one that lags gives wrong "
                "boards; point to the server that Canal tails"
            )
        )
    return warnings


async def replica_warning(connection: Connection) -> str | None:
    """Whether the server replicates from another one, and how well; None too where it may not say."""
    server = await connection.server()
    found = await connection.records_if_allowed(*server.replica_status_statements)
    if not found:
        return None
    status = {name.lower(): value for name, value in found[0].items()}

    def word(*names: str) -> str:
        return str(next((status[name] for name in names if name in status), None))

    source = f"{word('source_host', 'master_host')}:{word('source_port', 'master_port')}"
    behind = word("seconds_behind_source", "seconds_behind_master")
    running = {
        word("replica_io_running", "slave_io_running"),
        word("replica_sql_running", "slave_sql_running"),
    }
    how: str = told("it is not known how far behind")
    if behind.isdecimal():
        # Not the number where it is small: it moves all the time.
        how = (
            told("{behind} s behind it", behind=behind)
            if int(behind) > _KEEPS_UP_S
            else told("and keeps up with it")
        )
    if running != {"Yes"}:
        how = told("and its replication does not run")
    return told(
        "the server is a replica of {source}, {how}: unless Canal tails this very "
        "server, loads give boards of the past; point to the server that Canal tails",
        source=source,
        how=how,
    )


async def index_warning(connection: Connection, shape: Shape) -> str | None:
    """Whether a load must read the whole table; asks the server for its plan."""
    table = shape.table
    statement = load_statement(table, _PLAN_LIMIT, key_utf8=shape.key_utf8)
    plan = await connection.rows(f"EXPLAIN {statement}")
    index = ordering_index(shape)
    if index is None:
        return told(
            "a load reads the whole of {full_name}: there is no index to read its best rows "
            "from; {index_statement}",
            full_name=full_name(table),
            index_statement=index_statement(table),
        )
    # Columns of EXPLAIN, in both servers: id, select_type, table, …; the key and the rows by place
    # differ (MySQL has partitions), so the index's name is looked for anywhere.
    used = any(index.name in (str(cell) for cell in row) for row in plan)
    rows = max((int(cell) for row in plan for cell in row[5:] if _is_number(cell)), default=0)
    if used or rows < _SMALL_TABLE_ROWS:
        return None
    return told(
        "a load does not use index {name} and reads about {rows} rows; ANALYZE TABLE {full_name}",
        name=quoted(index.name),
        rows=rows,
        full_name=full_name(table),
    )


async def cascade_warning(connection: Connection, shape: Shape) -> str | None:
    """Whether rows can change without the binlog's knowing: through a foreign key."""
    # Not information_schema: there an account with SELECT alone sees no foreign key.
    ((_, statement, *_),) = await connection.rows(f"SHOW CREATE TABLE {full_name(shape.table)}")
    for line in str(statement).splitlines():
        found = _CASCADE.match(line)
        if found is not None:
            return told(
                "foreign key {name} changes rows when {parent} changes, and such changes do not "
                "reach the binlog: only the audit will notice them; let the application delete "
                "and update the rows itself",
                name=found["name"],
                parent=found["parent"],
            )
    return None


def _is_number(cell: object) -> bool:
    return isinstance(cell, int) or (isinstance(cell, str) and cell.isdecimal())
