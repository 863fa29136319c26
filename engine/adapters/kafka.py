"""The change feed: all partitions of one Kafka topic, without joining a consumer group.

Six things of aiokafka 0.14 shape this file (measured):

- every connection failure looks alike: :class:`~engine.adapters.kafka_broker.Broker` probes first;
- a broker that is gone is an empty batch here: :meth:`KafkaFeed.end_offsets` has a deadline and says so;
- with ``auto_offset_reset="none"`` an offset out of range is an error, never a silent jump;
- a deleted topic is silence too, and aiokafka would make it again: its id is compared, and the
  consumer's requests never create;
- ``stop()`` can hang or cancel its caller: it runs in a task of its own, with a deadline;
- its log repeats itself fifty times a second: see :mod:`engine.adapters.driver_logs`.

Messages are read ``read_uncommitted``: what a producer's aborted transaction held, Canal sends again,
and the last arrival wins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition, errors

from engine.adapters.kafka_broker import MissingTopic, Topic
from engine.adapters.kafka_closing import stop_consumer
from engine.adapters.kafka_connection import make_broker
from engine.adapters.kafka_metadata import never_create_topics
from engine.adapters.kafka_reasons import SERVICE
from engine.errors import PositionLost, ServiceAway
from engine.ports import Message
from engine.told import told

PATIENCE = 3
"""How often the consumer may fail in a row, while the cluster answers, before it is replaced."""


class KafkaFeed:
    """A :class:`~engine.ports.ChangeFeed` from Kafka.

    Args:
        bootstrap_servers: ``host:port[,host:port…]``.
        topic: what Canal writes to.
        group_id: the name under which positions are stored for outside tools; None: nowhere. The
            engine never becomes a member, and never reads them.
        security_protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
        sasl_mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
        sasl_username, sasl_password: for the SASL protocols.
        ca_file, cert_file, key_file, check_hostname, server_name: TLS, see
            :func:`engine.adapters.tls.tls_context`.
        request_timeout_ms: for a connection and for each answer; how soon an outage is noticed.
        max_partition_fetch_bytes: how much one request asks of a partition.
        check_crcs: check each record's checksum. The only end-to-end check of the bytes; without it
            an uncompressed topic is read up to a quarter faster.
        client_id: how the broker's own metrics and quotas call us.

    Raises:
        WrongSetting: an address, the protocol, the mechanism or a TLS file cannot be used.
    """

    def __init__(
        self,
        *,
        bootstrap_servers: str,
        topic: str,
        group_id: str | None = None,
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
        max_partition_fetch_bytes: int = 1 << 20,
        check_crcs: bool = True,
        client_id: str = "topn-tui",
    ) -> None:
        self._broker = make_broker(
            bootstrap_servers=bootstrap_servers,
            client_id=client_id,
            security_protocol=security_protocol,
            sasl_mechanism=sasl_mechanism,
            sasl_username=sasl_username,
            sasl_password=sasl_password,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            check_hostname=check_hostname,
            server_name=server_name,
            request_timeout_ms=request_timeout_ms,
        )
        self._name, self._group_id = topic, group_id
        self._reading = {
            "max_partition_fetch_bytes": max_partition_fetch_bytes,
            "check_crcs": check_crcs,
        }
        self._consumer: Any = None
        self._topic: Topic | None = None
        self._positions: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._failures = 0
        self._lost = ""
        """Why the topic is no longer the one that was opened."""
        self._not_read = told("topic {name!r} is not being read; seek to its end", name=topic)
        # Held while topic and consumer are compared or replaced: calls come side by side.
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """See :meth:`engine.ports.ChangeFeed.open`. May be called again after it failed."""
        await self.seek_to_end()

    async def next_batch(self, *, max_messages: int, timeout_ms: int) -> Sequence[Message]:
        """See :meth:`engine.ports.ChangeFeed.next_batch`. Empty, too, while the broker is away."""
        consumer = self._consumer
        if consumer is None:
            raise PositionLost(self._lost or self._not_read)
        # The task that fetches can only end by a bug; getmany would be silent for ever.
        if consumer._fetcher.error_future.done():
            raise PositionLost(told("the Kafka client stopped fetching; seek to the end"))
        try:
            by_partition = await consumer.getmany(timeout_ms=timeout_ms, max_records=max_messages)
        except errors.OffsetOutOfRangeError as e:
            raise PositionLost(_out_of_range(e)) from None
        except errors.TopicAuthorizationFailedError as e:
            raise self._broker.away(e) from None
        except (errors.RecordTooLargeError, errors.CorruptRecordException) as e:
            # The driver goes on behind the record: it is lost.
            raise PositionLost(
                told("a record could not be read ({kind})", kind=type(e).__name__)
            ) from None
        except errors.KafkaError as e:
            if self._consumer is consumer:
                raise self._broker.away(e) from None
            by_partition = {}  # closed under us by a call beside this one
        if self._consumer is not consumer:
            return []  # the new consumer stands where this one stood, and reads them again
        for partition in self._positions:
            # The driver's own: it also passes what is no record (a transaction's markers).
            place = TopicPartition(self._name, partition)
            self._positions[partition] = await consumer.position(place)
        return [
            Message(
                partition=record.partition,
                offset=record.offset,
                timestamp_ms=record.timestamp,
                value=record.value,
                key=record.key,
            )
            for records in by_partition.values()
            for record in records
        ]

    def positions(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.positions`."""
        return dict(self._positions)

    async def end_offsets(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.end_offsets`."""
        async with self._turn:
            return await self._end_offsets()

    async def seek_to_end(self) -> Mapping[int, int]:
        """See :meth:`engine.ports.ChangeFeed.seek_to_end`.

        With a new consumer: nothing that the old one had fetched ahead can come after it.
        """
        async with self._turn:
            await self._drop_consumer()
            topic = await self._broker.topic(self._name)
            if not topic.partitions:
                raise ServiceAway(
                    SERVICE,
                    told("topic {name!r} has no partition yet", name=self._name),
                    told("it passes"),
                )
            ends = await self._read(topic, positions=None)
            self._topic, self._positions, self._ends = topic, dict(ends), ends
            self._lost = ""
            return dict(ends)

    async def commit(self, positions: Mapping[int, int]) -> None:
        """See :meth:`engine.ports.ChangeFeed.commit`. Nothing is stored without a group id."""
        if self._group_id is not None and positions:
            await self._broker.commit(self._group_id, self._name, positions)

    async def close(self) -> None:
        """See :meth:`engine.ports.ChangeFeed.close`. Waits for nobody; five seconds at most."""
        await self._drop_consumer()
        await self._broker.close()

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    async def _end_offsets(self) -> dict[int, int]:
        consumer, topic = self._consumer, self._topic
        if consumer is None or topic is None:
            raise PositionLost(self._lost or self._not_read)
        lost = await self._topic_lost(topic)
        if lost:
            # At once: a consumer of a topic that is gone asks for it again and again. Who is
            # reading meanwhile finds no consumer, and shall be told the same reason.
            self._lost = lost
            await self._drop_consumer()
            raise PositionLost(lost)
        # As they are before the question: reading goes on meanwhile, past what the answer says.
        positions = dict(self._positions)
        ends = await self._ends_now(consumer, topic)
        for partition, end in ends.items():
            # What brokers without topic ids show of a topic made again, and a log cut back
            # (unclean leader election) with any.
            least = max(positions[partition], self._ends.get(partition, 0))
            if end < least:
                raise PositionLost(
                    told(
                        "partition {partition} of topic {name!r} now ends at {end}, before {least}",
                        partition=partition,
                        name=self._name,
                        end=end,
                        least=least,
                    )
                )
        self._ends = ends
        return dict(ends)

    async def _topic_lost(self, opened: Topic) -> str:
        """Why the topic is not the one that was opened; "" when it is."""
        try:
            now = await self._broker.topic(self._name)
        except MissingTopic:
            return told("topic {name!r} was deleted", name=self._name)
        if now.id != opened.id:
            return told("topic {name!r} was deleted and made again", name=self._name)
        if now.partitions != opened.partitions:
            return told(
                "topic {name!r} has {now} partitions now, {before} before",
                name=self._name,
                now=len(now.partitions),
                before=len(opened.partitions),
            )
        return ""

    async def _read(self, topic: Topic, positions: Mapping[int, int] | None) -> dict[int, int]:
        """Read the topic with a new consumer from `positions`, or from its ends; the ends."""
        consumer = AIOKafkaConsumer(
            **self._broker.options(),
            **self._reading,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
        )
        try:
            await self._broker.asked(consumer.start)
            never_create_topics(consumer._client)
            ends = await self._ask_ends(consumer, topic)
            consumer.assign([TopicPartition(self._name, p) for p in sorted(topic.partitions)])
            for partition, offset in (ends if positions is None else positions).items():
                consumer.seek(TopicPartition(self._name, partition), offset)
        except BaseException:
            await stop_consumer(consumer)
            raise
        self._consumer, self._failures = consumer, 0
        return ends

    async def _ends_now(self, consumer: Any, topic: Topic) -> dict[int, int]:
        try:
            ends = await self._ask_ends(consumer, topic)
        except ServiceAway:
            # The cluster has answered about the topic. A consumer that still cannot reach it may
            # know only addresses that are gone (all brokers moved): begin anew, where it stood.
            self._failures += 1
            if self._failures < PATIENCE or self._consumer is not consumer:
                raise
            ends = await self._read(topic, self._positions)
            await stop_consumer(consumer)
            return ends
        self._failures = 0
        return ends

    async def _ask_ends(self, consumer: Any, topic: Topic) -> dict[int, int]:
        places = [TopicPartition(self._name, p) for p in sorted(topic.partitions)]
        found = await self._broker.asked(lambda: consumer.end_offsets(places))
        return {place.partition: int(found[place]) for place in places}

    async def _drop_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop_consumer(consumer)


def _out_of_range(error: errors.OffsetOutOfRangeError) -> str:
    """The places out of range, as a sentence; the driver gives them as {place: offset}."""
    places = error.args[0] if error.args and isinstance(error.args[0], Mapping) else {}
    named = ", ".join(f"{place.partition} at {offset}" for place, offset in places.items())
    return told(
        "offset out of range (partition {places}): the broker has deleted what came next",
        places=named or told("unknown"),
    )
