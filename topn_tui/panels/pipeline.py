"""The pipeline: is each stage well, how far behind is it, what did the last load and audit say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.reactive import var

from engine.status import EngineStatus, Health, LoadStatus, PartitionStatus, Publication, Standing
from topn_tui.formatting import (
    UNKNOWN,
    duration,
    fit,
    number,
    percent,
    rate,
    safe,
    since,
    spark,
)
from topn_tui.language import t
from topn_tui.panels.lines import Lines
from topn_tui.panels.titles import retitle
from topn_tui.panels.tones import Span, Spans, shorten, spans

HEALTH: dict[Health, Span] = {
    Health.STARTING: ("◔", "warn"),
    Health.UP: ("●", "good"),
    Health.AWAY: ("○", "bad"),
    Health.TROUBLED: ("▲", "warn"),
    Health.STOPPED: ("■", "dim"),
}
SPARK_CELLS = 10
MAX_PARTITIONS = 5
"""Lines of partitions beside the other panels; maximised, all of them are there to be scrolled through."""


class Pipeline(ScrollableContainer, can_focus=True):
    """Four blocks side by side, or one under another where it is narrow."""

    ALLOW_MAXIMIZE = True  # Textual lets no container

    status: var[EngineStatus] = var(EngineStatus)
    now_s: var[int] = var(0)
    late_ms: var[int | None] = var(None)

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        retitle(self, title=t("Pipeline"))
        self._stages, self._flow = Lines(id="stages"), Lines(id="flow", whole=True)
        self._partitions, self._figures = (
            Lines(id="partitions", whole=True),
            Lines(id="figures", whole=True),
        )

    def compose(self) -> ComposeResult:
        yield from (self._stages, self._flow, self._figures, self._partitions)

    def on_mount(self) -> None:
        self.watch(self.screen, "maximized", self.redraw, init=False)

    def watch_status(self) -> None:
        self.redraw()

    def watch_now_s(self) -> None:
        self.redraw()

    def watch_late_ms(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        """Work the lines out again; those that differ are drawn."""
        status, now_ms = self.status, self.now_s * 1_000
        self._stages.show(stages(status, now_ms, self._stages.size.width))
        self._flow.show(flow(status, self.late_ms))
        self._figures.show(figures(status, now_ms))
        most = len(status.partitions) if self.is_maximized else MAX_PARTITIONS
        self._partitions.show(partitions(status.partitions, now_ms, most))


def stages(status: EngineStatus, now_ms: int, width: int = 0) -> list[Spans]:
    """Each service, then who publishes. What a service is goes where it has no room (`width`, 0:
    any), clause by clause; what is wrong with one does not."""
    lines = []
    names = max((cell_len(safe(t(service.name))) for service in status.services), default=0)
    for service in status.services:
        word = t(service.health.value)
        if service.health is not Health.UP and service.since_at_ms:
            word += f" {since(service.since_at_ms, now_ms)}"
        name = spans(HEALTH[service.health], f" {fit(safe(t(service.name)), min(names, 12))} ")
        state = (word, HEALTH[service.health][1])
        line = spans(*name, state)
        clauses = re.split(r"(?=, |，|、)", safe(t(service.detail)))
        told = spans(*line, "  ", *((clause, "dim") for clause in clauses if clause))
        if width and service.health in (Health.UP, Health.STARTING):
            told = shorten(told, width, keep=len(line))
        lines.append(told)
    standing = publication(status.standing, now_ms)
    if width and status.standing.publication is Publication.OWNER and not status.standing.reason:
        standing = shorten(standing, width)
    return [*lines, standing]


def publication(of: Standing, now_ms: int) -> Spans:
    """``◆ OWNER v88,214``, ``◇ STANDBY: owned by …``, ``✖ FENCED by …``, ``○ AWAY: reason``."""
    by, reason = safe(of.by or UNKNOWN), safe(t(of.reason)) if of.reason else ""
    said = t(": {reason}", reason=reason) if reason else ""
    match of.publication:
        case Publication.OWNER:
            at_ms = of.published_at_ms
            when = "" if at_ms is None else t(" published {age} ago", age=since(at_ms, now_ms))
            return spans((t("◆ OWNER"), "good"), f" v{number(of.version)}", (when, "dim"), said)
        case Publication.STANDBY:
            owner = t(": owned by {by}", by=by) if of.by else t(": no owner yet")
            return spans((t("◇ STANDBY"), "name"), owner)
        case Publication.FENCED:
            return spans((t("✖ FENCED"), "bad"), t(" by {by}", by=by), said)
        case Publication.AWAY:
            return spans((t("○ AWAY"), "bad"), said or t(": not publishing"))
        case Publication.OBSERVER:
            return spans(
                (t("◇ OBSERVER"), "name"),
                said or (t(": owned by {by}", by=by) if of.by else t(": never publishes")),
            )
        case Publication.STOPPED:
            return spans((t("■ STOPPED"), "dim"), said)
        case _:
            assert_never(of.publication)


def flow(status: EngineStatus, late_ms: int | None) -> list[Spans]:
    """Rate, lag and delays over the last seconds with their values now.

    The first delay is from binlog time, which has whole seconds, to applied here; the second from there
    to being in the store.
    """
    rates = status.rates
    lags = [partition.lag for partition in status.partitions]
    known = [lag for lag in lags if lag is not None]
    lag = sum(known) if known and len(known) == len(lags) else None
    delay = UNKNOWN if rates.delay_ms is None else f"≤ {duration(rates.delay_ms)}"
    return [
        _trend(t("rate"), rates.changes_history, rate(rates.changes_per_s)),
        _trend(t("lag"), rates.lag_history, number(lag), "" if lag is None else t(" msg")),
        _trend(t("delay"), rates.delay_history, delay),
        _trend(t("stored"), rates.stored_history, duration(rates.stored_ms)),
        spans((t("screen "), "dim"), *_lateness(late_ms)),
    ]


def _trend(name: str, history: Sequence[float | None], now: str, unit: str = "") -> Spans:
    """Where there is no room the unit goes, never the value."""
    line = f"{spark(history, SPARK_CELLS)} "
    return spans((fit(name, 7), "dim"), (line, "name"), now, (unit, "dim"))


def _lateness(late_ms: int | None) -> Spans:
    if late_ms is None:
        return spans(UNKNOWN)
    if late_ms < 5:
        return spans(t("< 5 ms late"))
    return spans((t("{n} ms late", n=number(late_ms)), "warn" if late_ms > 50 else ""))


def figures(status: EngineStatus, now_ms: int) -> list[Spans]:
    """Loads, audits, and what was counted."""
    counters = status.counters
    mismatches = number(counters.audit_mismatches)
    ignored = sum(count for _, count in counters.ignored)
    return [
        spans((t("load  "), "dim"), *_load(status.load or status.last_load, now_ms)),
        spans((t("audit "), "dim"), *_audit(status, now_ms)),
        spans(
            (t("checks "), "dim"),
            number(counters.audits),
            (t("  mismatches "), "dim"),
            (mismatches, "bad" if counters.audit_mismatches else ""),
        ),
        spans(
            (t("dead letters "), "dim"),
            (number(counters.dead_letters), "bad" if counters.dead_letters else ""),
            (t("  ignored "), "dim"),
            number(ignored),
        ),
        spans(
            (t("superseded "), "dim"),
            percent(counters.superseded_in_batch, counters.changes),
            (t(" of {count} changes", count=number(counters.changes)), "dim"),
        ),
    ]


def _audit(status: EngineStatus, now_ms: int) -> Spans:
    """The last audit; none is due while loads for other reasons compare as well."""
    if status.last_audit is None and status.counters.audits:
        return spans((t("not due: loads check"), "dim"))
    return _load(status.last_audit, now_ms, but="audit")


def _load(load: LoadStatus | None, now_ms: int, *, but: str = "") -> Spans:
    """``refill swapped 41 s ago, 64 rows in 12.0 ms``; open: ``refill querying 3 s``."""
    if load is None:
        return spans(UNKNOWN)
    phase = safe(t(load.phase))
    why = "" if load.why == but else f"{safe(t(load.why))} "  # it stands before it already
    failed = load.phase.startswith(("failed", "discarded"))
    if load.ended_at_ms is None:
        open_for = (f"◐ {why}{phase} {since(load.opened_at_ms, now_ms)}", "warn")
        if load.buffered_rows is None:
            return spans(open_for)
        most = load.buffer_rows_limit
        limit = "" if most is None else t(" of {count}", count=number(most))
        return spans(open_for, (t("  buffer "), "dim"), number(load.buffered_rows), (limit, "dim"))
    took = "" if load.rows is None else t(", {rows} rows", rows=number(load.rows))
    query = "" if load.query_ms is None else t(" in {time}", time=duration(load.query_ms))
    done = (f"{why}{phase}", "warn" if failed else "")
    return spans(
        done,
        (t(" {age} ago", age=since(load.ended_at_ms, now_ms)), "dim"),
        (took, "dim"),
        (query, "dim"),
    )


def partitions(
    of: tuple[PartitionStatus, ...], now_ms: int, most: int = MAX_PARTITIONS
) -> list[Spans]:
    """The partitions that are furthest behind, `most` lines; those of unknown lag count as such."""
    if not of:
        return [spans((t("no partition read yet"), "dim"))]
    worst = sorted(of, key=lambda p: (p.lag is not None, -(p.lag or 0), p.partition))
    count = most if len(of) <= most else most - 1
    shown = sorted(worst[:count], key=lambda p: p.partition)
    names = max(len(f"p{p.partition}") for p in shown)
    places = max(len(number(p.position)) for p in shown)
    lines = []
    for p in shown:
        quiet = since(p.last_message_at_ms, now_ms)
        lines.append(
            spans(
                (f"{f'p{p.partition}':<{names}} ", "dim"),
                f"{number(p.position):>{places}}",
                (t(" lag "), "dim"),
                (number(p.lag), "warn" if p.lag else ""),
                (
                    t("  last {age} ago", age=quiet) if quiet != UNKNOWN else t("  nothing yet"),
                    "dim",
                ),
                (t("  load passed: {passed}", passed=safe(t(p.passed))), "dim"),
            )
        )
    if count < len(of):
        more = t("and {count} more, no further behind", count=number(len(of) - count))
        lines.append(spans((more, "dim")))
    return lines
