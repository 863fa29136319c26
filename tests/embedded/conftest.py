"""What the embedded tests share."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.adapters.embedded import (
    ChangeLog,
    EmbeddedBoard,
    EmbeddedFeed,
    EmbeddedSource,
    EmbeddedTable,
    MemoryStore,
    Wire,
)
from engine.adapters.embedded.rows import Fields, start_rows
from tests.embedded.clock import ManualClock
from tests.tui.conftest import short_waits

__all__ = ["short_waits"]  # a fixture, for these tests as for those of tests/tui


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@dataclass
class Parts:
    """One embedded pipeline without an engine."""

    clock: ManualClock
    log: ChangeLog
    table: EmbeddedTable
    feed: EmbeddedFeed
    source: EmbeddedSource
    store: MemoryStore

    def board(self, engine_id: str = "", *, name: str = "b", lease_ms: int = 1000) -> EmbeddedBoard:
        return EmbeddedBoard(self.store, name, engine_id=engine_id, lease_ms=lease_ms)


def parts(wire: Wire = "json", rows: list[Fields] | None = None) -> Parts:
    clock = ManualClock()
    log = ChangeLog()
    table = EmbeddedTable(log, clock, wire=wire, rows=start_rows(0) if rows is None else rows)
    return Parts(
        clock,
        log,
        table,
        EmbeddedFeed(log, clock),
        EmbeddedSource(table, clock),
        MemoryStore(clock),
    )
