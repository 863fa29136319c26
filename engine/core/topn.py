"""The exact top-N of one table: messages and time go in, a board and what may be claimed of it come out.

:class:`TopN` does no I/O. Its caller

1. hands it what was delivered (:meth:`receive`) and lets time pass (:meth:`tick`);
2. runs the query when :attr:`query_wanted` is true and returns :meth:`answered` or :meth:`failed`;
3. reads the broker's end offsets, soon when :attr:`ends_wanted_ms` asks for it;
4. publishes :meth:`take_change` together with :meth:`claim`, taken in one breath.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from engine.core.changes import (
    Answer,
    BoardChange,
    Delete,
    Delivery,
    Event,
    Explained,
    Kind,
    RowChange,
    Upsert,
)
from engine.core.evidence import BatchRef, EndOffsets, is_newer
from engine.core.feed import FeedView
from engine.core.keychanges import KeyChanges
from engine.core.leaderboard import Leaderboard
from engine.core.loading import Load, Passed, Phase, Why
from engine.core.placement import REASON as STRAY
from engine.core.placement import Placement, Placer
from engine.core.rank import Key, higher_floor
from engine.core.reports import (
    LoadReport,
    Timing,
    Totals,
    ahead_text,
    mismatch_text,
    overflow_text,
)
from engine.core.states import Claim, State
from engine.core.verdicts import Aftermath, Candidate, explain
from engine.told import told


class _Clear:
    """A barrier between the compacted parts of a batch."""


class TopN:
    """See the module's text.

    Args:
        size: N.
        reserve: R.
        partitions: how many the feed has.
        now_ms: monotonic.
        timing: how long things may take.
        ranked: keep ranks, for verdicts and the eviction history.
        notify: called with a level and a sentence when a person should know something.
        buffer_limit: how many rows a load's buffer may hold.
        place: on which of several partitions a row belongs; None: not known, and not looked at.
        jitter: a number from 0 to 1 by chance, for the waits between loads; the core has no chance of
            its own.
    """

    def __init__(
        self,
        size: int,
        reserve: int,
        *,
        partitions: int,
        now_ms: float,
        timing: Timing | None = None,
        ranked: bool = False,
        notify: Callable[[str, str], None] = lambda level, text: None,
        buffer_limit: int = 1_000_000,
        place: Placer | None = None,
        jitter: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.board = Leaderboard(size, reserve, ranked=ranked)
        self.totals = Totals()
        self.load: Load | None = None
        """The load that is open."""
        self.last_load: LoadReport | None = None
        self.last_audit: LoadReport | None = None
        self.verified_ms: float | None = None
        """When an audit last found board and table equal."""
        self.as_of_ms: int | None = None
        """Binlog time, in ms since 1970, that the board has followed up to."""
        self.feed_trouble: str | None = None
        """Set by the caller while the feed cannot be read: nothing can be EXACT then."""
        self._timing = timing or Timing()
        self._notify = notify
        self._buffer_limit = buffer_limit
        self._place, self._jitter = place, jitter
        self._wanted: Why | None = None
        self._moment = 0
        self._loss: tuple[int, str] | None = None
        self._reshaped: int | None = None
        self._missing: str | None = None
        """What the last query said, if it was that the table is not there as it was."""
        self._start_reason: str = told("nothing loaded yet")
        self.resync(now_ms, partitions, None)

    def resync(self, now_ms: float, partitions: int, reason: str | None) -> None:
        """The feed starts anew at its end: whatever came before is to be loaded again.

        Args:
            now_ms: monotonic.
            partitions: how many there are now.
            reason: why, for people; None at the start.
        """
        if reason is not None:
            self._start_reason = reason
        self.partitions = partitions
        self._loaded = False
        self.load = None
        # The load last swapped in; this one stands for none, and is passed by nothing.
        self._settled = Load(partitions, Why.START, now_ms, opened=0)
        self._feed = FeedView(partitions, now_ms, self._timing.settle_ms)
        self._changes = KeyChanges()
        self._placement = Placement(self._place, partitions, self._notify)
        self._next_load_ms = now_ms
        self._next_audit_ms = now_ms + self._audit_gap_ms()
        self._audit_rest_until_ms = now_ms
        if partitions > 1:
            # The end offsets may have cut a half-written batch in two.
            self._changes.arm(None, now_ms, told("start within a batch"))

    # ── what comes in ─────────────────────────────────────────────────────────────────────

    def receive(
        self, deliveries: Sequence[Delivery], now_ms: float, *, explain_last: int = 0
    ) -> tuple[BoardChange, list[tuple[Explained, Candidate]]]:
        """Take in one polled batch.

        Returns:
            The board's difference since the last :meth:`take_change`, and the verdicts on the last
            `explain_last` changes, oldest first.
        """
        tail: deque[Candidate] = deque(maxlen=explain_last)
        parts = self._compact(deliveries, now_ms, tail if explain_last else None)
        keys = {c.change.key for c in tail if c.change is not None}
        before = {key: self.board.place(key) for key in keys}
        bar_before = self.board.bar if tail else None
        last: dict[Key, RowChange] = {}
        for part in parts:
            if isinstance(part, dict):
                self.board.apply(part)
                if self.load is not None:
                    self.load.remember(part)
                if explain_last:
                    last.update(part)
            else:
                self._clear()
                last.clear()  # what came before the barrier was superseded by it
        change = self.take_change()
        if not tail:
            return change, []
        after = {key: self.board.place(key) for key in keys}
        board = self.board
        cleared = len(parts) > 1
        aftermath = Aftermath(
            before, after, last, change, board.bar, board.floor, bar_before, cleared
        )
        return change, [(explain(c, aftermath), c) for c in tail]

    def _compact(
        self, deliveries: Sequence[Delivery], now_ms: float, tail: deque[Candidate] | None
    ) -> list[dict[Key, RowChange] | _Clear]:
        """Each key's last change, in parts divided by barriers. The hot loop: keep it lean."""
        totals, several = self.totals, self.partitions > 1
        latest: dict[Key, RowChange] = {}
        parts: list[dict[Key, RowChange] | _Clear] = [latest]
        watching = self._watching
        # What an event proves is the same for a run of events of one second and one partition.
        witnessed: tuple[int, int | None] | None = None
        count = 0
        for delivery in deliveries:
            partition = delivery.partition
            for event in delivery.events:
                kind, changes = event.kind, event.changes
                if (
                    watching
                    or kind is not Kind.ROWS
                    or event.position is not None
                    or (partition, event.es_ms) != witnessed
                    or (several and self._scatters(partition, event))
                ):
                    self._witness(delivery, event, now_ms)
                    watching, witnessed = self._watching, (partition, event.es_ms)
                    if kind is not Kind.ROWS:
                        totals.entries += 1
                        if kind is Kind.CLEAR:
                            latest = {}
                            parts += (_Clear(), latest)
                        if tail is not None:
                            tail.append(Candidate(delivery, event, None))
                for change in changes:
                    count += 1
                    if type(change) is Upsert and change.old_key is not None:
                        gone = Delete(change.old_key, new_key=change.key)
                        latest[change.old_key] = gone
                        totals.entries += 1
                        totals.superseded += 1  # one change, but two keys of its part
                        if tail is not None:
                            tail.append(Candidate(delivery, event, gone))
                    latest[change.key] = change
                    if tail is not None:
                        tail.append(Candidate(delivery, event, change))
        totals.messages += len(deliveries)
        totals.changes += count
        totals.entries += count
        totals.superseded += count - sum(len(part) for part in parts if isinstance(part, dict))
        return parts

    @property
    def _watching(self) -> bool:
        """Something waits for what events prove."""
        return self.load is not None or bool(self._changes) or not self._settled.proved

    def _witness(self, delivery: Delivery, event: Event, now_ms: float) -> None:
        """What the event proves, whatever it says about rows."""
        partition = delivery.partition
        self._feed.see(partition, event, now_ms)
        if event.es_ms is not None and (self.as_of_ms is None or event.es_ms > self.as_of_ms):
            self.as_of_ms = event.es_ms
        batch = BatchRef(partition, delivery.offset, event.batch)
        if self._settled.answer is not None:
            self._settled.see(event, batch, now_ms)
        if self.load is not None:
            self.load.see(event, batch, now_ms)
        if self._changes:
            self._changes.see(batch, now_ms)
        self._act_on_kind(event, batch, now_ms)

    def _act_on_kind(self, event: Event, batch: BatchRef, now_ms: float) -> None:
        match event.kind:
            case Kind.ROWS:
                if self.partitions > 1 and _changes_a_key(event):
                    self._changes.arm(batch, now_ms, told("key change"))
                strays = self._placement.strays(batch.partition, event)
                if strays:
                    self.totals.strays += len(strays)
                    self._changes.arm(batch, now_ms, STRAY)
                    self._placement.tell(batch.partition, strays, now_ms)
            case Kind.CLEAR:
                if self.partitions > 1:
                    self._changes.arm(batch, now_ms, told("table cleared"))
                elif self._loaded and self._is_past(event):
                    # One partition: an empty table is wholly known, so this is exact at once;
                    # unless it may be an old one that is sent again after a start.
                    self._loss = None
                    self._settled.passed = [Passed.YES]
            case Kind.RESHAPE:
                self._reshaped = self._next_moment()
                self._missing = None  # it may be back; and nothing is EXACT before the next load
                if self.partitions > 1 and event.op != "ALTER":
                    # Perhaps another table has the name now; the old one's images may still come.
                    self._changes.arm(batch, now_ms, told("table cleared"))
            case Kind.IGNORED:
                self.totals.ignored[event.reason] += 1
            case Kind.DEAD:
                self.totals.dead_letters += 1
                self.lose(told("dead letter: {reason}", reason=event.reason))
                if self.partitions > 1:
                    # It may have been a key change, or TRUNCATE: older images may still come elsewhere.
                    self._changes.arm(batch, now_ms, told("dead letter"))

    def _scatters(self, partition: int, event: Event) -> bool:
        """Images of one of its rows may come on two partitions, in any order."""
        return _changes_a_key(event) or bool(self._placement.strays(partition, event))

    def _is_past(self, event: Event) -> bool:
        """Whether the event comes after the load on show."""
        answer = self._settled.answer
        return self._settled.proved or (answer is not None and is_newer(event, answer))

    def _clear(self) -> None:
        if self.load is not None:
            self.load.forget_all()
        if self.partitions > 1:
            self.board.clear(floor=self.board.floor)
            return
        self.board.clear(floor=None)

    def lose(self, reason: str) -> None:
        """A change is known to be lost: INEXACT until a load opened from now on is swapped in."""
        self._loss = (self._next_moment(), reason)

    def _next_moment(self) -> int:
        """Numbers what happens, so that "opened after the loss" needs no clock."""
        self._moment += 1
        return self._moment

    # ── time ──────────────────────────────────────────────────────────────────────────────

    def tick(self, now_ms: float, positions: Sequence[int], ends: EndOffsets | None) -> None:
        """Let time pass: take in end offsets, compare and swap a held answer, open a load.

        Args:
            now_ms: monotonic.
            positions: by partition, next offset to read, all before it handed to :meth:`receive`.
            ends: the newest end offsets known; None while the broker has not told.
        """
        feed, settled = self._feed, self._settled
        feed.positions, feed.ends = positions, ends
        self._changes.tick(now_ms, positions, ends, self._timing.fallback_ms)
        settled.tick(positions, ends)
        if settled.answer is not None:
            settled.passed = feed.passed(settled)
            feed.end_rewinds(settled)
        if self.load is not None:
            self.load.tick(positions, ends)
            self._advance(self.load, now_ms)
            if self._settled is not settled:
                feed.end_rewinds(self._settled)
        if self.load is None and now_ms >= self._next_load_ms:
            why = self._why_load(now_ms)
            if why is not None:
                self._open(why, now_ms)

    def _advance(self, load: Load, now_ms: float) -> None:
        if load.phase is Phase.WAIT:
            if now_ms - load.opened_ms >= self._timing.overlap_ms:
                load.phase, load.asked_ms = Phase.ASK, now_ms
        elif load.phase is Phase.HELD:
            self._resolve(load, now_ms)

    def _why_load(self, now_ms: float) -> Why | None:
        if not self._loaded:
            return Why.START
        if self._loss is not None or (self._missing is not None and self.board.tracked):
            return Why.HEAL
        if self._reshaped is not None:
            return Why.RESHAPED
        if self.board.low:
            return Why.REFILL
        if self._changes.due:
            return Why.CURE
        settled, feed = self._settled, self._feed
        if feed.stale(settled) or feed.rewind_stuck(settled, now_ms, self._timing.fallback_ms):
            return Why.VERIFY
        if self._wanted is not None:
            why, self._wanted = self._wanted, None
            return why
        due_ms = max(self._next_audit_ms, self._audit_rest_until_ms)
        return Why.AUDIT if now_ms >= due_ms else None

    def _open(self, why: Why, now_ms: float) -> None:
        self.load = Load(
            self.partitions,
            why,
            now_ms,
            opened=self._next_moment(),
            cures=self._changes.due,
            buffer_limit=self._buffer_limit,
        )

    def want(self, why: Why) -> None:
        """A person asks for a load (a refill or an audit)."""
        self._wanted = why

    @property
    def query_limit(self) -> int:
        """How many rows a load asks for: N + R + 1, the last one being the floor."""
        return self.board.size + self.board.reserve_size + 1

    @property
    def query_wanted(self) -> bool:
        """The open load's query should run now."""
        return self.load is not None and self.load.phase is Phase.ASK

    @property
    def ends_wanted_ms(self) -> float | None:
        """End offsets read after this moment are waited for; None when there is no hurry."""
        wanted = (
            self._changes.ends_wanted_ms,
            self._settled.ends_wanted_ms,
            self.load.ends_wanted_ms if self.load else None,
        )
        return max((at for at in wanted if at is not None), default=None)

    # ── answers ───────────────────────────────────────────────────────────────────────────

    def answered(self, load: Load, answer: Answer, now_ms: float) -> None:
        """The query of `load` has returned. Ignored if that load is no longer open."""
        if load is self.load and load.phase is Phase.ASK:
            load.take_answer(answer, self.query_limit - 1, now_ms)

    def failed(
        self,
        load: Load,
        reason: str,
        now_ms: float,
        *,
        retry_in_ms: float,
        missing: bool = False,
    ) -> None:
        """The query of `load` has failed; nothing has changed and it will be tried again.

        Missing: because the table is not there as it was. Nothing on the feed may ever say so: a
        RENAME or a DROP DATABASE is filed under another name. INEXACT until a load is swapped in,
        unless nothing is on the board, as after a DROP that the feed has told of.
        """
        if load is self.load:
            if missing:
                self._missing = told("the table is not what it was: {reason}", reason=reason)
            self._close(load, told("failed: {reason}", reason=reason), now_ms)
            self._next_load_ms = now_ms + retry_in_ms

    def _resolve(self, load: Load, now_ms: float) -> None:
        """Swap a held answer in, or go on holding it."""
        if load.spoilt is not None:
            if load.overflowed:
                self._notify("warning", overflow_text(load.buffer_limit))
            self._close(load, told("discarded: {reason}", reason=load.spoilt), now_ms)
            return
        # Judged apart from this answer's own doubt, or the doubt would do away with itself.
        ahead_ms, load.ahead_ms = load.ahead_ms, None
        state = self.claim().state
        load.ahead_ms = ahead_ms
        at_once = state in (State.LOADING, State.INEXACT, State.DEFICIT)
        if at_once or load.cures or self._reshaped is not None:
            # Nothing exact is on show, so there is nothing to protect by holding the answer.
            load.mind_dirt()
            built = load.build(self.board.size, self.board.reserve_size)
            self._swap(load, built, "swapped", now_ms)
            return
        if self._changes.due:
            # Only where the answer would be held. One that is taken in at once cures what it covers, and
            # is followed by its successor: where keys change all the while there is always a newer one.
            self._close(load, told("discarded: a key change needs a newer one"), now_ms, gap_ms=0)
            return
        if state is State.EXACT:
            load.unquiet = [False] * self.partitions
        else:
            load.mind_dirt()
        passed = self._feed.passed(load)
        if Passed.NO in passed:
            stuck = self._feed.rewind_stuck(load, now_ms, self._timing.fallback_ms)
            if stuck or self._feed.stale(load):
                # Stuck: it may be of a log that has been begun anew since, and would be held for ever.
                self._close(load, told("discarded: older messages came after it"), now_ms, gap_ms=0)
            return
        self._compare(load, passed, now_ms)

    def _compare(self, load: Load, passed: list[Passed], now_ms: float) -> None:
        """The audit: both sides have seen the same changes; above both floors they must be equal."""
        board = self.board
        built = load.build(board.size, board.reserve_size)
        floor = higher_floor(board.floor, built.floor)
        mine, theirs = board.known(floor), built.known(floor)
        proof = all(p is Passed.YES for p in passed)
        if mine != theirs and not proof:
            if load.ahead_ms is None:
                load.ahead_ms = now_ms
                self._notify("warning", ahead_text(mine, theirs))
            return
        load.ahead_ms = None  # a claim that only this answer had put in doubt is a claim again
        self.totals.audits += 1
        self._next_audit_ms = now_ms + self._audit_gap_ms()
        if mine == theirs:
            self.verified_ms = now_ms
            if built.short and not board.short:
                self._changes.cured(load.cures)
                self._close(load, "equal", now_ms)
                return
        elif self.claim().state is State.EXACT:
            self.totals.audit_mismatches += 1
            self._notify("error", mismatch_text(mine, theirs))
        load.passed = passed
        self._swap(load, built, "equal" if mine == theirs else "swapped", now_ms)

    def _swap(self, load: Load, built: Leaderboard, outcome: str, now_ms: float) -> None:
        self.board.replace(built)
        self.totals.loads += 1
        self._loaded = True
        if self._loss is not None and load.opened > self._loss[0]:
            self._loss = None
        if self._reshaped is not None and load.opened > self._reshaped:
            self._reshaped = None
        self._missing = None  # this load was opened after the one that failed
        self._changes.cured(load.cures)
        answer = load.answer
        assert answer is not None
        self.as_of_ms = max(self.as_of_ms or 0, answer.clock_ms)
        load.retire()
        self._close(load, outcome, now_ms)
        self._settled = load

    def _close(
        self, load: Load, outcome: str, now_ms: float, *, gap_ms: float | None = None
    ) -> None:
        """End the open load. The next one opens after `gap_ms`, or what the timing says, at least."""
        timing, answer = self._timing, load.answer
        self.load = None
        query_ms = answer.query_ms if answer else None
        # A query that ran into its deadline has cost as much as one that answered.
        spent_ms = query_ms or (now_ms - load.asked_ms if load.phase is Phase.ASK else 0)
        rest_ms = max(
            timing.load_gap_ms if gap_ms is None else gap_ms, timing.load_factor * spent_ms
        )
        self._next_load_ms = now_ms + rest_ms * (1 + self._jitter())
        # The last query's, not the longest ever: one that hung must not end audits for a quarter hour.
        factor = timing.audit_factor if answer else timing.failed_audit_factor
        self._audit_rest_until_ms = now_ms + factor * spent_ms
        rows = len(answer.rows) if answer else None
        report = LoadReport(load.why, outcome, load.opened_ms, now_ms, query_ms, rows)
        self.last_load = report
        if load.why in (Why.AUDIT, Why.VERIFY):
            self.last_audit = report

    def _audit_gap_ms(self) -> float:
        return self._timing.audit_ms * (1 + self._timing.audit_jitter * self._jitter())

    # ── what may be claimed ───────────────────────────────────────────────────────────────

    def claim(self) -> Claim:
        """What may be said of the board as it is now; the worst that applies."""
        board, settled = self.board, self._settled
        if self._loss is not None:
            return Claim(State.INEXACT, self._loss[1])
        if self._missing is not None and board.tracked:
            return Claim(State.INEXACT, self._missing)
        if self._loaded and board.short:
            return Claim(
                State.DEFICIT, told("{count} of {size}", count=board.board_count, size=board.size)
            )
        if not self._loaded:
            return Claim(State.LOADING, self._start_reason)
        reason = self._catching_up()
        if reason is not None:
            return Claim(State.CATCHING_UP, reason)
        if settled.proved and not self._changes:
            return Claim(State.EXACT)
        quiet, alone = told("feed quiet since the load"), told("no later batch seen yet")
        why = quiet if not settled.proved else alone
        return Claim(State.EXACT, why, provisional=True)

    def _catching_up(self) -> str | None:
        if self._reshaped is not None:
            return told("table altered: loading it again")
        blocking = self._changes.blocking
        if blocking is not None:
            return blocking.reason
        if self.feed_trouble is not None:
            return self.feed_trouble
        behind = self._feed.rewound
        if behind:
            return told(
                "resend: partition {partitions} delivers older messages again",
                partitions=_listed(behind),
            )
        if self.load is not None and self.load.ahead_ms is not None:
            return told("the table is ahead of a silent feed: is Canal running?")
        waiting = [p for p, passed in enumerate(self._settled.passed) if passed is Passed.NO]
        if waiting:
            return told(
                "partition {partitions} has not yet passed the last load",
                partitions=_listed(waiting),
            )
        return None

    @property
    def loaded(self) -> bool:
        """Something has been loaded since the start or the last resync."""
        return self._loaded

    def last_message_ms(self) -> Sequence[float | None]:
        """By partition, when its last message came; None where none has."""
        return self._feed.last_message_ms

    def passed_words(self) -> tuple[str, ...]:
        """By partition, whether the last load has been passed: ``yes``, ``quiet`` or ``-``."""
        words = {Passed.YES: "yes", Passed.QUIET: "quiet", Passed.NO: "-"}
        return tuple(words[p] for p in self._settled.passed)

    def take_change(self) -> BoardChange:
        """The board's difference since the last call."""
        change = self.board.take_change()
        self.totals.evicted += len(change.left)
        return change

    def check(self) -> None:
        """The board's invariants; AssertionError names the broken one."""
        self.board.check()


def _changes_a_key(event: Event) -> bool:
    return any(type(c) is Upsert and c.old_key is not None for c in event.changes)


def _listed(partitions: Sequence[int]) -> str:
    return ", ".join(map(str, partitions))
