"""The true reason of a failed connection, as a sentence and a next step.

Drivers wrap what the network said, some of them beyond recognition; the cause is still in the chain
of exceptions. Nothing of a driver is needed to read it.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple

from engine.told import told


class Reason(NamedTuple):
    """Why, and whose turn it is: the two halves of a :class:`~engine.errors.ServiceAway`."""

    text: str
    turn: str = ""


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def network_reason(error: BaseException, *, where: str, timeout_ms: int) -> Reason | None:
    """What the network said, or None where the chain holds no network error.

    Args:
        where: ``host:port``, for the sentence.
        timeout_ms: the deadline that a timeout ran into.
    """
    # The innermost error is the cause; what is around it is mostly "could not connect".
    for cause in reversed(list(chain(error))):
        reason = _reason(cause, where, timeout_ms)
        if reason is not None:
            return reason
    return None


def _reason(cause: BaseException, where: str, timeout_ms: int) -> Reason | None:
    match cause:
        case socket.gaierror():
            return _unknown_host(cause, where)
        case ssl.SSLError():
            return tls_reason(cause, where)
        case ConnectionRefusedError():
            return Reason(
                told("{where} refuses the connection: nothing listens there", where=where),
                told("start the service, or correct host and port"),
            )
        case TimeoutError():
            return Reason(
                told(
                    "{where} does not answer within {timeout_ms} ms",
                    where=where,
                    timeout_ms=timeout_ms,
                ),
                told("check the address, the firewall and the service's load"),
            )
        case ConnectionError() | asyncio.IncompleteReadError():
            return Reason(
                told("{where} closed the connection", where=where),
                told("look whether the service restarts, and whether both sides agree on TLS"),
            )
        case OSError() if cause.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return Reason(
                told("{where} cannot be reached: {reason}", where=where, reason=cause.strerror),
                told("check the network"),
            )
        case OSError() if cause.errno == errno.EMFILE:
            return Reason(
                told("this process has no file descriptors left"),
                told("raise the limit (ulimit -n)"),
            )
    return None


def _unknown_host(cause: socket.gaierror, where: str) -> Reason:
    host = where.rpartition(":")[0]
    if cause.errno == socket.EAI_AGAIN:
        return Reason(
            told("the name {host} could not be looked up just now", host=host),
            told("check the name server"),
        )
    return Reason(told("no host is called {host}", host=host), told("correct the host name"))


def tls_reason(cause: ssl.SSLError, where: str) -> Reason:
    """What went wrong in a TLS handshake."""
    # Only OpenSSL's own errors have these attributes; Python code raises bare ones too.
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = str(getattr(cause, "verify_message", "") or "verification failed").rstrip(".")
        if "mismatch" in why.lower():
            return Reason(
                told(
                    "the certificate of {where} is made for another name: {why}",
                    where=where,
                    why=why,
                ),
                told("dial the name in the certificate, or switch the host name check off"),
            )
        return Reason(
            told("the certificate of {where} is not trusted: {why}", where=where, why=why),
            told("name the authority's PEM file in the TLS settings, or renew the certificate"),
        )
    word = str(getattr(cause, "reason", None) or "").upper()
    if "ALERT" in word and ("CERTIFICATE" in word or "UNKNOWN_CA" in word):
        # Some servers say "bad certificate" to a client that shows none.
        return Reason(
            told(
                "{where} refuses our certificate, or our having none ({word})",
                where=where,
                word=word.lower().replace("_", " "),
            ),
            told("set a certificate and key that its authority has signed"),
        )
    if word in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE"):
        return Reason(
            told("{where} does not speak TLS", where=where),
            told("switch TLS off, or use the TLS port"),
        )
    text = word.lower().replace("_", " ") or "handshake failed"
    return Reason(
        told("TLS with {where} failed: {text}", where=where, text=text),
        told("check the TLS settings of both sides"),
    )
