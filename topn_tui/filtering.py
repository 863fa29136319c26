"""What `/` finds: words with blanks between them, all of which a row must meet. Pure.

``82`` the key is 82 or begins so · ``key:82`` it is 82 · ``op:delete`` · ``verdict:entered,left`` either.
A word of a fixed list may be cut short (``op:del``), for it is read while it is typed; blanks in one
are ``-``. Text between quotation marks may hold blanks. Upper and lower case are one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Words = Mapping[str, Sequence[str]]
"""Field -> the words it may have, as they are shown; none: any."""

_PART = re.compile(r'(?:[^\s"]|"[^"]*"?)+')


class Unclear(ValueError):
    """The text is no filter; the message says what to write."""


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
    if not colon or '"' in field:
        return Term("key", (_bare(part),))
    if field not in words:
        fields = ", ".join(f"{name}:" for name in words)
        raise Unclear(f"no {field}: here; write a key, or {fields}")
    given = [_bare(of) for of in value.split(",")]
    if not words[field]:
        return Term(field, tuple(given), whole=value != "")
    meant = tuple(_word(of, field, words[field]) for of in given if of or len(given) == 1)
    return Term(field, meant)


def _word(given: str, field: str, words: Sequence[str]) -> str:
    asked = given.replace("-", " ")
    if not any(word.casefold().startswith(asked) for word in words):
        known = ", ".join(word.replace(" ", "-") for word in words)
        raise Unclear(f"{field}:{given} is none of {known}")
    return asked


def _bare(text: str) -> str:
    return text.replace('"', "").casefold()
