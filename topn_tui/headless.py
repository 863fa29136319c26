"""The engine without a screen: one JSON object a line on stdout, notices on stderr.

A reader that stops reading stops nothing: of the status lines it misses it gets the newest, of the
others the last thousand.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import TextIO

import msgspec

from engine.runtime_api import RunningEngine
from engine.status import EngineStatus, Transition
from engine.told import plain
from topn_tui.formatting import safe
from topn_tui.json_text import harmless
from topn_tui.line_writer import LineWriter

STATUS_S = 1.0
"""Time between two status objects."""

LOOK_S = 0.1
"""Time between two looks for changes of state."""

_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=plain)


class Headless:
    """Writes what happens, line by line.

    Args:
        engine: not yet running.
        out: where the JSON lines go; stdout.
        err: where notices go; stderr.
        settled: called once, after the first load.
    """

    def __init__(
        self,
        engine: RunningEngine,
        *,
        out: TextIO | None = None,
        err: TextIO | None = None,
        settled: Callable[[], None] | None = None,
    ) -> None:
        self._engine, self._settled = engine, settled
        self._out = LineWriter(out or sys.stdout, "headless lines")
        self._err = LineWriter(err or sys.stderr, "headless notices")
        self._transition = self._notice = self._dropped = 0

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM, or until nobody can be told any more.

        Raises:
            WrongSetting: what the services hold cannot be ranked as the settings say.
            OSError: the output cannot be written; the engine has been stopped.
        """
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, self._engine.stop)
        writing = asyncio.create_task(self._write_for_ever())
        writing.add_done_callback(lambda _: self._engine.stop())
        try:
            await self._engine.run()
        finally:
            writing.cancel()
            await asyncio.wait({writing})
            if not writing.cancelled():
                writing.result()
            self._write_news()
            self._line(status_object("status", self._engine.status))
            self._out.end()
            self._err.end()
            self._check()

    async def _write_for_ever(self) -> None:
        looks = 0
        while True:
            self._write_news()
            if looks % round(STATUS_S / LOOK_S) == 0:
                self._line(status_object("status", self._engine.status))
            looks += 1
            await asyncio.sleep(LOOK_S)
            self._check()

    def _write_news(self) -> None:
        status = self._engine.status
        if self._settled is not None and status.last_load is not None:
            settled, self._settled = self._settled, None
            settled()
        for notice in status.notices:
            if notice.number > self._notice:
                self._notice = notice.number
                self._err.put(f"{notice.level}: {safe(notice.text)}\n")
        for transition in status.transitions:
            if transition.number > self._transition:
                self._transition = transition.number
                self._line(status_object("state", status, transition))

    def _line(self, fields: dict[str, object]) -> None:
        line = harmless(_ENCODER.encode(fields).decode()) + "\n"
        self._out.put(line, only_newest=fields["kind"] == "status")

    def _check(self) -> None:
        """Raise what a writer ended with; tell of lines that nobody read in time."""
        for writer in (self._out, self._err):
            if writer.error is not None:
                raise writer.error
        if self._out.dropped > self._dropped:
            self._dropped = self._out.dropped
            self._err.put(
                f"warning: nobody reads the output: {self._dropped} lines have been dropped so far\n",
                only_newest=True,
            )


def status_object(
    kind: str, status: EngineStatus, transition: Transition | None = None
) -> dict[str, object]:
    """One line of output: `status` as it is, or with the state of one past transition.

    The names and their order are a contract with whoever reads them.
    """
    now = status.exactness
    said = transition or Transition(
        number=0,
        at_ms=status.at_ms,
        state=now.state,
        reason=now.reason,
        provisional=now.provisional,
        publication=status.standing.publication,
    )
    counters = status.counters
    verified = now.verified_at_ms
    return {
        "kind": kind,
        "at_ms": said.at_ms,
        "state": said.state.value,
        "reason": said.reason,
        "provisional": said.provisional,
        "publication": said.publication.value,
        "version": status.standing.version,
        "positions": {str(p.partition): p.position for p in status.partitions},
        "lag": {str(p.partition): p.lag for p in status.partitions},
        "tracked": status.tracked,
        "floor": list(status.floor) if status.floor is not None else None,
        "loads": counters.loads,
        "evicted": counters.evicted,
        "spilled": counters.spilled,
        "superseded_in_batch": counters.superseded_in_batch,
        "dead_letters": counters.dead_letters,
        "dead_letters_lost": counters.dead_letters_lost,
        "audit_mismatches": counters.audit_mismatches,
        "verified_ms_ago": None if verified is None else max(0, status.at_ms - verified),
    }
