"""The command line: arguments -> settings -> the dashboard, or a command without a screen.

Exit codes: 0 all is well; 1 an error of ours; 2 wrong usage or settings; ``query`` has more.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import click

from engine.configuration import Loaded, load_settings, sample, sample_settings, shown
from engine.errors import TopnError, WrongSetting
from engine.runtime_api import RunningEngine
from engine.settings import Settings
from topn_tui.dead_letters import dead_letters
from topn_tui.formatting import safe
from topn_tui.options import (
    EMBEDDED,
    BareEmbedded,
    common,
    embeddable,
    flags_of,
    running,
    settings_of,
)

if TYPE_CHECKING:
    from topn_tui.app import Dashboard
    from topn_tui.appearance import Appearance

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # before there is a log file: no traceback on the terminal

WRONG = 2

Wire: TypeAlias = Literal["json", "protobuf"]


@click.group(
    cls=BareEmbedded,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@partial(common, hidden_version=False)
@running
@click.pass_context
def cli(
    context: click.Context,
    config: Path | None,
    sets: tuple[str, ...],
    observe: bool,
    embedded: Wire | None,
) -> None:
    """A live, exact top-N leaderboard of a MySQL table, kept from its binlog.

    Without a command: the dashboard.
    """
    context.obj = (config, sets, observe, embedded)
    _check_of_use(context.invoked_subcommand, observe=observe, embedded=embedded is not None)
    if context.invoked_subcommand is None:
        dashboard(settings_of(context, None, ()), observe=observe, embedded=embedded)


@cli.command(short_help="The engine, with the dashboard or without a screen.")
@common
@running
@click.option("--headless", is_flag=True, help="No screen: one JSON object a line on stdout.")
@click.pass_context
def run(
    context: click.Context,
    config: Path | None,
    sets: tuple[str, ...],
    observe: bool,
    embedded: Wire | None,
    headless: bool,
) -> None:
    """Run the engine: with the dashboard, or without a screen."""
    loaded = settings_of(context, config, sets)
    observe = observe or context.obj[2]
    embedded = embedded or context.obj[3]
    if not headless:
        dashboard(loaded, observe=observe, embedded=embedded)
        return
    # here: --help must not wait for the drivers
    from engine.assembly import make_embedded_engine, make_engine
    from topn_tui.headless import Headless
    from topn_tui.interpreter import settle
    from topn_tui.logs import start_logging

    # Never by default: without a screen nobody would see that the EXACT board is made up.
    engine: RunningEngine
    if embedded:
        _check_embedded(observe=observe)
        engine = make_embedded_engine(loaded.settings, embedded, screen=False)
    else:
        engine = make_engine(loaded.settings, observe=observe, screen=False)
    start_logging(loaded.settings.log)
    asyncio.run(Headless(engine, settled=settle).run())


@cli.command(short_help="The published board, from Redis only.")
@common
@click.option("--size", type=click.IntRange(min=1), help="Only the first so many rows.")
@click.option("--table", is_flag=True, help="A table for people instead of JSON.")
@click.pass_context
def query(
    context: click.Context,
    config: Path | None,
    sets: tuple[str, ...],
    size: int | None,
    table: bool,
) -> None:
    """Print the published board. Reads Redis only.

    Exit 0 only when what was printed is EXACT and its lease is alive; 3 when it is not; 4 when there
    is no such board; 5 when Redis cannot be reached.
    """
    from topn_tui import query as reading  # here: --help must not wait for the drivers

    loaded = settings_of(context, config, sets)
    context.exit(asyncio.run(reading.query(loaded.settings, size=size, as_table=table)))


@cli.command(short_help="A commented settings file, or the effective settings.")
@common
@click.option("--show", is_flag=True, help="The effective values and where each came from.")
@click.pass_context
def config(context: click.Context, config: Path | None, sets: tuple[str, ...], show: bool) -> None:
    """Print a commented sample file, or the effective settings; those that no dashboard takes are refused."""
    if not show:
        click.echo(sample(), nl=False)
        return
    loaded = settings_of(context, config, sets)
    _check_as_the_dashboard_does(loaded.settings)
    click.echo(f"# file: {safe(str(loaded.file)) if loaded.file else '(none)'}")
    rows = shown(loaded)
    width = max(len(f"{path} = {value}") for path, value, _ in rows if len(value) < 60)
    for path, value, origin in rows:
        click.echo(f"{f'{path} = {safe(value)}':<{width}}  # {origin}")


@cli.command(short_help="Recorded messages through decoder and core, offline.")
@click.argument("changes", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--rows", type=click.Path(path_type=Path, dir_okay=False), help="The table at the start."
)
@partial(common, default="none; the sample's settings, and the environment is not read either.")
@click.option("--size", type=click.IntRange(min=1), help="N; goes before the settings.")
@click.option("--reserve", type=click.IntRange(min=0), help="R; goes before the settings.")
@click.option("--batch", type=click.IntRange(min=1), default=500, help="Messages in one batch.")
@click.option(
    "--stats", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the figures."
)
@click.option(
    "--steps", is_flag=True, help="Every eviction, load and dead letter as a JSON line, first."
)
@click.pass_context
def replay(
    context: click.Context,
    changes: Path,
    rows: Path | None,
    config: Path | None,
    sets: tuple[str, ...],
    size: int | None,
    reserve: int | None,
    batch: int,
    stats: Path | None,
    steps: bool,
) -> None:
    """Run recorded messages through decoder and core, offline, and print the final board.

    CHANGES is a file, its lines Canal flat messages, or {"partition":0,"offset":12,"timestamp_ms":…,
    "value":"<text>"} or with "value_base64". Table and columns are those of the sample that
    `topn-tui config` prints: without --config neither the environment nor a file is read. No service
    is contacted. Exit 0 when the board is EXACT, 3 when it is not: also where a message cannot be used,
    for the table is made from the messages alone. That, and a recording in which the table does not
    change, is told on stderr.
    """
    from topn_tui.replay import replay as run_replay  # here: --help must not wait for protobuf

    group_file, group_sets, *_ = context.find_root().obj
    flags: dict[str, object] = dict(flags_of((*group_sets, *sets)))
    flags |= {
        path: value
        for path, value in (("board.size", size), ("board.reserve", reserve))
        if value is not None
    }
    file = config or group_file
    settings = load_settings(file, flags).settings if file else sample_settings(flags)
    context.exit(run_replay(settings, changes, rows=rows, batch=batch, stats=stats, steps=steps))


@cli.command(short_help="The five manual tests, each with the board and what it shows.")
@common
@embeddable
@click.option("--write", is_flag=True, help="Allow writing rows to a real MySQL table.")
@click.pass_context
def walkthrough(
    context: click.Context,
    config: Path | None,
    sets: tuple[str, ...],
    embedded: Wire | None,
    write: bool,
) -> None:
    """The five manual tests, one after the other: write rows, print the board, say what it shows.

    With nothing configured, or with --embedded, on a table in this process. On a real MySQL only with
    --write, an account in walkthrough.url, and a table of the sample's shape that is empty or holds
    exactly the start rows, or the whole sample: without triggers, without foreign keys that refer to
    it, and with nobody else who writes to it meanwhile. It is put back as it was found, also after a
    signal; not after a kill -9, nor where the database does not answer. Exit 0 only when every step
    held, 3 when one did not.
    """
    from topn_tui.logs import start_logging  # here: --help must not wait for the drivers
    from topn_tui.walkthrough import walkthrough as walk

    settings = settings_of(context, config, sets).settings
    embedded = embedded or context.obj[3]
    if embedded and write:
        raise WrongSetting(
            "--write with --embedded: --write is for a real MySQL table; leave one of the two out"
        )
    start_logging(settings.log)
    try:
        context.exit(asyncio.run(walk(settings, embedded=embedded, write=write)))
    except asyncio.CancelledError:  # stopped half-way; it has said so
        context.exit(1)


cli.add_command(dead_letters)


def dashboard(loaded: Loaded, *, observe: bool, embedded: Wire | None) -> None:
    """Run the dashboard; ends the process with its exit code."""
    # here: --help must not wait for widgets
    from topn_tui.appearance import appearance_of
    from topn_tui.interpreter import settle
    from topn_tui.logs import start_logging
    from topn_tui.terminal import drawn_on

    encoding, coerced = drawn_on().encoding, bool(sys.flags.utf8_mode)
    appearance = appearance_of(loaded.settings.view, os.environ, encoding, coerced=coerced)
    app = make_app(
        loaded.settings,
        observe=observe,
        embedded=embedded,
        appearance=appearance,
        settled=settle,
    )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise WrongSetting("the dashboard needs a terminal; without one: topn-tui run --headless")
    log_file = start_logging(loaded.settings.log)
    app.run()
    if (why := app.failure or app.ended) is not None:
        code = WRONG if app.ended_by_setting and app.failure is None else 1
        click.echo(f"topn-tui: {safe(why)} (log: {log_file or 'none'})", err=True)
        sys.exit(code)
    sys.exit(app.return_code or 0)


def make_app(
    settings: Settings,
    *,
    observe: bool,
    embedded: Wire | None,
    appearance: Appearance | None = None,
    settled: Callable[[], None] | None = None,
) -> Dashboard:
    """The dashboard on the services that the settings name; on none where none is named.

    Raises:
        WrongSetting: something needed is missing, while other things are set.
    """
    # here: --help must not wait for drivers and widgets
    from engine.assembly import make_embedded_engine, make_engine, nothing_configured, offer_walk
    from topn_tui.app import Dashboard
    from topn_tui.appearance import is_production
    from topn_tui.language import language_of, not_spoken, speak
    from topn_tui.remapping import keymap_of

    keymap = keymap_of(settings.keys)
    encoding = None if appearance is None else appearance.encoding
    speak(language_of(settings.view.language, encoding=encoding))
    remark = not_spoken(settings.view.language, encoding)
    # Whoever calls a place production sees it, whatever runs there.
    name, place = settings.view.environment, is_production(settings.view)
    if embedded is None and (observe or not nothing_configured(settings)):
        engine = make_engine(settings, observe=observe)
        return Dashboard(
            engine,
            environment=name,
            production=place,
            appearance=appearance,
            keymap=keymap,
            walk=offer_walk(settings, engine, observe=observe),
            remark=remark,
            settled=settled,
        )
    _check_embedded(observe=observe)
    made = make_embedded_engine(settings, embedded or "json")
    return Dashboard(
        made,
        mode="EMBEDDED",
        environment=name,
        production=place,
        workload=made.workload,
        appearance=appearance,
        keymap=keymap,
        walk=made.walk,
        remark=remark,
        settled=settled,
    )


def _check_as_the_dashboard_does(settings: Settings) -> None:
    """What is shown as effective must not be refused by the next command."""
    # here: --help must not wait for drivers and widgets
    from engine.assembly import check_services
    from topn_tui.remapping import keymap_of
    from topn_tui.themes import checked_theme

    checked_theme(settings.view.theme)
    keymap_of(settings.keys)
    check_services(settings)


def _check_of_use(command: str | None, *, observe: bool, embedded: bool) -> None:
    """An option before a command that has no use for it is a mistake, not to be passed over."""
    for option, given, of_use in (
        ("--observe", observe, (None, "run")),
        (EMBEDDED, embedded, (None, "run", "walkthrough")),
    ):
        if given and command not in of_use:
            raise WrongSetting(
                f"{option} has no meaning for topn-tui {command}: it is for "
                f"{', '.join(f'topn-tui {name}' if name else 'the dashboard' for name in of_use)}"
            )


def _check_embedded(*, observe: bool) -> None:
    if observe:
        raise WrongSetting(
            "--observe with --embedded: nobody else publishes in this process, so there would be "
            "nothing to watch; leave one of the two out"
        )


def main() -> None:
    """The console entry point: never a traceback for what a person can mend."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # JSON is, whatever the locale says
    try:
        cli(prog_name="topn-tui")
    except WrongSetting as error:
        sys.stderr.write(f"topn-tui: {safe(str(error))}\n")
        sys.exit(WRONG)
    except TopnError as error:
        sys.stderr.write(f"topn-tui: {safe(str(error))}\n")
        sys.exit(1)
    except OSError as error:  # the services' own are told by now: this is the output
        log.exception("the output cannot be written")
        sys.stderr.write(f"topn-tui: the output cannot be written: {error.strerror}\n")
        sys.stdout = None  # nothing left to flush at the end
        sys.exit(1)
