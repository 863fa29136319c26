"""A Redis server."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import redis

from tests.stack.ports import free_port
from tests.stack.programs import require
from tests.stack.service import Service
from tests.stack.tls import Authority


class RedisServer(Service):
    """Redis that keeps nothing on disk, unless asked to."""

    name: ClassVar[str] = "redis"

    def __init__(
        self,
        directory: Path,
        *,
        password: str | None = None,
        persistent: bool = False,
        options: Sequence[str] = (),
        authority: Authority | None = None,
        certificate_hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
    ) -> None:
        """`persistent` survives SIGKILL (append-only file); `options` are lines of redis.conf.

        `authority` opens `tls_port`: TLS with a certificate of that authority for
        `certificate_hosts`, to clients that show one of the same authority.
        """
        self._authority = authority
        self._certificate_hosts = certificate_hosts
        self.tls_port: int | None = None
        super().__init__(directory)
        self.password = password
        self._persistent = persistent
        self._options = list(options)
        self._config = directory / "redis.conf"

    def _choose_ports(self) -> None:
        self.port = free_port()
        self.tls_port = free_port() if self._authority else None

    def _prepare(self) -> None:
        if self._authority:
            self._authority.issue(self.directory / "server", hosts=self._certificate_hosts)
        # A file, not arguments: the password does not belong into the process list.
        self._config.touch(mode=0o600)
        keep = "yes" if self._persistent else "no"
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"dir {self.directory}",
            'save ""',
            f"appendonly {keep}",
            "appendfsync everysec",
            *([f"requirepass {self.password}"] if self.password else []),
            *self._tls_lines(),
            *self._options,
        ]
        self._config.write_text("\n".join(lines) + "\n")

    def _tls_lines(self) -> list[str]:
        if self._authority is None:
            return []
        return [
            f"tls-port {self.tls_port}",
            f"tls-cert-file {self.directory / 'server.pem'}",
            f"tls-key-file {self.directory / 'server.key'}",
            f"tls-ca-cert-file {self._authority.certificate}",
            "tls-auth-clients yes",
        ]

    def _command(self) -> list[str]:
        return [require("redis-server"), str(self._config)]

    def _is_ready(self) -> bool:
        # Its log, after it has loaded its data: on a taken port somebody else would answer.
        return "Ready to accept connections" in self.log_text()

    def client(self, database: int = 0) -> redis.Redis:
        """Return a new client that decodes text; the caller closes it."""
        return redis.Redis(
            host="127.0.0.1",
            port=self.port,
            db=database,
            password=self.password,
            decode_responses=True,
            socket_timeout=10,
        )

    def url(self, database: int = 0) -> str:
        """Return the address without the password."""
        return f"redis://127.0.0.1:{self.port}/{database}"
