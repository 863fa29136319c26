"""A replay of recorded messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.columns import Table
from engine.core.changes import Row
from engine.replaying import Replay, Step


def make_replay(
    table: Table,
    *,
    size: int,
    reserve: int,
    partitions: int,
    rows: Iterable[Row],
    wire_format: str,
    seen: Callable[[Step], None],
) -> Replay:
    """A replay of recorded messages about a table; contacts nothing."""
    from engine.formats import make_decoder  # here: a reader must not wait for protobuf

    return Replay(
        size,
        reserve,
        partitions=partitions,
        rows=rows,
        decode=make_decoder(table, wire_format).decode,
        seen=seen,
    )
