"""The loop: next batch, decode, apply, offer for publishing, show.

One coroutine owns the core and runs it synchronously between two awaits, so whatever looks at the
core (a publish, a status) sees one moment of it. Queries, end offsets, publishing and commits run
beside it and are never waited for.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from engine.columns import Table
from engine.core.changes import BoardChange, Delivery, Event, Kind, Row
from engine.core.loading import Why
from engine.core.placement import Placer
from engine.core.rank import NOTHING_KNOWN
from engine.core.reports import Timing
from engine.core.states import Claim, State
from engine.core.topn import TopN
from engine.dead_letters import DeadLetters
from engine.errors import PositionLost, ServiceAway, TopnError
from engine.fairness import Turns
from engine.follower import Follower, by_partition
from engine.history import History
from engine.loader import Loader
from engine.meter import Meter
from engine.past import MOMENTS_KEPT, After, Past, Recorder
from engine.ports import (
    BoardState,
    BoardStore,
    ChangeFeed,
    Clock,
    DeadLetterSink,
    Message,
    RowSource,
    TableReport,
)
from engine.published import fits_double
from engine.publisher import Publisher
from engine.reporting import Reporter, reserve_of
from engine.rows_before import ReadBefore, nothing_before
from engine.status import EngineStatus
from engine.tasks import CLOSE_MS, cancelled, together
from engine.told import told

log = logging.getLogger(__name__)

Decode = Callable[[bytes | None], tuple[Event, ...]]

MakePlacer = Callable[[Table], Placer | None]

SLICE_MESSAGES = 500
"""How many messages are decoded and applied before a look at the time."""

SLICE_MS = 8
"""How long the loop may keep the event loop to itself: a key press must be answered within 50 ms."""

STATUS_MS = 100
"""How often the status is replaced at most."""
STATUS_SATURATED_MS = 250
"""The same while the engine takes in all it can and a screen, then drawn twice a second, looks on."""

EXPLAINED = 60
"""How many of a status interval's changes get a verdict: what a screen can show."""
EXPLAINED_SATURATED = 15
"""The same while the engine takes in all it can: still more than anybody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What the engine must know besides its adapters."""

    board_name: str
    size: int
    reserve: int
    topic: str
    timing: Timing = field(default_factory=Timing)
    batch_messages: int = 2000
    batch_wait_ms: int = 100
    buffer_rows: int = 1_000_000
    resync_lag: int = 0
    observe: bool = False
    screen: bool = True
    """Whether anyone looks at verdicts, ranks and histories."""
    moments_kept: int = MOMENTS_KEPT
    """How many moments of the recent past can be shown again."""
    services: tuple[str, str, str] = ("MySQL", "Kafka", "Redis")
    """What table source, feed and store are called on the screen."""


