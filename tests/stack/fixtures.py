"""The stack as pytest fixtures. Registered in the top conftest.py; tests are marked `service`.

`stack` is shared by the whole session and started when the first test asks for it; `world` and
`module_world` make isolated worlds on it; `private_stack` starts services that a test may kill.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.stack.install import missing
from tests.stack.stack import Choice, Stack
from tests.stack.workspace import workspace
from tests.stack.world import World


class WorldFactory(Protocol):
    """Makes worlds, and closes them at the end of the test or module."""

    def __call__(self, *, on: Stack | None = None, canal: bool = True, **choices: Any) -> World:
        """Return a new world, on the shared stack or `on` another; `canal`: start its Canal.

        `choices` are those of World: flat, partitions, rows, database, bootstrap_servers, gtids.
        """


class PrivateStackFactory(Protocol):
    """Starts services for one test, and stops them at its end."""

    def __call__(
        self, *, mysql: Choice = False, kafka: Choice = False, redis: Choice = False
    ) -> Stack:
        """Return a stack that has the chosen services for itself, and shares the others.

        A dictionary instead of True holds arguments of the service's class.
        """


@pytest.fixture(scope="session")
def stack_directory() -> Iterator[Path]:
    """The folder of all that this session starts; skips (with CI=true: fails) if it could not."""
    lacking = missing()
    if lacking and os.environ.get("CI") == "true":
        pytest.fail("\n".join(lacking), pytrace=False)
    if lacking:
        pytest.skip("; ".join(lacking))
    with workspace() as directory:
        yield directory


@pytest.fixture(scope="session")
def stack(stack_directory: Path) -> Iterator[Stack]:
    """MariaDB, Kafka and Redis, shared by all tests: neither kill nor pause them."""
    shared = Stack(stack_directory)
    try:
        shared.start()
        yield shared
    finally:
        shared.stop()


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[WorldFactory]:
    """A factory of worlds that live as long as the test."""
    yield from _worlds(request)


@pytest.fixture(scope="module")
def module_world(request: pytest.FixtureRequest) -> Iterator[WorldFactory]:
    """A factory of worlds that live as long as the module's tests."""
    yield from _worlds(request)


def _worlds(request: pytest.FixtureRequest) -> Iterator[WorldFactory]:
    with ExitStack() as closing:

        def make(*, on: Stack | None = None, canal: bool = True, **choices: Any) -> World:
            made = World(on or request.getfixturevalue("stack"), **choices)
            closing.callback(made.close)
            if canal:
                made.canal.start()
            return made

        yield make


@pytest.fixture
def private_stack(
    request: pytest.FixtureRequest, stack_directory: Path
) -> Iterator[PrivateStackFactory]:
    """A factory of services that the test may kill, pause and restart."""
    with ExitStack() as stopping:

        def make(*, mysql: Choice = False, kafka: Choice = False, redis: Choice = False) -> Stack:
            folder = Path(tempfile.mkdtemp(prefix="private-", dir=stack_directory))
            folder.chmod(0o711)  # as the workspace: the database server's user must get in
            shares = False in (mysql, kafka, redis)
            shared = request.getfixturevalue("stack") if shares else None
            made = Stack(folder, mysql=mysql, kafka=kafka, redis=redis, shared=shared)
            stopping.callback(made.stop)
            made.start()
            return made

        yield make
