"""Engines for tests, each surely ended."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.pipeline.engines import HeadlessEngine
from tests.stack.world import World


class EngineFactory(Protocol):
    """Starts headless engines on a world."""

    def __call__(
        self, world: World, *arguments: str, env: Mapping[str, str] | None = None, **choices: Any
    ) -> HeadlessEngine:
        """Return a running engine; `choices` are those of World.settings."""


@pytest.fixture
def engine_on(tmp_path: Path) -> Iterator[EngineFactory]:
    """A factory of engines that live as long as the test."""
    numbers = itertools.count(1)
    with ExitStack() as closing:

        def start(
            world: World, *arguments: str, env: Mapping[str, str] | None = None, **choices: Any
        ) -> HeadlessEngine:
            config = world.write_settings(tmp_path / f"engine-{next(numbers)}.toml", **choices)
            engine = HeadlessEngine(config, *arguments, env=env)
            closing.callback(engine.close)
            return engine

        yield start
