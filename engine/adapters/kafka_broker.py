"""Everything asked of a Kafka cluster except the messages: how to reach it, the topic, commits.

Its connection is its own, apart from the consumer's: so a question has a deadline and an answer even
while the consumer is silently waiting for a broker that is gone.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from aiokafka import errors
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.conn import create_conn
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.metadata import MetadataRequest

from engine.adapters.kafka_closing import GRACE_MS, close_quietly
from engine.adapters.kafka_metadata import NO_ID, TopicRequest, brokers_in, topic_answer
from engine.adapters.kafka_reasons import SERVICE, kafka_reason
from engine.adapters.kafka_settings import addresses, check_security
from engine.errors import ServiceAway, WrongSetting
from engine.tasks import finished
from engine.told import told

RETRY_MS = 100
CLOSE_MS = 1000
"""How long a connection that is no longer needed may take to close."""


class Topic(NamedTuple):
    """What a topic is at this moment."""

    id: UUID | None
    """Changes when the topic is deleted and made again; None: a broker before Kafka 2.8."""
    partitions: frozenset[int]


class MissingTopic(ServiceAway):
    """The cluster answers, and has no such topic."""


class ForbiddenTopic(ServiceAway):
    """The cluster answers, and this account may not even know of the topic."""


class Broker:
    """A cluster as one account sees it.

    Args: as for :class:`engine.adapters.kafka.KafkaFeed`.

    Raises:
        WrongSetting: an address, the protocol or the mechanism cannot be used.
    """

    def __init__(
        self,
        *,
        bootstrap_servers: str,
        client_id: str,
        security_protocol: str,
        sasl_mechanism: str,
        sasl_username: str | None,
        sasl_password: str | None,
        ssl_context: ssl.SSLContext | None,
        request_timeout_ms: int,
    ) -> None:
        self.addresses = addresses(bootstrap_servers)
        check_security(security_protocol, sasl_mechanism, sasl_username, sasl_password)
        self.timeout_ms = request_timeout_ms
        self._protocol, self._mechanism = security_protocol, sasl_mechanism
        self._connection = {
            "client_id": client_id,
            "request_timeout_ms": request_timeout_ms,
            "security_protocol": security_protocol,
            "sasl_mechanism": sasl_mechanism,
            "sasl_plain_username": sasl_username,
            "sasl_plain_password": sasl_password,
            "ssl_context": ssl_context,
        }
        self._client: Any = None
        self._connecting = asyncio.Lock()
        self._coordinator: int | None = None

    def options(self) -> dict[str, Any]:
        """Keyword arguments for a client of aiokafka."""
        servers = [f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in self.addresses]
        return {"bootstrap_servers": servers, **self._connection}

    async def connect(self) -> None:
        """Connect, unless connected.

        Raises:
            ServiceAway: no address of the cluster can be used; with the true reason.
        """
        async with self._connecting:  # calls run side by side: end offsets, commits
            if self._client is None:
                self._client = await self._new_client()

    async def topic(self, name: str) -> Topic:
        """What the topic is now. Never creates it.

        Raises:
            MissingTopic: there is none of this name.
            ServiceAway: the cluster cannot be asked, or does not say.
            WrongSetting: no topic can have this name.
        """
        await self.connect()
        request = TopicRequest(name)
        try:
            response = await self.asked(
                lambda: self._connected().send(self._client.get_random_node(), request)
            )
        except ServiceAway:
            # Begin anew: the probe is told the true reason, and brokers that moved are found.
            await self.close()
            await self._probe()
            raise
        answer = topic_answer(response)
        error = errors.for_code(answer["error_code"])
        if error is errors.UnknownTopicOrPartitionError:
            raise MissingTopic(
                SERVICE,
                told("there is no topic {name!r}", name=name),
                told("start Canal with this topic, create it, or correct its name"),
            )
        if error is errors.InvalidTopicError:
            raise WrongSetting(
                told("Kafka topic {name!r}: no topic can have this name; correct it", name=name)
            )
        if error is not errors.NoError:
            away = self.away(error())
            forbidden = error is errors.TopicAuthorizationFailedError
            kind = ForbiddenTopic if forbidden else ServiceAway
            raise kind(away.service, away.reason, away.turn)
        topic_id = answer["topic_id"]
        partitions = frozenset(p["partition"] for p in answer["partitions"])
        return Topic(None if topic_id == NO_ID else topic_id, partitions)

    async def commit(self, group_id: str, topic: str, positions: Mapping[int, int]) -> None:
        """Store positions under a group that nobody is a member of.

        Raises:
            ServiceAway: not stored.
        """
        await self.connect()
        offsets = [(partition, offset, "") for partition, offset in sorted(positions.items())]
        request = OffsetCommitRequest(group_id, -1, "", -1, [(topic, offsets)])
        await self.asked(lambda: self._commit(group_id, request))

    async def close(self) -> None:
        """Let go of the connection. Never raises, never hangs."""
        client, self._client, self._coordinator = self._client, None, None
        if client is not None:
            await close_quietly(client.close, timeout_ms=400)

    async def asked(self, question: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """The answer to a question, which must come before the deadline.

        Raises:
            ServiceAway: it did not, or the driver reports an error.
        """
        try:
            async with asyncio.timeout(self.timeout_ms / 1000):
                return await finished(question(), within_ms=GRACE_MS)
        except (errors.KafkaError, OSError, ssl.SSLError) as e:  # OSError has TimeoutError
            raise self.away(e) from None

    def away(self, error: BaseException) -> ServiceAway:
        """The driver's error in our words."""
        where = ",".join(f"{host}:{port}" for host, port in self.addresses)
        return ServiceAway(SERVICE, *self._reason(error, where))

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    async def _new_client(self) -> Any:
        # aiokafka says "unable to bootstrap" for every reason there is; a connection of our own
        # is told the true one.
        await self._probe()
        client = AIOKafkaClient(**self.options())
        try:
            await self.asked(client.bootstrap)
        except BaseException:
            await close_quietly(client.close, timeout_ms=self.timeout_ms)
            raise
        return client

    def _connected(self) -> Any:
        if self._client is None:
            raise errors.KafkaConnectionError("the connection was closed by a call beside this one")
        return self._client

    async def _commit(self, group_id: str, request: OffsetCommitRequest) -> None:
        while True:  # until the caller's deadline: a coordinator moves, or is being elected
            try:
                await self._commit_once(group_id, request)
            except errors.KafkaError as e:
                self._coordinator = None
                if not e.retriable:
                    raise
                await asyncio.sleep(RETRY_MS / 1000)
            else:
                return

    async def _commit_once(self, group_id: str, request: OffsetCommitRequest) -> None:
        if self._coordinator is None:
            self._coordinator = await self._connected().coordinator_lookup(
                CoordinationType.GROUP, group_id
            )
        response = await self._connected().send(
            self._coordinator, request, group=ConnectionGroup.COORDINATION
        )
        for _, partitions in response.topics:
            for _, code in partitions:
                error = errors.for_code(code)
                if error is not errors.NoError:
                    raise error()

    async def _probe(self) -> None:
        """Return as soon as one address answers and one broker that it names does, too."""
        asked = [asyncio.create_task(self._probe_address(h, p)) for h, p in self.addresses]
        try:
            for answer in asyncio.as_completed(asked):
                if await answer is None:
                    return
        finally:
            for task in asked:
                task.cancel()
            # A cancelled connection may be slow to close; nobody needs it any more.
            await asyncio.wait(asked, timeout=CLOSE_MS / 1000)
        failure = asked[0].result()
        assert failure is not None
        if len(asked) > 1:
            reason = told(
                "{reason} (and {others} other address(es) cannot be used either)",
                reason=failure.reason,
                others=len(asked) - 1,
            )
            raise ServiceAway(SERVICE, reason, failure.turn)
        raise failure

    async def _probe_address(self, host: str, port: int) -> ServiceAway | None:
        """Why the address cannot be used; None where it can."""
        try:
            async with asyncio.timeout(self.timeout_ms / 1000):
                await finished(self._probe_one(host, port), within_ms=GRACE_MS)
        except (errors.KafkaError, OSError, ssl.SSLError) as e:
            return ServiceAway(SERVICE, *self._reason(e, f"{host}:{port}"))
        except ServiceAway as e:
            return e
        return None

    async def _probe_one(self, host: str, port: int) -> None:
        connection = await create_conn(host, port, **self._connection)
        try:
            named = brokers_in(await connection.send(MetadataRequest([])))
        finally:
            await connection.close()
        failures: list[BaseException] = []
        for node_host, node_port in named.values():
            if (node_host, node_port) == (host, port):
                return
            try:
                connection = await create_conn(node_host, node_port, **self._connection)
            except (errors.KafkaError, OSError, ssl.SSLError) as e:
                failures.append(e)
            else:
                await connection.close()
                return
        if failures:
            # The classic of containers: the address answers and sends us to one that does not.
            first = next(iter(named.values()))
            why = self._reason(failures[0], f"{first[0]}:{first[1]}")
            raise ServiceAway(
                SERVICE,
                told(
                    "{host}:{port} answers, but says its brokers are elsewhere: {text}",
                    host=host,
                    port=port,
                    text=why.text,
                ),
                told("correct advertised.listeners on the broker"),
            )

    def _reason(self, error: BaseException, where: str) -> Any:
        return kafka_reason(
            error,
            where=where,
            timeout_ms=self.timeout_ms,
            security_protocol=self._protocol,
            mechanism=self._mechanism,
        )
