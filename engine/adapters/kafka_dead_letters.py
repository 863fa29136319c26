"""Dead letters in a Kafka topic of their own, as Kafka Connect keeps them.

Key, value and time of a record are those of the letter; its place, and why it is there, are in headers
of the names that Connect's ``DeadLetterQueueReporter`` uses, each as text (Apache Kafka, connect/runtime,
``errors.deadletterqueue.context.headers.enable``).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, errors

from engine.adapters.kafka_broker import ForbiddenTopic, MissingTopic
from engine.adapters.kafka_closing import close_quietly
from engine.adapters.kafka_connection import make_broker
from engine.adapters.kafka_metadata import never_create_topics
from engine.dead_letter_lines import DeadLetter
from engine.errors import NotKept, ServiceAway, WrongSetting
from engine.told import told

HEADER = "__connect.errors."

MESSAGE_MAX_BYTES = 1 << 30
"""The client's own limit: none that matters. The topic's ``max.message.bytes`` decides."""

CLOSE_MS = 400


class KafkaDeadLetters:
    """A :class:`~engine.ports.DeadLetterSink` that is a topic on the feed's cluster.

    Args:
        topic: must exist: it is never created from here.
        name: whom the headers name as the sender.
        connection: of the cluster, see :func:`engine.adapters.kafka_connection.make_broker`.

    Raises:
        WrongSetting: something of the connection cannot be used.
    """

    def __init__(self, *, topic: str, name: str, **connection: Any) -> None:
        self._broker, self._topic, self._name = make_broker(**connection), topic, name
        self._producer: Any = None

    @property
    def place(self) -> str:
        """See :class:`engine.ports.DeadLetterSink`."""
        return told("the topic {topic!r}", topic=self._topic)

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """See :meth:`engine.ports.DeadLetterSink.keep`. Returns when all in-sync replicas have them."""
        try:
            await self._ready()
        except (MissingTopic, WrongSetting):
            turn = told("create it, or correct dead_letters.topic")
            raise NotKept(told("there is no such topic"), turn, len(letters)) from None
        except ForbiddenTopic:
            raise NotKept(*_FORBIDDEN, len(letters)) from None
        outcomes = await asyncio.gather(*(self._send(letter) for letter in letters))
        failures = [error for error in outcomes if error is not None]
        if any(isinstance(error, ServiceAway) for error in failures):
            await self.close()  # begin anew: the next attempt is told the true reason
            raise next(error for error in failures if isinstance(error, ServiceAway))
        if failures:
            raise NotKept(*_refused(failures[0]), len(failures))

    async def close(self) -> None:
        """See :meth:`engine.ports.DeadLetterSink.close`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_quietly(producer.stop, timeout_ms=CLOSE_MS)
            await close_quietly(producer.client.close, timeout_ms=CLOSE_MS)
        await self._broker.close()

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    async def _ready(self) -> None:
        await self._broker.topic(self._topic)  # asked each time: it may be deleted meanwhile
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._broker.options(), acks="all", max_request_size=MESSAGE_MAX_BYTES
            )
            try:
                await self._broker.asked(producer.start)
            except BaseException:
                await close_quietly(producer.stop, timeout_ms=CLOSE_MS)
                raise
            never_create_topics(producer.client)
            self._producer = producer

    async def _send(self, letter: DeadLetter) -> ServiceAway | errors.KafkaError | None:
        """Why the letter is not there; None: it is."""
        try:
            async with asyncio.timeout(self._broker.timeout_ms / 1000):
                await self._producer.send_and_wait(
                    self._topic,
                    letter.value,
                    key=letter.key,
                    timestamp_ms=letter.timestamp_ms if letter.timestamp_ms >= 0 else None,
                    headers=self._headers(letter),
                )
        except errors.KafkaError as error:
            return self._broker.away(error) if error.retriable or _gave_up(error) else error
        except (OSError, ssl.SSLError) as error:  # OSError has TimeoutError
            return self._broker.away(error)
        return None

    def _headers(self, letter: DeadLetter) -> list[tuple[str, bytes]]:
        said = {
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "connector.name": self._name,
            "stage": "VALUE_CONVERTER",
            "exception.message": letter.reason,
        }
        return [
            (HEADER + name, str(text).encode("utf-8", "backslashreplace"))
            for name, text in said.items()
        ]


_FORBIDDEN = (
    told("this user may not write to it"),
    told("grant it Describe and Write on the topic"),
)


def _gave_up(error: errors.KafkaError) -> bool:
    """Whether it is the driver that gave up, rather than the broker that refused."""
    return isinstance(error, errors.KafkaTimeoutError | errors.ProducerClosed)


def _refused(error: BaseException) -> tuple[str, str]:
    """Why the broker does not take a letter, and what to do."""
    match error:
        case errors.TopicAuthorizationFailedError():
            return _FORBIDDEN
        case errors.MessageSizeTooLargeError() | errors.RecordTooLargeError():
            return (
                told("a letter is larger than it takes"),
                told("raise max.message.bytes of the topic"),
            )
        case _:
            return (
                told("the broker refuses it: {kind}", kind=type(error).__name__),
                told("see the broker's log"),
            )
