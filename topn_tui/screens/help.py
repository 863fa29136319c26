"""Every key, what the signs mean, and how to read the board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType

from engine.status import Verdict
from topn_tui.formatting import fit
from topn_tui.keys import REFLEXES
from topn_tui.language import mark, t
from topn_tui.panels.detail import Detail, heading
from topn_tui.panels.state_bar import GLYPHS, state_word
from topn_tui.panels.tones import Spans, spans
from topn_tui.panels.verdicts import GLYPHS as VERDICTS
from topn_tui.remapping import shown
from topn_tui.screens.detail import DetailScreen

_STATES = {
    "EXACT": mark("the board is the table's top N as of that binlog time"),
    "CATCHING_UP": mark("right as far as followed; the log is still being passed"),
    "LOADING": mark("the table is being read"),
    "DEFICIT": mark("fewer rows than N are known; a load is on its way"),
    "INEXACT": mark("something was lost; the reason says what, a load cures it"),
    "STOPPED": mark("the engine has ended; the board is as it was then"),
}
_VERDICTS = {
    Verdict.ENTERED: mark("entered the board"),
    Verdict.MOVED: mark("moved on the board"),
    Verdict.SAME_RANK: mark("another score, the same rank"),
    Verdict.LEFT: mark("left the board"),
    Verdict.RESERVE: mark("below the bar, kept in reserve"),
    Verdict.BELOW_FLOOR: mark("below the floor: not kept; or no effect"),
    Verdict.SUPERSEDED: mark("superseded by a later change of its batch"),
    Verdict.IGNORED: mark(
        "the row has no score: NULL ranks nowhere; or ignored: not about our rows"
    ),
    Verdict.DEAD: mark("dead letter: could not be used, so a load follows"),
}
_EMBEDDED = (
    mark("The board keeps a table's best rows by score, from its changes alone."),
    mark(
        "Here all of it runs in this process: an SQLite table, its changes in real Canal bytes, made-up "
        "traffic and a store in memory. Decoder and engine are those used with real services."
    ),
)
_WORDS = (
    (mark("score·key"), mark("how heap, reserve and floor write a row")),
    (mark("bar to beat"), mark("the board's lowest rank: the heap's root, the first to go")),
    (mark("reserve"), mark("the next best rows, kept so that one can come up at once")),
    (mark("floor"), mark("rows at or below it are not kept; the table is asked when they matter")),
    (
        mark("eviction, spill"),
        mark("a row leaves the board; a row leaves the reserve at its lower end"),
    ),
    (
        mark("load"),
        mark("the table is read for its best rows; a board that is EXACT is checked with them"),
    ),
    (
        mark("swapped, equal"),
        mark(
            "how a load ended: its rows took the place of what was known; they were checked, and equal"
        ),
    ),
    (
        mark("refill"),
        mark("a load because the reserve runs low; audit: a load that is only to check"),
    ),
    (
        mark("checks"),
        mark(
            "how often loads were checked against the board; an audit is due where none was lately"
        ),
    ),
    (
        mark("mismatches"),
        mark("how many checks found an EXACT board wrong: 0, or a notice says which rows"),
    ),
    (
        mark("verified"),
        mark(
            "when a check last found board and table equal; what is swapped in unchecked is no check"
        ),
    ),
    (mark("as of"), mark("the binlog time up to which the changes are in the board")),
    (
        mark("batch"),
        mark("changes applied together: in the past the board is seen as after a whole one"),
    ),
    (
        mark("delay ≤ 1.2 s"),
        mark("from binlog time, which has whole seconds, until applied here: at most so long"),
    ),
    (mark("stored"), mark("from applied here until in the store")),
    (
        mark("screen 90 ms late"),
        mark(
            "how late a frame of this screen came, at worst in the last 5 s; the board waits for none"
        ),
    ),
    ("p0@12", mark("partition 0, offset 12 of the change feed")),
    ("OWNER v12", mark("this engine publishes the board; 12 is its version in the store")),
    (mark("superseded"), mark("changed again in the same batch: only the last change counts")),
)


class HelpScreen(DetailScreen):
    """Closes with the key that opened it, too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "dismiss", mark("Close"), id="help")
    ]


def help_screen(keys: Sequence[tuple[str, str]], *, embedded: bool) -> HelpScreen:
    """The help, with the app's own keys as it tells them; where it is `embedded`, what that means."""
    what = [*(spans(t(line)) for line in _EMBEDDED), ()] if embedded else []
    reflexes = [(shown(key), does) for key, does in REFLEXES]
    return HelpScreen(Detail(t("Help"), (*what, *help_lines([*keys, *reflexes]))))


def help_lines(keys: Sequence[tuple[str, str]]) -> list[Spans]:
    lines: list[Spans] = [spans((t("Keys"), "accent"))]
    lines += [_line(name, text) for name, text in keys]
    lines += heading(t("How exact the board is"))
    for state, (glyph, tone) in GLYPHS.items():
        name = f"{glyph} {state_word(state)}"
        lines.append(_line(name, _STATES[state.value], tone))
    lines += heading(t("What became of a change"))
    for verdict, text in _VERDICTS.items():
        glyph, tone = VERDICTS[verdict]
        lines.append(_line(glyph, text, tone))
    lines += heading(t("Words"))
    lines += [_line(t(name), text) for name, text in _WORDS]
    return lines


def _line(name: str, text: str, tone: str = "name") -> Spans:
    return spans((f"  {fit(name, max(17, cell_len(name) + 1))}", tone), t(text))
