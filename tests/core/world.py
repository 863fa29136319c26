"""A seeded world around the real core: a table with its binlog, Canal, a broker, and a caller of TopN.

::

    writers ──▶ Table (rows, binlog) ──▶ Canal (batches, resends) ──▶ Broker (partitions)
                  │                                                        │ several messages a call
                  └── the load's query, seen late ──▶ TopN ◀── tick, end offsets read late

``World(seed).play()`` is one history on a virtual clock: some hundred steps under the faults that the
seed has chosen, then the input stops and everything is drained. After every step the oracles look:

* the **replica** (σ): every delivered image, in order of arrival, with every load taken in whole;
* the **cut**: the table as it was when each partition had come as far as it has been delivered;
* at **rest**: the table itself;
* the **mirror**: the stream of board changes replayed into an empty dict.

A contradiction raises :class:`Wrong` with the seed in it. What the promise leaves out (see
:meth:`Oracle.limit`) is counted instead. One seed is one history, for ever the same.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from engine.core.changes import (
    Answer,
    BoardChange,
    Delivery,
    Kind,
    LogPosition,
    Row,
)
from engine.core.evidence import EndOffsets
from engine.core.loading import Load
from engine.core.rank import Key, RankKey
from engine.core.reports import Timing
from engine.core.states import State
from engine.core.topn import TopN
from tests.core.laws import LAWS
from tests.core.oracle import Oracle, Wrong, best_of
from tests.core.world_canal import Broker, Canal
from tests.core.world_database import SERVER_ID, Faults, Shape, Table
from tests.core.world_writers import Writers

STEADY_MS = 24_000
"""How long changes go on steadily before all is calm."""

AHEAD = "the feed is silent but the table has changed"
"""Out of a notice."""


@dataclass
class Query:
    """A load's query on its way."""

    load: Load
    rows_at_ms: float
    rows: list[RankKey] | None = None
    answer: Answer | None = None
    answer_at_ms: float = 0


# ── the world ─────────────────────────────────────────────────────────────────────────────────


