"""A broker with a listener of each kind, for the table of connection failures."""

from typing import ClassVar

from tests.stack.kafka_broker import KafkaBroker
from tests.stack.ports import free_port

USER, PASSWORD = "app", "app-sEcr3t"


class FullBroker(KafkaBroker):
    """The stack's broker (plain, SASL, TLS) and two more listeners: SASL over TLS, mutual TLS."""

    EXTRA: ClassVar = {"SASLTLS": "SASL_SSL", "MTLS": "SSL"}

    def at(self, listener: str = "PLAINTEXT", host: str = "127.0.0.1") -> str:
        """The address of a listener: PLAINTEXT, SASL, TLS, SASLTLS, MTLS."""
        first = {"PLAINTEXT": self.port, "SASL": self.sasl_port, "TLS": self.tls_port}
        return f"{host}:{(first | self._extra_ports)[listener]}"

    def _choose_ports(self) -> None:
        super()._choose_ports()
        self._extra_ports = {name: free_port() for name in self.EXTRA}

    def _properties(self) -> dict[str, str]:
        found = super()._properties()
        assert self._authority is not None
        for name, port in self._extra_ports.items():
            for setting in ("listeners", "advertised.listeners"):
                found[setting] += f",{name}://127.0.0.1:{port}"
            found["listener.security.protocol.map"] += f",{name}:{self.EXTRA[name]}"
        for setting, value in list(found.items()):
            if setting.startswith("listener.name.sasl."):
                found[setting.replace(".sasl.", ".sasltls.", 1)] = value
        return found | {
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._authority.certificate),
            "listener.name.mtls.ssl.client.auth": "required",
            # Deleted topics and records are gone soon.
            "file.delete.delay.ms": "100",
        }
