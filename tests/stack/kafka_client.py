"""What the stack itself asks of a broker: topics, and what is in them."""

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.errors import KafkaError, for_code

_T = TypeVar("_T")


def knows_itself(servers: str) -> bool:
    """Whether the broker names itself among the brokers: until then nothing can be asked of any.

    A broker that is back after SIGKILL answers before its controller has let it in again.
    """
    return _run(_knows_itself(servers))


def create_topic(servers: str, name: str, partitions: int) -> None:
    """Make a topic; raises an aiokafka error if it exists."""
    _run(_create_topic(servers, name, partitions))


def delete_topic(servers: str, name: str) -> None:
    """Delete a topic; nothing happens if there is none."""
    _run(_delete_topic(servers, name))


def add_partitions(servers: str, name: str, total: int) -> None:
    """Let a topic have `total` partitions, more than it has; raises an aiokafka error otherwise."""
    _run(_add_partitions(servers, name, total))


def forget_records(servers: str, name: str) -> None:
    """Delete all records of a topic, as its retention would; its offsets go on."""
    _run(_forget_records(servers, name))


def values(servers: str, topic: str, count: int, timeout_s: float) -> list[bytes | None]:
    """Return at least `count` values of a topic, from its start, partition by partition.

    Raises TimeoutError that says how many there were, an aiokafka error if there is no such topic.
    """
    return _run(_values(servers, topic, count, timeout_s))


def send(servers: str, topic: str, value: bytes | None, count: int) -> None:
    """Write `value` so many times into partition 0."""
    _run(_send(servers, topic, value, count))


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    # In a thread of its own, so that it can be called while an event loop runs.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _knows_itself(servers: str) -> bool:
    try:
        async with _Admin(servers) as admin:
            return bool((await admin.describe_cluster())["brokers"])
    except KafkaError:
        return False


async def _create_topic(servers: str, name: str, partitions: int) -> None:
    async with _Admin(servers) as admin:
        answer = await admin.create_topics([NewTopic(name, partitions, 1)])
    for _, code, *_ in answer.topic_errors:  # an error is returned, not raised
        if code:
            raise for_code(code)(name)


async def _delete_topic(servers: str, name: str) -> None:
    async with _Admin(servers) as admin:
        await admin.delete_topics([name])


async def _add_partitions(servers: str, name: str, total: int) -> None:
    async with _Admin(servers) as admin:
        answer = await admin.create_partitions({name: NewPartitions(total)})
    for _, code, *_ in answer.topic_errors:
        if code:
            raise for_code(code)(name)


async def _forget_records(servers: str, name: str) -> None:
    places = await _partitions(servers, name)
    async with _Admin(servers) as admin:
        await admin.delete_records({p: RecordsToDelete(before_offset=-1) for p in places})


class _Admin:
    """An admin client as a context."""

    def __init__(self, servers: str) -> None:
        self._client = AIOKafkaAdminClient(bootstrap_servers=servers)

    async def __aenter__(self) -> AIOKafkaAdminClient:
        try:
            await self._client.start()
        except BaseException:
            await self._client.close()
            raise
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()


async def _partitions(servers: str, topic: str) -> list[TopicPartition]:
    # The one question that does not make the broker create a topic that is missing.
    async with _Admin(servers) as admin:
        (described,) = await admin.describe_topics([topic])
    if described["error_code"]:
        raise for_code(described["error_code"])(topic)
    return [TopicPartition(topic, found["partition"]) for found in described["partitions"]]


async def _values(servers: str, topic: str, count: int, timeout_s: float) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    found: dict[TopicPartition, list[bytes | None]] = {}
    try:
        consumer.assign(await _partitions(servers, topic))
        deadline = time.monotonic() + timeout_s
        while sum(map(len, found.values())) < count:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                number = sum(map(len, found.values()))
                raise TimeoutError(f"{topic}: {number} of {count} values after {timeout_s:g} s")
            batch = await consumer.getmany(timeout_ms=min(200, int(left_s * 1000)))
            for partition, records in batch.items():
                found.setdefault(partition, []).extend(record.value for record in records)
    finally:
        await consumer.stop()
    return [value for partition in sorted(found) for value in found[partition]]


async def _send(servers: str, topic: str, value: bytes | None, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers, compression_type="lz4", linger_ms=5)
    await producer.start()
    try:
        for _ in range(count):
            await producer.send(topic, value, partition=0)
        await producer.flush()
    finally:
        await producer.stop()
