"""Short texts that are safe to keep and to show: why a message could not be used."""

from __future__ import annotations

LIMIT = 300
"""Characters of a reason, at most."""


def visible(text: str, limit: int = LIMIT) -> str:
    """One line of at most ``limit`` characters; whatever does not print is shown as its code."""
    if len(text) <= limit and text.isprintable():
        return text  # itself: it may remember more than its letters
    cut = text[: limit + 1]
    if not cut.isprintable():
        cut = "".join(c if c.isprintable() else _code(c) for c in cut)
    return cut if len(cut) <= limit else cut[: limit - 1] + "…"


def shown(value: object, limit: int = 40) -> str:
    """A value out of the feed, for a reason: strings in quotes, long ones cut."""
    if isinstance(value, str):
        return f"'{visible(value, limit)}'"
    return "NULL" if value is None else f"{type(value).__name__} {visible(str(value), limit)}"


def _code(c: str) -> str:
    return f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}"
