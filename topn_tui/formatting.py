"""Values into text: pure, and safe for any terminal whatever the database holds.

Two rules. What is not known is shown as :data:`UNKNOWN`, never as 0. And text from outside never
reaches the terminal as it is: :func:`safe` makes every control visible and keeps columns straight,
and nothing here or in the panels parses markup.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache

from rich.cells import cell_len, chop_cells
from wcwidth import wcwidth

from topn_tui.language import mark, t

_WIDE = (
    "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
)
_CLOSING = "，。；：、！？）」』】》〉”’"
_PIECES = re.compile(rf"(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*\s*|\s+")
"""A word, or one wide character, with what it must not be parted from."""

UNKNOWN = "-"
ELLIPSIS = "…"
MAX_MARKS = 2
"""Combining marks kept on one character. Real text needs two; a pile of them is an attack."""
_INVISIBLE = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0))) | {
    *map(chr, range(0x180B, 0x1810)),
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0000, 0xE1000)),
}
"""Drawn as nothing, or changing the width of what stands before them (variation selectors)."""
_SPARKS = "▁▂▃▄▅▆▇█"


# ── text from outside ─────────────────────────────────────────────────────────────────────────


def safe(text: str, width: int | None = None, *, right: bool = False) -> str:
    """`text` with nothing left in it that a terminal obeys or measures in its own way.

    C0 controls become their pictures (␛ ␊), every other control, format or invisible character its
    escape (``\\u202e``), and so do characters whose width terminals disagree about (emoji joiners,
    flags, skin tones). The result measures the same in Textual and in :mod:`wcwidth`.

    Args:
        text: anything.
        width: exactly so many cells: cut with an ellipsis or padded. None: as long as it is.
        right: pad on the left.
    """
    shown = text if text.isascii() and text.isprintable() else _visible(text)
    return shown if width is None else fit(shown, width, right=right)


@lru_cache(maxsize=8192)
def _visible(text: str) -> str:
    out: list[str] = []
    marks = MAX_MARKS  # a mark that comes first would sit on somebody else's character
    for char in text:
        if _is_mark(char):
            marks += 1
            out.append(char if marks <= MAX_MARKS else _escape(char))
        elif _is_plain(char):
            marks = 0
            out.append(char)
        else:
            marks = MAX_MARKS
            out.append(_escape(char))
    return "".join(out)


def _is_mark(char: str) -> bool:
    return (
        unicodedata.category(char) in ("Mn", "Me")
        and char not in _INVISIBLE
        and wcwidth(char) == 0 == cell_len(char)
    )


def _is_plain(char: str) -> bool:
    category = unicodedata.category(char)
    if category[0] == "C" and category != "Co":
        return False
    if category in ("Zl", "Zp") or char in _INVISIBLE:
        return False
    return 0 < wcwidth(char) == cell_len(char)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Safe text in exactly `width` cells: cut with an ellipsis, or padded."""
    length = cell_len(text)
    if length > width:
        text = crop(text, width)
        length = cell_len(text)
    padding = " " * (width - length)
    return padding + text if right else text + padding


def crop(text: str, width: int) -> str:
    """Safe text in at most `width` cells, with an ellipsis where something is missing."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    taken, room = [], width - 1
    for char in text:
        room -= cell_len(char)
        if room < 0:
            break
        taken.append(char)
    return "".join(taken) + ELLIPSIS


def wrapped(text: str, width: int) -> list[str]:
    """Safe text as lines of at most `width` cells: broken at blanks and between Chinese characters, never
    before a sign that ends something; what is longer than a line is broken anywhere."""
    room, line = max(2, width), ""
    lines: list[str] = []
    for piece in _PIECES.findall(text):
        word = piece.rstrip()
        if line and cell_len(line + word) > room:
            lines.append(line)
            line = ""
        *whole, line = chop_cells(line + word, room) or [""]
        lines += whole
        line += piece[len(word) :]
    return [of.rstrip() for of in (*lines, line)]


def crop_words(text: str, width: int) -> str:
    """As :func:`crop`, but after a whole word, unless that would cost half of the room."""
    if cell_len(text) <= width:
        return text
    head = crop(text, width - 1).removesuffix(ELLIPSIS)
    words = head if text[len(head) : len(head) + 1] == " " else head.rpartition(" ")[0]
    words = words.rstrip(" ,;:·(，；：（、")
    return f"{words} {ELLIPSIS}" if words and 2 * cell_len(words) >= width else crop(text, width)


def value(of: object) -> str:
    """A column's value in one line of safe text: bytes as hex, NULL by its name, numbers grouped."""
    if of is None:
        return "NULL"
    if isinstance(of, int | Decimal):
        return number(of)
    return "0x" + of.hex() if isinstance(of, bytes) else safe(str(of))


def key(of: int | str | None) -> str:
    """A row's key: never grouped, for it is a name and not an amount."""
    return UNKNOWN if of is None else safe(str(of))


