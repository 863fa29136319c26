"""What goes into the core (events with row changes, loaded rows) and what comes out (board changes).

Everything here is a frozen ``msgspec.Struct``: as immutable as a frozen dataclass and five times
cheaper to build, which matters because one is built for every row change of the feed.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import TypeAlias

import msgspec

from engine.core.rank import Floor, Key, RankKey, Score

Value: TypeAlias = int | Decimal | float | str | bytes | None
"""A column's value in its one normal form (see :mod:`engine.columns`)."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of the table as the board keeps it."""

    key: Key
    score: Score
    columns: tuple[Value, ...] = ()
    """The display columns, in the order of the settings."""

    @property
    def rank_key(self) -> RankKey:
        return (self.score, self.key)


# ── what goes in ──────────────────────────────────────────────────────────────────────────────


class Upsert(msgspec.Struct, frozen=True, gc=False):
    """The full image of a row after an INSERT or UPDATE."""

    key: Key
    score: Score | None
    """``None``: NULL, which is never ranked."""
    columns: tuple[Value, ...] = ()
    old_key: Key | None = None
    """The key before, where the change moved the row to another key; otherwise ``None``."""
    old_score: Score | None = None
    """What the feed says the score was. For the screen only: the core looks rows up by key."""


class Delete(msgspec.Struct, frozen=True, gc=False):
    """A row that is gone."""

    key: Key
    old_score: Score | None = None
    """What the feed says the score was. For the screen only."""
    new_key: Key | None = None
    """Where the row went, if this is the first half of a key change."""


RowChange: TypeAlias = Upsert | Delete


class Kind(IntEnum):
    """What an event asks of the core."""

    ROWS = 0
    """Row images of our table."""
    CLEAR = 1
    """TRUNCATE or DROP of our table: a barrier."""
    RESHAPE = 2
    """ALTER, RENAME or CREATE of our table: describe it again and load."""
    IGNORED = 3
    """Not about our rows; ``reason`` is the kind it is counted under. Still evidence of progress."""
    DEAD = 4
    """Should have been usable and is not; ``reason`` says why. A known loss."""


class LogPosition(msgspec.Struct, frozen=True, gc=False, order=True):
    """A place in one server's binlog; ordered within files of one base name."""

    number: int
    """The file's running number: 12 of ``mariadb-bin.000012``."""
    offset: int
    base: str = ""
    """The file's base name: ``mariadb-bin``. Places with different bases cannot be compared."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One binlog event out of one message of the feed, decoded."""

    kind: Kind
    op: str
    """The feed's own word: INSERT, UPDATE, DELETE, TRUNCATE, ERASE, ALTER, QUERY, …; "" if unknown."""
    es_ms: int | None = None
    """The event's binlog time, milliseconds since 1970 with a resolution of a second; None: unknown."""
    changes: tuple[RowChange, ...] = ()
    batch: int | None = None
    """Canal's batch number, the same for all messages of one batch; None where the format has none."""
    position: LogPosition | None = None
    gtid: str = ""
    reason: str = ""
    server_id: int | None = None
    """Of the server that the change was made on; None: unknown. Through replicas it stays the same, while
    `position` is always of the server that Canal tails."""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """The decoded events of one message, with the place it had in the feed."""

    partition: int
    offset: int
    events: tuple[Event, ...]


class Answer(msgspec.Struct, frozen=True):
    """What a load's query returned, and what the log must pass before it may be trusted."""

    rows: tuple[Row, ...]
    """The table's best rows, N + R + 1 at most, highest rank first."""
    clock_ms: int
    """The server's clock, read after the rows."""
    position: LogPosition | None = None
    """The end of the server's binlog, read after the rows; None where the account may not know."""
    gtid: str = ""
    """MariaDB's ``gtid_binlog_pos`` or MySQL's ``gtid_executed``, read after the rows; "" if none."""
    query_ms: float = 0.0
    """How long the query took."""
    server_id: int | None = None
    """Of the server that answered; None: unknown. Its `position` says nothing of another server's log."""
    server_uuid: str = ""
    """MySQL's: a copy of a server that has its id has another one; "" on MariaDB, which has none."""


# ── what comes out ────────────────────────────────────────────────────────────────────────────


class Cause(StrEnum):
    """Why a row left the board."""

    DISPLACED = "displaced"
    FELL = "score fell"
    DELETED = "deleted"
    NULL_SCORE = "score became NULL"
    KEY_CHANGED = "key changed"
    CLEARED = "table cleared"
    LOADED = "a load says so"


class Eviction(msgspec.Struct, frozen=True):
    """A row that left the board."""

    row: Row
    """As it was while it stood on the board."""
    cause: Cause
    rank: int | None = None
    """The rank it had, from 1; None where ranks were not asked for."""
    by: Row | None = None
    """Who displaced it."""
    successor: Row | None = None
    """Who came up from the reserve for it."""


class BoardChange(msgspec.Struct, frozen=True):
    """The difference between two boards: all that a store or a reader needs to follow."""

    entered: tuple[Row, ...] = ()
    left: tuple[Eviction, ...] = ()
    moved: tuple[Row, ...] = ()
    """Members whose score or columns changed, as they are now."""

    def __bool__(self) -> bool:
        return bool(self.entered or self.left or self.moved)


class Where(StrEnum):
    """Where memory has a row."""

    BOARD = "board"
    RESERVE = "reserve"
    OUTSIDE = "outside"


class Place(msgspec.Struct, frozen=True):
    """Where a key stood at one moment."""

    where: Where
    score: Score | None = None
    rank: int | None = None
    """From 1 on the board; None elsewhere, or where ranks were not asked for."""


class Verdict(StrEnum):
    """What became of one change."""

    ENTERED = "entered"
    MOVED = "moved"
    SAME_RANK = "same rank"
    LEFT = "left"
    RESERVE = "below the bar"
    BELOW_FLOOR = "below the floor"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    DEAD = "dead letter"
    NO_EFFECT = "no effect"


class Explained(msgspec.Struct, frozen=True):
    """One change and what became of it, for the screen: "entered at 2, pushed 70 out"."""

    partition: int
    offset: int
    es_ms: int | None
    op: str
    key: Key | None
    old_score: Score | None
    new_score: Score | None
    verdict: Verdict
    before: Place | None = None
    after: Place | None = None
    gap: Score | None = None
    """How far below the bar or the floor, in score; None elsewhere."""
    floor: Floor = None
    other: Key | None = None
    """The row pushed out by this one, or the one that came up for it."""
    other_score: Score | None = None
    """The score which that row has."""
    bar: RankKey | None = None
    """The root of the board's heap, the bar to beat, after the change's batch; None: not full."""
    bar_before: RankKey | None = None
    """The same before the batch."""
    reason: str = ""
