"""What `/` finds: words with blanks between them, all of which a row must meet. Pure.

``82`` the key is 82 or begins so · ``key:82`` it is 82 · ``op:delete`` · ``verdict:entered,left`` either.
A word of a fixed list may be cut short (``op:del``), for it is read while it is typed; blanks in one
are ``-``. Text between quotation marks may hold blanks. Upper and lower case are one. Fields and words
may be written in English and in the screen's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from topn_tui.formatting import crop, safe
from topn_tui.language import t

SAID_CELLS = 24
"""Of a word that is wrong: what may stand in its place must have room beside it."""

Words = Mapping[str, Sequence[str]]
"""Field -> the words it may have, as they are shown; none: any."""

_PART = re.compile(r'(?:[^\s"]|"[^"]*"?)+')


class Unclear(ValueError):
    """The text is no filter; the message names the word that is wrong, then what to write."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word: what the row's `field` begins with; where `whole`, what it is."""

    field: str
    any_of: tuple[str, ...]
    whole: bool = False

    def holds(self, facts: Mapping[str, str]) -> bool:
        fact = facts[self.field].casefold()
        return fact in self.any_of if self.whole else fact.startswith(self.any_of)


@dataclass(frozen=True, slots=True)
class Filter:
    """All terms must hold; without any every row is found."""

    text: str = ""
    terms: tuple[Term, ...] = ()

    def finds(self, facts: Mapping[str, str]) -> bool:
        """Args: facts: field -> what the row has there, as it is shown."""
        return all(term.holds(facts) for term in self.terms)


def parse(text: str, words: Words) -> Filter:
    """The filter that `text` means.

    Raises:
        Unclear: it names a field or a word that there is not.
    """
    parts = _PART.findall(text)
    return Filter(" ".join(parts), tuple(_term(part, words) for part in parts))


def _term(part: str, words: Words) -> Term:
    field, colon, value = part.partition(":")
    wide, _, wide_value = part.partition("：")
    if not colon and (named := _field(wide, words)):
        field, colon, value = named, "：", wide_value
    if not colon or '"' in field:
        return Term("key", (_bare(part),))
    field = _field(field, words) or field
    if field not in words:
        fields = ", ".join(f"{t(name)}:" for name in words)
        asked = crop(safe(field), SAID_CELLS)
        raise Unclear(t("no {field}: here; write a key, or {fields}", field=asked, fields=fields))
    if not words[field]:
        return Term(field, tuple(map(_bare, value.split(","))), whole=value != "")
    given = [_bare(of) for of in value.replace("，", ",").split(",")]
    meant = [_words(of, field, words[field]) for of in given if of or len(given) == 1]
    return Term(field, tuple(chain(*meant)))


def _field(name: str, words: Words) -> str | None:
    """The field of this name, in English or in the screen's language."""
    return next((field for field in words if name in (field, t(field))), None)


def _words(given: str, field: str, words: Sequence[str]) -> Sequence[str]:
    """What the row's word may begin with; one in the screen's language stands for the engine's."""
    asked = given.replace("-", " ")
    if any(word.casefold().startswith(asked) for word in words):
        return (asked,)
    found = [word for word in words if t(word).casefold().startswith(asked)]
    if not found:
        known = ", ".join(t(word).replace(" ", "-") for word in words)
        raise Unclear(
            t(
                "{field}: has no {given}; write {known}",
                field=t(field),
                given=crop(safe(given), SAID_CELLS) or '""',
                known=known,
            )
        )
    return found


def _bare(text: str) -> str:
    return text.replace('"', "").casefold()
