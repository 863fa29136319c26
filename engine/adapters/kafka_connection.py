"""A Kafka cluster by the settings of a connection: the feed's and the dead letters' alike."""

from __future__ import annotations

from engine.adapters.driver_logs import tame_driver_log
from engine.adapters.kafka_broker import Broker
from engine.adapters.kafka_reasons import SERVICE
from engine.adapters.tls import tls_context


def make_broker(
    *,
    bootstrap_servers: str,
    security_protocol: str = "PLAINTEXT",
    sasl_mechanism: str = "PLAIN",
    sasl_username: str | None = None,
    sasl_password: str | None = None,
    ca_file: str | None = None,
    cert_file: str | None = None,
    key_file: str | None = None,
    check_hostname: bool = True,
    server_name: str | None = None,
    request_timeout_ms: int = 5000,
    client_id: str = "topn-tui",
) -> Broker:
    """The cluster; contacts nothing yet.

    Args: as for :class:`engine.adapters.kafka.KafkaFeed`.

    Raises:
        WrongSetting: an address, the protocol, the mechanism or a TLS file cannot be used.
    """
    # aiokafka.conn writes out every request at DEBUG, and one of them carries the password.
    tame_driver_log("aiokafka", into="engine.adapters.kafka", secretive=["aiokafka.conn"])
    context = None
    if security_protocol in ("SSL", "SASL_SSL"):
        context = tls_context(
            SERVICE,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            check_hostname=check_hostname,
            server_name=server_name,
        )
    return Broker(
        bootstrap_servers=bootstrap_servers,
        client_id=client_id,
        security_protocol=security_protocol,
        sasl_mechanism=sasl_mechanism,
        sasl_username=sasl_username,
        sasl_password=sasl_password,
        ssl_context=context,
        request_timeout_ms=request_timeout_ms,
    )
