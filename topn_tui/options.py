"""The options that several commands have, and the settings by them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeVar

import click

from engine import __version__
from engine.configuration import Loaded, load_settings
from engine.errors import WrongSetting
from engine.setting_names import is_secret, leaves, variable

F = TypeVar("F", bound=Callable[..., Any])

EMBEDDED, WIRES = "--embedded", ("json", "protobuf")
"""The option, and its values; the first where it has none."""


DEFAULT_FILE = "TOPN_CONFIG, else topn-tui/topn.toml in the XDG config home."


def common(command: F, *, hidden_version: bool = True, default: str = DEFAULT_FILE) -> F:
    """The options that every command which reads settings has; help tells the version's once.

    Args:
        default: what the command reads without --config, in words.
    """
    file = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"The settings file. Default: {default}",
    )
    sets = click.option(
        "--set",
        "sets",
        multiple=True,
        metavar="SECTION.NAME=VALUE",
        help="Set one setting; goes before environment and file. May be repeated; not for secrets.",
    )
    version = click.version_option(__version__, prog_name="topn-tui", hidden=hidden_version)
    return version(file(sets(command)))


def running(command: F) -> F:
    """The options of the commands that run an engine."""
    observe = click.option(
        "--observe", is_flag=True, help="Never take the lease: watch, publish nothing."
    )
    return observe(embeddable(command))


class BareEmbedded(click.Group):
    """A group whose bare ``--embedded`` leaves the word behind it alone: that may be a command.

    Click would take it for the option's value: ``topn-tui --embedded run``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        written = [
            f"{EMBEDDED}={WIRES[0]}" if word == EMBEDDED and after not in WIRES else word
            for word, after in zip_longest(args, args[1:])
        ]
        return super().parse_args(ctx, written)


def embeddable(command: F) -> F:
    """The option that replaces all services."""
    embedded = click.option(
        EMBEDDED,
        type=click.Choice(WIRES),
        is_flag=False,
        flag_value=WIRES[0],
        metavar="[=json|protobuf]",
        help="The whole path in this process: a table, its change log, a store, and traffic. What "
        "the dashboard shows where nothing is configured.",
    )
    return embedded(command)


def settings_of(context: click.Context, file: Path | None, sets: tuple[str, ...]) -> Loaded:
    """Settings by the options of the groups and of the command; the innermost go first."""
    group_file, group_sets, *_ = context.obj
    return load_settings(file or group_file, flags_of((*group_sets, *sets)))


def flags_of(sets: tuple[str, ...]) -> dict[str, str]:
    """Dotted path -> value of each --set.

    Raises:
        WrongSetting: one has no value, or is a secret.
    """
    secret = {path for path, field in leaves() if is_secret(field)}
    flags = {}
    for item in sets:
        path, equals, value = item.partition("=")
        if not equals:  # not shown: it may be half of a password
            raise WrongSetting("--set without a value: write --set SECTION.NAME=VALUE")
        if path.endswith(".url") and ":" in value.partition("://")[2].rpartition("@")[0]:
            path = path.removesuffix("url") + "password"
        if path in secret:
            raise WrongSetting(
                f"--set {path}: a secret on the command line is seen by everybody on this machine; "
                f"set {variable(path)} or {path}_file"
            )
        flags[path] = value
    return flags
