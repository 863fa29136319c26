"""``python -m tests.core.teeth``: each wrong variant of the core, what catches it, and how soon.

Prints the table of docs/exactness.md in Markdown. Each variant that random histories catch is put to them
five times, from five first seeds; the table has the median of how many histories that took. For the
others it names the story.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low

from tests.core.laws import Law, broken_law
from tests.core.mutants import MUTANTS, Mutant, applied
from tests.core.oracle import Wrong
from tests.core.world import World

FIRST_SEEDS = (0, 10_000, 20_000, 30_000, 40_000)


@dataclass(frozen=True)
class Catch:
    """A wrong variant was noticed."""

    law: Law
    histories: int
    """How many it took, the failing one included."""


def catch(mutant: Mutant, first_seed: int = 0) -> Catch | None:
    """Play a mutant's histories until one breaks a law; None: none did.

    By the oracles alone: the core's own checks are off.
    """
    with applied(mutant):
        for seed in range(first_seed, first_seed + mutant.histories):
            try:
                World(seed, check_core=False, **mutant.world).play()
            except Wrong as wrong:
                return Catch(broken_law(wrong), seed - first_seed + 1)
    return None


def row(mutant: Mutant) -> str:
    """One line of the table."""
    if not mutant.histories:
        story = mutant.stories[0].__name__.removeprefix("test_").replace("_", " ")
        return f"| {mutant.name} | {mutant.fault} | *{story}* | by hand |"
    found = [catch(mutant, first) for first in FIRST_SEEDS]
    laws = Counter(f.law for f in found if f is not None)
    counts = [mutant.histories + 1 if f is None else f.histories for f in found]
    law = laws.most_common(1)[0][0] if laws else "none"
    return f"| {mutant.name} | {mutant.fault} | {law} | {median_low(counts)} |"


def table(mutants: Iterable[Mutant] = MUTANTS) -> Iterable[str]:
    """The table, line by line."""
    yield "| wrong variant | what is wrong | caught by | histories |"
    yield "|---|---|---|--:|"
    for mutant in mutants:
        yield row(mutant)


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
