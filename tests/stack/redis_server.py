"""A Redis server."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import redis

from tests.stack.programs import require
from tests.stack.service import Service


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
    ) -> None:
        """`persistent` survives SIGKILL (append-only file); `options` are lines of redis.conf."""
        super().__init__(directory)
        self.password = password
        self._persistent = persistent
        self._options = list(options)
        self._config = directory / "redis.conf"

    def _prepare(self) -> None:
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
            *self._options,
        ]
        self._config.write_text("\n".join(lines) + "\n")

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
