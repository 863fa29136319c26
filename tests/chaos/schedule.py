"""What will happen, decided by the seed alone before anything runs."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.chaos.statements import ALTERS

FOR_EVER = 10**9
"""As a number of steps."""

ALTER_PEACE_S = 6.0
"""After an ALTER Canal's way is left alone so long: without a history of the table's shape it reads
what it sends again with the newest one (see tests/stack/canal.py)."""

LATER_KEY_CHANGES = 0.03
"""Of a connection's later steps where there are several partitions: a key change each ten seconds or so."""

SAME_SERVICE_S = 8.0
"""Between two kills of one service at least: it must have had the time to come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of pipeline."""

    partitions: int
    flat: bool
    engines: int = 1
    persistent_redis: bool = False
    database_kills: bool = False
    pauses: bool = False
    account: str = "reader"
    settings: tuple[str, ...] = ()
    """Further ones of the engines, as `name=value`."""
    gaps_s: tuple[tuple[float, ...], ...] = ((1.0, 2.5, 4.0), (2.0, 4.0, 6.0), (5.0, 8.0))
    """Between two kills; each round has one of these choices."""
    bound_s: float = 60.0
    """How long a quiet point may take to be EXACT."""

    def __str__(self) -> str:
        name = "flat" if self.flat else "protobuf"
        return f"{self.partitions} partition{'s' * (self.partitions > 1)}, {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One SIGKILL to come."""

    service: str
    """``engine``, ``canal``, ``kafka``, ``redis`` or ``mysql``; ``pause``: SIGSTOP of an engine past its
    lease, then SIGCONT."""
    at_s: float
    """After the round's start."""
    down_s: float
    """Until it is started again."""
    which: int = 0
    """Of several engines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Traffic and kills, up to a quiet point."""

    number: int
    seconds: float
    alter: str | None
    alter_at_s: float
    """After the round's start, in the middle of the traffic."""
    key_change_steps: int
    """Of each connection: how many of its first steps may change keys or empty the table."""
    key_change_share: float
    """How many of the later ones may, of one."""
    truncates: bool
    pause_s: float
    """Of each connection after each step."""
    writer_seeds: tuple[int, ...]
    kills: tuple[Kill, ...]


def rounds(shape: Shape, seed: int, *, seconds: float, round_s: float) -> list[Round]:
    """The rounds of one run over one shape."""
    rng = random.Random(f"{seed}/{shape}")
    count = max(1, round(seconds / round_s))
    deck: list[str] = []
    altered: set[str] = set()
    return [
        _round(
            rng,
            shape,
            number,
            seconds / count,
            deck,
            # However short the run, if it has several rounds there is a real one.
            _alter(rng, altered, surely=number == count > 1),
        )
        for number in range(1, count + 1)
    ]


def _alter(rng: random.Random, altered: set[str], *, surely: bool) -> str | None:
    """An ALTER that changes something: what was altered already is taken back."""
    if not surely and rng.random() < 0.4:
        return None
    do, undo = rng.choice(ALTERS[:2] if surely else ALTERS)
    altered ^= {do}
    return do if do in altered else undo


def _round(
    rng: random.Random,
    shape: Shape,
    number: int,
    seconds: float,
    deck: list[str],
    alter: str | None,
) -> Round:
    several = shape.partitions > 1
    alter_at_s = rng.uniform(1.5, 3)  # Canal has read rows of the present shape by then
    return Round(
        number=number,
        seconds=seconds,
        alter=alter,
        alter_at_s=alter_at_s,
        # With several partitions each one costs seconds of EXACT: there would be nothing to judge.
        key_change_steps=rng.choice((20, 80, 200)) if several else FOR_EVER,
        key_change_share=LATER_KEY_CHANGES,
        truncates=rng.random() < 0.5,
        pause_s=rng.choice((0.02, 0.04, 0.08)),
        writer_seeds=tuple(rng.randrange(2**32) for _ in range(3)),
        kills=_kills(
            rng, shape, seconds, deck, peace_s=alter_at_s + ALTER_PEACE_S if alter else 0.0
        ),
    )


def _kills(
    rng: random.Random, shape: Shape, seconds: float, deck: list[str], *, peace_s: float
) -> tuple[Kill, ...]:
    found: list[Kill] = []
    last: dict[str, float] = {}
    gaps_s = rng.choice(shape.gaps_s)
    at_s = rng.uniform(4, 6)  # enough for the traffic to prove what silence had to vouch for
    while at_s < seconds - 1:
        if not deck:
            deck += _deck(rng, shape)
        free = [
            name
            for name in deck
            if at_s - last.get(name, -SAME_SERVICE_S) >= SAME_SERVICE_S
            and (at_s >= peace_s or name in ("engine", "pause", "redis"))
        ]
        if free:
            service = free[0]
            deck.remove(service)
            last[service] = at_s
            down_s = rng.choice((0.0, 0.5, 1.5, 3.0))
            found.append(
                Kill(service=service, at_s=at_s, down_s=down_s, which=rng.randrange(shape.engines))
            )
        at_s += rng.choice(gaps_s)
    return tuple(found)


def _deck(rng: random.Random, shape: Shape) -> list[str]:
    """Each kind comes before any comes again."""
    first = ["engine", "canal", "kafka", "redis"]
    first += ["mysql"] * shape.database_kills + ["pause"] * shape.pauses
    second = ["engine", "canal", "redis"]
    rng.shuffle(first)
    rng.shuffle(second)
    return first + second
