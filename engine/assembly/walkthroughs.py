"""The manual tests, on a pipeline in this process or on the services that the settings name."""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote, urlsplit

from engine.assembly.arguments import database_of, mysql_arguments
from engine.assembly.embedded import FIELD_NAMES, embedded_pipeline
from engine.assembly.services import make_board_reader, make_engine
from engine.borrowed_table import BorrowedTable
from engine.clock import SystemClock
from engine.errors import WrongSetting
from engine.ports import PracticeTable
from engine.runtime_api import RunningEngine, WalkOffer, WriteTarget
from engine.sample import SampleRow
from engine.settings import Settings
from engine.told import told
from engine.walk import Walk, check_size
from engine.walkthrough import Walkthrough
from engine.walkthrough_steps import START


def make_embedded_walkthrough(
    settings: Settings, wire: Literal["json", "protobuf"] = "json"
) -> Walkthrough:
    """The manual tests on a pipeline in this process, without traffic; no service is contacted.

    Raises:
        WrongSetting: the board is not a top ten.
    """
    from engine.adapters import embedded  # here: with real services none of it is needed

    check_size(settings.board.size)
    rows = [row._asdict() for row in START]
    made = embedded_pipeline(settings, rows, wire, clock=SystemClock())
    ground = BorrowedTable(embedded.EmbeddedPractice(made.table))
    walk = Walk(made.engine, ground, made.board, field_names=FIELD_NAMES)
    return Walkthrough(made.engine, walk)


def make_walkthrough(settings: Settings) -> Walkthrough:
    """The manual tests on the services that the settings name. Contacts nothing yet.

    Raises:
        WrongSetting: something needed is missing, or the table is not one of the sample's shape.
    """
    engine = make_engine(settings)
    _check(settings)
    return Walkthrough(engine, _make_walk(settings, engine))


def offer_walk(settings: Settings, engine: RunningEngine, *, observe: bool) -> WalkOffer | str:
    """The manual tests on an engine of these settings that runs already; or why they cannot be done.

    Args:
        settings: those that the engine was made from.
        engine: the one whose status tells what has been delivered.
        observe: it only watches.
    """
    if observe:
        return told(
            "started with --observe, which only watches: the walkthrough writes rows; start without it"
        )
    try:
        _check(settings)
    except WrongSetting as error:
        return error.told
    url = urlsplit(settings.walkthrough.url or "")
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    target = WriteTarget(
        database=database_of(settings.walkthrough.url or ""),
        table=settings.table.name or "",
        account=unquote(url.username or ""),
        server=f"{host}:{url.port or 3306}",
    )
    return WalkOffer(make=lambda: _make_walk(settings, engine), target=target)


def _check(settings: Settings) -> None:
    """Raises:
    WrongSetting: the settings name no table that the walkthrough could be done with.
    """
    check_size(settings.board.size)
    table, walkthrough = settings.table, settings.walkthrough
    if not walkthrough.url:
        raise WrongSetting(
            told(
                "not set: walkthrough.url, the account that may write {name}: "
                "mysql://user@host:port/database",
                name=table.name,
            )
        )
    fields = _field_names(settings)
    strange = [name for name in fields if name not in SampleRow._fields]
    if (table.key, table.score) != ("id", "like_cnt") or strange:
        raise WrongSetting(
            told(
                "the walkthrough needs a table of the sample's shape, with key id, score "
                "like_cnt and columns of {fields}; the settings say {given}",
                fields=", ".join(SampleRow._fields),
                given=", ".join(fields),
            )
        )
    database, written = (database_of(url) for url in (table.url or "", walkthrough.url))
    if database != written:
        raise WrongSetting(
            told(
                "walkthrough.url names the database {written}, table.url {database}: name the same",
                written=written,
                database=database,
            )
        )


def _field_names(settings: Settings) -> tuple[str, ...]:
    return (settings.table.key, *settings.table.columns, settings.table.score or "")


def _make_walk(settings: Settings, engine: RunningEngine) -> Walk:
    return Walk(
        engine,
        BorrowedTable(_make_practice(settings)),
        make_board_reader(settings),
        field_names=_field_names(settings),
    )


def _make_practice(settings: Settings) -> PracticeTable:
    from engine.adapters.mysql_practice import MySQLPractice  # here: only the walkthrough writes

    return MySQLPractice(**mysql_arguments("walkthrough", settings.walkthrough, settings))
