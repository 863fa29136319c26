"""What the engine needs from the world, in the engine's own words.

Adapters implement these; driver types stop inside them. Every call may raise
:class:`~engine.errors.ServiceAway` unless it says otherwise. Where a call takes no deadline the
adapter has one of its own: no call hangs for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from engine.columns import Table
from engine.core.changes import Answer, Row
from engine.core.rank import Key
from engine.dead_letter_lines import DeadLetter
from engine.sample import SampleRow
from engine.walkthrough_steps import Change


class Message(msgspec.Struct, frozen=True, gc=False):
    """One record of the feed, undecoded."""

    partition: int
    offset: int
    timestamp_ms: int
    """When the producer made the record, milliseconds since 1970."""
    value: bytes | None
    key: bytes | None = None


class ChangeFeed(Protocol):
    """An ordered, partitioned log of changes."""

    async def open(self) -> None:
        """Connect and take all partitions, each positioned at its end.

        Raises:
            ServiceAway: the broker cannot be used, with the true reason; or the topic is missing.
        """

    async def next_batch(self, *, max_messages: int, timeout_ms: int) -> Sequence[Message]:
        """The next messages, in order within each partition; empty if none came in time.

        Raises:
            PositionLost: offset out of range, topic deleted or recreated, partitions added. The
                caller calls :meth:`seek_to_end` next.
        """

    def positions(self) -> Mapping[int, int]:
        """Partition -> next offset to read. Its keys are all partitions there are."""

    async def end_offsets(self) -> Mapping[int, int]:
        """Partition -> the broker's log end now. Also the probe that notices an outage.

        Raises:
            PositionLost: the topic is no longer the one that was opened.
        """

    async def seek_to_end(self) -> Mapping[int, int]:
        """Take all partitions there are now, positioned at their ends; the new positions."""

    async def commit(self, positions: Mapping[int, int]) -> None:
        """Store positions for outside tools that show lag. Never read back by the engine."""

    async def close(self) -> None:
        """Let go of everything. Never raises, never hangs, safe to call twice."""


class TableReport(msgspec.Struct, frozen=True):
    """What was found out about the table and its server."""

    table: Table
    server: str
    """Version and server id, for the screen: ``MariaDB 10.11.19, server id 1``."""
    warnings: tuple[str, ...] = ()
    """Each a sentence with the next step: a missing index with its CREATE INDEX statement, …"""
    log_positions: bool = False
    """Whether the account may read the binlog's position (REPLICATION CLIENT)."""
    server_id: int | None = None
    """The server's own id; None where it does not say."""


class RowSource(Protocol):
    """The table itself, asked rarely."""

    async def describe(self) -> TableReport:
        """Look at the table and its server.

        Raises:
            WrongSetting: something else than the table that no waiting will mend.
            WrongShape: the table's shape cannot be ranked (composite key, FLOAT score, …).
            MissingTable: somebody may still create it.
        """

    async def best_rows(self, limit: int) -> Answer:
        """The best `limit` rows, and what is known of the log after them. :meth:`describe` first.

        Raises:
            MissingTable: it is no longer what was described.
        """

    async def close(self) -> None:
        """Let go of everything. Never raises, never hangs, safe to call twice."""


Decide: TypeAlias = Callable[[Mapping[int, SampleRow]], Mapping[int, SampleRow | None]]
"""Given the rows that are there by key, the rows that shall be; None: none. Keys not named stay."""


class PracticeTable(Protocol):
    """A table of the sample's shape whose rows may be written: the walkthrough's, never the engine's."""

    @property
    def patience_ms(self) -> int:
        """How long one exchange may take, waiting for the server and for a lock included."""

    async def claim(self) -> None:
        """Have it to ourselves until it is closed, as far as other walkthroughs go. Writes nothing.

        Raises:
            WrongSetting: the account may not write it, or a write would reach other tables too.
            ServiceAway: another walkthrough has it, or it cannot be reached.
        """

    async def columns(self) -> Sequence[str]:
        """The names of all its columns."""

    async def rows(self, *, limit: int) -> Sequence[SampleRow]:
        """Its first `limit` rows by key."""

    async def exchange(self, keys: Iterable[int], decide: Decide) -> Mapping[int, SampleRow]:
        """Read these rows and write what `decide` makes of them, in one transaction; the rows then.

        Nothing is written where it raises, or all: of a write without an answer nobody knows. By the
        next exchange it is certain, for that waits until the one before is over in the server.

        Args:
            decide: may be called more than once; what it raises is raised, and nothing is written.
        """

    async def close(self) -> None:
        """Let go of everything. Never raises, never hangs, safe to call twice."""


