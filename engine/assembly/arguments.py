"""Settings as the keyword arguments that the adapters have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from engine.errors import WrongSetting
from engine.settings import FeedSection, Settings, TableSection, TlsSection, WalkthroughSection


def kafka_arguments(feed: FeedSection, *, client_id: str) -> dict[str, Any]:
    """The keyword arguments of a connection to the feed's cluster."""
    no_idle_tls(
        "feed",
        feed.tls,
        used=feed.security_protocol in ("SSL", "SASL_SSL"),
        turn="set feed.security_protocol to SSL or SASL_SSL",
    )
    if feed.sasl_username and not feed.security_protocol.startswith("SASL"):
        raise WrongSetting(
            f"feed.sasl_username is set, but feed.security_protocol is {feed.security_protocol}: "
            "set it to SASL_SSL or SASL_PLAINTEXT, or remove the user name"
        )
    return {
        "bootstrap_servers": feed.bootstrap_servers or "",
        "security_protocol": feed.security_protocol,
        "sasl_mechanism": feed.sasl_mechanism,
        "sasl_username": feed.sasl_username,
        "sasl_password": secret(feed.secret, "feed"),
        "request_timeout_ms": feed.request_timeout_ms,
        "client_id": client_id,
        **tls_files(feed.tls),
    }


def mysql_arguments(
    name: str, section: TableSection | WalkthroughSection, settings: Settings
) -> dict[str, Any]:
    """The keyword arguments that both MySQL adapters have: server, account and table."""
    url = urlsplit(section.url or "")
    no_idle_tls(name, section.tls, used=section.tls.enabled, turn=f"set {name}.tls.enabled to true")
    return {
        "host": url.hostname or "",
        "port": url.port or 3306,
        "user": unquote(url.username or ""),
        "password": secret(section.secret, name) or "",
        "database": database_of(section.url or ""),
        "table": settings.table.name or "",
        "connect_timeout_ms": settings.table.connect_timeout_ms,
        "query_timeout_ms": settings.table.query_timeout_ms,
        "tls": section.tls.enabled,
        **tls_files(section.tls),
    }


def database_of(url: str) -> str:
    return unquote(urlsplit(url).path.strip("/"))


def tls_files(tls: TlsSection) -> dict[str, Any]:
    """The keyword arguments that all adapters have for TLS."""

    def path(file: object) -> str | None:
        return None if file is None else str(file)

    return {
        "ca_file": path(tls.ca_file),
        "cert_file": path(tls.cert_file),
        "key_file": path(tls.key_file),
        "check_hostname": tls.check_hostname,
        "server_name": tls.server_name or None,
    }


def no_idle_tls(section: str, tls: TlsSection, *, used: bool, turn: str) -> None:
    """Refuse TLS settings that would have no effect: who wrote them believes to be encrypted.

    Args:
        section: of the settings: ``table``.
        used: whether this service is spoken to over TLS.
        turn: what to do if it is to be.
    """
    files = ("ca_file", "cert_file", "key_file", "server_name")
    idle = [name for name in ("enabled", *files) if getattr(tls, name)]
    if idle and not used:
        raise WrongSetting(
            f"{section}.tls.{idle[0]} is set, but TLS is not switched on: {turn}, or remove it"
        )


def secret(read: Callable[[], str | None], section: str) -> str | None:
    try:
        return read()
    except ValueError as error:
        raise WrongSetting(f"{section}.{error}") from None
