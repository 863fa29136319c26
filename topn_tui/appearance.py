"""How the dashboard is drawn: the theme, and what the terminal can show."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import WrongSetting
from engine.view_settings import ViewSection
from topn_tui.themes import DEFAULT, checked_theme

UTF_8 = "utf-8"
PRODUCTION = ("prod", "live", "生产")
"""How the name of an environment begins where a mistake hurts people."""
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
_NO_SCREEN = ("dumb", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What differs from one terminal, and one setting, to another."""

    theme: str = DEFAULT
    colour: bool = True
    encoding: str | None = None
    """None: any character can be shown. Otherwise signs are drawn in ASCII, and other text as far as this
    encoding has it."""


def appearance_of(
    view: ViewSection, environment: Mapping[str, str], encoding: str, *, coerced: bool
) -> Appearance:
    """What the settings ask for, as far as the terminal has it.

    Args:
        view: the settings.
        environment: NO_COLOR (https://no-color.org), TERM and the locale are read from it.
        encoding: of the output.
        coerced: Python runs in UTF-8 mode (``sys.flags.utf8_mode``); then LC_CTYPE may be its doing.

    Raises:
        WrongSetting: there is no such theme, or nothing can be placed on such a terminal.
    """
    term = environment.get("TERM", "")
    if term in _NO_SCREEN:
        raise WrongSetting(
            f"TERM={term}: nothing can be placed on such a terminal; set TERM to what it is, such as "
            "xterm-256color, or use topn-tui run --headless"
        )
    has = charset(environment, encoding, coerced=coerced)
    plain = has != UTF_8 if view.ascii == "auto" else view.ascii == "true"
    return Appearance(
        theme=checked_theme(view.theme),
        colour=not environment.get("NO_COLOR") and has_colours(term),
        encoding=has if plain else None,
    )


def is_production(view: ViewSection) -> bool:
    """Whether the place that is looked at is one where a mistake hurts people."""
    if view.production == "auto":
        return view.environment.lower().startswith(PRODUCTION)
    return view.production == "true"


def charset(environment: Mapping[str, str], encoding: str, *, coerced: bool) -> str:
    """The encoding of the terminal, by Python's name; "ascii" where locale and output disagree.

    The locale's name is asked, as the C library does, because Python takes UTF-8 in the C locale. Where
    no locale is set nobody has said anything, and terminals are UTF-8.
    """
    ours = _codec(encoding)
    ctype = environment.get("LC_CTYPE", "")
    if coerced and ctype in _COERCED:
        ctype = ""
    locale = environment.get("LC_ALL") or ctype or environment.get("LANG", "")
    if locale in ("C", "POSIX"):
        return "ascii"
    named = locale.partition("@")[0].partition(".")[2] or (locale if locale in _COERCED else "")
    theirs = _codec(named) if named else ours
    return ours if theirs == ours else "ascii"


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "ascii"


def has_colours(term: str) -> bool:
    """Whether the terminal database knows colours of it; whatever is not in there has some."""
    if not term:
        return True
    with contextlib.suppress(ImportError):
        import curses  # not everywhere there is Python

        try:
            curses.setupterm(term, 1)
        except curses.error:
            return True
        return curses.tigetnum("colors") > 0
    return True