class World:
    """One history.

    Args:
        seed: chooses everything.
        check_core: also run the core's own checks; off where a mutant is to be caught by the laws.
        overrides: fields of :class:`Shape` and :class:`Faults` to force.
    """

    def __init__(self, seed: int, *, check_core: bool = True, **overrides: object) -> None:
        self.seed = seed
        self._rng = rng = random.Random(seed)
        self._check_core = check_core
        shape, faults = vars(Shape.draw(rng)), vars(Faults.draw(rng))
        shape = {name: overrides.pop(name, value) for name, value in shape.items()}
        faults = {name: overrides.pop(name, value) for name, value in faults.items()}
        if overrides:
            raise TypeError(f"neither a shape nor a fault: {sorted(overrides)}")
        shape["used"] = min(shape["used"], shape["partitions"])
        self.shape, self.faults = Shape(**shape), Faults(**faults)

        self.now_ms: float = 10_000 + rng.randint(0, 999)
        self.table = Table(self.shape)
        self.broker = Broker(self.shape.partitions)
        self.canal = Canal(self.table, self.broker, self.shape, self.faults, rng)
        self.writers = Writers(self.table, self.shape, self.faults, rng)
        by_position = self.shape.evidence == "position"
        self.oracle = Oracle(
            self.table,
            size=self.shape.size,
            partitions=self.shape.partitions,
            wrong=self._wrong,
            lost=self.canal.lost,
            holed=self.canal.holed,
            steps_seen=by_position,
            clock_trusted=(by_position and not self.faults.elsewhere) or not self.faults.clock,
            notice=lambda: self.notices[-1],
        )

        self.steps = self.exact = self.provisional = self.loads = 0
        self.notices: list[str] = []
        self._calm = False
        self._away_until_ms = self._gone_until_ms = 0.0
        self._last_look: tuple[object, ...] = ()
        self._fill()
        self._start()

    def play(self) -> World:
        """The whole history; raises :class:`Wrong`."""
        for _ in range(self.shape.steps):
            self._step()
        self._calm_down()
        if self.faults.steady:
            self._keep_changing()
        at_peace = self._drain(within_ms=60_000)
        if self.canal.lost:
            self._heal_silent_loss()
        elif not at_peace:
            self._wrong("no progress")
        self.loads += self.topn.totals.loads
        return self

    def _calm_down(self) -> None:
        """Nothing goes wrong any more."""
        self._calm = True
        self.now_ms = max(
            self.now_ms, self.canal.stuck_until_ms, self._away_until_ms, self._gone_until_ms
        )

    # ── start ─────────────────────────────────────────────────────────────────────────────

    def _fill(self) -> None:
        for _ in range(self._rng.randint(0, 25)):
            self.writers.write(self.now_ms, filling=True)
        self.now_ms += 3000
        self.table.show(self.now_ms)
        while not self.canal.idle and self._rng.random() < 0.8:
            self.canal.step(self.now_ms, calm=True)

    def _start(self) -> None:
        """An engine starts: at the end of the feed, knowing nothing."""
        self.positions = self.broker.ends()
        self.topn = TopN(
            self.shape.size,
            self.shape.reserve,
            partitions=self.shape.partitions,
            now_ms=self._tell_time(),
            timing=Timing(audit_ms=8000),
            ranked=self.shape.ranked,
            notify=lambda level, text: self.notices.append(f"{level}: {text}"),
        )
        self._mirror: dict[Key, Row] = {}
        self._gone_since: int | None = None
        """The number of loads taken in when the table was last said to be gone."""
        self.oracle.forget()
        self._forget_feed()

    def _forget_feed(self) -> None:
        self.oracle.skip_to(self.broker.before(self.positions))
        self._queries: list[Query] = []
        self._ends: EndOffsets | None = None
        self._reading: tuple[float, float, list[int] | None] | None = None
        self._next_reading_ms = self.now_ms

    def _restart(self) -> None:
        self.loads += self.topn.totals.loads
        self._start()

    def _resync(self) -> None:
        self.positions = self.broker.ends()
        self.topn.resync(self._tell_time(), self.shape.partitions, "the offset was out of range")
        self._forget_feed()

    def _tell_time(self) -> float:
        """The monotonic clock; no two readings are the same."""
        self.now_ms += 0.001
        return self.now_ms

    # ── the caller of TopN ────────────────────────────────────────────────────────────────

    def _poll(self) -> None:
        """One call with several messages of one or more partitions, as a consumer hands them out."""
        rng = self._rng
        waiting = [p for p, log in enumerate(self.broker.logs) if self.positions[p] < len(log)]
        if not waiting or self.now_ms < self._away_until_ms:
            return
        deliveries: list[Delivery] = []
        for p in rng.sample(waiting, rng.randint(1, len(waiting))):
            for message in self.broker.logs[p][self.positions[p] :][: rng.randint(1, 5)]:
                deliveries.append(Delivery(p, self.positions[p], message.events))
                self.positions[p] += 1
                for entry, event in zip(message.entries, message.events, strict=True):
                    self.oracle.arrive(entry, dead=event.kind is Kind.DEAD)
        change, verdicts = self.topn.receive(
            deliveries, self._tell_time(), explain_last=rng.choice((0, 0, 3))
        )
        assert len(verdicts) <= 3
        self._follow(change)

    def _follow(self, change: BoardChange) -> None:
        """Replay the difference; it must fit, and give the board."""
        mirror = self._mirror
        for eviction in change.left:
            if mirror.pop(eviction.row.key, None) is None:
                self._wrong("a row left that was not there", eviction)
        for row in change.entered:
            if row.key in mirror:
                self._wrong("a row entered twice", row)
            mirror[row.key] = row
        for row in change.moved:
            if row.key not in mirror:
                self._wrong("a row moved that was not there", row)
            mirror[row.key] = row
        if mirror != {row.key: row for row in self.topn.board.board_rows()}:
            self._wrong("the stream of changes does not give the board", change)

    def _tick(self) -> None:
        topn = self.topn
        self.table.show(self.now_ms)
        away = self.now_ms < self._away_until_ms
        topn.feed_trouble = "feed unreachable" if away else None
        if not away:
            self._read_ends()
        before = self.oracle.before_tick(topn)
        notices = len(self.notices)
        topn.tick(self._tell_time(), self.positions, self._ends)
        self.oracle.after_tick(topn, before)
        if any(AHEAD in notice for notice in self.notices[notices:]):
            self._look_at_silence()
        self._follow(topn.take_change())
        self._run_queries()

    def _read_ends(self) -> None:
        """Ask the broker for its log ends; the reply takes a while and may be from any part of it."""
        wanted_ms = self.topn.ends_wanted_ms
        hurry = wanted_ms is not None and (self._ends is None or self._ends.read_ms <= wanted_ms)
        if self._reading is None:
            if not hurry and self.now_ms < self._next_reading_ms:
                return
            early = self.broker.ends() if self._rng.random() < 0.5 else None
            began_ms = self._tell_time()
            self._reading = (began_ms, began_ms + self._rng.randint(0, 100), early)
        began_ms, arrives_ms, offsets = self._reading
        if self.now_ms >= arrives_ms:
            self._ends = EndOffsets(offsets or self.broker.ends(), began_ms)
            self._reading, self._next_reading_ms = None, self.now_ms + 300

    def _run_queries(self) -> None:
        load, rng = self.topn.load, self._rng
        if (
            load is not None
            and self.topn.query_wanted
            and all(q.load is not load for q in self._queries)
        ):
            slow = self.faults.slow_query and rng.random() < 0.5
            wait_ms = rng.randint(0, 3000) if slow else rng.randint(0, 50)
            self._queries.append(Query(load, self.now_ms + wait_ms))
        for query in list(self._queries):
            self._advance_query(query)

    def _advance_query(self, query: Query) -> None:
        """Rows, then the clock and the place in the log, then, maybe late, the answer."""
        watched, shape, rng = self.oracle.watched, self.shape, self._rng
        if query.rows is None:
            if self.now_ms < query.rows_at_ms:
                return
            gone = self.now_ms < self._gone_until_ms
            if gone or (self.faults.failing_query and not self._calm and rng.random() < 0.3):
                self._queries.remove(query)
                self._fail(query.load, gone=gone)
                return
            query.rows = best_of(self.table.visible, shape.size + shape.reserve + 1)
            if watched is not None and watched.load is query.load:
                watched.snapshot = dict(self.table.visible)
                watched.base = self.table.visible_count
        elif query.answer is None:
            query.answer = self._answer(query.rows)
            query.answer_at_ms = self.now_ms + rng.randint(0, 100)
        elif self.now_ms >= query.answer_at_ms:
            self._queries.remove(query)
            self.topn.answered(query.load, query.answer, self._tell_time())

    def _fail(self, load: Load, *, gone: bool) -> None:
        if gone and load is self.topn.load:
            self._gone_since = self.topn.totals.loads
        self.topn.failed(load, "no", self._tell_time(), retry_in_ms=1000, missing=gone)
        self.oracle.follow_load(self.topn)

    def _answer(self, ranked: Iterable[RankKey]) -> Answer:
        by_position, by_gtid = (self.shape.evidence == e for e in ("position", "gtid"))
        log = self.table.log
        last = log[-1].transaction.number if log else 0
        return Answer(
            rows=tuple(Row(key, score) for score, key in ranked),
            clock_ms=self.writers.database_ms(self.now_ms),
            position=self._log_end() if by_position else None,
            gtid=f"0-1-{last}" if by_gtid else "",
            server_id=SERVER_ID + self.faults.elsewhere,
        )

    def _log_end(self) -> LogPosition:
        """Where the log of the server that is asked has come to."""
        if self.faults.elsewhere:
            return LogPosition(number=1, offset=4, base="binlog")
        return self.table.position(len(self.table.log))

    # ── steps ─────────────────────────────────────────────────────────────────────────────

    def _step(self) -> None:
        rng, faults = self._rng, self.faults
        self.now_ms += rng.randint(0, 2 * self.shape.pace_ms)
        chance = rng.random()
        if chance < 0.22:
            if self.now_ms >= self._gone_until_ms:
                self.writers.write(self.now_ms)
        elif chance < 0.6:
            self.canal.step(self.now_ms, calm=False)
        else:
            self._poll()
        if faults.clock and rng.random() < 0.01:
            self.writers.clock_error_ms += rng.choice((-4000, -2000, 3000))
        if faults.away and rng.random() < 0.006:
            self._away_until_ms = self.now_ms + rng.randint(1000, 9000)
        if faults.resync and rng.random() < 0.006:
            self._resync()
        if faults.restart and rng.random() < 0.006:
            self._restart()
        if faults.gone and rng.random() < 0.01:
            self._gone_until_ms = self.now_ms + rng.randint(1000, 6000)
        if faults.log_reset and rng.random() < 0.01:
            self._begin_log_anew()
        self._tick()
        self._look()

    def _begin_log_anew(self) -> None:
        """An operator waits until all of the log was read, and has Canal begin at the new one."""
        for _ in range(100):
            if self._resting():
                self.table.begin_log_anew()
                self.canal.begin_at_the_end(self.now_ms)
                return
            self._pass(100)

    def _keep_changing(self) -> None:
        """Something is written all the while, with several partitions key changes too, if rows do that; an
        engine that has to load does so all the same. Where no key changes it is EXACT too, by and by.
        """
        rng, moving = self._rng, bool(self.faults.move) and self.shape.partitions > 1
        wanted = {State.EXACT, State.CATCHING_UP} if moving else {State.EXACT}
        if self.faults.log_reset:
            self._begin_log_anew()
        else:
            self._resync()
        gap_ms, began_ms = rng.choice((200, 400, 700)), self.now_ms
        seen: set[State] = set()
        due_ms = began_ms
        while self.now_ms - began_ms < STEADY_MS:
            if self.now_ms >= due_ms:
                due_ms += gap_ms
                self.writers.change_one(self.now_ms, moving=moving)
            self._pass(50)
            if self.now_ms - began_ms >= STEADY_MS * 2 / 3:
                seen.add(self.topn.claim().state)
        if not seen & wanted:
            self._wrong("steady changes keep it from coming back", seen)

    def _pass(self, ms: float) -> None:
        """Time, in which nothing goes wrong, and all that is written comes."""
        self.now_ms += ms
        for _ in range(4):
            self.canal.step(self.now_ms, calm=True)
        self._poll()
        self._tick()
        self._look()

    def _drain(self, within_ms: float, stay_ms: float = 12_000) -> bool:
        """No more input. True once the board has been exact and equal to the table to the end."""
        rest_ms: float | None = None
        while True:
            self.now_ms += 100 if rest_ms is None else 250
            self.canal.step(self.now_ms, calm=True)
            self._poll()
            self._tick()
            self._look()
            if not self._resting():
                rest_ms = None
                continue
            rest_ms = rest_ms or self.now_ms
            good = self.topn.claim().state is State.EXACT and self.oracle.is_the_table(self.topn)
            if (good and self.now_ms - rest_ms >= stay_ms) or self.now_ms - rest_ms >= within_ms:
                return good

    def _heal_silent_loss(self) -> None:
        """A lost change can only be found once traffic passes on every partition again."""
        for _ in range(6):
            self.now_ms += 3000
            self.writers.rewrite_all(self.now_ms)
            self._drain(within_ms=9000, stay_ms=9000)
        if not self._drain(within_ms=30_000):
            self._wrong("a silent loss was not healed after traffic")

    # ── looking ───────────────────────────────────────────────────────────────────────────

    def _look(self) -> None:
        """All that must hold at every moment."""
        self.steps += 1
        claim, totals = self.topn.claim(), self.topn.totals
        if claim.state is State.EXACT:
            self.exact += 1
            self.provisional += claim.provisional
        # Most steps bring nothing new to look at, and looking is what a history costs.
        new = (self.topn, claim, totals.messages, totals.loads, self.oracle.base, self._resting())
        if new == self._last_look:
            return
        self._last_look = new
        if self._check_core:
            self.topn.check()
        if self.topn.loaded:
            self.oracle.look_at_invariant(self.topn)
        if claim.state is State.EXACT:
            if self._gone_since == totals.loads and self.topn.board.tracked:
                self._wrong("EXACT although the table is known to be gone")
            self.oracle.look_at_exact(self.topn, resting=self._resting())

    def _look_at_silence(self) -> None:
        """The table was said to be ahead of a silent feed: what it is ahead by must be overdue."""
        arrivals = self.oracle.arrivals
        if self.canal.lost or any(arrivals.holes):
            return
        log = self.table.log
        late = [
            log[index].transaction.written_ms
            for indices, high in zip(self.table.of_partition, arrivals.high, strict=True)
            for index in indices[bisect_right(indices, high) :][:1]
        ]
        if late and self.now_ms - min(late) < Timing().settle_ms:
            self._wrong("the table was said to be ahead of a feed that keeps up")

    def _resting(self) -> bool:
        table, delivered = self.table, self.positions == self.broker.ends()
        return self.canal.idle and delivered and table.visible_count == len(table.log)

    def _wrong(self, what: str, *details: object) -> NoReturn:
        faults = [name for name, on in vars(self.faults).items() if on]
        raise Wrong(
            f"{what}\n  law: {LAWS[what]}\n"
            f"  seed {self.seed}, step {self.steps}, {self.now_ms:.0f} ms, {self._state()}\n"
            + "".join(f"  {detail}\n" for detail in details)
            + f"  {self.shape}\n  faults: {', '.join(faults)}"
        )

    def _state(self) -> str:
        claim = self.topn.claim()
        return f"{claim.state.value} ({claim.reason})"
