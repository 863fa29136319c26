"""The lines that stand over the panels while they are paused: which moment they show."""

from __future__ import annotations

from textual.reactive import var

from topn_tui.formatting import clock, key, number, safe, since
from topn_tui.journey import View
from topn_tui.language import t
from topn_tui.panels import verdicts
from topn_tui.panels.lines import Lines
from topn_tui.panels.tones import Spans, shorten, spans
from topn_tui.remapping import key_of


class PastLine(Lines):
    """Not there while live."""

    DEFAULT_CSS = """
    PastLine { display: none; height: 2; background: $warning 25%; }
    PastLine.-there { display: block; }
    """

    view: var[View | None] = var(None)
    now_s: var[int] = var(0)
    paused: var[bool] = var(False)

    def watch_paused(self, paused: bool) -> None:
        self.set_class(paused, "-there")
        self.redraw()

    def watch_view(self) -> None:
        self.redraw()

    def watch_now_s(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        if self.paused:
            lines = (_where(self.view, self.now_s * 1_000, self._keys()), _what(self.view))
            self.show([shorten(line, self.size.width, keep=3) for line in lines])

    def _keys(self) -> dict[str, str]:
        return {of: key_of(self, of) for of in ("step_back", "step_on", "back")}


def _where(view: View | None, now_ms: int, keys: dict[str, str]) -> Spans:
    if view is None:
        return spans(
            (" ❚❚ ", "accent"), (t("paused"), "strong"), t("; nothing is kept to step back to")
        )
    glyph = " ❚❚ " if view.newest else " ◀◀ "
    return spans(
        (glyph, "accent"),
        (
            t("event {nth} of {count} kept", nth=number(view.index + 1), count=number(view.count)),
            "strong",
        ),
        t(", {age} ago", age=since(view.at_ms, now_ms)),
        t("; oldest {time}", time=clock(view.oldest_ms)),
        (t("  {step_back} {step_on} step, {back} live", **keys), "dim"),
    )


def _what(view: View | None) -> Spans:
    """What happened at this step; where it shares its batch, that the board is the batch's."""
    if view is None:
        return ()
    event = view.step.event
    at = (f"    {clock(view.at_ms, millis=True)}", "dim")
    if event is None:
        what = t("a load was swapped in") if view.loaded else t("no change of a row")
        if view.changes:
            what = t("{count} changes, none of them kept", count=number(view.changes))
        return spans(at, (f"  {what}", "strong"))
    of = event.explained
    told = spans(at, (f"  {safe(of.op)} {key(of.key)} ", "strong"), verdicts.shown_words(of))
    if view.changes > 1:
        nth, batch = number(event.number - view.first), number(view.changes)
        told += spans(
            t("  · {nth} of {batch} in its batch", nth=nth, batch=batch),
            t(", the board as after all {batch}", batch=batch),
        )
    return told
