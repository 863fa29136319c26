"""Each row of the table of connection failures, and the sentence it gets."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.kafka import KafkaFeed
from engine.errors import ServiceAway, WrongSetting
from tests.adapters.full_broker import PASSWORD, USER, FullBroker
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.tls import Authority, make_ca

pytestmark = pytest.mark.service

WRONG = "hunter2-secret"
SASL = {"sasl_username": USER, "sasl_password": PASSWORD}
BAD_SASL = {"sasl_username": USER, "sasl_password": WRONG}
Open = Callable[..., KafkaFeed]


@pytest.fixture
async def opened(fresh_name: str) -> AsyncIterator[Open]:
    feeds: list[KafkaFeed] = []

    def new(servers: str, **options: Any) -> KafkaFeed:
        options = {"topic": fresh_name, "request_timeout_ms": 1500} | options
        feeds.append(KafkaFeed(bootstrap_servers=servers, **options))
        return feeds[-1]

    yield new
    for feed in feeds:
        await feed.close()


async def away(feed: KafkaFeed) -> ServiceAway:
    with pytest.raises(ServiceAway) as caught:
        await feed.open()
    assert WRONG not in str(caught.value)
    assert WRONG not in repr(feed)
    return caught.value


@pytest.mark.parametrize(
    ("listener", "options"),
    [
        ("PLAINTEXT", {}),
        ("SASL", {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", **SASL}),
        (
            "SASL",
            {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-512", **SASL},
        ),
        ("TLS", {"security_protocol": "SSL"}),
        ("SASLTLS", {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", **SASL}),
    ],
)
async def test_every_way_in(
    opened: Open, broker: FullBroker, authority: Authority, listener: str, options: dict[str, str]
) -> None:
    feed = opened(broker.at(listener), ca_file=str(authority.certificate), **options)
    assert "there is no topic" in str(await away(feed))


async def test_mutual_tls(opened: Open, broker: FullBroker, authority: Authority) -> None:
    authority.issue(broker.directory / "client", hosts=("client",))
    tls = {"security_protocol": "SSL", "ca_file": str(authority.certificate)}
    own = {
        "cert_file": str(broker.directory / "client.pem"),
        "key_file": str(broker.directory / "client.key"),
    }
    assert "there is no topic" in str(await away(opened(broker.at("MTLS"), **tls, **own)))
    error = await away(opened(broker.at("MTLS"), **tls))
    assert "refuses our certificate" in error.reason
    assert "set a certificate and key" in error.turn


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_wrong_password(opened: Open, broker: FullBroker, mechanism: str) -> None:
    feed = opened(
        broker.at("SASL"),
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism=mechanism,
        **BAD_SASL,
    )
    assert f"refuses this user name and password (SASL {mechanism})" in (await away(feed)).reason


@pytest.mark.parametrize(
    ("listener", "options", "reason", "turn"),
    [
        (
            "SASL",
            {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-256", **SASL},
            "does not offer SASL SCRAM-SHA-256",
            "sasl.enabled.mechanisms",
        ),
        (
            "PLAINTEXT",
            {"security_protocol": "SASL_PLAINTEXT", **SASL},
            "does not ask for SASL on this port",
            "PLAINTEXT or SSL",
        ),
        ("SASL", {}, "closed the connection at our first question", "probably asks for SASL"),
        ("TLS", {}, "speaks TLS", "SSL or SASL_SSL"),
        ("PLAINTEXT", {"security_protocol": "SSL"}, "probably does not speak TLS", "PLAINTEXT"),
        ("TLS", {"security_protocol": "SSL", "ca_file": None}, "is not trusted", "PEM file"),
    ],
)
async def test_a_client_of_another_kind(
    opened: Open,
    broker: FullBroker,
    authority: Authority,
    listener: str,
    options: dict[str, Any],
    reason: str,
    turn: str,
) -> None:
    options = {"ca_file": str(authority.certificate), **options}
    error = await away(opened(broker.at(listener), **options))
    assert reason in error.reason
    assert turn in error.turn
    assert broker.at(listener) in error.reason


async def test_another_authority(opened: Open, broker: FullBroker, tmp_path: Path) -> None:
    other = make_ca(tmp_path)
    feed = opened(broker.at("TLS"), security_protocol="SSL", ca_file=str(other.certificate))
    assert "is not trusted" in (await away(feed)).reason


async def test_another_host_name(opened: Open, broker: FullBroker, authority: Authority) -> None:
    tls = {"security_protocol": "SSL", "ca_file": str(authority.certificate)}
    address = broker.at("TLS", host="127.1")
    assert "is made for another name" in (await away(opened(address, **tls))).reason
    unchecked = opened(address, check_hostname=False, **tls)
    assert "there is no topic" in (await away(unchecked)).reason


async def test_refused_and_unknown(opened: Open) -> None:
    assert "127.0.0.1:1 refuses the connection" in (await away(opened("127.0.0.1:1"))).reason
    error = await away(opened("nosuch.invalid:9092,127.0.0.1:1"))
    assert "no host is called nosuch.invalid" in error.reason
    assert "1 other address(es)" in error.reason


async def test_one_good_address_is_enough(opened: Open, broker: FullBroker) -> None:
    assert "there is no topic" in (await away(opened(f"127.0.0.1:1,{broker.at()}"))).reason


async def test_a_silent_server(opened: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        feed = opened(f"127.0.0.1:{silent.getsockname()[1]}", request_timeout_ms=400)
        async with asyncio.timeout(3):
            assert "does not answer within 400 ms" in (await away(feed)).reason


async def test_a_broker_that_sends_its_clients_elsewhere(
    opened: Open, adapter_folder: Path
) -> None:
    """advertised.listeners, the classic of containers: the bootstrap address answers, nothing else."""
    server = KafkaBroker(
        adapter_folder / "kafka-elsewhere",
        options={"advertised.listeners": "PLAINTEXT://127.0.0.1:1"},
    )
    await asyncio.to_thread(server.start)
    try:
        error = await away(opened(server.bootstrap_servers))
    finally:
        await asyncio.to_thread(server.kill)
    assert "says its brokers are elsewhere: 127.0.0.1:1 refuses" in error.reason
    assert "advertised.listeners" in error.turn


@pytest.mark.parametrize("servers", ["h:notaport", "", ",", "h:0", "h:70000", ":9092"])
def test_addresses_that_are_none(servers: str) -> None:
    with pytest.raises(WrongSetting, match="host:port"):
        KafkaFeed(bootstrap_servers=servers, topic="t")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"security_protocol": "TLS"}, "security protocol 'TLS'"),
        ({"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "GSSAPI"}, "'GSSAPI'"),
        ({"security_protocol": "SASL_PLAINTEXT"}, "needs a SASL user name and a password"),
        ({"security_protocol": "SSL", "ca_file": "/nowhere.pem"}, "no file /nowhere.pem"),
        ({"security_protocol": "SSL", "key_file": __file__}, "without a certificate file"),
        ({"security_protocol": "SSL", "ca_file": __file__}, "no PEM certificates"),
        ({"security_protocol": "SSL", "cert_file": __file__}, "in PEM form"),
    ],
)
def test_settings_that_cannot_work(options: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongSetting, match=message):
        KafkaFeed(bootstrap_servers="h:1", topic="t", **options)


async def test_a_topic_name_that_cannot_be(opened: Open, broker: FullBroker) -> None:
    with pytest.raises(WrongSetting, match="no topic can have this name"):
        await opened(broker.at(), topic="no such/topic").open()


async def test_the_driver_s_log_has_no_password_and_stays_off_the_terminal(
    opened: Open, broker: FullBroker, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiokafka").setLevel(logging.DEBUG)  # somebody turns everything on …
    feed = opened(broker.at("SASL"), security_protocol="SASL_PLAINTEXT", **BAD_SASL)
    await away(feed)
    assert WRONG not in caplog.text
    assert capfd.readouterr().err == ""
