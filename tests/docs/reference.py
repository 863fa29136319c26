"""Writes docs/reference.md from the click commands, the settings and the keys: `make docs`."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import click
from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from textual.binding import Binding

from engine.configuration import toml_value
from engine.setting_names import leaves, variable
from engine.settings import Settings
from topn_tui import query
from topn_tui.cli import WRONG, cli
from topn_tui.keys import KEYS, LIST_KEYS, OVER_KEYS, REFLEXES, WORKLOAD_KEYS, panel_keys
from topn_tui.panels import PANELS

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"
PROGRAM = "topn-tui"

_INTRODUCTION = """\
# Reference

Every command, setting and key, written by `make docs` from the program itself: change the program, not this page.

[Commands](#commands) · [Exit codes](#exit-codes) · [Settings](#settings) · [Keys](#keys)
"""

_SETTINGS = f"""\
Flags (`--set board.size=20`) go before the environment, the environment before the file, the file before the
defaults. The file is TOML: `{PROGRAM} config` writes one with every setting in it; `{PROGRAM} config --show` tells
the values in force and where each came from. An unknown name is refused. Secrets are never shown, and never taken
from a flag.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, "## Commands\n"]
    parts += [command_part(context) for context in commands(cli, PROGRAM)]
    parts += ["## Exit codes\n", exit_codes()]
    parts += ["## Settings\n", _SETTINGS, *settings_parts()]
    parts += ["## Keys\n", keys_part()]
    return "\n".join(parts)


# ── commands ──────────────────────────────────────────────────────────────────────────────────


def commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """A context of a command and of each below it, in the order of their definition."""
    context = click.Context(
        command, parent=parent, info_name=name, **(command.context_settings if not parent else {})
    )
    yield context
    if isinstance(command, click.Group):
        for below_name, below in command.commands.items():
            if not below.hidden:
                yield from commands(below, below_name, context)


def command_part(context: click.Context) -> str:
    """Usage, sentences, arguments and options of one command."""
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    paragraphs = [" ".join(of.split()) for of in (command.help or "").split("\n\n")]
    parameters = command.get_params(context)
    if context.parent:  # these two are said once, of the program
        parameters = [of for of in parameters if not {"--version", "--help"} & {*of.opts}]
    rows = [row for of in parameters if (row := _parameter(of, context))]
    return "\n".join(
        [
            f"### `{context.command_path}`\n",
            f"```text\n{usage}\n```\n",
            *(f"{text(paragraph)}\n" for paragraph in paragraphs if paragraph),
            table(("argument or option", "default", "meaning"), rows),
        ]
    )


def _parameter(of: click.Parameter, context: click.Context) -> tuple[str, str, str] | None:
    if isinstance(of, click.Argument):
        needed = "needed" if of.required else "may be left out"
        return f"`{of.make_metavar(context)}`", "", f"a {of.type.name}; {needed}"
    if not isinstance(of, click.Option) or of.hidden:
        return None
    record = of.get_help_record(context)
    assert record is not None
    shown = f"`{of.default}`" if _plain(of.default) and not of.is_flag else ""
    return f"`{record[0].replace(' RANGE', '')}`", shown, text((of.help or "") + _range(of.type))


def _range(of: click.ParamType[object]) -> str:
    if not isinstance(of, click.IntRange):
        return ""
    ends = [("at least", of.min), ("at most", of.max)]
    return "".join(f" {words.capitalize()} {end:,}." for words, end in ends if end is not None)


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def exit_codes() -> str:
    """What every command ends with; what one of them means by more is in its own part."""
    return table(
        ("code", "meaning"),
        [
            ("0", "all is well; of a board: it is EXACT"),
            ("1", "an error of ours, or the engine ended by itself"),
            (f"{WRONG}", "wrong usage, settings or files: the sentence on stderr says what to do"),
            (
                f"{query.NOT_EXACT}",
                "the board that was printed is not EXACT, or a step did not hold",
            ),
            (f"{query.NO_BOARD}", "there is no such board"),
            (f"{query.AWAY}", "Redis cannot be reached"),
        ],
    )


