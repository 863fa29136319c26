"""What anyone may look at: one frozen value that the engine replaces, at most ten times a second.

``None`` always means *not known*, and is shown as "-". Times called ``…_at_ms`` are wall time,
milliseconds since 1970; durations end in ``_ms``. Histories (events, evictions, notices) are bounded
tuples of numbered entries, oldest first; numbers only grow, so a reader shows those above the last
number it saw and knows how many it missed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from engine.core.changes import Cause, Explained, Place, Row, Value, Verdict, Where
from engine.core.rank import Floor, Key, RankKey, Score
from engine.core.states import State

__all__ = [
    "Cause",
    "Counters",
    "DeadLetterEntry",
    "EngineStatus",
    "EventEntry",
    "EvictionEntry",
    "Exactness",
    "Explained",
    "Floor",
    "Health",
    "Key",
    "LoadStatus",
    "Notice",
    "PartitionStatus",
    "Place",
    "Publication",
    "RankKey",
    "Rates",
    "ReserveStatus",
    "Row",
    "Score",
    "ServiceStatus",
    "Standing",
    "State",
    "Transition",
    "Value",
    "Verdict",
    "Where",
]  # fmt: skip


class Publication(StrEnum):
    """Who publishes the board."""

    OWNER = "OWNER"
    STANDBY = "STANDBY"
    FENCED = "FENCED"
    AWAY = "AWAY"
    OBSERVER = "OBSERVER"
    """Started with --observe: never takes the lease."""
    STOPPED = "STOPPED"


class Health(StrEnum):
    """A service as the engine finds it."""

    STARTING = "starting"
    UP = "up"
    AWAY = "away"
    TROUBLED = "troubled"
    """It answers, but somebody must do something there."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exactness:
    """Is it right?"""

    state: State = State.LOADING
    reason: str | None = None
    """Why it is not EXACT, or, where `provisional`, on what the claim rests."""
    provisional: bool = False
    since_at_ms: int = 0
    as_of_at_ms: int | None = None
    """Binlog time that the board has followed up to."""
    verified_at_ms: int | None = None
    """When an audit last found the board equal to the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who publishes, and how far publishing has come."""

    publication: Publication = Publication.AWAY
    by: str | None = None
    """The other engine's id where it publishes; None where we do or nobody does."""
    reason: str | None = None
    """Why not OWNER, with the next step where somebody must act."""
    epoch: int | None = None
    version: int | None = None
    """Of the last publish that the store took."""
    published_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """One stage of the pipeline: MySQL, Kafka, engine or Redis."""

    name: str
    health: Health = Health.STARTING
    detail: str = ""
    """What it is or what is wrong, in one line, with the next step where somebody must act."""
    since_at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionStatus:
    """One partition of the feed."""

    partition: int
    position: int
    end: int | None = None
    last_message_at_ms: int | None = None
    passed: str = "-"
    """Whether the last load has been passed here: ``yes``, ``quiet`` (provisionally), ``-`` (not yet)."""

    @property
    def lag(self) -> int | None:
        """Messages not yet read; None until the broker has told us the end."""
        return None if self.end is None else max(0, self.end - self.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStatus:
    """One load: open, or the last one that ended."""

    why: str
    """``start``, ``refill``, ``heal``, ``audit``, ``key change``, ``table altered``, ``verify``."""
    phase: str
    """``waiting``, ``querying``, ``held`` (the answer waits for the log); at its end ``swapped``,
    ``equal``, ``failed: …`` or ``discarded: …``."""
    opened_at_ms: int
    ended_at_ms: int | None = None
    query_ms: float | None = None
    rows: int | None = None
    buffered_rows: int | None = None
    """While it is open: changed rows that it remembers; at `buffer_rows_limit` it is given up."""
    buffer_rows_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveStatus:
    """The rows kept below the board."""

    held: int = 0
    capacity: int = 0
    low_mark: int = 0
    """Below this many a refill starts."""
    next_up: Row | None = None
    """Comes up when a board row leaves."""
    next_to_spill: Row | None = None
    best: tuple[Row, ...] = ()
    """The best of them, highest rank first, bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEntry:
    """One change as it came, and what became of it."""

    number: int
    at_ms: int
    explained: Explained
    columns: tuple[Value, ...] = ()
    """The display columns after the change; empty where there is no row any more."""
    columns_before: tuple[Value, ...] | None = None
    """The same before it; None: there was no row, or it is not known."""
    raw: bytes = b""
    """The message it came in, cut to a bound."""
    raw_size: int = 0
    """The message's whole length in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvictionEntry:
    """One row that left the board."""

    number: int
    at_ms: int
    row: Row
    cause: Cause
    rank: int | None
    by: Row | None
    successor: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterEntry:
    """One message that should have been usable and was not. All its bytes are in the file."""

    number: int
    at_ms: int
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    reason: str
    raw: bytes
    """The message, cut to a bound."""
    raw_size: int
    """The message's whole length in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a person should know: the thing, the value, the next step."""

    number: int
    at_ms: int
    level: str
    """``info``, ``warning`` or ``error``."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of what is claimed, or of who publishes it."""

    number: int
    at_ms: int
    state: State
    reason: str | None
    provisional: bool
    publication: Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Totals since the start."""

    messages: int = 0
    changes: int = 0
    ignored: tuple[tuple[str, int], ...] = ()
    """By kind, most frequent first."""
    dead_letters: int = 0
    dead_letters_lost: int = 0
    """How often one could not be kept where the settings say: in the file, in the topic."""
    strays: int = 0
    """Rows that came on a partition that they do not hash to."""
    loads: int = 0
    evicted: int = 0
    spilled: int = 0
    superseded_in_batch: int = 0
    audits: int = 0
    audit_mismatches: int = 0
    publishes: int = 0


SATURATED = 0.4
"""From this part of its time on, the engine is said to have no time to spare: others need some, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Figures over the last seconds; the histories are one value a second, oldest first, bounded."""

    changes_per_s: float = 0.0
    busy: float = 0.0
    """Which part of the time that others in its event loop left to it, 0 to 1, went into decoding and
    applying."""
    delay_ms: float | None = None
    """From the newest change's binlog time to applied here: at most so long, for binlog time has whole
    seconds. None while nothing has come."""
    stored_ms: float | None = None
    """From a change of the board, applied here, to being in the store: of the last publish, or so far
    of one that waits longer. None where another engine publishes."""
    changes_history: tuple[float, ...] = ()
    lag_history: tuple[float | None, ...] = ()
    """None for a second in which the broker had not told."""
    delay_history: tuple[float | None, ...] = ()
    """None for a second before anything had come."""
    stored_history: tuple[float | None, ...] = ()
    """None for a second in which it was not known."""

    @property
    def saturated(self) -> bool:
        """The engine takes in all it can: what a screen takes of the time, it lacks."""
        return self.busy >= SATURATED


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatus:
    """Everything the engine shows, at one moment."""

    at_ms: int = 0
    started_at_ms: int = 0
    engine_id: str = ""
    board_name: str = ""
    table: str = ""
    """``database.table``"""
    topic: str = ""
    key_name: str = ""
    score_name: str = ""
    column_names: tuple[str, ...] = ()
    size: int = 0
    """N."""
    exactness: Exactness = field(default_factory=Exactness)
    standing: Standing = field(default_factory=Standing)
    board: tuple[Row, ...] = ()
    """The best rows, highest rank first; bounded, see `board_count`."""
    board_count: int = 0
    """How many rows the board holds, shown or not."""
    heap: tuple[RankKey, ...] = ()
    """The board's min-heap in level order, root (the bar to beat) first; bounded to the top levels."""
    reserve: ReserveStatus = field(default_factory=ReserveStatus)
    tracked: int = 0
    floor: Floor = None
    whole_table_known: bool = False
    """True: the floor is None because every row of the table is in memory."""
    load: LoadStatus | None = None
    """The load that is open now."""
    last_load: LoadStatus | None = None
    last_audit: LoadStatus | None = None
    counters: Counters = field(default_factory=Counters)
    rates: Rates = field(default_factory=Rates)
    partitions: tuple[PartitionStatus, ...] = ()
    services: tuple[ServiceStatus, ...] = ()
    """Table source, feed, engine, store, in this order, by the names of what they are."""
    events: tuple[EventEntry, ...] = ()
    events_total: int = 0
    """Changes seen so far, shown or not: the greatest number an entry can have."""
    evictions: tuple[EvictionEntry, ...] = ()
    notices: tuple[Notice, ...] = ()
    transitions: tuple[Transition, ...] = ()
    dead_letters: tuple[DeadLetterEntry, ...] = ()
    ended: str | None = None
    """Why the engine ended; None while it runs."""
