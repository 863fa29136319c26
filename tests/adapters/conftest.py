"""Servers of the adapters' own: they are restarted, filled up and broken, so nobody shares them."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.full_broker import PASSWORD, USER, FullBroker
from tests.stack.mariadb import MariaDB
from tests.stack.redis_server import RedisServer
from tests.stack.tls import Authority, make_ca
from tests.stack.workspace import workspace


@pytest.fixture(scope="session")
def adapter_folder() -> Iterator[Path]:
    with workspace() as folder:
        yield folder


@pytest.fixture(scope="session")
def authority(adapter_folder: Path) -> Authority:
    return make_ca(adapter_folder / "ca")


@pytest.fixture(scope="session")
def new_redis(adapter_folder: Path) -> Iterator[Callable[..., RedisServer]]:
    """Start a Redis with options of its own; all are stopped at the end."""
    started: list[RedisServer] = []

    def start(*options: str, password: str | None = None) -> RedisServer:
        folder = adapter_folder / f"redis-{len(started)}"
        started.append(RedisServer(folder, password=password, options=options))
        started[-1].start()
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def redis_server(new_redis: Callable[..., RedisServer]) -> RedisServer:
    return new_redis()


@pytest.fixture(scope="session")
def broker(adapter_folder: Path, authority: Authority) -> Iterator[FullBroker]:
    server = FullBroker(adapter_folder / "kafka", users={USER: PASSWORD}, authority=authority)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def maria(adapter_folder: Path) -> Iterator[MariaDB]:
    server = MariaDB(adapter_folder / "mariadb").start()
    server.create_account("app", "app-pw")
    yield server
    server.stop()


@pytest.fixture
def fresh_name() -> str:
    """A name that no other test uses: for a board, a topic, a database."""
    return f"t{uuid.uuid4().hex[:12]}"
