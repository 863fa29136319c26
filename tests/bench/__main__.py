"""``make bench``: memory -> exact differences, against the limit set by decoding alone.

The limit is ``msgspec`` with a typed struct that holds only the fields needed, integers lax. Both
sides read the same messages, in turn, several rounds; the ratio is of the medians.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import accumulate

import msgspec

from engine.columns import Column, Table
from engine.core.changes import Answer, Delivery, Row
from engine.core.evidence import EndOffsets
from engine.core.reports import Timing
from engine.core.topn import TopN
from engine.formats import make_decoder

BATCH = 500
START_MS = 1_795_430_000_000
TABLE = Table(
    database="webook",
    name="interactives",
    key=Column(name="id", mysql_type="bigint(20)"),
    score=Column(name="like_cnt", mysql_type="bigint(20)"),
    columns=(
        Column(name="biz_id", mysql_type="bigint(20)"),
        Column(name="biz", mysql_type="varchar(128)"),
        Column(name="read_cnt", mysql_type="bigint(20)"),
    ),
)


class _Fields(msgspec.Struct, gc=False):
    id: int
    like_cnt: int
    biz_id: int
    biz: str
    read_cnt: int


class _Limit(msgspec.Struct, gc=False):
    data: list[_Fields]
    type: str
    es: int
    id: int


def messages(count: int, rows: int, seed: int) -> list[bytes]:
    """Canal flat messages of likes on `rows` rows, popularity by Zipf's law (1.1)."""
    rng = random.Random(seed)
    weights = list(accumulate(1 / rank**1.1 for rank in range(1, rows + 1)))
    ids = rng.choices(range(1, rows + 1), cum_weights=weights, k=count)
    scores: dict[int, int] = {}
    names = ("id", "biz_id", "biz", "read_cnt", "collect_cnt", "like_cnt", "ctime", "utime")
    types = dict.fromkeys(names, "bigint(20)") | {"biz": "varchar(128)"}
    numbers = dict.fromkeys(names, -5) | {"biz": 12}
    made = []
    for number, key in enumerate(ids):
        score = scores[key] = scores.get(key, 0) + 1
        es = START_MS + number // 1000 * 1000
        values = (key, key * 7, "article", score * 9, 1, score, 1700000000000, es)
        image = dict(zip(names, map(str, values), strict=True))
        message = {
            "data": [image],
            "database": "webook",
            "es": es,
            "gtid": "",
            "id": number // 50 + 1,
            "isDdl": False,
            "mysqlType": types,
            "old": [{"like_cnt": str(score - 1), "utime": "1700000000000"}],
            "pkNames": ["id"],
            "sql": "",
            "sqlType": numbers,
            "table": "interactives",
            "ts": es + 300,
            "type": "UPDATE",
        }
        made.append(json.dumps(message, separators=(",", ":")).encode())
    return made


def decode_limit(feed: Sequence[bytes]) -> None:
    """Decoding alone, as fast as is known how."""
    decode = msgspec.json.Decoder(_Limit, strict=False).decode
    for value in feed:
        decode(value)


def decode_only(feed: Sequence[bytes]) -> None:
    """Our decoder alone."""
    decode = make_decoder(TABLE).decode
    for value in feed:
        decode(value)


def exact_diffs(feed: Sequence[bytes], size: int) -> TopN:
    """Our decoder, the exact board, and one difference a batch."""
    decode = make_decoder(TABLE).decode
    topn = started(size)
    for start in range(0, len(feed), BATCH):
        deliveries = [
            Delivery(0, offset, decode(value))
            for offset, value in enumerate(feed[start : start + BATCH], start)
        ]
        topn.receive(deliveries, 3.0)
        topn.tick(3.0, (start + BATCH,), None)
        topn.take_change()
    return topn


def started(size: int) -> TopN:
    """A board that an empty table was loaded into, passed by nothing yet."""
    topn = TopN(size, max(size, 32), partitions=1, now_ms=0, timing=Timing(overlap_ms=0))
    for now_ms in (0.0, 1.0, 2.0):
        topn.tick(now_ms, (0,), EndOffsets((0,), now_ms))
        if topn.query_wanted and topn.load is not None:
            nothing = Answer(rows=(Row(0, 0),) * 0, clock_ms=START_MS - 5000)
            topn.answered(topn.load, nothing, now_ms)
    return topn


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took, garbage collection standing still."""
    gc.collect()
    gc.disable()
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    gc.enable()
    return took


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 1_000, 100_000])
    options = parser.parse_args(argv)
    feed = messages(options.messages, options.rows, seed=1)
    mean = sum(map(len, feed)) / len(feed)
    print(f"{len(feed):,} messages of {mean:.0f} bytes, {options.rounds} rounds in turn, medians")
    works: dict[str, Callable[[], object]] = {
        "decode limit": lambda: decode_limit(feed),
        "our decoder": lambda: decode_only(feed),
    }
    for size in options.sizes:
        works[f"exact differences, N = {size:,}"] = lambda size=size: exact_diffs(feed, size)  # type: ignore[misc]
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(options.rounds):
        for name, work in works.items():
            took[name].append(timed(work))
    limit = statistics.median(took["decode limit"])
    for name, seconds in took.items():
        median = statistics.median(seconds)
        print(f"{name:34} {len(feed) / median:>12,.0f} msg/s   ratio {limit / median:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
