"""What is drawn, made plainer for a terminal that shows less: without colours, or in ASCII.

Both are Textual's line filters: they change what a widget has drawn on its way to the screen, so whatever
is drawn anywhere passes them, borders, toasts and the palette included, and no panel knows of them.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {
    # lines; a heavy one is drawn in equals signs, so the panel that has the focus still differs
    "─╌┄┈▔╴╶": "-", "━═╍": "=", "│┃║╎╏▏▎▍▌▋▊▉▕▐": "|", "╸╺": "-",
    "╭╮╯╰┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝▖▗▘▙▚▛▜▝▞▟": "+",
    # bars: sparklines from low to high
    "▁": "_", "▂": ".", "▃": "-", "▄": "=", "▅": "+", "▆": "*", "▇": "%", "█": "#",
    "▀": "-", "░": ".", "▒": ":", "▓": "#",
    # states, verdicts, levels; each stands by a word that says the same
    "●✔◉": "*", "○": "o", "◐": "%", "◔": "~", "◌‼": "!", "✖": "x", "■": "#",
    "▲↑⇧": "^", "≤": "<", "▼↓": "v", "↕": "|", "«": "<",
    # rows: under the cursor, of the marked key, of the followed one
    "▸→▶»": ">", "▹": ")", "◆": "+", "◇": "-", "◈": "@", "◀←": "<", "❚": "|",
    # between words and numbers; a score and a key are parted by a colon, for a dot would make one number
    "·•": ":", "…≈": "~", "−–": "-", "×": "x", "‘’": "'", "“”": '"', "⭘": "o",
}  # fmt: skip
SIGNS = {ord(sign): plain for signs, plain in _SIGNS.items() for sign in signs}
"""Each sign of ours and of Textual's widgets as one ASCII character."""


class Colourless(LineFilter):
    """Leaves bold, underline and reverse, and no colour: not the terminal's default ones by name either."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same text without colours; what a click on it does stays."""
        return [
            Segment(text, None if style is None else _colourless(style), control)
            for text, style, control in segments
        ]


@lru_cache(4096)
def _colourless(style: Style) -> Style:
    # Style.without_color forgets what a click does.
    return Style(
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        reverse=style.reverse,
        strike=style.strike,
        meta=style.meta or None,
    )


class Ascii(LineFilter):
    """Signs as ASCII; other text, such as a table's, as far as the terminal's encoding has it.

    Args:
        encoding: of the terminal, by Python's name. What it has not is shown as question marks, as many as
            the character has cells: columns stay straight.
    """

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding
        self._plain = lru_cache(8192)(self._worked_out)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells, drawn in what the terminal has."""
        return [
            Segment(text if text.isascii() else self._plain(text), style, control)
            for text, style, control in segments
        ]

    def _worked_out(self, text: str) -> str:
        return "".join(map(self._character, text.translate(SIGNS)))

    def _character(self, char: str) -> str:
        if char.isascii():
            return char
        try:
            char.encode(self._encoding)
        except UnicodeEncodeError:
            return "?" * cell_len(char)
        return char
