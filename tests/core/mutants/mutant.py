"""What a wrong variant is: one method of the core, replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.core.laws import Law

Original = Callable[..., Any]
"""The method that a mutant stands in for."""


@dataclass(frozen=True)
class Mutant:
    """One wrong variant."""

    name: str
    owner: Any
    """A class, or a module."""
    method: str
    make: Callable[[Original], Any]
    """Gets the original method, gives the wrong one; its docstring says what is wrong."""
    stories: Sequence[Callable[[], None]] = ()
    """Each of these must fail."""
    histories: int = 0
    """Within this many random histories one must fail; 0: they catch it too rarely, or never."""
    laws: tuple[Law, ...] = ()
    """What those histories may break; the first is the usual one."""
    world: dict[str, Any] = field(default_factory=dict)
    """What to force in those histories."""

    @property
    def fault(self) -> str:
        """What is wrong, in a sentence."""
        return " ".join((self.make.__doc__ or "").split())


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    original = getattr(mutant.owner, mutant.method)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mutant.owner, mutant.method, mutant.make(original))
        yield
