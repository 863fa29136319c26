"""A Kafka broker: one node that is its own controller (KRaft)."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tests.stack import kafka_client
from tests.stack.kafka_storage import kafka_java, make_storage
from tests.stack.ports import free_port
from tests.stack.service import Service
from tests.stack.tls import Authority

_SASL = "org.apache.kafka.common.security"


class KafkaBroker(Service):
    """Kafka on 127.0.0.1: a plain listener; on request one with SASL, one with TLS, one with both."""

    name: ClassVar[str] = "kafka"

    def __init__(
        self,
        directory: Path,
        *,
        auto_create_topics: bool = True,
        num_partitions: int = 1,
        users: Mapping[str, str] | None = None,
        authority: Authority | None = None,
        certificate_hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
        secure: bool = False,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """Describe a broker; nothing runs yet.

        `users` (name -> password) opens `sasl_port`: SASL_PLAINTEXT with PLAIN and SCRAM-SHA-512.
        `authority` opens `tls_port`: TLS with a certificate of that authority for
        `certificate_hosts`. `secure`, with both, opens `secure_port` too: SASL_SSL with SCRAM, for
        clients that show a certificate of that authority, and call the broker localhost.
        `options` are further lines of server.properties, and win.
        """
        self.sasl_port: int | None = None
        self.tls_port: int | None = None
        self.secure_port: int | None = None
        self._controller_port = 0
        self._certificate_hosts = certificate_hosts
        self._secure = secure
        self._users = dict(users or {})
        self._authority = authority
        super().__init__(directory)
        self._data = directory / "data"
        self._properties_file = directory / "server.properties"
        self._options = {
            "auto.create.topics.enable": str(auto_create_topics).lower(),
            "num.partitions": str(num_partitions),
            **(options or {}),
        }

    def _choose_ports(self) -> None:
        self.port, self._controller_port = free_port(), free_port()
        self.sasl_port = free_port() if self._users else None
        self.tls_port = free_port() if self._authority else None
        self.secure_port = free_port() if self._secure else None

    @property
    def bootstrap_servers(self) -> str:
        """The plain listener, as `host:port`."""
        return f"127.0.0.1:{self.port}"

    # Topics. Each call makes its own client, and may also be used while an event loop runs.

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Make a topic; raises an aiokafka error if it exists."""
        kafka_client.create_topic(self.bootstrap_servers, name, partitions)

    def delete_topic(self, name: str) -> None:
        """Delete a topic; nothing happens if there is none."""
        kafka_client.delete_topic(self.bootstrap_servers, name)

    def add_partitions(self, name: str, total: int) -> None:
        """Let a topic have `total` partitions, more than it has."""
        kafka_client.add_partitions(self.bootstrap_servers, name, total)

    def forget_records(self, name: str) -> None:
        """Delete all records of a topic, as its retention would; its offsets go on."""
        kafka_client.forget_records(self.bootstrap_servers, name)

    def values(self, topic: str, count: int, *, timeout_s: float = 20) -> list[bytes | None]:
        """Return the topic's values from its start, once there are at least `count` of them."""
        return kafka_client.values(self.bootstrap_servers, topic, count, timeout_s)

    def send(self, topic: str, value: bytes | None, count: int) -> None:
        """Write the same value so many times into partition 0."""
        kafka_client.send(self.bootstrap_servers, topic, value, count)

    # The process.

    def _prepare(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        if self._authority:
            self._authority.issue(self.directory / "server", hosts=self._certificate_hosts)
        # Passwords are in here.
        self._properties_file.touch(mode=0o600)
        lines = [f"{name}={value}" for name, value in self._properties().items()]
        self._properties_file.write_text("\n".join(lines) + "\n")
        make_storage(self._data, self._properties_file, self._users)

    def _command(self) -> list[str]:
        return [*kafka_java("kafka.Kafka"), str(self._properties_file)]

    def _is_ready(self) -> bool:
        if "Kafka Server started" not in self.log_text():
            return False
        if "advertised.listeners" in self._options:  # where that sends us there may be nobody
            return True
        return kafka_client.knows_itself(self.bootstrap_servers)

    def _properties(self) -> dict[str, str]:
        listeners = {"PLAINTEXT": ("PLAINTEXT", self.port)}
        if self.sasl_port:
            listeners["SASL"] = ("SASL_PLAINTEXT", self.sasl_port)
        if self.tls_port:
            listeners["TLS"] = ("SSL", self.tls_port)
        if self.secure_port:
            listeners["SECURE"] = ("SASL_SSL", self.secure_port)
        advertised = ",".join(f"{name}://127.0.0.1:{port}" for name, (_, port) in listeners.items())
        protocols = ",".join(f"{name}:{protocol}" for name, (protocol, _) in listeners.items())
        controller = f"127.0.0.1:{self._controller_port}"
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"{advertised},CONTROLLER://{controller}",
            "advertised.listeners": advertised.replace(
                "SECURE://127.0.0.1:", "SECURE://localhost:"
            ),
            "listener.security.protocol.map": f"{protocols},CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(self._data),
            **_SINGLE_NODE,
            **(self._sasl_properties() if self.sasl_port else {}),
            **(self._tls_properties() if self.tls_port else {}),
            **(self._secure_properties() if self.secure_port else {}),
            **self._options,
        }

    def _sasl_properties(self) -> dict[str, str]:
        users = " ".join(f'user_{name}="{password}"' for name, password in self._users.items())
        return {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.sasl.plain.sasl.jaas.config": (
                f"{_SASL}.plain.PlainLoginModule required {users};"
            ),
            "listener.name.sasl.scram-sha-512.sasl.jaas.config": (
                f"{_SASL}.scram.ScramLoginModule required;"
            ),
        }

    def _secure_properties(self) -> dict[str, str]:
        assert self._authority is not None
        assert self._users
        scram = f"{_SASL}.scram.ScramLoginModule required;"
        return {
            "listener.name.secure.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.secure.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.secure.ssl.client.auth": "required",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._authority.certificate),
        }

    def _tls_properties(self) -> dict[str, str]:
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.directory / "server.keystore.pem"),
        }


_SINGLE_NODE = {
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # No waiting for further members of a group.
    "group.initial.rebalance.delay.ms": "0",
    # After SIGKILL the controller refuses the broker until its old session has ended.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Small: the cleaner's buffer alone would be half of the heap.
    "log.cleaner.threads": "1",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
}
