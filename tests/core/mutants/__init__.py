"""Wrong variants of the core, a few lines each: what the laws and the stories must be able to tell.

A mutant replaces one method of the real core while :func:`applied`. Its docstring says what is wrong;
it names what is expected to notice: stories, or random histories.
"""

from __future__ import annotations

from tests.core.mutants import arrivals, evidence, keychanges, loads, told, tracked
from tests.core.mutants.mutant import Mutant, applied

__all__ = ["MUTANTS", "Mutant", "applied"]

MUTANTS = (
    *tracked.MUTANTS,
    *loads.MUTANTS,
    *evidence.MUTANTS,
    *keychanges.MUTANTS,
    *arrivals.MUTANTS,
    *told.MUTANTS,
)