class PracticeGround(Protocol):
    """Where a walkthrough takes place: its table, made ready before and put back after it."""

    @property
    def table(self) -> PracticeTable:
        """The table."""

    @property
    def as_found(self) -> bool:
        """Whether nothing of ours is in the table: nothing written yet, or put back."""

    @property
    def theirs(self) -> tuple[int, ...]:
        """The keys of rows that were not put back, as somebody else wrote them meanwhile."""

    async def prepare(self) -> Mapping[int, SampleRow]:
        """See to it that the start rows are there; key -> row of all that are.

        Raises:
            WrongSetting: somebody may need the rows that are there, or the account may not write.
        """

    async def write(self, change: Change) -> None:
        """Make one change.

        Raises:
            TopnError: somebody else wrote the row meanwhile: it is left as it is.
        """

    async def put_back(self) -> None:
        """The table as it was found, but for rows that others wrote; nothing where it is so already."""


class BoardState(msgspec.Struct, frozen=True):
    """What is published beside the rows."""

    state: str
    """EXACT, CATCHING_UP, DEFICIT, LOADING, INEXACT or STOPPED."""
    reason: str | None
    provisional: bool
    size: int
    """How many rows the board has now: its limit, or fewer where the table has fewer."""
    score_exact: bool
    """False: some score does not fit a double; the order is in the rows, not in the ZSET's scores."""
    as_of_ms: int | None
    """Binlog time up to which the board has followed; None until something is known."""
    positions: Mapping[int, int]
    field_names: tuple[str, ...]
    """Key, columns, score: the names in the order of a published row."""
    limit: int = 0
    """N: how many rows the board may have."""


class Acquired(msgspec.Struct, frozen=True):
    """The answer to asking for the board's owner lease."""

    owned: bool
    epoch: int
    owner: str
    """The owner's engine id: ours if `owned`, else the other's."""
    free_in_ms: int = 0
    """How long the other's lease still runs."""
    warnings: tuple[str, ...] = ()
    """What in the store will hurt later, each a sentence with the next step."""


class StoredBoard(msgspec.Struct, frozen=True):
    """A board as read back from the store, all parts read in one step."""

    rows: Mapping[str, str]
    """Member -> row JSON, as stored."""
    scores: Mapping[str, float]
    """Member -> ZSET score."""
    meta: Mapping[str, str]
    store_clock_ms: int


class BoardStore(Protocol):
    """Where the board is published, at most one owner at a time."""

    async def acquire(self, *, at_least_epoch: int, warm: bool = True) -> Acquired:
        """Take the owner lease, atomically, only if it is free, expired or already ours.

        `warm`: this engine has a board to write. It may then take the lease of an owner that has
        loaded nothing yet.

        The new epoch is greater than both the stored one and `at_least_epoch`. Taking it sets the
        published state to LOADING in the same step: a dead engine's EXACT must not stand.
        """

    async def publish(
        self,
        state: BoardState,
        *,
        entered: Sequence[Row],
        left: Sequence[Key],
        moved: Sequence[Row],
    ) -> int:
        """Write one difference in one step and renew the lease; the new version.

        Raises:
            NotOwner: the lease is another's, or the store's memory is older than ours; nothing written.
            StoreRefused: the store will not take it (wrong type at our key, read-only, full).
        """

    async def rewrite(self, state: BoardState, rows: Sequence[Row]) -> int:
        """Write the whole board in one step, whatever was there of ours; the new version.

        Raises: as :meth:`publish`.
        """

    async def heartbeat(self, state: BoardState) -> int:
        """Renew the lease and write the state where the board has not changed; the version.

        Raises: as :meth:`publish`.
        """

    async def read(self) -> StoredBoard | None:
        """The board as stored, read in one step; None when there is no such board."""

    async def differences(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """What the store holds otherwise than these rows say, a few words each; empty if nothing."""

    async def release(self, state: BoardState) -> None:
        """A clean stop: write STOPPED and free the lease, if it is ours. Never raises."""

    async def close(self) -> None:
        """Let go of everything. Never raises, never hangs, safe to call twice."""


class DeadLetterSink(Protocol):
    """A place where dead letters are kept for people, each at least once."""

    @property
    def place(self) -> str:
        """What it is, in a sentence: ``the file /…/board.jsonl``, ``the topic x``."""

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """Keep them, oldest first. Whoever calls waits for one call to end before the next.

        Raises:
            ServiceAway: for now. The same letters may be given again; some may be there by then.
            NotKept: some of them never will be; the others are.
        """

    async def close(self) -> None:
        """Let go of everything. Never raises, never hangs, safe to call twice."""


class Clock(Protocol):
    """Time, passed in."""

    def monotonic_ms(self) -> float:
        """Milliseconds that only go forward."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970, for people."""

    async def sleep(self, ms: float) -> None:
        """Let that much time pass."""
