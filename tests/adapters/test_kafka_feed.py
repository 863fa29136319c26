"""The change feed on a real broker: what comes, in which order, and when the position is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete

from engine.adapters.kafka import KafkaFeed
from engine.errors import PositionLost, ServiceAway
from tests.adapters.feeds import admin, producing, receive, send, until_lost
from tests.adapters.full_broker import FullBroker

pytestmark = pytest.mark.service

Open = Callable[..., KafkaFeed]


@pytest.fixture
async def opened(broker: FullBroker, fresh_name: str) -> AsyncIterator[Open]:
    feeds: list[KafkaFeed] = []

    def new(**options: Any) -> KafkaFeed:
        options = {"bootstrap_servers": broker.at(), "topic": fresh_name} | options
        feeds.append(KafkaFeed(**options))
        return feeds[-1]

    yield new
    for feed in feeds:
        await feed.close()


@pytest.fixture
def topic(broker: FullBroker, fresh_name: str) -> str:
    broker.create_topic(fresh_name, 2)
    return fresh_name


async def test_it_starts_at_the_end_and_misses_nothing_after(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    await send(broker.at(), topic, [b"before"] * 3)
    feed = opened()
    await feed.open()
    assert feed.positions() == {0: 3, 1: 0}
    await send(broker.at(), topic, [b"a", None, b""])
    await send(broker.at(), topic, [b"b"], partition=1)
    found = await receive(feed, 4)
    assert [(m.offset, m.value) for m in found if m.partition == 0] == [
        (3, b"a"),
        (4, None),
        (5, b""),
    ]
    assert [(m.offset, m.value) for m in found if m.partition == 1] == [(0, b"b")]
    assert all(m.timestamp_ms > 1_700_000_000_000 for m in found)
    assert feed.positions() == await feed.end_offsets() == {0: 6, 1: 1}


async def test_batches_are_bounded_and_keep_the_order(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    feed = opened()
    await feed.open()
    await send(broker.at(), topic, [b"%d" % i for i in range(50)])
    found: list[bytes | None] = []
    while len(found) < 50:
        batch = await feed.next_batch(max_messages=7, timeout_ms=500)
        assert len(batch) <= 7
        found += [m.value for m in batch]
        assert feed.positions()[0] == len(found)
    assert found == [b"%d" % i for i in range(50)]


async def test_markers_of_a_transaction_are_passed(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    """A marker takes an offset and is no message: the position must reach the end all the same."""
    feed = opened()
    await feed.open()
    producer = AIOKafkaProducer(bootstrap_servers=broker.at(), transactional_id=topic)
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait(topic, b"x", partition=0)
    await producer.stop()
    await receive(feed, 1)
    ends = await feed.end_offsets()
    assert ends == {0: 2, 1: 0}
    while feed.positions() != ends:
        assert await feed.next_batch(max_messages=10, timeout_ms=100) == []


async def test_a_missing_topic_is_named_and_not_created(opened: Open, broker: FullBroker) -> None:
    feed = opened()
    for _ in range(2):
        with pytest.raises(ServiceAway, match="there is no topic") as caught:
            await feed.open()
        assert "start Canal with this topic" in caught.value.turn
    async with admin(broker.at()) as client:
        assert feed._name not in await client.list_topics()


async def test_it_opens_once_the_topic_is_there(
    opened: Open, broker: FullBroker, fresh_name: str
) -> None:
    feed = opened()
    with pytest.raises(ServiceAway):
        await feed.open()
    broker.create_topic(fresh_name, 1)
    await feed.open()
    assert feed.positions() == {0: 0}


async def test_deleted_records(opened: Open, broker: FullBroker, topic: str) -> None:
    feed = opened()
    await feed.open()
    # Nobody reads meanwhile, and what was read ahead is less than what is deleted.
    async with admin(broker.at()) as client, producing(broker.at()) as producer:
        for _ in range(30):
            await producer.send_and_wait(topic, b"x" * 900_000, partition=0)
        await client.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=29)})
    with pytest.raises(PositionLost, match=r"offset out of range \(partition 0 at \d+\)"):
        await receive(feed, 30)
    assert await feed.seek_to_end() == {0: 30, 1: 0}
    await send(broker.at(), topic, [b"new"])
    assert [m.value for m in await receive(feed, 1)] == [b"new"]


async def test_a_deleted_topic_is_lost_and_stays_deleted(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    feed = opened()
    await feed.open()
    async with admin(broker.at()) as client:
        await client.delete_topics([topic])
        assert "was deleted" in await until_lost(feed)
        # Time for a consumer to ask for its topic again, were it left running.
        with pytest.raises(PositionLost):
            await feed.next_batch(max_messages=10, timeout_ms=300)
        with pytest.raises(ServiceAway, match="there is no topic"):
            await feed.seek_to_end()
        assert topic not in await client.list_topics()


async def test_a_topic_made_again_is_another_topic(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    """Even with as many messages as before, when no offset shows it."""
    await send(broker.at(), topic, [b"old"] * 3)
    feed = opened()
    await feed.open()
    broker.delete_topic(topic)
    broker.create_topic(topic, 2)
    await send(broker.at(), topic, [b"new"] * 5)
    with pytest.raises(PositionLost, match="was deleted and made again"):
        await feed.end_offsets()
    assert await feed.seek_to_end() == {0: 5, 1: 0}


async def test_added_partitions(opened: Open, broker: FullBroker, topic: str) -> None:
    feed = opened()
    await feed.open()
    async with admin(broker.at()) as client:
        await client.create_partitions({topic: NewPartitions(5)})
    assert "has 5 partitions now, 2 before" in await until_lost(feed)
    assert await feed.seek_to_end() == dict.fromkeys(range(5), 0)


async def test_commits_are_seen_by_outside_tools(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    feed = opened(group_id=topic)
    await feed.open()
    await feed.commit({0: 5, 1: 0})
    await feed.commit({0: 7})
    async with admin(broker.at()) as client:
        stored = await client.list_consumer_group_offsets(topic)
    assert {tp.partition: offset.offset for tp, offset in stored.items()} == {0: 7, 1: 0}


async def test_a_group_with_members_is_not_ours(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    from aiokafka import AIOKafkaConsumer

    member = AIOKafkaConsumer(topic, bootstrap_servers=broker.at(), group_id=topic)
    await member.start()
    feed = opened(group_id=topic)
    await feed.open()
    with pytest.raises(ServiceAway, match="in use by other consumers") as caught:
        await feed.commit({0: 1})
    assert "group id of its own" in caught.value.turn
    await member.stop()


async def test_without_a_group_nothing_is_stored(opened: Open, topic: str) -> None:
    feed = opened()
    await feed.open()
    await feed.commit({0: 1})


async def test_a_consumer_that_cannot_reach_the_cluster_is_replaced_where_it_stood(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    feed = opened(request_timeout_ms=500)
    await feed.open()
    await send(broker.at(), topic, [b"a"])
    await receive(feed, 1)
    stuck = feed._consumer
    stuck._client.send = _unreachable
    await send(broker.at(), topic, [b"b", b"c"])
    for _ in range(2):
        with pytest.raises(ServiceAway):
            await feed.end_offsets()
    assert await feed.end_offsets() == {0: 3, 1: 0}
    assert feed._consumer is not stuck
    assert [m.value for m in await receive(feed, 2)] == [b"b", b"c"]


async def test_calls_side_by_side(opened: Open, broker: FullBroker, topic: str) -> None:
    """The runtime asks for ends and commits beside reading and seeking."""
    feed = opened(group_id=topic)
    await feed.open()
    await send(broker.at(), topic, [b"x"] * 20)
    for _ in range(5):
        ends, _, _, moved = await asyncio.gather(
            feed.end_offsets(),
            feed.commit({0: 1}),
            feed.next_batch(max_messages=3, timeout_ms=50),
            feed.seek_to_end(),
        )
        assert ends == moved == {0: 20, 1: 0}


async def test_reading_past_an_answer_that_is_on_its_way_is_no_loss(
    opened: Open, broker: FullBroker, topic: str
) -> None:
    feed = opened()
    await feed.open()
    ask = feed._ask_ends

    async def ask_and_read(*args: Any) -> dict[int, int]:
        ends = await ask(*args)
        await send(broker.at(), topic, [b"later"])
        await receive(feed, 1)
        return ends

    feed._ask_ends = ask_and_read  # type: ignore[method-assign]
    assert await feed.end_offsets() == {0: 0, 1: 0}
    assert feed.positions() == {0: 1, 1: 0}


async def test_two_readers_do_not_share(opened: Open, broker: FullBroker, topic: str) -> None:
    feeds = [opened(group_id=topic), opened(group_id=topic)]
    for feed in feeds:
        await feed.open()
    await send(broker.at(), topic, [b"a"])
    await send(broker.at(), topic, [b"b"], partition=1)
    for feed in feeds:
        assert len(await receive(feed, 2)) == 2


async def _unreachable(*_: object, **__: object) -> None:
    from aiokafka.errors import NodeNotReadyError

    raise NodeNotReadyError
