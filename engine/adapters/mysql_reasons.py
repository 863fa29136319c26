"""What a MySQL or MariaDB error means, and whose turn it is. The same numbers in both."""

from __future__ import annotations

from typing import NamedTuple

from pymysql import err

from engine.adapters.network import Reason, network_reason
from engine.errors import MissingTable, ServiceAway, TopnError, WrongSetting
from engine.told import told

SERVICE = "MySQL"

UNKNOWN_TABLE, UNKNOWN_DATABASE, UNKNOWN_COLUMN = 1146, 1049, 1054
SYNTAX_ERROR = 1064
_TIME_ZONE = 1298


class Target(NamedTuple):
    """What was asked, for the sentences."""

    where: str
    user: str
    database: str
    table: str
    connect_timeout_ms: int
    query_timeout_ms: int


def error_code(error: BaseException) -> int:
    """The server's or the driver's number; 0 where there is none."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


def translated(error: BaseException, target: Target, *, timeout_ms: int) -> TopnError:
    """The error of ours that says what this driver error means."""
    if isinstance(error, err.MySQLError):
        code = error_code(error)
        if code == _TIME_ZONE:
            return WrongSetting(
                told(
                    "MySQL at {where} does not know this time zone; give it as an offset (+08:00), "
                    "or load the time zone tables (mysql_tzinfo_to_sql)",
                    where=target.where,
                )
            )
        reason = _server_reason(code, target)
        if reason is not None:
            missing = code in (UNKNOWN_TABLE, UNKNOWN_DATABASE, UNKNOWN_COLUMN)
            return (MissingTable if missing else ServiceAway)(SERVICE, *reason)
    network = network_reason(error, where=target.where, timeout_ms=timeout_ms)
    if network is not None:
        return ServiceAway(SERVICE, *network)
    if isinstance(error, err.MySQLError):
        said = str(error.args[1])[:200] if len(error.args) > 1 else type(error).__name__
        return ServiceAway(
            SERVICE,
            told(
                "{where} says: {said} ({error_code})",
                where=target.where,
                said=said,
                error_code=error_code(error),
            ),
            told("see its log"),
        )
    return ServiceAway(
        SERVICE,
        told("{where}: {kind}", where=target.where, kind=type(error).__name__),
        told("see the server's log"),
    )


def _server_reason(code: int, t: Target) -> Reason | None:
    name = f"{t.database}.{t.table}"
    match code:
        case 1045 | 1698:
            return Reason(
                told(
                    "{where} refuses user {user!r} with this password", where=t.where, user=t.user
                ),
                told(
                    "correct user and password, or the account on the server; one made with REQUIRE "
                    "SSL or REQUIRE X509 is refused like this too, without TLS or a client "
                    "certificate"
                ),
            )
        case 1130 | 1129:
            return Reason(
                told("{where} does not let this machine in", where=t.where),
                told("create the account {user!r} for this host, or FLUSH HOSTS", user=t.user),
            )
        case 1044 | 1142 | 1143:
            return Reason(
                told(
                    "user {user!r} may not read {name}, or there is no such table",
                    user=t.user,
                    name=name,
                ),
                told("GRANT SELECT ON {name} TO the user, or correct the name", name=name),
            )
        case 1049:
            return Reason(
                told(
                    "there is no database {database!r} at {where}",
                    database=t.database,
                    where=t.where,
                ),
                told("create it, or correct the name"),
            )
        case 1146:
            return Reason(
                told("there is no table {name}", name=name), told("create it, or correct the name")
            )
        case 1054:
            return Reason(
                told("a column of {name} is gone", name=name),
                told("correct the settings, or restore the column"),
            )
        case 1040 | 1203 | 1226:
            return Reason(
                told("{where} takes no more connections", where=t.where),
                told("raise max_connections or the user's limit"),
            )
        case 1251 | 2059:
            return Reason(
                told(
                    "{where} wants user {user!r} to authenticate in a way this client cannot",
                    where=t.where,
                    user=t.user,
                ),
                told("use mysql_native_password, caching_sha2_password or ed25519 for the account"),
            )
        case 3159:
            return Reason(
                told("{where} lets in only TLS connections", where=t.where),
                told("switch TLS on in the settings"),
            )
        case 1205 | 3024 | 1969 | 1317:
            return Reason(
                told(
                    "the query on {name} was ended after {query_timeout_ms} ms",
                    name=name,
                    query_timeout_ms=t.query_timeout_ms,
                ),
                told("create the index that the warning names, or raise the query timeout"),
            )
        case 1053 | 1927 | 1184:
            return Reason(
                told("{where} is ending this connection", where=t.where),
                told("look whether it restarts"),
            )
        case 2006 | 2013 | 2014 | 2055:
            return Reason(
                told("the connection to {where} broke", where=t.where),
                told("look whether the server restarts"),
            )
    return None
