"""``topn-tui dead-letters``: what could not be used, listed, shown, and handed on to ``replay``."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
import msgspec
from rich.cells import cell_len

from engine.dead_letter_lines import DeadLetter, letters_in, line_of
from engine.errors import WrongSetting
from engine.settings import Settings
from topn_tui.formatting import UNKNOWN, crop, fit, number, raw, safe
from topn_tui.json_text import harmless
from topn_tui.options import common, settings_of

REASON_CELLS = 90
"""In a table for people, how much of a reason is shown."""

TEXT_LINES = 400
"""How much of a message is shown; an export has all of it."""

_RIGHT = (0, 4)
"""Columns of numbers."""

_UNIT_S = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}

F = TypeVar("F", bound=Callable[..., Any])


class Kept(NamedTuple):
    """A dead letter and its number: its place among all that are kept, from 1."""

    number: int
    letter: DeadLetter


class Selection(NamedTuple):
    """Which letters are meant."""

    since_ms: int | None
    reason: str | None
    limit: int | None

    def of(self, kept: Sequence[Kept]) -> list[Kept]:
        """Those of them, in the same order; of a limited number the newest."""
        reason = (self.reason or "").casefold()
        found = [
            one
            for one in kept
            if one.letter.noticed_ms >= (self.since_ms or 0)
            and reason in one.letter.reason.casefold()
        ]
        return found[-self.limit :] if self.limit else found


class _Moment(click.ParamType[int]):
    """A time, or how long ago; as milliseconds since 1970."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if ago := re.fullmatch(r"(\d{1,9}) ?(s|min|h|d)", value):
            return round((time.time() - int(ago[1]) * _UNIT_S[ago[2]]) * 1000)
        try:
            return round(datetime.fromisoformat(value).timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{safe(value)!r} is no time: write 2026-11-23, 2026-11-23T10:15, or 15min, 2h, 3d"
            )


def selecting(command: F) -> F:
    """The options that say which letters are meant."""
    since = click.option(
        "--since", type=_Moment(), help="Noticed since: 2026-11-23T10:15, or 15min, 2h, 3d ago."
    )
    reason = click.option("--reason", metavar="TEXT", help="Whose reason has this text in it.")
    limit = click.option("--limit", type=click.IntRange(min=1), help="The newest so many of them.")
    return since(reason(limit(command)))


@click.group(name="dead-letters", short_help="Messages that could not be used: list, show, export.")
@common
@click.pass_context
def dead_letters(context: click.Context, config: Path | None, sets: tuple[str, ...]) -> None:
    """Messages that should have been usable and were not: list, show or export them.

    Reads the board's file (dead_letters.file), also while engines write it. LETTER is a number of the
    list or a place as the notices have it: p0@12.
    """
    file, group_sets, *others = context.obj
    context.obj = (config or file, (*group_sets, *sets), *others)


