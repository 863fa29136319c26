"""What a wrong variant is: one method of the core, replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

Original = Callable[..., Any]
"""The method that a mutant stands in for."""


@dataclass(frozen=True)
class Mutant:
    """One wrong variant."""

    name: str
    owner: type
    method: str
    make: Callable[[Original], Callable[..., Any]]
    """Gets the original method, gives the wrong one."""
    stories: Sequence[Callable[[], None]] = ()
    """Each of these must fail."""
    histories: int = 0
    """Within this many random histories one must fail; 0: they catch it too rarely."""
    world: dict[str, Any] = field(default_factory=dict)
    """What to force in those histories."""


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    original = getattr(mutant.owner, mutant.method)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mutant.owner, mutant.method, mutant.make(original))
        yield
