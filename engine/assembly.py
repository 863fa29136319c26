"""The one place that picks adapters: settings in, an engine (or a reader) out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from engine.adapters.dead_letter_file import DeadLetterFile
from engine.adapters.redis import RedisBoard
from engine.clock import SystemClock
from engine.columns import Table
from engine.configuration import default_dead_letter_file
from engine.core.changes import Row
from engine.core.placement import Placer
from engine.core.reports import Timing
from engine.embedded import EmbeddedEngine
from engine.errors import WrongSetting
from engine.ports import (
    BoardStore,
    ChangeFeed,
    Clock,
    DeadLetterSink,
    PracticeTable,
    RowSource,
)
from engine.replaying import Replay, Step
from engine.runtime import Decode, Engine, EngineOptions, MakePlacer, new_engine_id
from engine.sample import SampleRow
from engine.settings import FeedSection, Settings, TableSection, TlsSection, WalkthroughSection
from engine.walkthrough import SIZE, START, Walkthrough

if TYPE_CHECKING:
    from engine.adapters.embedded import EmbeddedTable

__all__ = [
    "EmbeddedPipeline",
    "embedded_pipeline",
    "make_board_reader",
    "make_dead_letter_file",
    "make_embedded_engine",
    "make_embedded_walkthrough",
    "make_engine",
    "make_replay",
    "make_walkthrough",
    "nothing_configured",
]

EMBEDDED_RESERVE = 10
"""R of the embedded pipeline where none is set: small, so that refills can be watched."""


def make_engine(settings: Settings, *, observe: bool = False, screen: bool = True) -> Engine:
    """An engine on the services that the settings name. Contacts nothing yet.

    Args:
        settings: checked settings.
        observe: never take the owner lease.
        screen: whether anybody looks at verdicts, ranks and histories.

    Raises:
        WrongSetting: something needed is missing or contradicts itself.
    """
    missing = settings.missing()
    if missing:
        raise WrongSetting(
            f"not set: {', '.join(missing)}; `topn-tui config` writes a file to start from, "
            "`topn-tui config --show` tells what is set and where"
        )
    engine_id = new_engine_id()
    return Engine(
        feed=_make_feed(settings, engine_id),
        source=_make_source(settings),
        store=_make_store(settings, engine_id),
        decoder=_decoder(settings.feed.format),
        placer=_placer(settings.feed),
        clock=SystemClock(),
        engine_id=engine_id,
        dead_letters=_make_dead_letters(settings, engine_id, observe=observe),
        options=_options(
            settings,
            board_name=settings.board_name,
            reserve=settings.reserve,
            topic=settings.feed.topic or "",
            observe=observe,
            screen=screen,
        ),
    )


def nothing_configured(settings: Settings) -> bool:
    """Whether none of the things is set without which real services cannot be used."""
    return len(settings.missing()) == len(Settings.model_construct().missing())


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
    size, reserve = settings.board.size, _embedded_reserve(settings)
    traffic = embedded.Traffic(made.table, clock, seed=seed, size=size, reserve=reserve)
    workload = embedded.EmbeddedWorkload(made.table, traffic, rows=rows, size=size)
    return EmbeddedEngine(made.engine, workload)


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
        decoder=_decoder(f"canal-{wire}"),
        clock=clock,
        engine_id=engine_id,
        options=replace(
            _options(
                settings,
                board_name=name,
                reserve=_embedded_reserve(settings),
                topic=f"{embedded.DATABASE}_{embedded.TABLE}",
                observe=False,
                screen=screen,
            ),
            services=("SQLite", "change log", "memory"),
        ),
    )
    return EmbeddedPipeline(table, engine, embedded.EmbeddedBoard(store, name))


def _embedded_reserve(settings: Settings) -> int:
    return EMBEDDED_RESERVE if settings.board.reserve is None else settings.board.reserve


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
            f"not set: walkthrough.url, the account that may write {settings.table.name}: "
            "mysql://user@host:port/database"
        )
    table = settings.table
    fields = (table.key, *table.columns, table.score or "")
    strange = [name for name in fields if name not in SampleRow._fields]
    if (table.key, table.score) != ("id", "like_cnt") or strange:
        raise WrongSetting(
            f"the walkthrough needs a table of the sample's shape, with key id, score like_cnt and "
            f"columns of {', '.join(SampleRow._fields)}; the settings say {', '.join(fields)}"
        )
    database, written = (_database(url) for url in (table.url or "", settings.walkthrough.url))
    if database != written:
        raise WrongSetting(
            f"walkthrough.url names the database {written}, table.url {database}: name the same"
        )
    return Walkthrough(
        engine,
        _make_practice(settings),
        _make_store(settings, engine_id=""),
        field_names=fields,
    )


def _check_walkthrough(settings: Settings) -> None:
    if settings.board.size != SIZE:
        raise WrongSetting(
            f"board.size = {settings.board.size}: the walkthrough is about a top {SIZE}; "
            f"add --set board.size={SIZE}"
        )


def make_board_reader(settings: Settings) -> RedisBoard:
    """The store alone, for reading a published board.

    Raises:
        WrongSetting: the store's URL or the board's name is missing.
    """
    if not settings.store.url or not settings.board_name:
        missing = "store.url" if not settings.store.url else "board.name"
        raise WrongSetting(f"not set: {missing}; `topn-tui config` writes a file to start from")
    return _make_store(settings, engine_id="")


def _options(
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


def _decoder(wire_format: str) -> Callable[[Table], Decode]:
    def decoder(table: Table) -> Decode:
        from engine.formats import make_decoder  # here: a reader must not wait for protobuf

        return make_decoder(table, wire_format).decode

    return decoder


def _placer(feed: FeedSection) -> MakePlacer:
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


def _make_feed(settings: Settings, engine_id: str) -> ChangeFeed:
    from engine.adapters.kafka import KafkaFeed  # here: a reader must not wait for this driver

    feed = settings.feed
    return KafkaFeed(
        **_kafka(feed, client_id=f"topn-tui-{engine_id}"),
        topic=feed.topic or "",
        group_id=settings.group_id,
        check_crcs=feed.check_crcs,
    )


def make_dead_letter_file(settings: Settings) -> DeadLetterFile:
    """The board's file of dead letters, to read it or to keep some there. Nothing is opened yet.

    Raises:
        WrongSetting: neither the file nor the board has a name.
    """
    section, name = settings.dead_letters, settings.board_name
    if section.file is None and not name:
        raise WrongSetting(
            "not set: board.name or dead_letters.file; `topn-tui config` writes a file to start from"
        )
    file = section.file or default_dead_letter_file(name)
    return DeadLetterFile(file, max_bytes=section.max_bytes)


def _make_dead_letters(
    settings: Settings, engine_id: str, *, observe: bool
) -> Sequence[DeadLetterSink]:
    file, topic = make_dead_letter_file(settings), settings.dead_letters.topic
    if not topic:
        return [file]
    if topic == settings.feed.topic:
        raise WrongSetting(
            f"dead_letters.topic is {topic!r}, which is feed.topic: each dead letter would come "
            "back as the next one; name another topic"
        )
    if observe:  # who only watches publishes nothing
        return [file]
    from engine.adapters.kafka_dead_letters import KafkaDeadLetters  # here: as above

    client = f"topn-tui-{engine_id}-dead-letters"
    connection = _kafka(settings.feed, client_id=client)
    name = f"topn-tui-{settings.board_name}"
    return [file, KafkaDeadLetters(topic=topic, name=name, **connection)]


def _kafka(feed: FeedSection, *, client_id: str) -> dict[str, Any]:
    """The keyword arguments of a connection to the feed's cluster."""
    _no_idle_tls(
        "feed",
        feed.tls,
        used=feed.security_protocol in ("SSL", "SASL_SSL"),
        turn="set feed.security_protocol to SSL or SASL_SSL",
    )
    if feed.sasl_username and not feed.security_protocol.startswith("SASL"):
        raise WrongSetting(
            f"feed.sasl_username is set, but feed.security_protocol is {feed.security_protocol}: "
            "set it to SASL_SSL or SASL_PLAINTEXT, or remove the user name"
        )
    return {
        "bootstrap_servers": feed.bootstrap_servers or "",
        "security_protocol": feed.security_protocol,
        "sasl_mechanism": feed.sasl_mechanism,
        "sasl_username": feed.sasl_username,
        "sasl_password": _secret(feed.secret, "feed"),
        "request_timeout_ms": feed.request_timeout_ms,
        "client_id": client_id,
        **_files(feed.tls),
    }