# ── settings ──────────────────────────────────────────────────────────────────────────────────


def settings_parts() -> Iterator[str]:
    """A table for each section, in the order of the file."""
    sections: dict[str, list[tuple[str, ...]]] = {}
    for path, field in leaves():
        section, _, name = path.rpartition(".")
        row = (
            f"`{name}`",
            f"`{variable(path)}`",
            text(kind(field)),
            default(field),
            text(field.description or ""),
        )
        sections.setdefault(section, []).append(row)
    for section, rows in sections.items():
        yield f"### `[{section}]`\n"
        yield f"{text(_sentence(section))}\n"
        yield table(("setting", "variable", "value", "default", "meaning"), rows)


def _sentence(section: str) -> str:
    model: type[BaseModel] = Settings
    for name in section.split("."):
        annotation = model.model_fields[name].annotation
        assert isinstance(annotation, type)
        assert issubclass(annotation, BaseModel)
        model = annotation
    return " ".join((model.__doc__ or "").replace("``", "`").split())


def kind(field: FieldInfo) -> str:
    """What may be written, in words: ``integer, at least 1``."""
    words = _kind(field.annotation)
    bounds: list[tuple[type, Callable[..., str]]] = [
        (Gt, lambda of: f"more than {of.gt:,}" if of.gt else "at least 1"),
        (Ge, lambda of: f"at least {of.ge:,}"),
        (Lt, lambda of: f"less than {of.lt:,}"),
        (Le, lambda of: f"at most {of.le:,}"),
        (MaxLen, lambda of: f"at most {of.max_length} characters"),
    ]
    said = [say(of) for of in field.metadata for bound, say in bounds if isinstance(of, bound)]
    return ", ".join([words, *said])


_KINDS = {str: "text", int: "integer", bool: "true or false", Path: "file", SecretStr: "secret"}


def _kind(annotation: object) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin is Literal:
        return ", ".join(f"`{of}`" for of in get_args(annotation))
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(of) for of in get_args(annotation) if of is not type(None))
    if origin in (tuple, list):
        return f"list of {_kind(get_args(annotation)[0])}"
    if isinstance(annotation, type) and annotation in _KINDS:
        return _KINDS[annotation]
    raise LookupError(f"no word for a setting of type {annotation}; add one to _KINDS")


def default(field: FieldInfo) -> str:
    """As TOML writes it; empty where nothing is set."""
    value = field.get_default(call_default_factory=True)
    return "" if value is None else f"`{toml_value(value)}`"


# ── keys ──────────────────────────────────────────────────────────────────────────────────────


def keys_part() -> str:
    """The dashboard's keys; those of the embedded table apart."""
    return "\n".join(
        [
            "In the dashboard; `?` shows them too, with what its signs mean. "
            "The settings of `[keys]` change them.\n",
            table(
                ("key", "action in `[keys]`", "what it does"),
                [_key(of) for of in (*KEYS, *panel_keys(list(PANELS)))],
            ),
            " ".join(f"`{key}` {text(does)}." for key, does in REFLEXES)
            + " No setting changes them.\n",
            "In each list:\n",
            table(("key", "action in `[keys]`", "what it does"), [_key(of) for of in LIST_KEYS]),
            "In what opens over the panels:\n",
            table(("key", "action in `[keys]`", "what it does"), [_key(of) for of in OVER_KEYS]),
            "On the embedded table also:\n",
            table(
                ("key", "action in `[keys]`", "what it does"), [_key(of) for of in WORKLOAD_KEYS]
            ),
        ]
    )


def _key(of: Binding) -> tuple[str, str, str]:
    return f"`{of.key_display or of.key}`", f"`{of.id}`", text(of.tooltip)


# ── Markdown ──────────────────────────────────────────────────────────────────────────────────


def text(of: str) -> str:
    """A text in Markdown: nothing in it is taken for markup but code."""
    outside = of.split("`")
    for i in range(0, len(outside), 2):  # every second part is code
        for sign in "\\*<[$":
            outside[i] = outside[i].replace(sign, f"\\{sign}")
    return "`".join(outside)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, with a line under it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |\n" for cells in lines
    )


def main() -> None:
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