def raw(message: bytes, *, max_lines: int = 400) -> list[str]:
    """A message as lines of safe text: pretty where it is JSON, text where it reads as text, else hex."""
    try:
        text = message.decode()
    except UnicodeDecodeError:
        return hexdump(message)[:max_lines]
    try:
        lines = json.dumps(json.loads(text), indent=2, ensure_ascii=False).split("\n")
    except (ValueError, RecursionError):
        if sum(char.isprintable() or char in "\r\n\t" for char in text) < 0.9 * len(text):
            return hexdump(message)[:max_lines]
        lines = text.splitlines()
    return [safe(line) for line in lines[:max_lines]]


def hexdump(message: bytes) -> list[str]:
    """Offset, sixteen bytes, and what of them is plain ASCII."""
    lines = []
    for at in range(0, len(message), 16):
        part = message[at : at + 16]
        plain = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in part)
        lines.append(f"{at:06x}  {part[:8].hex(' '):23}  {part[8:].hex(' '):23}  {plain}")
    return lines


# ── numbers and times ─────────────────────────────────────────────────────────────────────────


def number(of: int | Decimal | float | None) -> str:
    """Exact, grouped by thousands; a Decimal with all its digits."""
    return UNKNOWN if of is None else f"{of:,f}" if isinstance(of, Decimal) else f"{of:,}"


def number_within(of: int | Decimal, width: int) -> str:
    """As :func:`number` where that fits; otherwise rounded and marked so: ``≈1.2346e+44``."""
    exact = number(of)
    return exact if len(exact) <= width else f"≈{Decimal(of):.4e}"


def change(of: int | Decimal) -> str:
    """A difference with its sign: ``+100``, ``−12``; nothing for 0."""
    return "" if not of else ("+" + number(of) if of > 0 else "−" + number(-of))


def rate(per_s: float | None) -> str:
    """``1,204/s``; one decimal below ten."""
    if per_s is None:
        return UNKNOWN
    return t("{n}/s", n=f"{per_s:.1f}" if 0 < per_s < 10 else f"{per_s:,.0f}")


def percent(part: int, whole: int) -> str:
    """``31 %``; unknown as long as there is nothing to have a part of."""
    return UNKNOWN if whole <= 0 else f"{100 * part / whole:.0f} %"


def duration(ms: float | None) -> str:
    """``0.8 ms``, ``310 ms``, ``1.2 s``, then as :func:`age`."""
    if ms is None:
        return UNKNOWN
    if ms < 1_000:
        return t("{n} ms", n=f"{ms:.1f}" if ms < 10 else f"{ms:.0f}")
    return t("{n} s", n=f"{ms / 1_000:.1f}") if ms < 10_000 else age(ms)


_AGES = ((86_400, mark("{n} d")), (3_600, mark("{n} h")), (60, mark("{n} min")))


def age(ms: float | None) -> str:
    """Whole seconds, then minutes, hours, days: ``12 s``, ``3 min``, ``2 h``, ``4 d``."""
    if ms is None:
        return UNKNOWN
    seconds = max(0, int(ms // 1_000))
    for size, text in _AGES:
        if seconds >= size:
            return t(text, n=seconds // size)
    return t("{n} s", n=seconds)


def since(at_ms: int | None, now_ms: int) -> str:
    """The age of a moment; unknown where the moment is (None, or 0 for "not yet")."""
    return age(now_ms - at_ms) if at_ms else UNKNOWN


def clock(at_ms: int | None, *, millis: bool = False, zone: tzinfo | None = None) -> str:
    """The time of day, in the machine's own zone unless told: ``10:14:07``, ``10:14:07.310``."""
    if not at_ms:
        return UNKNOWN
    when = datetime.fromtimestamp(at_ms / 1_000, tz=UTC).astimezone(zone)
    return f"{when:%H:%M:%S}" + (f".{at_ms % 1_000:03d}" if millis else "")


# ── pictures in one line ──────────────────────────────────────────────────────────────────────


def spark(values: Sequence[float | None], width: int) -> str:
    """The last `width` values as blocks from zero on; blanks where there are none, and where one is
    not known. The highest is three quarters high: a steady rate looks steady, and not like the most
    that can be."""
    last = values[-width:] if width > 0 else ()
    top = max((value for value in last if value is not None), default=0) * 4 / 3

    def block(value: float | None) -> str:
        if value is None:
            return " "
        step = math.ceil(len(_SPARKS) * max(0, value) / top) if top > 0 else 1
        return _SPARKS[max(step, 1) - 1]

    return "".join(map(block, last)).rjust(max(0, width))


def bar(share: float, width: int) -> str:
    """A line of `share` (0 to 1) of `width` cells, to half a cell, padded to `width`."""
    halves = round(max(0.0, min(1.0, share)) * width * 2)
    return ("━" * (halves // 2) + "╸" * (halves % 2)).ljust(max(0, width))