def _make_source(settings: Settings) -> RowSource:
    from engine.adapters.mysql import MySQLSource  # here: a reader must not wait for this driver

    table = settings.table
    return MySQLSource(
        **_mysql("table", table, settings),
        key=table.key,
        score=table.score or "",
        columns=table.columns,
        time_zone=table.time_zone,
    )


def _make_practice(settings: Settings) -> PracticeTable:
    from engine.adapters.mysql_practice import MySQLPractice  # here: only the walkthrough writes

    return MySQLPractice(**_mysql("walkthrough", settings.walkthrough, settings))


def _mysql(
    name: str, section: TableSection | WalkthroughSection, settings: Settings
) -> dict[str, Any]:
    """The keyword arguments that both MySQL adapters have: server, account and table."""
    url = urlsplit(section.url or "")
    _no_idle_tls(
        name, section.tls, used=section.tls.enabled, turn=f"set {name}.tls.enabled to true"
    )
    return {
        "host": url.hostname or "",
        "port": url.port or 3306,
        "user": unquote(url.username or ""),
        "password": _secret(section.secret, name) or "",
        "database": _database(section.url or ""),
        "table": settings.table.name or "",
        "connect_timeout_ms": settings.table.connect_timeout_ms,
        "query_timeout_ms": settings.table.query_timeout_ms,
        "tls": section.tls.enabled,
        **_files(section.tls),
    }


