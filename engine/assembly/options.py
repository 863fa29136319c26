"""What every engine gets from the settings, whatever its adapters are."""

from __future__ import annotations

from collections.abc import Callable

from engine.columns import Table
from engine.core.placement import Placer
from engine.core.reports import Timing
from engine.rows_before import ReadBefore
from engine.runtime import Decode, EngineOptions, MakePlacer
from engine.settings import FeedSection, Settings


def engine_options(
    settings: Settings, *, board_name: str, reserve: int, topic: str, observe: bool, screen: bool
) -> EngineOptions:
    pace = settings.engine
    return EngineOptions(
        board_name=board_name,
        size=settings.board.size,
        reserve=reserve,
        topic=topic,
        timing=Timing(
            overlap_ms=pace.overlap_ms,
            settle_ms=pace.settle_ms,
            fallback_ms=pace.key_change_patience_ms,
            audit_ms=pace.audit_interval_s * 1000,
        ),
        batch_messages=settings.feed.batch_messages,
        batch_wait_ms=settings.feed.batch_wait_ms,
        buffer_rows=pace.buffer_rows,
        resync_lag=pace.resync_lag,
        observe=observe,
        screen=screen,
    )


def decoder(wire_format: str) -> Callable[[Table], Decode]:
    def decoder(table: Table) -> Decode:
        from engine.formats import make_decoder  # here: a reader must not wait for protobuf

        return make_decoder(table, wire_format).decode

    return decoder


def before_reader(wire_format: str) -> Callable[[Table], ReadBefore]:
    def before_reader(table: Table) -> ReadBefore:
        from engine.formats import make_read_before  # here: as above

        return make_read_before(table, wire_format)

    return before_reader


def placer(feed: FeedSection) -> MakePlacer:
    def placer(table: Table) -> Placer | None:
        from engine.formats.partitioning import make_placer  # here: as above

        if not feed.partition_hash:
            return None
        return make_placer(
            table,
            feed.partition_hash,
            database_hash=feed.database_hash,
            partitions=feed.partitions_num,
        )

    return placer
