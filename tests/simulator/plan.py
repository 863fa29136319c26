"""A history before it is played: the size of things, and a list of explicit steps.

Every step carries its own seed, so that a list with some of them left out is a history as well:
that is all that shrinking needs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tests.core.world_database import Shape

ORDINARY = {"write": 24, "canal": 46, "wait": 12, "quiet": 4}
"""Steps without a fault, and how often each comes."""

PAUSES = {"wait": (200, 3000), "quiet": (1000, 5000)}
"""How long steps that are pauses take, in ms, at least and at most."""

FAULTS = {
    "rewind": 40, "hole": 35, "resend": 30, "stall": 30, "slow_partition": 20, "poison": 20, "minimal": 20,
    "duplicate": 25, "silent_loss": 10, "rename_swap": 6, "truncate": 15, "move": 45, "alter": 12,
    "clock_set": 4, "slow_query": 25, "failing_query": 20, "hanging_query": 12, "stale_query": 25,
    "lagging_query": 15,
    "feed_away": 20, "feed_mute": 12, "feed_slow": 20, "topic_recreated": 8, "expired": 10,
    "partition_added": 6, "store_away": 20, "store_slow": 20, "reply_lost": 20, "dump": 25,
    "restored": 20, "emptied": 12, "news_lost": 15, "meddled": 10, "kill": 25, "kill_uncommitted": 15, "stop": 12,
    "pause": 25, "another_engine": 30, "audit": 20, "refill": 10, "table_gone": 12, "log_reset": 15,
}  # fmt: skip
"""Faults, and how many histories in a hundred have each."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens."""

    kind: str
    wait_ms: int
    """How much time passes after it."""
    seed: int
    """Chooses everything else about it."""

    def __str__(self) -> str:
        return f"{self.kind:16} then {self.wait_ms} ms  (seed {self.seed})"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole history."""

    seed: int
    shape: Shape
    protobuf: bool
    engines: int
    buffer_rows: int
    resync_lag: int
    audit_ms: float
    late_visible: bool
    long_transaction: bool
    nulls: bool
    steps: tuple[Step, ...]

    def with_steps(self, steps: tuple[Step, ...]) -> Plan:
        return replace(self, steps=steps)

    @property
    def kinds(self) -> set[str]:
        return {step.kind for step in self.steps}


def draw(
    seed: int,
    *,
    faults: Mapping[str, int] | None = None,
    protobuf: bool | None = None,
    **forced: object,
) -> Plan:
    """The history of a seed.

    Args:
        faults: kinds of steps that it must have, and how many in a hundred each is, about.
        protobuf: the format; None: whatever the seed says.
        forced: further fields of :class:`Plan`.
    """
    rng = random.Random(seed)
    drawn = rng.random() < 0.5
    protobuf = drawn if protobuf is None else protobuf
    shape = _shape(rng, protobuf=protobuf)
    plan = Plan(
        seed=seed,
        shape=shape,
        protobuf=protobuf,
        engines=rng.choice((1, 1, 1, 2, 2, 3)),
        buffer_rows=rng.choice((3, 1000, 1000, 1000)),
        resync_lag=rng.choice((0, 0, 0, 8)),
        audit_ms=8000,
        late_visible=rng.random() < 0.5,
        long_transaction=rng.random() < 0.15,
        nulls=rng.random() < 0.3,
        steps=tuple(_steps(rng, shape, faults or {})),
    )
    return replace(plan, **forced)  # type: ignore[arg-type]  # its own fields


def _steps(rng: random.Random, shape: Shape, faults: Mapping[str, int]) -> Iterator[Step]:
    share = rng.choice((0.3, 0.7, 1.0))  # some histories have few faults, some many
    chosen = {
        kind: rng.choice((1, 2, 4))
        for kind, per_cent in FAULTS.items()
        if rng.random() * 100 < per_cent * share
    }
    kinds = {**ORDINARY, **chosen, **faults}
    for kind in rng.choices(list(kinds), list(kinds.values()), k=shape.steps):
        least_ms, most_ms = PAUSES.get(kind, (0, 2 * shape.pace_ms))
        yield Step(kind, rng.randint(least_ms, most_ms), rng.getrandbits(32))


def _shape(rng: random.Random, *, protobuf: bool) -> Shape:
    shape = Shape.draw(rng)
    evidence = rng.choice(
        ("position", "position", "es", "gtid") if protobuf else ("es", "es", "gtid")
    )
    return replace(
        shape,
        size=rng.choice((1, 2, 2, 3)),
        reserve=rng.choice((0, 1, 2, 3)),
        evidence=evidence,
        grouped=protobuf,
        # Canal numbers its batches in protobuf only where it sends to one partition.
        numbered=not protobuf or (shape.partitions == 1 and rng.random() < 0.5),
        steps=rng.randint(50, 150),
        pace_ms=rng.choice((30, 120, 300)),
    )
