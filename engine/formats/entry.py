"""What both of Canal's wire formats say about one binlog event, before anyone judges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from engine.core.changes import Event, Kind, LogPosition, RowChange
from engine.formats.reasons import visible
from engine.told import told

Image: TypeAlias = Mapping[str, object]
"""Column name -> value as Canal has it: text, or None for NULL. A column may be absent."""

Images: TypeAlias = tuple[Image | None, Image | None]
"""One row's (before, after). INSERT has no before, DELETE no after; of an UPDATE the flat format's
before has only what changed."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One binlog event as Canal describes it."""

    op: str
    """Canal's event type: INSERT, …, or "" where it has none that we know."""
    database: str = ""
    table: str = ""
    sql: str = ""
    es_ms: int | None = None
    batch: int | None = None
    position: LogPosition | None = None
    gtid: str = ""
    server_id: int | None = None
    row_count: int = 0
    """How many row images the event has; 0 where it has none or no list of them."""
    images: Iterable[Images] = ()
    """The rows; read at most once, and only if they are wanted."""
    doubt: str = ""
    """What the wire format itself found wrong with the rows as a whole: some change is lost."""

    def event(self, kind: Kind, reason: str = "", changes: tuple[RowChange, ...] = ()) -> Event:
        """The event that this entry becomes."""
        reason = visible(reason)
        return Event(
            kind,
            self.op,
            self.es_ms,
            changes,
            self.batch,
            self.position,
            self.gtid,
            reason,
            self.server_id,
        )


NULL_VALUE = told("null value")


def dead(reason: str) -> tuple[Event, ...]:
    """The one event of a message that told us nothing."""
    return (Event(Kind.DEAD, "", reason=visible(reason)),)


def ignored(reason: str) -> tuple[Event, ...]:
    """The one event of a message that has nothing to tell."""
    return (Event(Kind.IGNORED, "", reason=reason),)
