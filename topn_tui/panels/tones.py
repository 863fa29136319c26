"""The few ways a piece of text may look, by what it means; and lines made of such pieces.

A panel says ``("▲2", "good")`` and never a colour: the theme decides. Every tone goes with a word or
a glyph that says the same, or is bold or underlined, so nothing is lost without colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich.cells import cell_len
from textual.content import Content

from topn_tui.formatting import crop_words

Tone: TypeAlias = str
Span: TypeAlias = tuple[str, Tone]
"""Safe text and its tone."""
Spans: TypeAlias = tuple[Span, ...]

TONES: dict[Tone, str] = {
    "": "",
    "dim": "$foreground 72%",
    "faint": "$foreground 50%",
    "strong": "bold",
    "name": "$text-primary",
    "accent": "bold $text-accent",
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "bold $text-error",
    "fresh": "bold underline $text-success",
    "fading": "underline $text-success",
    "mark": "bold reverse",
    "alarm": "bold $text on $error",
    "alarm mark": "bold reverse $text on $error",
}

LEVELS: dict[str, tuple[str, Tone]] = {
    "info": ("i", "name"),
    "warning": ("▲", "warn"),
    "error": ("✖", "bad"),
}
"""A notice's level: its glyph and tone."""


def spans(*parts: str | Span) -> Spans:
    """Pieces of one line; a bare string has no tone, an empty one is left out."""
    whole = ((part, "") if isinstance(part, str) else part for part in parts)
    return tuple(span for span in whole if span[0])


def width_of(line: Iterable[Span]) -> int:
    return sum(cell_len(text) for text, _ in line)


def fit_spans(line: Spans, width: int, *, right: bool = False) -> Spans:
    """`line` in exactly `width` cells: cut with an ellipsis, or padded."""
    length = width_of(line)
    if length <= width:
        padding = (" " * (width - length), "")
        return spans(padding, *line) if right else spans(*line, padding)
    taken: list[Span] = []
    room = width
    for text, tone in line:
        size = cell_len(text)
        if size >= room:
            # What follows is missing too, so even a piece that just fits ends in an ellipsis.
            text = crop_words(text + " ", room)
            taken.append((text, tone))
            room -= cell_len(text)
            break
        taken.append((text, tone))
        room -= size
    return spans(*taken, (" " * room, ""))


BEFORE = " ,;:，；：（、"
"""Signs that a unit begins with, in any language of the screen."""


def shorten(line: Spans, width: int, *, keep: int = 2) -> Spans:
    """`line` without those units at its end that do not fit; the first `keep` pieces always stay.

    A unit begins with a piece that begins with a blank or a comma: a name goes with its value.
    """
    while width_of(line) > width:
        begins = [i for i, (text, _) in enumerate(line) if i >= keep and text[0] in BEFORE]
        if not begins:
            break
        line = line[: begins[-1]]
    return line


def content(lines: Sequence[Spans]) -> Content:
    """Lines as Textual draws them; no markup is parsed."""
    return Content("\n").join(
        Content.assemble(*((text, TONES[tone]) for text, tone in line)) for line in lines
    )
