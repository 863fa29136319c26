"""The two lines at the top: what is ranked, and whether it is right. Never paused."""

from __future__ import annotations

from typing import assert_never

from rich.cells import cell_len
from textual.reactive import var

from engine.status import EngineStatus, State
from engine.told import told
from topn_tui.formatting import clock, crop, crop_words, number, safe, since
from topn_tui.journey import View
from topn_tui.language import mark, t
from topn_tui.panels.lines import Lines
from topn_tui.panels.pipeline import publication
from topn_tui.panels.tones import Span, Spans, fit_spans, shorten, spans, width_of

GLYPHS: dict[State, Span] = {
    State.EXACT: ("●", "good"),
    State.CATCHING_UP: ("◐", "warn"),
    State.LOADING: ("◔", "warn"),
    State.DEFICIT: ("◌", "warn"),
    State.INEXACT: ("✖", "bad"),
    State.STOPPED: ("■", "bad"),
}


STATES: dict[State, str] = {
    State.EXACT: mark("EXACT"),
    State.CATCHING_UP: mark("CATCHING UP"),
    State.LOADING: mark("LOADING"),
    State.DEFICIT: mark("DEFICIT"),
    State.INEXACT: mark("INEXACT"),
    State.STOPPED: mark("STOPPED"),
}
"""Names which the log, Redis and the documents have too: the Chinese is beside them, not in their place."""


BESIDE = 4
"""Cells that stay empty: before the state, after who publishes, and two between them."""

LEAST_REASON = 8
"""Cells of why nobody publishes: fewer say nothing."""

LEAST_TOPIC = 8
"""Cells of the topic's name: fewer say nothing."""

PRODUCTION = mark("‼ PRODUCTION ‼")


