"""What a MySQL or MariaDB error means, and whose turn it is. The same numbers in both."""

from __future__ import annotations

from typing import NamedTuple

from pymysql import err

from engine.adapters.network import Reason, network_reason
from engine.errors import ServiceAway, TopnError, WrongSetting

SERVICE = "MySQL"

UNKNOWN_TABLE, UNKNOWN_DATABASE = 1146, 1049
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
                f"MySQL at {target.where} does not know this time zone; give it as an offset "
                "(+08:00), or load the time zone tables (mysql_tzinfo_to_sql)"
            )
        reason = _server_reason(code, target)
        if reason is not None:
            return ServiceAway(SERVICE, *reason)
    network = network_reason(error, where=target.where, timeout_ms=timeout_ms)
    if network is not None:
        return ServiceAway(SERVICE, *network)
    if isinstance(error, err.MySQLError):
        said = str(error.args[1])[:200] if len(error.args) > 1 else type(error).__name__
        return ServiceAway(
            SERVICE, f"{target.where} says: {said} ({error_code(error)})", "see its log"
        )
    return ServiceAway(SERVICE, f"{target.where}: {type(error).__name__}", "see the server's log")


def _server_reason(code: int, t: Target) -> Reason | None:
    name = f"{t.database}.{t.table}"
    match code:
        case 1045 | 1698:
            return Reason(
                f"{t.where} refuses user {t.user!r} with this password",
                "correct user and password, or the account on the server; one made with REQUIRE SSL "
                "or REQUIRE X509 is refused like this too, without TLS or a client certificate",
            )
        case 1130 | 1129:
            return Reason(
                f"{t.where} does not let this machine in",
                f"create the account {t.user!r} for this host, or FLUSH HOSTS",
            )
        case 1044 | 1142 | 1143:
            return Reason(
                f"user {t.user!r} may not read {name}, or there is no such table",
                f"GRANT SELECT ON {name} TO the user, or correct the name",
            )
        case 1049:
            return Reason(
                f"there is no database {t.database!r} at {t.where}",
                "create it, or correct the name",
            )
        case 1146:
            return Reason(f"there is no table {name}", "create it, or correct the name")
        case 1054:
            return Reason(
                f"a column of {name} is gone", "correct the settings, or restore the column"
            )
        case 1040 | 1203 | 1226:
            return Reason(
                f"{t.where} takes no more connections", "raise max_connections or the user's limit"
            )
        case 1251 | 2059:
            return Reason(
                f"{t.where} wants user {t.user!r} to authenticate in a way this client cannot",
                "use mysql_native_password, caching_sha2_password or ed25519 for the account",
            )
        case 3159:
            return Reason(
                f"{t.where} lets in only TLS connections", "switch TLS on in the settings"
            )
        case 1205 | 3024 | 1969 | 1317:
            return Reason(
                f"the query on {name} was ended after {t.query_timeout_ms} ms",
                "create the index that the warning names, or raise the query timeout",
            )
        case 1053 | 1927 | 1184:
            return Reason(f"{t.where} is ending this connection", "look whether it restarts")
        case 2006 | 2013 | 2014 | 2055:
            return Reason(f"the connection to {t.where} broke", "look whether the server restarts")
    return None
