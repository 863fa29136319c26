"""Dead letters in a topic of a real broker: unchanged, with their place in the headers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import NewTopic
from aiokafka.protocol.admin import CreateAclsRequest

from engine.adapters.kafka_dead_letters import KafkaDeadLetters
from engine.errors import NotKept, ServiceAway
from tests.adapters.feeds import admin
from tests.adapters.full_broker import FullBroker
from tests.dead_letters.letters import letter
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.ports import free_port

pytestmark = pytest.mark.service

New = Callable[..., KafkaDeadLetters]

USER, PASSWORD = "writer", "writer-sEcr3t"
GUARD = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}
"""Whoever comes without a name may do all; anybody else only what was granted."""

TOPIC, LITERAL, ALLOW = 2, 3, 3
DESCRIBE, WRITE = 8, 4
"""Numbers of the Kafka protocol's CreateAcls."""


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A broker that asks who may do what."""
    server = KafkaBroker(tmp_path / "guarded", users={USER: PASSWORD}, options=GUARD)
    server.start()
    yield server
    server.stop()


async def grant(servers: str, topic: str, operation: int) -> None:
    async with admin(servers) as client:
        request = CreateAclsRequest(TOPIC, topic, LITERAL, f"User:{USER}", "*", operation, ALLOW)
        response = await client._send_request(request)
        assert response.creation_responses[0][0] == 0, response


@pytest.fixture
async def sink(broker: FullBroker, fresh_name: str) -> AsyncIterator[New]:
    sinks: list[KafkaDeadLetters] = []

    def new(**options: Any) -> KafkaDeadLetters:
        options = {
            "bootstrap_servers": broker.at(),
            "topic": fresh_name,
            "name": "topn-tui-b",
        } | options
        sinks.append(KafkaDeadLetters(**options))
        return sinks[-1]

    yield new
    for one in sinks:
        await one.close()


async def records(servers: str, topic: str, count: int) -> list[Any]:
    """The first so many records, whichever partition has them."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=1 << 25,
    )
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def create(servers: str, topic: str, **settings: str) -> None:
    names = {name.replace("_", "."): value for name, value in settings.items()}
    async with admin(servers) as client:
        await client.create_topics([NewTopic(topic, 1, 1, topic_configs=names)])


async def test_key_value_and_time_are_unchanged_and_the_headers_say_the_rest(
    sink: New, broker: FullBroker, fresh_name: str
) -> None:
    await create(broker.at(), fresh_name)
    value = bytes(range(256))
    kept = letter(12, value, key=b"\xffk", partition=3, reason="中 broken")
    await sink().keep([kept, letter(13, b"", timestamp_ms=-1)])
    first, second = await records(broker.at(), fresh_name, 2)
    assert (first.key, first.value, first.timestamp) == (b"\xffk", value, kept.timestamp_ms)
    assert dict(first.headers) == {
        "__connect.errors.topic": b"d_t",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"12",
        "__connect.errors.connector.name": b"topn-tui-b",
        "__connect.errors.stage": b"VALUE_CONVERTER",
        "__connect.errors.exception.message": "中 broken".encode(),
    }
    assert (second.key, second.value) == (None, b"")
    assert second.timestamp > kept.timestamp_ms


async def test_a_large_message_passes_where_the_topic_takes_it(
    sink: New, broker: FullBroker, fresh_name: str
) -> None:
    await create(broker.at(), fresh_name, max_message_bytes="8000000")
    large = bytes(3_000_000)
    await sink().keep([letter(1, large), letter(2)])
    assert {record.value for record in await records(broker.at(), fresh_name, 2)} == {
        large,
        b"\xfe",
    }


async def test_one_that_is_too_large_for_the_topic_is_lost_alone(
    sink: New, broker: FullBroker, fresh_name: str
) -> None:
    await create(broker.at(), fresh_name)
    with pytest.raises(NotKept, match=r"larger than it takes; raise max\.message\.bytes") as told:
        await sink().keep([letter(1), letter(2, bytes(3_000_000)), letter(3)])
    assert told.value.lost == 1
    kept = await records(broker.at(), fresh_name, 2)
    assert {dict(record.headers)["__connect.errors.offset"] for record in kept} == {b"1", b"3"}


async def test_a_topic_that_is_missing_is_told_and_never_made(
    sink: New, broker: FullBroker, fresh_name: str
) -> None:
    letters = sink()
    with pytest.raises(NotKept, match="no such topic; create it, or correct dead_letters") as told:
        await letters.keep([letter(1), letter(2)])
    assert told.value.lost == 2
    async with admin(broker.at()) as client:
        assert fresh_name not in await client.list_topics()
    await create(broker.at(), fresh_name)
    await letters.keep([letter(3)])
    assert len(await records(broker.at(), fresh_name, 1)) == 1


async def test_a_topic_that_is_deleted_meanwhile_is_told_and_never_made(
    sink: New, broker: FullBroker, fresh_name: str
) -> None:
    await create(broker.at(), fresh_name)
    letters = sink()
    await letters.keep([letter(1)])
    async with admin(broker.at()) as client:
        await client.delete_topics([fresh_name])
        async with asyncio.timeout(20):
            while fresh_name in await client.list_topics():  # noqa: ASYNC110  # no event for it
                await asyncio.sleep(0.05)
        with pytest.raises(NotKept, match="no such topic"):
            await letters.keep([letter(2)])
        assert fresh_name not in await client.list_topics()


async def test_what_the_account_may_not_do_is_told_with_the_grants_it_needs(
    sink: New, guarded: KafkaBroker
) -> None:
    topic = "dead"
    guarded.create_topic(topic)
    letters = sink(
        bootstrap_servers=f"127.0.0.1:{guarded.sasl_port}",
        topic=topic,
        security_protocol="SASL_PLAINTEXT",
        sasl_username=USER,
        sasl_password=PASSWORD,
    )
    refused = "this user may not write to it; grant it Describe and Write on the topic"
    with pytest.raises(NotKept, match=refused):
        await letters.keep([letter(1)])
    await grant(guarded.bootstrap_servers, topic, DESCRIBE)
    with pytest.raises(NotKept, match=refused) as told:
        await letters.keep([letter(2), letter(3)])
    assert told.value.lost == 2
    await grant(guarded.bootstrap_servers, topic, WRITE)
    await letters.keep([letter(4)])
    (kept,) = await records(guarded.bootstrap_servers, topic, 1)
    assert dict(kept.headers)["__connect.errors.offset"] == b"4"


async def test_a_name_that_no_topic_can_have_is_told(sink: New) -> None:
    with pytest.raises(NotKept, match="no such topic"):
        await sink(topic="a b").keep([letter(1)])


async def test_a_broker_that_is_away_is_told_with_its_true_reason(sink: New) -> None:
    letters = sink(bootstrap_servers=f"127.0.0.1:{free_port()}", request_timeout_ms=500)
    with pytest.raises(ServiceAway, match="refuse"):
        await letters.keep([letter(1)])
