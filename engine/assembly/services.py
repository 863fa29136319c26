"""An engine, a reader or a file of dead letters on the services that the settings name."""

from __future__ import annotations

from collections.abc import Sequence

from engine.adapters.dead_letter_file import DeadLetterFile
from engine.adapters.redis import RedisBoard
from engine.assembly.arguments import (
    kafka_arguments,
    mysql_arguments,
    no_idle_tls,
    secret,
    tls_files,
)
from engine.assembly.options import before_reader, decoder, engine_options, placer
from engine.clock import SystemClock
from engine.configuration import default_dead_letter_file
from engine.errors import WrongSetting
from engine.ports import ChangeFeed, DeadLetterSink, RowSource
from engine.runtime import Engine, new_engine_id
from engine.settings import Settings


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
        decoder=decoder(settings.feed.format),
        before_reader=before_reader(settings.feed.format),
        placer=placer(settings.feed),
        clock=SystemClock(),
        engine_id=engine_id,
        dead_letters=_make_dead_letters(settings, engine_id, observe=observe),
        options=engine_options(
            settings,
            board_name=settings.board_name,
            reserve=settings.reserve,
            topic=settings.feed.topic or "",
            observe=observe,
            screen=screen,
        ),
    )


def check_services(settings: Settings) -> None:
    """Refuse what :func:`make_engine` would; what is not set yet is no mistake here. Contacts nothing.

    Raises:
        WrongSetting: a service that is set cannot be used as it is set.
    """
    if not settings.missing():
        make_engine(settings)
        return
    if settings.feed.bootstrap_servers:
        _make_feed(settings, "")
    if settings.table.url:
        _make_source(settings)
    if settings.store.url and settings.board_name:
        _make_store(settings, "")


def nothing_configured(settings: Settings) -> bool:
    """Whether none of the things is set without which real services cannot be used."""
    return len(settings.missing()) == len(Settings.model_construct().missing())


def make_board_reader(settings: Settings) -> RedisBoard:
    """The store alone, for reading a published board.

    Raises:
        WrongSetting: the store's URL or the board's name is missing.
    """
    if not settings.store.url or not settings.board_name:
        missing = "store.url" if not settings.store.url else "board.name"
        raise WrongSetting(f"not set: {missing}; `topn-tui config` writes a file to start from")
    return _make_store(settings, engine_id="")


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


def _make_feed(settings: Settings, engine_id: str) -> ChangeFeed:
    from engine.adapters.kafka import KafkaFeed  # here: a reader must not wait for this driver

    feed = settings.feed
    return KafkaFeed(
        **kafka_arguments(feed, client_id=f"topn-tui-{engine_id}"),
        topic=feed.topic or "",
        group_id=settings.group_id,
        check_crcs=feed.check_crcs,
    )


def _make_source(settings: Settings) -> RowSource:
    from engine.adapters.mysql import MySQLSource  # here: a reader must not wait for this driver

    table = settings.table
    return MySQLSource(
        **mysql_arguments("table", table, settings),
        key=table.key,
        score=table.score or "",
        columns=table.columns,
        time_zone=table.time_zone,
    )


def _make_store(settings: Settings, engine_id: str) -> RedisBoard:
    store = settings.store
    url = store.url or ""
    if store.tls.enabled and url.startswith("redis://"):
        url = "rediss://" + url.removeprefix("redis://")
    no_idle_tls(
        "store",
        store.tls,
        used=url.startswith("rediss://"),
        turn="set store.tls.enabled to true, or write rediss:// in store.url",
    )
    return RedisBoard(
        url=url,
        board_name=settings.board_name,
        engine_id=engine_id,
        password=secret(store.secret, "store"),
        lease_ms=store.lease_ms,
        timeout_ms=store.timeout_ms,
        fixed_width_members=store.fixed_width_members,
        **tls_files(store.tls),
    )


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
    connection = kafka_arguments(settings.feed, client_id=client)
    name = f"topn-tui-{settings.board_name}"
    return [file, KafkaDeadLetters(topic=topic, name=name, **connection)]
