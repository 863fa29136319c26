"""Kafka's settings, checked before anything is connected."""

from __future__ import annotations

from aiokafka.conn import collect_hosts

from engine.errors import WrongSetting
from engine.told import told

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")


def addresses(bootstrap_servers: str) -> list[tuple[str, int]]:
    """Host and port of each bootstrap server.

    Raises:
        WrongSetting: one of them is none.
    """
    try:
        found = [(h, p) for h, p, _ in collect_hosts(bootstrap_servers, randomize=False)]
    except ValueError:
        found = []
    if not found or not all(host and 0 < port < 65536 for host, port in found):
        raise WrongSetting(
            told(
                "Kafka bootstrap servers {bootstrap_servers!r}: this is not "
                "host:port[,host:port…]; correct it",
                bootstrap_servers=bootstrap_servers,
            )
        )
    return found


def check_security(
    protocol: str, mechanism: str, username: str | None, password: str | None
) -> None:
    """Whether protocol, mechanism and account go together.

    Raises:
        WrongSetting: they do not.
    """
    if protocol not in PROTOCOLS:
        raise WrongSetting(
            told(
                "Kafka security protocol {protocol!r}: choose one of {protocols}",
                protocol=protocol,
                protocols=", ".join(PROTOCOLS),
            )
        )
    if not protocol.startswith("SASL"):
        return
    if mechanism not in MECHANISMS:
        raise WrongSetting(
            told(
                "Kafka SASL mechanism {mechanism!r}: choose {mechanisms}",
                mechanism=mechanism,
                mechanisms=", ".join(MECHANISMS),
            )
        )
    if not username or not password:
        raise WrongSetting(
            told(
                "Kafka {protocol} needs a SASL user name and a password; set both",
                protocol=protocol,
            )
        )
