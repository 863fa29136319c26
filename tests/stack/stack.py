"""The three services that many tests share, started side by side."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.stack.errors import StackError
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.mariadb import MariaDB
from tests.stack.redis_server import RedisServer
from tests.stack.service import Service

Choice = bool | dict[str, Any]
"""Whether a stack has its own service of a kind; a dictionary: yes, with these arguments."""

_S = TypeVar("_S", bound=Service)


class Stack:
    """A database, a broker and a store. Canals come with each world (world.py)."""

    def __init__(
        self,
        directory: Path,
        *,
        mysql: Choice = True,
        kafka: Choice = True,
        redis: Choice = True,
        shared: Self | None = None,
    ) -> None:
        """Describe a stack; nothing runs yet.

        What it does not have itself it takes from `shared`, and neither starts nor stops.
        `directory` is for the data and logs of its own services.
        """
        self.directory = directory
        self.own: list[Service] = []
        """The services that `start` and `stop` are about."""
        self.kafka: KafkaBroker = self._choose(KafkaBroker, kafka, shared.kafka if shared else None)
        self.mysql: MariaDB = self._choose(MariaDB, mysql, shared.mysql if shared else None)
        self.redis: RedisServer = self._choose(RedisServer, redis, shared.redis if shared else None)

    def _choose(self, kind: type[_S], choice: Choice, other: _S | None) -> _S:
        if choice is not False:
            arguments = choice if isinstance(choice, dict) else {}
            own = kind(self.directory / kind.name, **arguments)
            self.own.append(own)
            return own
        if other is None:
            raise StackError(f"no {kind.name} of its own, and none to share")
        return other

    def start(self) -> None:
        """Start the own services side by side; if one fails, stop all and raise what it said."""
        with ThreadPoolExecutor(max(1, len(self.own))) as pool:
            starts = [pool.submit(service.start) for service in self.own]
            wait(starts)
        failures = [error for start in starts if (error := start.exception())]
        if failures:
            self.stop()
            raise failures[0]

    def stop(self) -> None:
        """Stop the own services side by side, also those that are paused or were killed."""
        with ThreadPoolExecutor(max(1, len(self.own))) as pool:
            for stop in [pool.submit(service.stop) for service in self.own]:
                stop.result()