@dead_letters.command(name="list")
@common
@selecting
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@click.pass_context
def list_letters(
    context: click.Context,
    config: Path | None,
    sets: tuple[str, ...],
    since: int | None,
    reason: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Print a line for each, oldest first."""
    kept = read_letters(settings_of(context, config, sets).settings)
    chosen = Selection(since, reason, limit).of(kept)
    _say_if_none(chosen, kept)
    lines = [json_line(one) for one in chosen] if as_json else table(chosen)
    _print(lines)


@dead_letters.command(short_help="All that is known of one, its message too.")
@click.argument("letter")
@common
@click.pass_context
def show(context: click.Context, letter: str, config: Path | None, sets: tuple[str, ...]) -> None:
    """Print all that is known of one LETTER, its message as text or hexadecimal."""
    kept = read_letters(settings_of(context, config, sets).settings)
    _print(described(_find(kept, letter)))


@dead_letters.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.argument("letters", metavar="[LETTER]...", nargs=-1)
@common
@selecting
@click.pass_context
def export(
    context: click.Context,
    file: Path,
    letters: tuple[str, ...],
    config: Path | None,
    sets: tuple[str, ...],
    since: int | None,
    reason: str | None,
    limit: int | None,
) -> None:
    """Write lines for `topn-tui replay` to FILE, or to stdout where it is a dash.

    All of them, or those named, or those that the options select.
    """
    settings = settings_of(context, config, sets).settings
    kept = read_letters(settings)
    named = sorted({_find(kept, letter) for letter in letters}) if letters else kept
    chosen = Selection(since, reason, limit).of(named)
    _say_if_none(chosen, kept)
    content = b"".join(line_of(one.letter) for one in chosen)
    if str(file) == "-":
        _print(content.decode().splitlines())
        return
    _write(settings, file, content)
    _say(f"{_count(len(chosen))} written to {file}")


# ── reading ───────────────────────────────────────────────────────────────────────────────────


def read_letters(settings: Settings) -> list[Kept]:
    """All letters that are kept, oldest first; what cannot be read is told on stderr.

    A letter that several engines of this machine noticed counts once.

    Raises:
        WrongSetting: no file is named, or it cannot be read.
    """
    from engine.assembly import make_dead_letter_file  # here: --help must not wait for drivers

    kept: list[Kept] = []
    seen: set[object] = set()
    for file, content in make_dead_letter_file(settings).read():
        for line, letter in letters_in(content):
            if isinstance(letter, str):
                _say(f"{file}, line {line}: {letter}; skipped")
                continue
            same = (letter.topic, letter.partition, letter.offset, letter.timestamp_ms)
            identity = (*same, letter.raw_size, hash(letter.value))
            if identity not in seen:
                seen.add(identity)
                kept.append(Kept(len(kept) + 1, letter))
    return kept


def _find(kept: Sequence[Kept], wanted: str) -> Kept:
    """The letter of this number, or the newest of this place.

    Raises:
        WrongSetting: there is none.
    """
    for one in reversed(kept):
        if wanted in (str(one.number), one.letter.place):
            return one
    raise WrongSetting(
        f"no dead letter {wanted!r}: {_count(len(kept))} kept; `topn-tui dead-letters list` has "
        "their numbers and places"
    )


# ── writing ───────────────────────────────────────────────────────────────────────────────────


def table(kept: Sequence[Kept]) -> list[str]:
    """Aligned lines of safe text, a header first; none where there is no letter."""
    if not kept:
        return []
    lines = [("#", "noticed", "topic", "place", "bytes", "reason")]
    lines += [
        (
            str(one.number),
            _time(one.letter.noticed_ms)[:19],
            safe(one.letter.topic),
            one.letter.place,
            number(one.letter.raw_size),
            crop(safe(one.letter.reason), REASON_CELLS),
        )
        for one in kept
    ]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    widths[-1] = 0  # nothing follows a reason
    return [
        "  ".join(
            [
                fit(cell, width, right=column in _RIGHT) if width else cell
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
        )
        for line in lines
    ]


def json_line(kept: Kept) -> str:
    """All fields but the bytes, as one JSON object. The names are a contract."""
    letter = kept.letter
    return msgspec.json.encode(
        {
            "number": kept.number,
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "timestamp_ms": letter.timestamp_ms if letter.timestamp_ms >= 0 else None,
            "noticed_ms": letter.noticed_ms,
            "reason": letter.reason,
            "raw_size": letter.raw_size,
            "cut": letter.cut,
        }
    ).decode()


def described(kept: Kept) -> list[str]:
    """All fields, and the message as lines of safe text."""
    letter = kept.letter
    value = letter.value or b""
    size = f"{number(letter.raw_size)} bytes"
    if letter.cut:
        size += f", of which the first {number(len(value))} are kept"
    fields = {
        "number": str(kept.number),
        "topic": safe(letter.topic),
        "partition": str(letter.partition),
        "offset": str(letter.offset),
        "produced": _time(letter.timestamp_ms),
        "noticed": _time(letter.noticed_ms),
        "reason": safe(letter.reason),
        "message": size,
    }
    text = raw(value, max_lines=TEXT_LINES + 1)
    if len(text) > TEXT_LINES:
        text[TEXT_LINES:] = ["… (`topn-tui dead-letters export` has all of it)"]
    return [*(f"{name:<10} {said}" for name, said in fields.items()), "", *text]


def _time(at_ms: int) -> str:
    """Local time with its offset; what no clock has shown is unknown."""
    try:
        when = datetime.fromtimestamp(at_ms / 1000).astimezone() if at_ms > 0 else None
    except (ValueError, OverflowError, OSError):
        when = None
    return UNKNOWN if when is None else when.isoformat(" ", "milliseconds")


def _write(settings: Settings, file: Path, content: bytes) -> None:
    from engine.assembly import make_dead_letter_file

    ours = make_dead_letter_file(settings)
    try:
        if any(kept.exists() and file.exists() and kept.samefile(file) for kept in ours.files):
            raise WrongSetting(f"{file} is the file of the dead letters itself; name another one")
        # Rows may be in it: for its owner's eyes only.
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
    except OSError as error:
        raise WrongSetting(f"{file} cannot be written: {error.strerror}") from None


def _print(lines: Sequence[str]) -> None:
    sys.stdout.writelines(harmless(line) + "\n" for line in lines)
    sys.stdout.flush()  # now, where a reader that is gone is still noticed


def _say_if_none(chosen: Sequence[Kept], kept: Sequence[Kept]) -> None:
    if not kept:
        _say("there is no dead letter")
    elif not chosen:
        _say(f"none of {_count(len(kept))} is meant by these options")


def _count(letters: int) -> str:
    return f"{letters} dead letter" + ("" if letters == 1 else "s")


def _say(text: str) -> None:
    sys.stderr.write(f"topn-tui: {safe(text)}\n")
