"""What the Kafka tests share."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from engine.adapters.kafka import KafkaFeed
from engine.errors import PositionLost
from engine.ports import Message

DEADLINE_S = 20


@asynccontextmanager
async def admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=servers)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def producing(servers: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(
    servers: str, topic: str, values: Sequence[bytes | None], partition: int = 0
) -> None:
    async with producing(servers) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"k", partition=partition)


async def receive(feed: KafkaFeed, count: int) -> list[Message]:
    """At least `count` messages, in the order of their arrival."""
    found: list[Message] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < count:
            found += await feed.next_batch(max_messages=500, timeout_ms=100)
    return found


async def until_lost(feed: KafkaFeed) -> str:
    """What the feed says once it notices that its position is lost."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                await feed.next_batch(max_messages=10, timeout_ms=50)
                await feed.end_offsets()
            except PositionLost as e:
                return str(e)
