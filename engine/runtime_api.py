"""What whoever runs an engine may call: the runtime itself stays out of the screen's sight."""

from __future__ import annotations

from typing import Protocol

from engine.status import EngineStatus


class RunningEngine(Protocol):
    """An engine, seen from outside."""

    @property
    def status(self) -> EngineStatus:
        """The newest status: a reference that the engine replaces, never changes."""

    async def run(self) -> None:
        """Run until stopped."""

    def refill(self) -> None:
        """Ask for a load; returns at once."""

    def audit(self) -> None:
        """Ask for a comparison with the table; returns at once."""

    def stop(self) -> None:
        """Ask :meth:`run` to return; it does within 5 s."""
