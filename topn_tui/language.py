"""The language of the screen: English, as it is written in the code, or one with a catalogue.

``t("{rows:,} rows", rows=n)`` where a text is drawn; ``tn("{n:,} row", "{n:,} rows", n)`` where it counts;
``mark("Board")`` where a constant is made at import, which is ``t(NAME)`` when it is drawn. What the
engine says comes as :class:`engine.told.Told`, which ``t`` understands too. Texts of drivers, of
servers and of tables are nobody's to translate: they are values, never templates.

A catalogue is a gettext file, ``locales/zh/LC_MESSAGES/topn_tui.po``. The ``.mo`` beside it is what is
read; ``make messages`` writes it, and a test compares the two. A text that is not in it, or whose
placeholders do not fit, is shown in English: no screen fails for a translation.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Any

from engine.told import Told, filled, told

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "topn_tui"

ENGLISH, CHINESE = "en", "zh"

_ENGLISH = NullTranslations()
_catalogue: NullTranslations = _ENGLISH


def language_of(
    setting: str, environment: Mapping[str, str] = os.environ, *, encoding: str | None = None
) -> str:
    """``en`` or ``zh``: the one set; for ``auto`` that of the locale's texts, as the C library finds it.
    English where the terminal could show nothing else.

    Args:
        setting: ``view.language``.
        environment: LC_ALL, LC_MESSAGES and LANG are read from it.
        encoding: of a terminal that has not all characters.
    """
    if not has_chinese(encoding):
        return ENGLISH
    if setting != "auto":
        return setting
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    return CHINESE if locale.lower().startswith(CHINESE) else ENGLISH


def not_spoken(setting: str, encoding: str | None) -> str:
    """Why the language that is set is not the one spoken, and what to do; "" where it is."""
    if setting != CHINESE or has_chinese(encoding):
        return ""
    return told(
        "English, though view.language is zh: this terminal's encoding, {encoding}, has no Chinese; "
        "set a UTF-8 locale, such as LC_ALL=C.UTF-8",
        encoding=encoding,
    )


def has_chinese(encoding: str | None) -> bool:
    """Whether a terminal of this encoding (None: any character) can show Chinese."""
    try:
        "榜单".encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def speak(language: str) -> None:
    """From now on texts are looked up in this language."""
    use(_ENGLISH if language == ENGLISH else translation(DOMAIN, LOCALES, [language]))


def use(catalogue: NullTranslations) -> None:
    """From now on texts are looked up in this catalogue."""
    global _catalogue
    _catalogue = catalogue


def mark(text: str) -> str:
    """The text itself: it goes into the catalogue, and is looked up where it is drawn."""
    return text


def t(text: str, /, **values: Any) -> str:
    """The text in the screen's language.

    Args:
        text: in English, with ``{name}`` or ``{name:,}`` for each of the values; or a :class:`Told`.
        values: what is filled in; a :class:`Told` among them is looked up as well.
    """
    if isinstance(text, Told):
        if text.many:
            return _counted(text.template, text.many, text.values)
        return t(text.template, **text.values)
    if not text:
        return ""  # gettext has the catalogue's own header under it
    return _filled(_catalogue.gettext(text), text, values)


def tn(one: str, many: str, n: int, /, **values: Any) -> str:
    """As :func:`t`, of `one` thing or `many`; ``{n}`` is how many."""
    return _counted(one, many, {**values, "n": n})


def _counted(one: str, many: str, values: Mapping[str, Any]) -> str:
    n = values["n"]
    return _filled(_catalogue.ngettext(one, many, n), one if n == 1 else many, values)


def _filled(text: str, english: str, values: Mapping[str, Any]) -> str:
    if not values:
        return text
    values = {name: _value(value) for name, value in values.items()}
    for template in (text, english):
        try:
            return filled(template, values)
        except (LookupError, ValueError, AttributeError, TypeError):
            continue
    return english


def _value(value: Any) -> Any:
    return t(value) if isinstance(value, Told) else value
