"""The one request that aiokafka 0.14 lacks: what a topic is, with its id, never creating it.

aiokafka asks with Metadata version 5, which knows no topic id, and lets the broker create a topic
that is missing. Version 10 (Kafka 2.8 and later) tells the id, by which a topic that was deleted and
made again is known for certain. Older brokers are asked with version 5, without an id.

Source: the Kafka protocol guide, Metadata API (key 3).
"""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import Any

from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest, MetadataRequest_v5
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

NO_ID = uuid.UUID(int=0)
"""What a broker says for a topic it does not know, and an old broker for every topic."""


class _Uuid(AbstractType):  # type: ignore[misc]  # aiokafka publishes no types
    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))


_PARTITION = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline_replicas", CompactArray(Int32)),
    ("tags", TaggedFields),
)


class MetadataResponse_v10(Response):  # type: ignore[misc]  # noqa: N801  # aiokafka's naming
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                ("partitions", CompactArray(*_PARTITION)),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class MetadataRequest_v10(RequestStruct):  # type: ignore[misc]  # noqa: N801  # aiokafka's naming
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = MetadataResponse_v10
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid), ("topic", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicRequest(Request[MetadataRequest_v5 | MetadataRequest_v10]):  # type: ignore[misc]
    """Asks about one topic. The broker's answer is read by :func:`topic_answer`."""

    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: Any) -> Any:
        if request_struct_class.API_VERSION >= 10:
            return request_struct_class([(NO_ID, self._topic, {})], False, False, False, {})
        return request_struct_class([self._topic], False)


def topic_answer(response: Any) -> dict[str, Any]:
    """The part about the topic: error_code, topic_id (NO_ID if unknown), partitions."""
    answer: dict[str, Any] = response.to_object()["topics"][0]
    answer.setdefault("topic_id", NO_ID)
    return answer


def brokers_in(response: Any) -> dict[int, tuple[str, int]]:
    """Node id -> the host and port that the brokers want to be called at."""
    return {b["node_id"]: (b["host"], b["port"]) for b in response.to_object()["brokers"]}


def never_create_topics(client: Any) -> None:
    """Make the driver's metadata requests ask, and not create: there is no option for it."""
    get_connection = client._get_conn

    async def get_asking_connection(*args: Any, **kwargs: Any) -> Any:
        connection = await get_connection(*args, **kwargs)
        if connection is None or getattr(connection, "only_asks", False):
            return connection
        send = connection.send

        def ask(request: Any, expect_response: bool = True) -> Any:
            if isinstance(request, MetadataRequest):
                request._allow_auto_topic_creation = False
            return send(request, expect_response)

        connection.send, connection.only_asks = ask, True
        return connection

    client._get_conn = get_asking_connection
