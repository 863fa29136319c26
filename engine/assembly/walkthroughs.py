"""The manual tests, on a pipeline in this process or on the services that the settings name."""

from __future__ import annotations

from typing import Literal

from engine.assembly.arguments import database_of, mysql_arguments
from engine.assembly.embedded import embedded_pipeline
from engine.assembly.services import make_board_reader, make_engine
from engine.clock import SystemClock
from engine.errors import WrongSetting
from engine.ports import PracticeTable
from engine.sample import SampleRow
from engine.settings import Settings
from engine.told import told
from engine.walkthrough import Walkthrough
from engine.walkthrough_steps import SIZE, START


def make_embedded_walkthrough(
    settings: Settings, wire: Literal["json", "protobuf"] = "json"
) -> Walkthrough:
    """The manual tests on a pipeline in this process, without traffic; no service is contacted.

    Raises:
        WrongSetting: the board is not a top ten.
    """
    from engine.adapters import embedded  # here: with real services none of it is needed

    _check_walkthrough(settings)
    rows = [row._asdict() for row in START]
    made = embedded_pipeline(settings, rows, wire, clock=SystemClock())
    practice = embedded.EmbeddedPractice(made.table)
    names = ("id", "biz_id", "biz", "read_cnt", "like_cnt")
    return Walkthrough(made.engine, practice, made.board, field_names=names)


def make_walkthrough(settings: Settings) -> Walkthrough:
    """The manual tests on the services that the settings name. Contacts nothing yet.

    Raises:
        WrongSetting: something needed is missing, or the table is not one of the sample's shape.
    """
    engine = make_engine(settings)
    _check_walkthrough(settings)
    if not settings.walkthrough.url:
        raise WrongSetting(
            told(
                "not set: walkthrough.url, the account that may write {name}: "
                "mysql://user@host:port/database",
                name=settings.table.name,
            )
        )
    table = settings.table
    fields = (table.key, *table.columns, table.score or "")
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
    database, written = (database_of(url) for url in (table.url or "", settings.walkthrough.url))
    if database != written:
        raise WrongSetting(
            told(
                "walkthrough.url names the database {written}, table.url {database}: name the same",
                written=written,
                database=database,
            )
        )
    return Walkthrough(
        engine,
        _make_practice(settings),
        make_board_reader(settings),
        field_names=fields,
    )


def _check_walkthrough(settings: Settings) -> None:
    if settings.board.size != SIZE:
        raise WrongSetting(
            told(
                "board.size = {size}: the walkthrough is about a top {most}; add --set "
                "board.size={most}",
                size=settings.board.size,
                most=SIZE,
            )
        )


def _make_practice(settings: Settings) -> PracticeTable:
    from engine.adapters.mysql_practice import MySQLPractice  # here: only the walkthrough writes

    return MySQLPractice(**mysql_arguments("walkthrough", settings.walkthrough, settings))
