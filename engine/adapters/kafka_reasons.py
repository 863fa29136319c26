"""What a Kafka driver's error means, and whose turn it is.

Rows measured against Kafka 4.4 with aiokafka 0.14, one test each in ``tests/adapters``.
"""

from __future__ import annotations

import asyncio

from aiokafka import errors

from engine.adapters.network import Reason, chain, network_reason
from engine.told import told

SERVICE = "Kafka"

_TLS_ALERT = 0x15
"""First byte of a TLS alert: what a TLS listener answers to a client that speaks plain Kafka."""


def kafka_reason(
    error: BaseException, *, where: str, timeout_ms: int, security_protocol: str, mechanism: str
) -> Reason:
    """Why the broker at `where` cannot be used."""
    tls = security_protocol in ("SSL", "SASL_SSL")
    for cause in chain(error):
        reason = _said_by_broker(cause, where, mechanism) or _protocol_mismatch(cause, where, tls)
        if reason is not None:
            return reason
    hung_up = isinstance(error, errors.KafkaConnectionError) and not any(
        isinstance(cause, OSError) for cause in chain(error)
    )
    if hung_up and not security_protocol.startswith("SASL"):
        return Reason(
            told("{where} closed the connection at our first question", where=where),
            told(
                "it probably asks for SASL: set the security protocol, mechanism, user and password"
            ),
        )
    network = network_reason(error, where=where, timeout_ms=timeout_ms)
    if network is not None:
        return network
    if isinstance(error, errors.NodeNotReadyError | errors.KafkaConnectionError):
        return Reason(
            told("{where} cannot be reached", where=where), told("look whether the broker runs")
        )
    return Reason(
        told("{where}: {kind}", where=where, kind=type(error).__name__),
        told("see the broker's log"),
    )


def _said_by_broker(cause: BaseException, where: str, mechanism: str) -> Reason | None:
    match cause:
        case errors.SaslAuthenticationFailed():
            return Reason(
                told(
                    "{where} refuses this user name and password (SASL {mechanism})",
                    where=where,
                    mechanism=mechanism,
                ),
                told("correct them, or the user on the broker"),
            )
        case errors.UnsupportedSaslMechanismError():
            return Reason(
                told("{where} does not offer SASL {mechanism}", where=where, mechanism=mechanism),
                told("choose a mechanism of sasl.enabled.mechanisms on the broker"),
            )
        case errors.IllegalSaslStateError():
            return Reason(
                told("{where} does not ask for SASL on this port", where=where),
                told("set the security protocol to PLAINTEXT or SSL, or use the SASL port"),
            )
        case errors.TopicAuthorizationFailedError():
            return Reason(
                told("this user may not read the topic"),
                told("grant it Describe and Read on the topic"),
            )
        case errors.GroupAuthorizationFailedError():
            return Reason(
                told("this user may not store offsets for the group"),
                told("grant it Read on the group"),
            )
        case errors.UnknownMemberIdError() | errors.IllegalGenerationError():
            return Reason(
                told("the consumer group is in use by other consumers"),
                told("give the engine a group id of its own"),
            )
        case errors.IncompatibleBrokerVersion() | errors.UnsupportedVersionError():
            return Reason(
                told("{where} is too old for this client", where=where),
                told("use Kafka 1.0 or later"),
            )
    return None


def _protocol_mismatch(cause: BaseException, where: str, tls: bool) -> Reason | None:
    if isinstance(cause, asyncio.IncompleteReadError) and not tls:
        expected = cause.expected or 0
        if expected >> 24 == _TLS_ALERT:
            return Reason(
                told("{where} speaks TLS", where=where),
                told("set the security protocol to SSL or SASL_SSL, with its CA"),
            )
    if isinstance(cause, ConnectionResetError) and tls:
        return Reason(
            told(
                "{where} broke the TLS handshake off: it probably does not speak TLS on this port",
                where=where,
            ),
            told("set the security protocol to PLAINTEXT or SASL_PLAINTEXT, or use the TLS port"),
        )
    return None
