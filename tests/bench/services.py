"""``make bench-services``: times on the real services of tests/stack, each a figure and not a test.

From starting the program to its first board and to EXACT, and from a commit in the database to the
board in Redis, by format of the feed and account of the database.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.pipeline.engines import HeadlessEngine, eventually
from tests.stack.stack import Stack
from tests.stack.workspace import workspace
from tests.stack.world import World

CASES = [
    (flat, account, partitions)
    for flat in (True, False)
    for account in ("reader", "monitor")
    for partitions in (1, 3)
]


@contextmanager
def engine(world: World, account: str) -> Iterator[HeadlessEngine]:
    with tempfile.TemporaryDirectory() as folder:
        config = world.write_settings(Path(folder) / "topn.toml", account=account)
        running = HeadlessEngine(config)
        try:
            yield running
        finally:
            running.close()


def start_times(world: World, account: str) -> tuple[float, float]:
    """Seconds from the program's start to the first board in Redis, and to EXACT."""
    store = redis.Redis.from_url(world.redis.url(), password=world.redis.password or None)
    with engine(world, account) as running:
        key = f"topn:{{{world.board}}}"
        eventually(lambda: store.zcard(key), "a board")
        board_s = time.monotonic() - running.started_s
        running.wait_exact()
        exact_s = time.monotonic() - running.started_s
        running.stop()
    store.flushall()
    store.close()
    return board_s, exact_s


def commit_to_redis(world: World, account: str, changes: int) -> list[float]:
    """Milliseconds from the end of a commit to the message that tells readers of the new board."""
    store = redis.Redis.from_url(world.redis.url(), password=world.redis.password or None)
    delays = []
    with engine(world, account) as running, store.pubsub() as listener:
        running.wait_exact()
        listener.subscribe(f"topn:{{{world.board}}}:changes")
        for likes in range(1_000, 1_000 + changes):
            world.execute("UPDATE interactives SET like_cnt = %s WHERE id = 78", (likes,))
            committed = time.monotonic()
            while True:
                told = listener.get_message(ignore_subscribe_messages=True, timeout=10)
                if told is not None and b'"moved":[]' not in told["data"]:
                    break
            delays.append((time.monotonic() - committed) * 1000)
        running.stop()
    store.close()
    return delays


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.services", description=__doc__)
    parser.add_argument("--changes", type=int, default=200, help="commits timed in each case")
    chosen = parser.parse_args(arguments)
    print("feed      partitions  account   first board   EXACT   commit -> Redis p50     p99")
    with workspace() as directory:
        stack = Stack(directory)
        stack.start()
        try:
            for flat, account, partitions in CASES:
                world = World(stack, flat=flat, partitions=partitions)
                world.canal.start()
                board_s, exact_s = start_times(world, account)
                delays = commit_to_redis(world, account, chosen.changes)
                cuts = statistics.quantiles(delays, n=100)
                print(
                    f"{'flat' if flat else 'protobuf':8} {partitions:11}  {account:8}"
                    f" {board_s:10.2f} s {exact_s:5.2f} s {cuts[49]:17.0f} ms {cuts[98]:4.0f} ms",
                    flush=True,
                )
                world.close()
        finally:
            stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