class Engine:
    """A live, exact top-N.

    Args:
        feed, source, store: the adapters.
        decoder: makes a decoder for the described table.
        before_reader: makes what reads rows as they were before a change, for the screen.
        options: the rest.
        clock: time.
        engine_id: the identity under which the store knows this engine.
        placer: makes, for the described table, what tells a row's partition; it gives None, or raises
            WrongSetting.
        jitter: a number from 0 to 1 by chance, for the waits between loads.
        dead_letters: where they are kept; none: in the status alone.
    """

    def __init__(
        self,
        *,
        feed: ChangeFeed,
        source: RowSource,
        store: BoardStore,
        decoder: Callable[[Table], Decode],
        options: EngineOptions,
        clock: Clock,
        engine_id: str,
        before_reader: Callable[[Table], ReadBefore] = lambda table: nothing_before,
        placer: MakePlacer = lambda table: None,
        jitter: Callable[[], float] = random.random,
        dead_letters: Sequence[DeadLetterSink] = (),
    ) -> None:
        self._feed, self._source, self._store = feed, source, store
        self._decoder, self._options, self._clock = decoder, options, clock
        self._placer, self._jitter = placer, jitter
        self._stopping = asyncio.Event()
        self._decode: Decode | None = None
        self._before_reader = before_reader
        self._read_before: ReadBefore = nothing_before
        self._topn: TopN | None = None
        self._table: Table | None = None
        self._inexact_scores = 0
        self._explain_left = EXPLAINED
        self._turns, self._yielded_ms = Turns(clock), clock.monotonic_ms()
        # What the core has taken in. The feed itself is ahead of it while a batch is on its way.
        self._taken: dict[int, int] = {}
        self.history = History()
        self._past = Recorder(options.moments_kept)
        self._seen_last: tuple[object, ...] = ()
        self._dead_letters = DeadLetters(
            dead_letters, options.topic, clock, history=self.history, notify=self._notify
        )
        self._meter = Meter(clock.monotonic_ms())
        self._follower = Follower(feed, clock, notify=self._notify)
        self._loader = Loader(source, clock, notify=self._notify, described=self._described)
        self._publisher = Publisher(
            store,
            clock,
            snapshot=self._snapshot,
            notify=self._notify,
            committed=self._follower.commit,
            observe=options.observe,
        )
        self._reporter = Reporter(
            options.board_name,
            options.topic,
            engine_id,
            clock.wall_ms(),
            history=self.history,
            meter=self._meter,
        )
        self.status: EngineStatus = self._reporter.empty(
            options.size, options.reserve, options.services
        )
        """What anyone may look at; replaced, never changed."""

    # ── commands ──────────────────────────────────────────────────────────────────────────

    def refill(self) -> None:
        """Ask for a load now."""
        self._want(Why.REFILL)

    def audit(self) -> None:
        """Ask for a comparison with the table now; the store is read back as well."""
        self._want(Why.AUDIT)
        self._publisher.check()

    def past(self) -> Past:
        """The moments that the board went through lately; none where nobody looks (no screen)."""
        self._finish_moment()
        return self._past.past()

    def give_way(self, for_ms: float) -> None:
        """Take in nothing for so long, where more comes than can be taken in."""
        if self.status.rates.saturated:  # the status, as the meter is this loop's
            self._turns.ask(for_ms)

    def stop(self) -> None:
        """End :meth:`run`, within 5 s."""
        self._stopping.set()

    def _want(self, why: Why) -> None:
        if self._topn is None:
            self._notify("info", told("nothing is loaded yet: the first load is on its way"))
        else:
            self._topn.want(why)

    # ── life ──────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Run until :meth:`stop`.

        Raises:
            WrongSetting: what was found in MySQL cannot be ranked as the settings say.
        """
        work = asyncio.create_task(self._work(), name="engine")
        stopping = asyncio.create_task(self._stopping.wait(), name="engine stop")
        ended: str | None = told("stopped")
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            error = work.exception() if work.done() and not work.cancelled() else None
            if error is not None:
                ended = _why_ended(error)
                raise error
        finally:
            stopping.cancel()
            await cancelled(work, within_ms=CLOSE_MS)
            await self._close()
            self._replace_status(ended=ended)

    async def _work(self) -> None:
        await together(self._publisher.run(), self._keep_status(), self._follow())

    async def _follow(self) -> None:
        await together(self._loader.describe(), self._follower.open())
        self._taken = dict(self._feed.positions())
        self._topn = TopN(
            self._options.size,
            self._options.reserve,
            partitions=len(self._feed.positions()),
            now_ms=self._clock.monotonic_ms(),
            timing=self._options.timing,
            ranked=self._options.screen,
            notify=self._notify,
            buffer_limit=self._options.buffer_rows,
            place=self._placer(self._table) if self._table else None,
            jitter=self._jitter,
        )
        watching = (self._follower.watch_ends(), self._follower.commit_for_ever())
        await together(self._read(self._topn), *watching)

    async def _read(self, topn: TopN) -> None:
        while True:
            try:
                await self._round(topn)
            except PositionLost as error:
                await self._resync(topn, error.told)
            except ServiceAway as error:
                await self._follower.cannot_read(error)
                self._tick(topn)

    async def _close(self) -> None:
        await self._loader.close()
        await self._let_go(
            self._publisher.release,
            self._feed.close,
            self._source.close,
            self._dead_letters.close,
        )
        await self._let_go(self._store.close)  # after the release, which writes to it

    async def _let_go(self, *steps: Callable[[], Awaitable[None]]) -> None:
        """All at the same time, each with its deadline; one that fails leaves the others their time."""

        async def within(step: Callable[[], Awaitable[None]]) -> None:
            await asyncio.wait_for(step(), CLOSE_MS / 1000)

        for error in await asyncio.gather(*map(within, steps), return_exceptions=True):
            if isinstance(error, TimeoutError | ServiceAway):
                log.warning("a service did not let go in time; left as it is")
            elif isinstance(error, TopnError):
                log.warning("while letting go: %s", error)
            elif error is not None:
                log.error("an error of ours while letting go of a service", exc_info=error)

    # ── one round ─────────────────────────────────────────────────────────────────────────

    async def _round(self, topn: TopN) -> None:
        options = self._options
        messages = await self._feed.next_batch(
            max_messages=options.batch_messages, timeout_ms=options.batch_wait_ms
        )
        self._follower.can_read()
        for start in range(0, len(messages), SLICE_MESSAGES):
            began_ms = self._clock.monotonic_ms()
            self._apply(topn, messages[start : start + SLICE_MESSAGES])
            self._meter.worked_ms += self._clock.monotonic_ms() - began_ms
            # Counted across rounds: with messages at hand next_batch() does not wait either.
            if self._turns.asked or self._clock.monotonic_ms() - self._yielded_ms > SLICE_MS:
                await self._turns.give_way()
                self._yielded_ms = self._clock.monotonic_ms()
        self._taken = dict(self._feed.positions())
        if self._follower.lost is not None:
            raise PositionLost(self._follower.lost)
        self._tick(topn)
        lag = self.lag
        if options.resync_lag and lag is not None and lag > options.resync_lag:
            raise PositionLost(
                told(
                    "{lag:,} messages behind, more than feed lag {most:,}",
                    lag=lag,
                    most=options.resync_lag,
                )
            )
        if not messages:
            await asyncio.sleep(0)

    def _apply(self, topn: TopN, messages: Sequence[Message]) -> None:
        assert self._decode is not None
        decode = self._decode
        deliveries = [Delivery(m.partition, m.offset, decode(m.value)) for m in messages]
        now_ms, wall_ms = self._clock.monotonic_ms(), self._clock.wall_ms()
        wanted = min(self._explain_left, EXPLAINED) if self._options.screen else 0
        change, explained = topn.receive(deliveries, now_ms, explain_last=wanted)
        self._taken.update((m.partition, m.offset + 1) for m in messages)
        self._explain_left -= len(explained)
        es_ms = deliveries[-1].events[-1].es_ms
        if es_ms is not None:
            self._meter.delay_ms = float(max(0, wall_ms - es_ms))
        self._mind(deliveries, messages, wall_ms)
        self._loader.watch.see(deliveries)
        if explained:
            found = {(m.partition, m.offset): m for m in messages}
            self.history.add_events(
                explained,
                found,
                total=topn.totals.entries,
                at_ms=wall_ms,
                read_before=self._read_before,
            )
        self._changed(topn, change)

    def _tick(self, topn: TopN) -> None:
        topn.feed_trouble = self._follower.trouble
        positions = by_partition(self._feed.positions())
        audits = topn.totals.audits
        topn.tick(self._clock.monotonic_ms(), positions, self._follower.ends)
        self._changed(topn, topn.take_change())
        if topn.totals.audits != audits:
            self._publisher.check()
        wanted_ms, ends = topn.ends_wanted_ms, self._follower.ends
        if wanted_ms is not None and (ends is None or ends.read_ms <= wanted_ms):
            self._follower.hurry()
        self._loader.run_if_wanted(topn)

    def _changed(self, topn: TopN, change: BoardChange) -> None:
        """The core has moved on: everything that follows it hears of it here, and only here."""
        if change:
            self.history.add_evictions(change, at_ms=self._clock.wall_ms())
            rows = (*change.entered, *change.moved)
            if not self._inexact_scores and not all(fits_double(row.score) for row in rows):
                self._inexact_scores = 1
                self._notify(
                    "warning",
                    told(
                        "some score does not fit a double: readers must order by the rows, not by "
                        "the ZSET"
                    ),
                )
        if self._options.screen:
            self._remember(topn, change)
        claim, standing = topn.claim(), self._publisher.standing
        self.history.add_transition(claim, standing.publication, at_ms=self._clock.wall_ms())
        self._publisher.offer(change, self._board_state(claim))

    def _remember(self, topn: TopN, change: BoardChange) -> None:
        """Write the moment down, unless nothing that a panel of the past shows has changed."""
        board, told = topn.board, self.history.events.total
        seen = (board.floor, board.reserve_count, topn.totals.loads, told)
        if not change and seen == self._seen_last:
            return
        explained = self._seen_last[3:] != (told,)
        self._seen_last = seen
        at_ms = self._clock.wall_ms()
        if self._explain_left <= 0 and not explained:
            # Nothing gets a verdict before the next status, which finishes the moment.
            self._past.join(change, at_ms=at_ms)
        else:
            self._finish_moment()
            self._past.record(change, self._after(topn), told=explained, at_ms=at_ms)

    def _finish_moment(self) -> None:
        if self._topn is not None and self._past.is_open:
            self._past.finish(self._after(self._topn))

    def _after(self, topn: TopN) -> After:
        board = topn.board
        return After(
            floor=None if board.floor == NOTHING_KNOWN else board.floor,
            whole_table_known=board.floor is None,
            reserve=reserve_of(topn),
            spilled=board.spilled,
            loads=topn.totals.loads,
            events_total=topn.totals.entries,
            evictions_total=self.history.evictions.total,
        )

    def _mind(
        self, deliveries: Sequence[Delivery], messages: Sequence[Message], wall_ms: int
    ) -> None:
        """Dead letters and table changes among the events."""
        for delivery, message in zip(deliveries, messages, strict=True):
            self._dead_letters.look(message, delivery.events, at_ms=wall_ms)
            for event in delivery.events:
                if event.kind is Kind.RESHAPE:
                    self._loader.describe_again()
                    self._notify(
                        "info",
                        told("the table was changed ({op}): looking at it anew", op=event.op),
                    )

    async def _resync(self, topn: TopN, reason: str) -> None:
        self._notify("warning", told("starting anew at the feed's end: {reason}", reason=reason))
        topn.feed_trouble = reason
        self._publisher.offer(BoardChange(), self._board_state(topn.claim()))
        positions = await self._follower.seek_to_end()
        self._taken = dict(self._feed.positions())
        topn.resync(self._clock.monotonic_ms(), len(positions), reason)
        self._changed(topn, topn.take_change())

    # ── what others see ───────────────────────────────────────────────────────────────────

    @property
    def lag(self) -> int | None:
        """Messages not yet read on all partitions; None until the broker has told."""
        ends = self._follower.ends
        if ends is None:
            return None
        positions = by_partition(self._feed.positions())
        return sum(max(0, end - at) for at, end in zip(positions, ends.offsets, strict=False))

    def _snapshot(self) -> tuple[BoardState, Sequence[Row] | None]:
        topn = self._topn
        if topn is None:
            return self._board_state(Claim(State.LOADING, told("starting"))), None
        rows = list(topn.board.board_rows()) if topn.totals.loads or topn.loaded else None
        return self._board_state(topn.claim()), rows

    def _board_state(self, claim: Claim) -> BoardState:
        return BoardState(
            state=claim.state.value,
            reason=claim.reason,
            provisional=claim.provisional,
            size=self._topn.board.board_count if self._topn else 0,
            limit=self._options.size,
            score_exact=not self._inexact_scores,
            as_of_ms=self._topn.as_of_ms if self._topn else None,
            positions=dict(self._taken),
            field_names=self._table.field_names if self._table else (),
        )

    def _described(self, report: TableReport) -> None:
        before, self._table = self._table, report.table
        self._decode = self._decoder(report.table)
        self._read_before = self._before_reader(report.table)
        topn = self._topn
        if topn is not None and before is not None and before.key.kind is not report.table.key.kind:
            # Keys of two types have no order among them: nothing that is tracked is of use.
            topn.board.clear(floor=NOTHING_KNOWN)
            reason = told("the key column {key} has another type now", key=before.key.name)
            topn.resync(self._clock.monotonic_ms(), topn.partitions, reason)
            self._changed(topn, topn.take_change())

    def _notify(self, level: str, text: str) -> None:
        log.log(getattr(logging, level.upper(), logging.INFO), "%s", text)
        self.history.add_notice(level, text, at_ms=self._clock.wall_ms())

    async def _keep_status(self) -> None:
        while True:
            self._replace_status(ended=None)
            busy = self._options.screen and self.status.rates.saturated
            await self._clock.sleep(STATUS_SATURATED_MS if busy else STATUS_MS)

    def _replace_status(self, *, ended: str | None) -> None:
        saturated = self._meter.rates().saturated
        self._explain_left = EXPLAINED_SATURATED if saturated else EXPLAINED
        self._finish_moment()
        topn = self._topn
        self._meter.stored_ms = self._publisher.stored_ms
        self._meter.gave_ms = self._turns.given_ms
        self._meter.tick(
            self._clock.monotonic_ms(),
            changes_total=topn.totals.changes if topn else 0,
            lag=self.lag if topn else None,
        )
        self.status = self._reporter.report(
            previous=self.status,
            topn=topn,
            table=self._table,
            feed_positions=self._taken,
            follower=self._follower,
            loader=self._loader,
            publisher=self._publisher,
            now_ms=self._clock.monotonic_ms(),
            wall_ms=self._clock.wall_ms(),
            ended=ended,
        )


def new_engine_id() -> str:
    """A random identity; eight hexadecimal digits are plenty for a handful of engines."""
    return secrets.token_hex(4)


def _why_ended(error: BaseException) -> str:
    if isinstance(error, TopnError):
        return error.told
    log.error("the engine ended by an error of ours", exc_info=error)
    return told(
        "an error of ours: {kind}: {error}; please report it with the log",
        kind=type(error).__name__,
        error=str(error),
    )
