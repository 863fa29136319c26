"""Whoever starts the engine and does not read what it says must not decide how it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.pipeline.boards import state
from tests.pipeline.engines import PROGRAM, eventually
from tests.stack.fixtures import WorldFactory
from tests.stack.world import World

pytestmark = pytest.mark.service

STOP_S = 5.0


def full_pipe() -> tuple[int, int]:
    """A pipe that takes not one byte more."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 1024)
    os.set_blocking(writing, True)
    return reading, writing


def renewed_ms(world: World) -> int:
    return int(world.redis.client().hget(f"topn:{{{world.board}}}:meta", "updated_at_ms") or 0)


def test_an_engine_whose_output_nobody_reads_keeps_its_lease_and_ends_in_time(
    world: WorldFactory, tmp_path: Path
) -> None:
    shop = world(canal=False)
    config = shop.write_settings(tmp_path / "engine.toml")
    (out, out_end), (err, err_end) = full_pipe(), full_pipe()
    engine = subprocess.Popen(
        [*PROGRAM, "run", "--headless", "--set", "store.lease_ms=2000"],
        env={**os.environ, "TOPN_CONFIG": str(config), "TOPN_LOG__FILE": str(tmp_path / "log")},
        stdin=subprocess.DEVNULL,
        stdout=out_end,
        stderr=err_end,
    )
    try:
        eventually(lambda: state(shop) == "EXACT", "EXACT, unheard")
        first = renewed_ms(shop)
        for _ in range(3):
            before = renewed_ms(shop)
            eventually(lambda before=before: renewed_ms(shop) > before, "renewed", timeout_s=2)
        assert renewed_ms(shop) > first
        began = time.monotonic()
        engine.send_signal(signal.SIGTERM)
        assert engine.wait(STOP_S) == 0
        print(f"SIGTERM to exit with both pipes full: {time.monotonic() - began:.2f} s")
        assert state(shop) == "STOPPED"
    finally:
        engine.kill()
        engine.wait()
        for end in (out, out_end, err, err_end):
            os.close(end)