def _database(url: str) -> str:
    return unquote(urlsplit(url).path.strip("/"))


def _make_store(settings: Settings, engine_id: str) -> RedisBoard:
    store = settings.store
    url = store.url or ""
    if store.tls.enabled and url.startswith("redis://"):
        url = "rediss://" + url.removeprefix("redis://")
    _no_idle_tls(
        "store",
        store.tls,
        used=url.startswith("rediss://"),
        turn="set store.tls.enabled to true, or write rediss:// in store.url",
    )
    return RedisBoard(
        url=url,
        board_name=settings.board_name,
        engine_id=engine_id,
        password=_secret(store.secret, "store"),
        lease_ms=store.lease_ms,
        timeout_ms=store.timeout_ms,
        fixed_width_members=store.fixed_width_members,
        **_files(store.tls),
    )


def _files(tls: TlsSection) -> dict[str, Any]:
    """The keyword arguments that all adapters have for TLS."""

    def path(file: object) -> str | None:
        return None if file is None else str(file)

    return {
        "ca_file": path(tls.ca_file),
        "cert_file": path(tls.cert_file),
        "key_file": path(tls.key_file),
        "check_hostname": tls.check_hostname,
        "server_name": tls.server_name or None,
    }


def _no_idle_tls(section: str, tls: TlsSection, *, used: bool, turn: str) -> None:
    """Refuse TLS settings that would have no effect: who wrote them believes to be encrypted.

    Args:
        section: of the settings: ``table``.
        used: whether this service is spoken to over TLS.
        turn: what to do if it is to be.
    """
    files = ("ca_file", "cert_file", "key_file", "server_name")
    idle = [name for name in ("enabled", *files) if getattr(tls, name)]
    if idle and not used:
        raise WrongSetting(
            f"{section}.tls.{idle[0]} is set, but TLS is not switched on: {turn}, or remove it"
        )


def _secret(read: Callable[[], str | None], section: str) -> str | None:
    try:
        return read()
    except ValueError as error:
        raise WrongSetting(f"{section}.{error}") from None


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
