"""Sentences for errors that a test cannot easily make a real server say."""

import errno
import socket
import ssl

import pytest
from pymysql import err
from redis import exceptions

from engine.adapters.mysql_reasons import Target
from engine.adapters.mysql_reasons import translated as mysql_error
from engine.adapters.network import chain, network_reason
from engine.adapters.redis_reasons import translated as redis_error
from engine.errors import ServiceAway, StoreRefused, TopnError

TARGET = Target("db:3306", "app", "d", "t", 1000, 2000)


def caused(outer: Exception, inner: BaseException) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (exceptions.BusyLoadingError("Redis is loading"), ServiceAway, "loading its data set"),
        (exceptions.ResponseError("BUSY Redis is busy"), ServiceAway, "SCRIPT KILL"),
        (exceptions.ResponseError("CLUSTERDOWN Hash slot"), ServiceAway, "cluster is down"),
        (exceptions.ConnectionError("max number of clients reached"), ServiceAway, "maxclients"),
        (exceptions.ResponseError("DENIED Redis is running"), ServiceAway, "protected mode"),
        (exceptions.ResponseError("MISCONF Redis is"), StoreRefused, "cannot save to disk"),
        (exceptions.ResponseError("NOREPLICAS Not enough"), StoreRefused, "min-replicas-to-write"),
        (exceptions.ResponseError("MOVED 5 1.2.3.4:6379"), StoreRefused, "node of a cluster"),
        (exceptions.ReadOnlyError("You can't write"), StoreRefused, "read-only replica"),
        (
            exceptions.ResponseError("Error running script: OOM command not allowed"),
            StoreRefused,
            "its memory is full",
        ),
        (exceptions.ResponseError("SOMETHING new"), StoreRefused, "answers: SOMETHING new"),
        (exceptions.ConnectionError("Connection lost"), ServiceAway, "the connection to r:1 broke"),
        (exceptions.InvalidResponse("?"), ServiceAway, "InvalidResponse"),
    ],
)
def test_redis(error: Exception, kind: type[TopnError], said: str) -> None:
    found = redis_error(error, where="r:1", timeout_ms=5, tls=False)
    assert isinstance(found, kind)
    assert said in str(found)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1040, "max_connections"),
        (1049, "there is no database 'd'"),
        (1130, "does not let this machine in"),
        (1205, "was ended after 2000 ms"),
        (1251, "in a way this client cannot"),
        (1969, "was ended after 2000 ms"),
        (3024, "was ended after 2000 ms"),
        (3159, "switch TLS on"),
        (2013, "the connection to db:3306 broke"),
        (1064, "db:3306 says: words of the server (1064)"),
    ],
)
def test_mysql(code: int, said: str) -> None:
    error = err.OperationalError(code, "words of the server")
    assert said in str(mysql_error(error, TARGET, timeout_ms=5))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "try again"), "could not be looked up just now"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "cannot be reached: No route to host"),
        (OSError(errno.EMFILE, "Too many open files"), "no file descriptors left"),
        (ConnectionResetError(), "h:1 closed the connection"),
        (TimeoutError(), "does not answer within 5 ms"),
        (ssl.SSLCertVerificationError("bare"), "is not trusted: verification failed"),
        (ssl.SSLError("anything"), "TLS with h:1 failed: handshake failed"),
    ],
)
def test_network(error: BaseException, said: str) -> None:
    reason = network_reason(caused(RuntimeError("wrapped"), error), where="h:1", timeout_ms=5)
    assert reason is not None
    assert said in reason.text
    assert reason.turn


def test_what_is_not_the_network_s_is_left_to_others() -> None:
    assert network_reason(ValueError("x"), where="h:1", timeout_ms=5) is None


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert list(chain(first)) == [first, second]
