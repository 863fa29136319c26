"""The walkthrough's guide over the panels: what will be done, where to look, what it has shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from textual.reactive import var

from engine.walkthrough_steps import STEPS, Outcome, Step
from topn_tui.formatting import number, safe, wrapped
from topn_tui.language import mark, t
from topn_tui.panels.detail import Detail
from topn_tui.panels.lines import Lines
from topn_tui.panels.titles import WATCHED
from topn_tui.panels.tones import Span, Spans, fit_spans, shorten, spans, width_of
from topn_tui.remapping import key_of
from topn_tui.walking import Phase, Progress, left_as

ALL_HELD = mark("All five steps held: 5 of 5.")
ALL_HELD_ZH = "五步全部通过。"
"""As the command says it, and the catalogue."""
MOST_LINES = 4
"""Of a reason; the log has it whole."""
ROOMY = 60
"""Cells from which on the first line says what it is the first line of."""
TALL = 20
"""Lines of the screen from which on the guide is whole, and as high all the way: no panel jumps."""
AROUND = 11
"""Lines that the screen needs beside the guide, where it is low: header, tabs, a panel, notice, keys."""
LOW = 14
"""Lines of the screen below which tabs, calm notices and frames give way to the guide and some rows."""
LEAST = 3
"""Lines of the guide, where it is lowest."""

UNBOUNDED = 10_000
"""Cells of a line that whoever draws it breaks."""

_KEYS = ("walk", "guide", "back", "board", "heap", "events", "evictions", "pipeline")


class Guide(Lines):
    """Not there while no walkthrough is on. Never paused.

    Args:
        titles: what a person calls each panel.
        chinese: whether the terminal can show Chinese.
        borrowed: the table is somebody's, and no traffic of ours is on it.
    """

    DEFAULT_CSS = """
    Guide { display: none; height: auto; background: $primary 25%; }
    Guide.-there { display: block; }
    """

    progress: var[Progress | None] = var(None)
    paused: var[bool] = var(False)
    """The past is shown, which has lines of its own: then little is left for this, where it is low."""

    def __init__(self, titles: Mapping[str, str], *, chinese: bool, borrowed: bool) -> None:
        super().__init__()
        self._titles, self._chinese, self._borrowed = titles, chinese, borrowed

    def watch_progress(self, progress: Progress | None) -> None:
        self.set_class(progress is not None, "-there")
        self.redraw()

    def watch_paused(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        width, height = self.size.width or self.app.size.width, self.app.size.height
        low = height < LOW
        self.screen.set_class(low and self.progress is not None, "-cramped")
        if self.progress is None:
            return
        lines = self._lines(self.progress, width)
        if height >= TALL:
            lines += [()] * (self._tallest(width) - len(lines))
            self.show(lines)
            return
        most = LEAST + max(0, height - AROUND) // 2 if low else max(LEAST, height - AROUND)
        if low and self.paused:
            lines = lines[:1]
        elif len(lines) > most:
            lines = [*lines[: most - 1], self._cut(lines[most - 1], width)]
        self.show(lines)

    def _cut(self, line: Spans, width: int) -> Spans:
        """The last line there is room for, with the key that leads to the rest."""
        more = spans((t("  {key}: all of it", key=key_of(self, "guide")), "accent"))
        room = width - width_of(more)
        told = spans(*line, " …")
        return spans(*(told if width_of(told) <= room else fit_spans(told, room)), *more)

    def whole(self) -> Detail:
        """All of it, and where to look, to be read over the panels; a walkthrough must be on."""
        of = self.progress
        assert of is not None
        keys = {name: key_of(self, name) for name in _KEYS}
        step, body = of.step, [_flush(line) for line in self._body(of, keys, UNBOUNDED)]
        if step is None:
            return Detail(t("Walkthrough"), tuple(body))
        watch = body.index(_flush(self._watch(step, keys, UNBOUNDED)))
        body[watch : watch + 1] = self._sights(step, keys)
        if of.phase is Phase.SHOWN:  # first what it showed, then what it was
            body += [(), spans((t(step.will), "dim"))]
        title = f"{t('Walkthrough')} {number(of.number)}/{number(len(STEPS))}  {t(step.title)}"
        return Detail(title, tuple(body))

    def _tallest(self, width: int) -> int:
        """Lines of the step that needs most."""
        held = (
            Progress(
                phase=Phase.SHOWN,
                number=nth,
                outcomes=(Outcome(number=nth, step=step, rows=(), trouble=None),),
            )
            for nth, step in enumerate(STEPS, 1)
        )
        return max(len(self._lines(of, width)) for of in held)

    def _lines(self, of: Progress, width: int) -> list[Spans]:
        keys = {name: key_of(self, name) for name in _KEYS}
        return [_head(of, keys, width), *self._body(of, keys, width)]

    def _body(self, of: Progress, keys: Mapping[str, str], width: int) -> list[Spans]:
        match of.phase:
            case Phase.READYING:
                return _told(t("The start rows are put in: ids 20 to 82 of the sample."), width)
            case Phase.NEXT | Phase.DOING:
                assert of.step is not None
                told = _told(t(of.step.will), width)
                return [*told, self._watch(of.step, keys, width), self._way_out(keys)]
            case Phase.SHOWN:
                assert of.step is not None
                return self._outcome(of, of.step, keys, width)
            case Phase.PUTTING_BACK | Phase.OVER:
                return self._summary(of, width)
            case _:
                assert_never(of.phase)

    def _outcome(
        self, of: Progress, step: Step, keys: Mapping[str, str], width: int
    ) -> list[Spans]:
        trouble = of.outcomes[-1].trouble
        if trouble is not None:
            why = t("This did not hold: {why}", why=safe(t(trouble)))
            return [*_told(why, width, ("✖", "bad")), self._watch(step, keys, width)]
        said = t(step.conclusion)
        lines = _told(said, width, ("✔", "good"))
        if said != step.conclusion_zh:
            lines += _told(step.conclusion_zh if self._chinese else t(_NO_CHINESE), width)
        return [*lines, self._watch(step, keys, width)]

    def _summary(self, of: Progress, width: int) -> list[Spans]:
        held, count = of.held, len(STEPS)
        lines: list[Spans] = []
        if of.outcomes or of.trouble is None:
            if held == count:
                said = t(ALL_HELD)
                beside = f"  {ALL_HELD_ZH}" if self._chinese and said != ALL_HELD_ZH else ""
                lines += _told(said + beside, width, ("✔", "good"))
            elif of.given_up and held == len(of.outcomes):
                lines += _told(ended_after(held), width)
            else:
                said = t("{held} of {count} steps held.", held=number(held), count=number(count))
                lines += _told(said, width, ("■", "warn"))
        if of.trouble is not None:
            lines += _told(safe(t(of.trouble)), width, ("✖", "bad"))
        if of.phase is Phase.OVER:
            mine = of.as_found and not self._borrowed
            left = left_as(as_found=of.as_found, theirs=of.theirs)
            as_it_was = of.as_found and not of.theirs
            said = t(AS_AT_START) if mine else t(left)
            lines += _told(said, width, ("", "") if as_it_was else ("▲", "warn"))
        return lines

    def _watch(self, step: Step, keys: Mapping[str, str], width: int) -> Spans:
        """``» 1 Board: 82 comes in second``, as many as there is room for."""
        first, *others = self._sights(step, keys)
        line = spans(" ", *first)
        for sight in others:
            (sign, tone), *rest = sight
            line += spans((f"   {sign}", tone), *rest)
        return shorten(line, width, keep=4)

    def _sights(self, step: Step, keys: Mapping[str, str]) -> list[Spans]:
        """``» 1 Board 82 comes in second``, for each panel to watch."""
        return [
            spans(WATCHED, (f"{keys[panel]} {t(self._titles[panel])} ", "accent"), t(sight))
            for panel, sight in step.watch
        ]

    def _way_out(self, keys: Mapping[str, str]) -> Spans:
        text = _OUT_OF_BORROWED if self._borrowed else _OUT
        return spans((f"   {t(text, back=keys['back'])}", "dim"))


_NO_CHINESE = mark("(The same in Chinese: on a terminal whose locale is UTF-8.)")


def _flush(line: Spans) -> Spans:
    """Without the blanks that stand for a sign before it."""
    return spans(
        *((text.lstrip() if i == 0 else text, tone) for i, (text, tone) in enumerate(line))
    )


AS_AT_START = mark("The table is as it was at the start, and so is its traffic.")
_OUT = mark("{back} ends it: the table is then as it was at the start, with its traffic")
_OUT_OF_BORROWED = mark("{back} ends it: the table is then put back as it was found")
_TURNS = {
    Phase.READYING: mark("making the table ready …"),
    Phase.NEXT: mark(" {walk} does it "),
    Phase.DOING: mark("◐ under way …"),
    Phase.SHOWN: mark(" {walk} goes on "),
    Phase.PUTTING_BACK: mark("putting the table back …"),
    Phase.OVER: mark(" {walk} closes "),
}
_LAST = mark(" {walk} puts the table back ")
_TRY_AGAIN = mark(" {walk} tries again ")


def _head(of: Progress, keys: Mapping[str, str], width: int) -> Spans:
    """Which step it is; at the right whose turn."""
    turn = _TURNS[of.phase]
    if of.phase is Phase.OVER and not of.as_found:
        turn = _TRY_AGAIN
    elif of.is_last:
        turn = _LAST
    waits = of.phase in (Phase.NEXT, Phase.SHOWN, Phase.OVER)
    right = spans((t(turn, walk=keys["walk"]), "mark" if waits else "warn"), " ")
    left = spans((f" {t('Walkthrough')}", "accent")) if width > ROOMY or of.step is None else ()
    if of.step is not None:
        nth, count = number(of.number), number(len(STEPS))
        left += spans(
            (f" {nth}/{count}", "accent"),
            (f"  {t(of.step.title)}", "strong"),
        )
    return spans(*fit_spans(left, max(0, width - width_of(right))), *right)


def _told(text: str, width: int, glyph: Span = ("", "")) -> list[Spans]:
    """A sentence behind a glyph, or where one would be, on as many lines as it needs."""
    lines: Sequence[str] = wrapped(text, width - 3)
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1][: width - 5]} …"]
    sign = spans(" ", glyph, " ") if glyph[0] else spans("   ")
    return [spans(*(sign if i == 0 else spans("   ")), line) for i, line in enumerate(lines)]


def ended_after(done: int) -> str:
    """That the operator ended it, in a sentence."""
    return t(
        "The walkthrough has ended after {done} of {count} steps.",
        done=number(done),
        count=number(len(STEPS)),
    )
