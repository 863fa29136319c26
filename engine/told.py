"""A text in English that remembers what it was made of, so that a screen can say it in another language.

It is a plain ``str`` to all others: the log, JSON and exports have it in English. The screen looks
:attr:`Told.template` up in its catalogue and fills the same values in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Told(str):
    """An English text, its template and the values in it.

    Attributes:
        template: with ``{name}`` or ``{name:,}`` for each of the `values`.
        values: a :class:`Told` among them is a text of its own.
        many: the template for any number but one; "" where the text counts nothing.
    """

    __slots__ = ("many", "template", "values")

    template: str
    values: Mapping[str, Any]
    many: str

    def __new__(cls, template: str, values: Mapping[str, Any], many: str = "") -> Told:
        chosen = many if many and values.get("n") != 1 else template
        self = super().__new__(cls, filled(chosen, values))
        self.template, self.values, self.many = template, values, many
        return self

    def __getnewargs__(self) -> tuple[str, Mapping[str, Any], str]:  # type: ignore[override]
        # Copying and pickling call __new__ with these.
        return self.template, self.values, self.many


def told(template: str, /, **values: Any) -> Told:
    """The text of a template: ``told("{rows:,} rows are missing", rows=1200)``."""
    return Told(template, values)


def told_n(one: str, many: str, n: int, /, **values: Any) -> Told:
    """As :func:`told`, of `one` thing or `many`; both templates may name ``{n}``."""
    return Told(one, {**values, "n": n}, many)


def listed(texts: Sequence[str], between: str = ", ") -> Told:
    """The texts with commas between them, each of them looked up for itself."""
    names = [f"t{i}" for i in range(len(texts))]
    return Told(between.join(f"{{{name}}}" for name in names), dict(zip(names, texts, strict=True)))


def filled(template: str, values: Mapping[str, Any]) -> str:
    """The template with its values; itself where there are none, as a brace in it means a brace then.

    Raises:
        LookupError, ValueError, AttributeError, TypeError: a placeholder has no value that suits it.
    """
    return template.format(**values) if values else template


def said(error: Exception) -> str:
    """An error's message: where it was made as :class:`Told`, as that."""
    return error.args[0] if error.args and isinstance(error.args[0], Told) else str(error)


def plain(of: object) -> str:
    """For msgspec, which encodes no subclass of ``str``: an encoder's ``enc_hook``.

    Raises:
        NotImplementedError: it is anything else.
    """
    if isinstance(of, Told):
        return str(of)
    raise NotImplementedError(f"{type(of).__name__} is no JSON")
