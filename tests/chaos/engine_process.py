"""The product's own command line, whose headless lines also have the board that is in memory.

TOPN_CHAOS_MUTANT names a wrong variant of the core (tests/core/mutants.py) to run instead: whether
chaos has teeth.
"""

from __future__ import annotations

import os

import topn_tui.headless
from topn_tui import cli

_Headless = topn_tui.headless.Headless


class WithBoard(_Headless):
    def _line(self, fields: dict[str, object]) -> None:
        board = [(row.key, row.score, *row.columns) for row in self._engine.status.board]
        super()._line(fields | {"board": board})


def spoil(name: str) -> None:
    """Replace one method of the core by a wrong one, for good."""
    from tests.core.mutants import MUTANTS  # here: engines that are whole need no pytest

    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)
    setattr(mutant.owner, mutant.method, mutant.make(getattr(mutant.owner, mutant.method)))


if __name__ == "__main__":
    if chosen := os.environ.get("TOPN_CHAOS_MUTANT"):
        spoil(chosen)
    topn_tui.headless.Headless = WithBoard  # type: ignore[misc]  # read by the command when it runs
    cli.main()