class StateBar(Lines):
    """Shows the live status even while the panels are paused: EXACT must not outlive the truth."""

    live: var[EngineStatus] = var(EngineStatus)
    now_s: var[int] = var(0)
    paused: var[bool] = var(False)
    view: var[View | None] = var(None)
    """The moment that the panels show while paused."""
    ended: var[str | None] = var(None)
    """What the app knows of the engine's end; the status may have had no time to say it."""

    def __init__(
        self,
        name: str,
        mode: str,
        environment: str,
        *,
        production: bool = False,
        id: str,  # noqa: A002  Textual's name
    ) -> None:
        super().__init__(id=id)
        self._program, self._mode, self._environment = safe(name), safe(mode), safe(environment)
        self._production = production
        self._paused_at = 0

    def watch_live(self) -> None:
        self.redraw()

    def watch_now_s(self) -> None:
        self.redraw()

    def watch_paused(self, paused: bool) -> None:
        self._paused_at = self.live.events_total
        self.redraw()

    def watch_view(self) -> None:
        self.redraw()

    def watch_ended(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        """Both lines, the right-hand ends of them last to go."""
        status, now_ms, width = self.live, self.now_s * 1_000, self.size.width
        missed = status.events_total - self._paused_at
        missed_said = t("{count} missed", count=number(missed))
        pause = spans((f" {self._paused(now_ms)} {missed_said} ", "mark"))
        pause = pause if self.paused else ()
        named = self._environment and not self._production
        place = spans((f" {self._environment} ", "mark")) if named else ()
        mode = spans((f" {self._mode} ", "mark")) if self._mode else ()
        marks = spans(*pause, " " if pause and (place or mode) else "", *place, *mode)
        ended = self.ended or status.ended
        state = exactness(status, now_ms, ended)
        right = publication(status.standing, now_ms) if ended is None else ()
        room = width - width_of(marks) - 4
        first = _ends(self._what(status, room), marks, width)
        if self._production:
            first = _alarming(first, colour=not self.app.no_color)
        self.show([first, _ends(state, _publishes(right, state, width), width, keep_left=True)])

    def _paused(self, now_ms: int) -> str:
        if self.view is None or self.view.newest:
            return t("❚❚ PAUSED")
        return t("◀◀ PAST {age} ago ·", age=since(self.view.at_ms, now_ms))

    def _what(self, status: EngineStatus, room: int) -> Spans:
        """Table, N and topic, and as much else as `room` allows."""
        alarm = self._alarm() if self._production else ()
        program = spans(*alarm, "  " if alarm else "", (self._program, "" if alarm else "strong"))
        n, score, topic = number(status.size), safe(status.score_name), safe(status.topic)
        if (
            not status.table
        ):  # the settings name board and topic; what the table is, it has not said
            to = f"  → topn:{{{safe(status.board_name)}}}" if status.board_name else ""
            by = (t("  topic {topic}", topic=topic) if topic else "", "dim")
            return shorten(spans(*program, to, by), room, keep=1)
        ranked = spans(
            "  ", safe(status.table), (t("  TOP {n} by {score}", n=n, score=score), "accent")
        )
        board = spans(f"  → topn:{{{safe(status.board_name)}}}")
        named = spans((t("  topic {topic}", topic=topic) if topic else "", "dim"))
        brief = spans((f"  ← {topic}" if topic else "", "dim"))
        bare = (*alarm, *(ranked if alarm else ranked[1:]))
        forms = (
            (*program, *ranked, *board, *named),
            (*program, *ranked, *named),
            (*program, *ranked, *brief),
            (*bare, *brief),
        )
        for form in forms:
            if width_of(form) <= room:
                return form
        left = room - width_of(bare) - cell_len("  ← ")
        if topic and left >= LEAST_TOPIC:
            return spans(*bare, (f"  ← {crop(topic, left)}", "dim"))
        return shorten((*program, *ranked), room, keep=1)

    def _alarm(self) -> Spans:
        """The word, whatever the place is called; then what it is called, if that says more."""
        says_no_more = self._environment.lower() in ("", "prod", "production")
        name = "" if says_no_more else f" {self._environment}"
        return spans(t(PRODUCTION), name)


def production(*, colour: bool) -> Spans:
    """The word on the ground of an alarm."""
    return _alarming(spans((f" {t(PRODUCTION)} ", "")), colour=colour)


def _alarming(line: Spans, *, colour: bool) -> Spans:
    """All of it on the ground of an alarm; what stood out stands out from that."""
    plain, mark = ("alarm", "alarm mark") if colour else ("mark", "strong")
    return tuple((text, mark if tone == "mark" else plain) for text, tone in line)


_PROVISIONAL = mark("provisional")


def state_word(state: State) -> str:
    """The state's name as the log and Redis have it; in another language with its meaning beside it."""
    return t(STATES[state])


def exactness(status: EngineStatus, now_ms: int, ended: str | None) -> Spans:
    """``● EXACT verified 12 s ago``, ``◐ CATCHING UP 3 s: why``, ``◌ DEFICIT 8 of 10 · 2 s`` …"""
    of = status.exactness
    if ended is not None:
        return spans((t("✖ ENGINE ENDED"), "bad"), t(": {reason}", reason=safe(t(ended))))
    glyph, tone = GLYPHS[of.state]
    age, reason = since(of.since_at_ms, now_ms), safe(t(of.reason)) if of.reason else ""
    why = t(": {reason}", reason=reason) if reason else ""
    head = (f"{glyph} {state_word(of.state)}", tone)
    match of.state:
        case State.EXACT:
            return spans(head, *_claim(status, now_ms))
        case State.DEFICIT:
            rows = t(
                " {count} of {size}", count=number(status.board_count), size=number(status.size)
            )
            # That is the engine's reason, too, in most cases: it is said once.
            known = told("{count} of {size}", count=status.board_count, size=status.size)
            return spans(head, (rows, tone), f" · {age}{'' if of.reason == known else why}")
        case State.CATCHING_UP | State.LOADING | State.INEXACT:
            return spans(head, f" {age}{why}")
        case State.STOPPED:
            return spans(head, why)
        case _:
            assert_never(of.state)


def _claim(status: EngineStatus, now_ms: int) -> Spans:
    """On what EXACT rests, when it was last verified, and up to which binlog time it holds."""
    of = status.exactness
    parts = []
    if of.provisional:
        parts.append(safe(t(of.reason or _PROVISIONAL)))
    if of.verified_at_ms is not None:
        parts.append(t("verified {age} ago", age=since(of.verified_at_ms, now_ms)))
    if of.as_of_at_ms is not None:
        parts.append(t("as of {time}", time=clock(of.as_of_at_ms)))
    return spans((" · " if of.provisional else "  ") + " · ".join(parts)) if parts else ()


def _publishes(right: Spans, state: Spans, width: int) -> Spans:
    """Who publishes, in what `state` leaves of the line. Where nobody does, or another engine, sign and word
    stay: then it is the state's reason that is cut."""
    room = width - width_of(state) - BESIDE
    if not right or width_of(right) <= room:
        return right
    head = right[:1]
    (_, tone), least = head[0], width_of(head)
    if tone != "bad":
        return shorten(right, room, keep=1)
    if width - width_of(state[:1]) - BESIDE < least:
        return ()
    rest = "".join(text for text, _ in right[1:])
    return spans(*head, crop_words(rest, room - least) if room >= least + LEAST_REASON else "")


def _ends(left: Spans, right: Spans, width: int, *, keep_left: bool = False) -> Spans:
    """`left` and `right` at the two ends of a line; where both do not fit, one is cut or left out."""
    left = spans(" ", *left)
    right = spans(*right, " ") if right else ()
    room = width - width_of(right)
    if not keep_left or not right or width_of(left) + 2 <= room:
        return spans(*fit_spans(left, max(0, room)), *right)
    if right[0][1] != "bad":
        return fit_spans(left, width)
    return spans(*fit_spans(left, room - 2), "  ", *right)
