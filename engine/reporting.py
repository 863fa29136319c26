"""Makes the status out of the engine's parts, reusing whatever has not changed.

A screen compares by identity: a tuple that is the same object as before needs no drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from engine.columns import Table
from engine.core.loading import Load
from engine.core.rank import NOTHING_KNOWN
from engine.core.reports import LoadReport
from engine.core.states import Claim, State
from engine.core.topn import TopN
from engine.follower import Follower
from engine.history import History
from engine.loader import Loader
from engine.meter import Meter
from engine.publisher import Publisher
from engine.status import (
    Counters,
    EngineStatus,
    Exactness,
    Health,
    LoadStatus,
    PartitionStatus,
    ReserveStatus,
    ServiceStatus,
)
from engine.told import told

T = TypeVar("T")
AtMs = Callable[[float], int]
"""From the engine's monotonic clock to wall time."""

DRIFT_MS = 50
"""Wall and monotonic time drift apart by less than this between two frames; that is no news."""

BOARD_SHOWN = 1000
"""How many of the board's rows a status carries at most."""

RESERVE_SHOWN = 100
HEAP_SHOWN = 63
"""Six levels of the heap."""


class Reporter:
    """Builds each :class:`~engine.status.EngineStatus` from the one before."""

    def __init__(
        self,
        board_name: str,
        topic: str,
        engine_id: str,
        started_at_ms: int,
        *,
        history: History,
        meter: Meter,
    ) -> None:
        self._board_name, self._topic, self._engine_id = board_name, topic, engine_id
        self._started_at_ms = started_at_ms
        self._history, self._meter = history, meter

    def empty(self, size: int, reserve: int, services: tuple[str, str, str]) -> EngineStatus:
        """Before anything is known. `services`: what table source, feed and store are called."""
        table, feed, store = services
        names = (table, feed, told("engine"), store)
        since = self._started_at_ms
        return EngineStatus(
            at_ms=since,
            started_at_ms=since,
            engine_id=self._engine_id,
            board_name=self._board_name,
            topic=self._topic,
            size=size,
            exactness=Exactness(reason=told("starting"), since_at_ms=since),
            reserve=ReserveStatus(capacity=reserve),
            services=tuple(ServiceStatus(name=name, since_at_ms=since) for name in names),
        )

    def report(
        self,
        *,
        previous: EngineStatus,
        topn: TopN | None,
        table: Table | None,
        feed_positions: Mapping[int, int],
        follower: Follower,
        loader: Loader,
        publisher: Publisher,
        now_ms: float,
        wall_ms: int,
        ended: str | None,
    ) -> EngineStatus:
        """The engine as it is now."""
        history, offset_ms = self._history, wall_ms - now_ms

        def at_ms(monotonic_ms: float) -> int:
            return round(monotonic_ms + offset_ms)

        status = replace(
            previous,
            at_ms=wall_ms,
            rates=self._meter.rates(),
            events=history.events.entries(),
            evictions=history.evictions.entries(),
            notices=history.notices.entries(),
            dead_letters=history.dead_letters.entries(),
            standing=_same(previous.standing, publisher.standing),
            services=self._services(previous, follower, loader, publisher, wall_ms, ended),
            ended=ended,
        )
        if table is not None:
            status = replace(
                status,
                table=f"{table.database}.{table.name}",
                key_name=table.key.name,
                score_name=table.score.name,
                column_names=tuple(c.name for c in table.columns),
            )
        claim = topn.claim() if topn else Claim(State.LOADING, told("waiting for the services"))
        if ended is not None:
            claim = Claim(State.STOPPED, ended)
        history.add_transition(claim, publisher.standing.publication, at_ms=wall_ms)
        status = replace(status, transitions=history.transitions.entries())
        exactness = _exactness(previous, claim, wall_ms)
        if topn is None:
            return replace(status, exactness=exactness)
        verified = _maybe(at_ms, topn.verified_ms)
        before = exactness.verified_at_ms
        if verified is not None and before is not None and abs(before - verified) < DRIFT_MS:
            verified = before
        exactness = replace(exactness, as_of_at_ms=topn.as_of_ms, verified_at_ms=verified)
        board = topn.board
        best = tuple(board.best(BOARD_SHOWN))
        fresh = best != previous.board
        return replace(
            status,
            exactness=_same(previous.exactness, exactness),
            board=best if fresh else previous.board,
            board_count=board.board_count,
            heap=tuple(board.heap(HEAP_SHOWN)) if fresh else previous.heap,
            reserve=_same(previous.reserve, reserve_of(topn)),
            tracked=board.tracked,
            floor=None if board.floor == NOTHING_KNOWN else board.floor,
            whole_table_known=board.floor is None,
            load=None if topn.load is None else _open_load(topn.load, at_ms, previous.load),
            last_load=_ended_load(topn.last_load, at_ms, previous.last_load),
            last_audit=_ended_load(topn.last_audit, at_ms, previous.last_audit),
            counters=_same(previous.counters, _counters(topn, publisher, history)),
            partitions=_same(
                previous.partitions,
                _partitions(topn, feed_positions, follower, at_ms),
            ),
            events_total=topn.totals.entries,
        )

    def _services(
        self,
        previous: EngineStatus,
        follower: Follower,
        loader: Loader,
        publisher: Publisher,
        wall_ms: int,
        ended: str | None,
    ) -> tuple[ServiceStatus, ...]:
        engine = (Health.UP, "") if ended is None else (Health.STOPPED, ended)
        now = (
            (loader.health, loader.detail),
            (follower.health, follower.detail),
            engine,
            (publisher.health, publisher.detail),
        )
        services = tuple(
            service
            if (service.health, service.detail) == (health, detail)
            else replace(
                service,
                health=health,
                detail=detail,
                since_at_ms=service.since_at_ms if service.health is health else wall_ms,
            )
            for service, (health, detail) in zip(previous.services, now, strict=True)
        )
        return _same(previous.services, services)


