"""One run of an engine from start to end, as the screen needs it."""

from __future__ import annotations

import asyncio
import logging

from engine.errors import TopnError, WrongSetting
from engine.runtime_api import RunningEngine
from engine.told import told

STOP_TIMEOUT_S = 5.0
"""How long quitting waits for the engine, which promises to stop within it."""

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # where nobody set up logging: never on the terminal


class EngineRun:
    """One run of an engine: how it ended, and how to end it. It never raises."""

    def __init__(self, engine: RunningEngine) -> None:
        self._engine = engine
        self._done = asyncio.Event()
        self._begun = False
        self.stopping = False
        """Whether somebody has asked it to stop."""
        self.by_setting = False
        """Whether a wrong setting ended it: then it is the operator's turn."""

    @property
    def done(self) -> bool:
        return self._done.is_set()

    async def run(self) -> str | None:
        """Run the engine to its end: None where it ended because it was asked to, else why."""
        self._begun = True
        try:
            await self._engine.run()
        except TopnError as error:
            log.exception("the engine ended")
            self.by_setting = isinstance(error, WrongSetting)
            return error.told
        except Exception as error:
            log.exception("the engine ended by a bug")
            return told(
                "a bug, its traceback is in the log: {kind}: {error}",
                kind=type(error).__name__,
                error=str(error),
            )
        finally:
            self._done.set()
        if self.stopping:
            return None
        return self._engine.status.ended or told("it stopped though nobody asked it to")

    async def stop(self) -> bool:
        """Ask it to stop and wait: whether it did in time."""
        self.stopping = True
        if not self._begun:
            return True
        self._engine.stop()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._done.wait()
        except TimeoutError:
            return False
        return True
