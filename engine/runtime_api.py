"""What whoever runs an engine may call: the runtime itself stays out of the screen's sight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from engine.past import Past
from engine.status import EngineStatus
from engine.walkthrough_steps import Outcome


class RunningEngine(Protocol):
    """An engine, seen from outside."""

    @property
    def status(self) -> EngineStatus:
        """The newest status: a reference that the engine replaces, never changes."""

    def past(self) -> Past:
        """The moments that the board went through lately, as of now; bounded. O(N)."""

    def give_way(self, for_ms: float) -> None:
        """Leave the event loop to others for so long: somebody waits for an answer. Returns at once, and
        may be called in any thread.

        Of no effect while there is time for both; half of the time stays the engine's, whoever asks.
        """

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


class GuidedWalk(Protocol):
    """One walkthrough of a running engine, at the pace of a person; see :class:`engine.walk.Walk`."""

    @property
    def as_found(self) -> bool:
        """Whether nothing of ours is in the table: not yet written, or put back."""

    @property
    def theirs(self) -> tuple[int, ...]:
        """The keys of rows that were not put back, as somebody else wrote them meanwhile."""

    @property
    def put_back_ms(self) -> int:
        """How long :meth:`put_back` may take at most."""

    async def begin(self) -> None:
        """Make the table ready.

        Raises:
            WrongSetting: somebody may need its rows, or its account may not write it.
            ServiceAway: it cannot be read or written.
        """

    async def step(self, number: int) -> Outcome:
        """Do a step, the first being 1; once it has held or has not.

        Raises:
            ServiceAway: the table cannot be written.
            TopnError: somebody else wrote the row that the step would.
        """

    async def put_back(self) -> None:
        """The table as it was found; nothing where it is so already.

        Raises:
            ServiceAway: it cannot be read or written; trying again may help.
        """

    async def close(self) -> None:
        """Let go of everything. Never raises, never hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTarget:
    """A table of somebody's, and who would write it. Holds no password."""

    database: str
    table: str
    account: str
    server: str
    """``host:port``"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkOffer:
    """The manual tests, for a person to take up; any number of times, one after the other."""

    make: Callable[[], GuidedWalk]
    """A new one. Contacts nothing yet; raises WrongSetting where a secret or certificate cannot be read."""
    target: WriteTarget | None
    """What it would write, to be confirmed first; None where the table is there to be played with."""