def _same(before: T, now: T) -> T:
    """The old object where the new one equals it."""
    return before if before == now else now


def _exactness(previous: EngineStatus, claim: Claim, wall_ms: int) -> Exactness:
    before = previous.exactness
    if Claim(before.state, before.reason, before.provisional) == claim:
        return before
    return replace(
        before,
        state=claim.state,
        reason=claim.reason,
        provisional=claim.provisional,
        since_at_ms=before.since_at_ms if before.state is claim.state else wall_ms,
    )


def reserve_of(topn: TopN) -> ReserveStatus:
    """The reserve as a status has it."""
    board = topn.board
    best = tuple(board.reserve_best(RESERVE_SHOWN))
    return ReserveStatus(
        held=board.reserve_count,
        capacity=board.reserve_size,
        low_mark=-(-board.reserve_size // 4),
        next_up=best[0] if best else None,
        next_to_spill=board.reserve_least(),
        best=best,
    )


def _counters(topn: TopN, publisher: Publisher, history: History) -> Counters:
    totals = topn.totals
    return Counters(
        messages=totals.messages,
        changes=totals.changes,
        ignored=tuple(totals.ignored.most_common()),
        dead_letters=totals.dead_letters,
        dead_letters_lost=history.dead_letters_lost,
        strays=totals.strays,
        loads=totals.loads,
        evicted=totals.evicted,
        spilled=topn.board.spilled,
        superseded_in_batch=totals.superseded,
        audits=totals.audits,
        audit_mismatches=totals.audit_mismatches,
        publishes=publisher.publishes,
    )


def _partitions(
    topn: TopN, positions: Mapping[int, int], follower: Follower, at_ms: AtMs
) -> tuple[PartitionStatus, ...]:
    ends = follower.ends
    passed, last = topn.passed_words(), topn.last_message_ms()
    return tuple(
        PartitionStatus(
            partition=partition,
            position=position,
            end=ends.offsets[partition] if ends and partition < len(ends.offsets) else None,
            last_message_at_ms=_maybe(at_ms, last[partition]),
            passed=passed[partition],
        )
        for partition, position in sorted(positions.items())
        if partition < len(passed)
    )


def _open_load(load: Load, at_ms: AtMs, before: LoadStatus | None) -> LoadStatus:
    answer = load.answer
    now = LoadStatus(
        why=load.why.value,
        phase=load.phase.value,
        opened_at_ms=at_ms(load.opened_ms),
        query_ms=answer.query_ms if answer else None,
        rows=len(answer.rows) if answer else None,
        buffered_rows=load.buffered,
        buffer_rows_limit=load.buffer_limit,
    )
    return _unless_moved(before, now)


def _ended_load(
    report: LoadReport | None, at_ms: AtMs, before: LoadStatus | None
) -> LoadStatus | None:
    if report is None:
        return None
    now = LoadStatus(
        why=report.why.value,
        phase=report.outcome,
        opened_at_ms=at_ms(report.opened_ms),
        ended_at_ms=at_ms(report.ended_ms),
        query_ms=report.query_ms,
        rows=report.rows,
    )
    return _unless_moved(before, now)


def _unless_moved(before: LoadStatus | None, now: LoadStatus) -> LoadStatus:
    """The same object while only the clocks' drift differs."""
    if before is not None and abs(before.opened_at_ms - now.opened_at_ms) < DRIFT_MS:
        same = replace(now, opened_at_ms=before.opened_at_ms, ended_at_ms=before.ended_at_ms)
        if same == before:
            return before
    return now


def _maybe(at_ms: AtMs, monotonic_ms: float | None) -> int | None:
    return None if monotonic_ms is None else at_ms(monotonic_ms)
