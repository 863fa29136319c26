"""An engine with the whole path in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from engine.assembly.options import before_reader, decoder, engine_options
from engine.clock import SystemClock
from engine.embedded import EmbeddedEngine
from engine.errors import WrongSetting
from engine.ports import BoardStore, Clock
from engine.runtime import Engine, new_engine_id
from engine.runtime_api import WalkOffer, Workload
from engine.settings import Settings
from engine.told import told
from engine.walk import Walk, check_size

if TYPE_CHECKING:
    from engine.adapters.embedded import EmbeddedTable

FIELD_NAMES = ("id", "biz_id", "biz", "read_cnt", "like_cnt")
"""Key, columns and score of the embedded table, as published."""

EMBEDDED_RESERVE = 10
"""R of the embedded pipeline where none is set: small, so that refills can be watched."""


def make_embedded_engine(
    settings: Settings,
    wire: Literal["json", "protobuf"] = "json",
    *,
    screen: bool = True,
    clock: Clock | None = None,
    seed: int = 0,
) -> EmbeddedEngine:
    """An engine with the whole path in this process, traffic included; no service is contacted.

    Args:
        settings: only the board's size, reserve and name and the engine's pace are used.
        wire: in which of Canal's formats the change log is written.
        clock: time; the machine's where none is given.
        seed: of the rows and the traffic.
    """
    from engine.adapters import embedded  # here: with real services none of it is needed

    clock = clock or SystemClock()
    rows = embedded.start_rows(seed)
    made = embedded_pipeline(settings, rows, wire, clock=clock, screen=screen)
    size, reserve = settings.board.size, reserve_of(settings)
    traffic = embedded.Traffic(made.table, clock, seed=seed, size=size, reserve=reserve)
    workload = embedded.EmbeddedWorkload(made.table, traffic, rows=rows, size=size)
    return EmbeddedEngine(made.engine, workload, _walk_offer(made, workload, clock, size))


def _walk_offer(
    made: EmbeddedPipeline, workload: Workload, clock: Clock, size: int
) -> WalkOffer | str:
    """The manual tests beside the traffic, which they stop; or why they cannot be done."""
    from engine.adapters import embedded

    def walk() -> Walk:
        ground = embedded.EmbeddedGround(made.table, workload)
        return Walk(made.engine, ground, made.board, field_names=FIELD_NAMES, clock=clock)

    try:
        check_size(size)
    except WrongSetting as error:
        return error.told
    return WalkOffer(make=walk, target=None)


class EmbeddedPipeline(NamedTuple):
    """An engine on a table in this process, and the board it publishes."""

    table: EmbeddedTable
    engine: Engine
    board: BoardStore
    """For reading."""


def embedded_pipeline(
    settings: Settings,
    rows: Sequence[Mapping[str, int | str | None]],
    wire: Literal["json", "protobuf"] = "json",
    *,
    clock: Clock,
    screen: bool = True,
) -> EmbeddedPipeline:
    """The whole path in this process, without traffic. `rows`: column name -> value, the table's."""
    from engine.adapters import embedded

    log, store = embedded.ChangeLog(), embedded.MemoryStore(clock)
    table = embedded.EmbeddedTable(log, clock, wire=wire, rows=[dict(row) for row in rows])
    name, engine_id = settings.board.name or embedded.TABLE, new_engine_id()
    engine = Engine(
        feed=embedded.EmbeddedFeed(log, clock),
        source=embedded.EmbeddedSource(table, clock),
        store=embedded.EmbeddedBoard(store, name, engine_id=engine_id),
        decoder=decoder(f"canal-{wire}"),
        before_reader=before_reader(f"canal-{wire}"),
        clock=clock,
        engine_id=engine_id,
        options=replace(
            engine_options(
                settings,
                board_name=name,
                reserve=reserve_of(settings),
                topic=f"{embedded.DATABASE}_{embedded.TABLE}",
                observe=False,
                screen=screen,
            ),
            services=("SQLite", told("change log"), told("memory")),
        ),
    )
    return EmbeddedPipeline(table, engine, embedded.EmbeddedBoard(store, name))


def reserve_of(settings: Settings) -> int:
    return EMBEDDED_RESERVE if settings.board.reserve is None else settings.board.reserve
