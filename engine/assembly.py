"""The one place that picks adapters: settings in, an engine (or a reader) out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from engine.adapters.redis import RedisBoard
from engine.clock import SystemClock
from engine.columns import Table
from engine.core.changes import Row
from engine.core.placement import Placer
from engine.core.reports import Timing
from engine.embedded import EmbeddedEngine
from engine.errors import WrongSetting
from engine.ports import ChangeFeed, Clock, RowSource
from engine.replaying import Replay, Step
from engine.runtime import Decode, Engine, EngineOptions, MakePlacer, new_engine_id
from engine.settings import FeedSection, Settings, TlsSection

__all__ = [
    "make_board_reader",
    "make_embedded_engine",
    "make_engine",
    "make_replay",
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
    engine_id = new_engine_id()
    reserve = EMBEDDED_RESERVE if settings.board.reserve is None else settings.board.reserve
    size, name = settings.board.size, settings.board.name or embedded.TABLE
    rows = embedded.start_rows(seed)
    log = embedded.ChangeLog()
    table = embedded.EmbeddedTable(log, clock, wire=wire, rows=rows)
    traffic = embedded.Traffic(table, clock, seed=seed, size=size, reserve=reserve)
    store = embedded.EmbeddedBoard(embedded.MemoryStore(clock), name, engine_id=engine_id)
    engine = Engine(
        feed=embedded.EmbeddedFeed(log, clock),
        source=embedded.EmbeddedSource(table, clock),
        store=store,
        decoder=_decoder(f"canal-{wire}"),
        clock=clock,
        engine_id=engine_id,
        options=_options(
            settings,
            board_name=name,
            reserve=reserve,
            topic=f"{embedded.DATABASE}_{embedded.TABLE}",
            observe=False,
            screen=screen,
        ),
    )
    return EmbeddedEngine(engine, embedded.EmbeddedWorkload(table, traffic, rows=rows, size=size))


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
    return KafkaFeed(
        bootstrap_servers=feed.bootstrap_servers or "",
        topic=feed.topic or "",
        group_id=settings.group_id,
        security_protocol=feed.security_protocol,
        sasl_mechanism=feed.sasl_mechanism,
        sasl_username=feed.sasl_username,
        sasl_password=_secret(feed.secret, "feed"),
        request_timeout_ms=feed.request_timeout_ms,
        check_crcs=feed.check_crcs,
        client_id=f"topn-tui-{engine_id}",
        **_files(feed.tls),
    )


def _make_source(settings: Settings) -> RowSource:
    from engine.adapters.mysql import MySQLSource  # here: a reader must not wait for this driver

    table = settings.table
    url = urlsplit(table.url or "")
    _no_idle_tls("table", table.tls, used=table.tls.enabled, turn="set table.tls.enabled to true")
    return MySQLSource(
        host=url.hostname or "",
        port=url.port or 3306,
        user=unquote(url.username or ""),
        password=_secret(table.secret, "table") or "",
        database=unquote(url.path.strip("/")),
        table=table.name or "",
        key=table.key,
        score=table.score or "",
        columns=table.columns,
        time_zone=table.time_zone,
        connect_timeout_ms=table.connect_timeout_ms,
        query_timeout_ms=table.query_timeout_ms,
        tls=table.tls.enabled,
        **_files(table.tls),
    )


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
