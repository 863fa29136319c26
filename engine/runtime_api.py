"""What whoever runs an engine may call: the runtime itself stays out of the screen's sight."""

from __future__ import annotations

from typing import Protocol

from engine.past import Past
from engine.status import EngineStatus


class RunningEngine(Protocol):
    """An engine, seen from outside."""

    @property
    def status(self) -> EngineStatus:
        """The newest status: a reference that the engine replaces, never changes."""

    def past(self) -> Past:
        """The moments that the board went through lately, as of now; bounded. O(N)."""

    async def run(self) -> None:
        """Run until stopped."""

    def refill(self) -> None:
        """Ask for a load; returns at once."""

    def audit(self) -> None:
        """Ask for a comparison with the table; returns at once."""

    def stop(self) -> None:
        """Ask :meth:`run` to return; it does within 5 s."""


class Workload(Protocol):
    """Traffic on the table that a person may steer, where the table is there to be played with.

    Each command acts at once and returns a sentence about what it did.
    """

    @property
    def rate_per_s(self) -> int:
        """How many rows are changed a second, unless paused."""

    @property
    def paused(self) -> bool:
        """Whether the traffic is stopped. Commands still write."""

    async def run(self) -> None:
        """Make traffic until cancelled."""

    def faster(self) -> str:
        """The next higher rate."""

    def slower(self) -> str:
        """The next lower rate."""

    def pause(self) -> str:
        """Stop the traffic, or let it go on."""

    def insert_outside(self) -> str:
        """Insert a row that ranks below the board."""

    def insert_into_top(self) -> str:
        """Insert a row that ranks at the top of the board."""

    def update_in_top(self) -> str:
        """Let the second row of the board overtake the first."""

    def reset(self) -> str:
        """Empty the table and put in the rows that it began with."""
