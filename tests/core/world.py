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
:meth:`World._limit`) is counted instead. One seed is one history, for ever the same.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from engine.core.changes import (
    Answer,
    BoardChange,
    Delivery,
    Event,
    Kind,
    Row,
)
from engine.core.evidence import SLACK_MS, EndOffsets
from engine.core.loading import Load
from engine.core.rank import Key, RankKey, above
from engine.core.reports import Timing
from engine.core.states import State
from engine.core.topn import TopN
from tests.core.world_canal import Broker, Canal
from tests.core.world_database import Entry, Faults, Rows, Shape, Table, Transaction

EPOCH_MS: Final = 1_700_000_000_000
"""The database's clock when the world's monotonic clock is at zero."""


class Wrong(AssertionError):
    """The engine has broken its promise."""


# ── oracles ───────────────────────────────────────────────────────────────────────────────────


def best_of(rows: Mapping[int, int | None], limit: int) -> list[RankKey]:
    """The answer of ``… WHERE score IS NOT NULL ORDER BY score DESC, key DESC LIMIT limit``."""
    ranked: list[RankKey] = [(score, key) for key, score in rows.items() if score is not None]
    return sorted(ranked, reverse=True)[:limit]


class Arrivals:
    """How far each partition has been delivered, and what is missing or older there."""

    def __init__(self, table: Table, partitions: int) -> None:
        self._table = table
        self.high = [-1] * partitions
        """By partition, the greatest binlog index ever delivered."""
        self.last = [-1] * partitions
        self.holes: list[set[int]] = [set() for _ in range(partitions)]
        self._newest_ms = [0] * partitions
        self.unnoticed = [False] * partitions
        """Stepped back, and never by more than binlog time can tell."""

    def skip_to(self, broker: Broker, positions: Sequence[int]) -> None:
        """A start or resync: what lies before these positions will not be delivered."""
        for p, log in enumerate(broker.logs):
            before = log[positions[p] - 1].entries[-1].index if positions[p] else -1
            self.last[p] = max(before, self.high[p])
            self.holes[p].clear()
            self.unnoticed[p] = False

    def see(self, entry: Entry) -> None:
        p, index, es_ms = entry.partition, entry.index, entry.transaction.es_ms
        indices = self._table.of_partition[p]
        after, upto = bisect_left(indices, self.last[p] + 1), bisect_left(indices, index)
        self.holes[p].update(indices[after:upto])
        self.holes[p].discard(index)
        self.high[p], self.last[p] = max(self.high[p], index), index
        if index >= self.high[p]:
            self.unnoticed[p] = False
        elif es_ms >= self._newest_ms[p] - SLACK_MS:
            self.unnoticed[p] = True
        self._newest_ms[p] = max(self._newest_ms[p], es_ms)

    def cuts(self, base: int, *, provisional: bool) -> Iterable[tuple[int, ...]]:
        """The cuts of the binlog that a board may show: as delivered, or as loaded if that is later.

        A provisional answer that equalled the board may stand for either.
        """
        here = tuple(max(high + 1, base) for high in self.high)
        if not provisional:
            return [here]
        return [here, *product(*({h + 1, max(h + 1, base)} for h in self.high))]


@dataclass
class Query:
    """A load's query on its way."""

    load: Load
    rows_at_ms: float
    rows: list[RankKey] | None = None
    answer: Answer | None = None
    answer_at_ms: float = 0


@dataclass
class Watched:
    """What the oracle needs of an open load: the whole table as queried, and all changes since."""

    load: Load
    touched: Rows = field(default_factory=dict)
    snapshot: Rows | None = None
    base: int = 0


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
        self._clock_error_ms = 0
        self._transactions = 0
        self.table = Table(self.shape)
        self.broker = Broker(self.shape.partitions)
        self.canal = Canal(self.table, self.broker, self.shape, self.faults, rng)
        self.arrivals = Arrivals(self.table, self.shape.partitions)

        self.steps = self.exact = self.provisional = self.loads = self.healed = 0
        self.limits: Counter[str] = Counter()
        """How often something was wrong that the promise leaves out, and which limit it was."""
        self.notices: list[str] = []
        self._calm = False
        self._away_until_ms = 0.0
        self._last_look: tuple[object, ...] = ()
        self._fill()
        self._start()

    def play(self) -> World:
        """The whole history; raises :class:`Wrong`."""
        for _ in range(self.shape.steps):
            self._step()
        self._calm = True
        self.now_ms = max(self.now_ms, self.canal.stuck_until_ms, self._away_until_ms)
        at_peace = self._drain(within_ms=60_000)
        if self.canal.lost:
            self._heal_silent_loss()
        elif not at_peace:
            self._wrong("no progress: " + self._state())
        self.loads += self.topn.totals.loads
        return self

    # ── start ─────────────────────────────────────────────────────────────────────────────

    def _fill(self) -> None:
        for _ in range(self._rng.randint(0, 25)):
            self._write(filling=True)
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
        self.sigma: Rows = {}
        self._forget_feed()

    def _forget_feed(self) -> None:
        self.arrivals.skip_to(self.broker, self.positions)
        self._base = 0
        self._watched: Watched | None = None
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

    # ── writers ───────────────────────────────────────────────────────────────────────────

    def _write(self, *, filling: bool = False) -> None:
        """One transaction of one to three changes."""
        transaction = self._transaction()
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            self._change_something(transaction, filling=filling)

    def _transaction(self) -> Transaction:
        rng, faults, log = self._rng, self.faults, self.table.log
        self._transactions += 1
        visible_ms = self.now_ms + (rng.randint(0, 450) if faults.late_visible else 0)
        if log:
            visible_ms = max(visible_ms, log[-1].transaction.visible_ms)
        begun_ms = self.now_ms - rng.randint(0, 60)
        if faults.long_transaction and rng.random() < 0.1:
            begun_ms -= rng.randint(0, 5000)
        es_ms = self._database_ms(begun_ms) // 1000 * 1000
        return Transaction(self._transactions, self.now_ms, visible_ms, es_ms)

    def _database_ms(self, monotonic_ms: float) -> int:
        return EPOCH_MS + int(monotonic_ms) + self._clock_error_ms

    def _change_something(self, transaction: Transaction, *, filling: bool) -> None:
        rng, faults, table = self._rng, self.faults, self.table
        key, chance = rng.randrange(self.shape.keys), rng.random()
        score: int | None = rng.randrange(self.shape.scores)
        if faults.null and rng.random() < 0.07:
            score = None
        if chance < 0.22:
            if key in table.rows:
                table.append(transaction, "delete", key)
        elif chance < 0.36 and faults.move and not filling:
            self._move_a_row(transaction, key, score)
        elif chance < 0.37 and faults.truncate and not filling:
            table.append(transaction, "clear")
        elif chance < 0.375 and faults.alter and not filling:
            table.append(transaction, "alter")
        elif chance < 0.385:
            table.append(transaction, "query")
        elif key not in table.rows or table.rows[key] != score:
            table.append(transaction, "upsert", key, score)

    def _move_a_row(self, transaction: Transaction, key: int, score: int | None) -> None:
        """Some row gets this key; as in REPLACE, a row that had it goes first."""
        rows = self.table.rows
        others = sorted(k for k in rows if k != key)
        if not others:
            return
        old_key = self._rng.choice(others)
        kept = rows[old_key] if self._rng.random() < 0.5 else score
        if key in rows:
            self.table.append(transaction, "delete", key)
        self.table.append(transaction, "move", key, kept, old_key)

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
                    self._arrive(entry, event)
        change, verdicts = self.topn.receive(
            deliveries, self._tell_time(), explain_last=rng.choice((0, 0, 3))
        )
        assert len(verdicts) <= 3
        self._follow(change)

    def _arrive(self, entry: Entry, event: Event) -> None:
        self.arrivals.see(entry)
        if event.kind is Kind.DEAD:
            return
        entry.replay(self.sigma)
        if self._watched is not None:
            entry.replay(self._watched.touched)
        if entry.what == "clear" and self.shape.partitions == 1:
            self._base = 0  # nothing of the last load is left

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
        before, loads, mismatches = topn.claim(), topn.totals.loads, topn.totals.audit_mismatches
        open_before = self._watched
        topn.tick(self._tell_time(), self.positions, self._ends)
        if topn.totals.audit_mismatches > mismatches:
            self._judge_mismatch()
        if topn.totals.loads > loads:
            assert open_before is not None
            proved = set(topn.passed_words()) == {"yes"}
            self._take_in(open_before, compare=before.state is State.EXACT and proved)
        if topn.load is None:
            self._watched = None
        elif open_before is None or topn.load is not open_before.load:
            self._watched = Watched(topn.load)
        self._follow(topn.take_change())
        self._run_queries()

    def _take_in(self, watched: Watched, *, compare: bool) -> None:
        """The oracle's own load: the whole table as queried, under all that was touched since."""
        assert watched.snapshot is not None
        loaded = {**watched.snapshot, **watched.touched}
        if compare and not self.canal.lost:
            whole = len(self.table.log)
            if best_of(loaded, whole) != best_of(self.sigma, whole):
                self._wrong_or_limit("a proved answer differs from what was delivered")
        self.sigma, self._base = loaded, watched.base

    def _judge_mismatch(self) -> None:
        if self.canal.lost:
            self.healed += 1
        else:
            self._wrong_or_limit("an audit mismatch although nothing was lost", self.notices[-1])

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
        watched, shape, rng = self._watched, self.shape, self._rng
        if query.rows is None:
            if self.now_ms < query.rows_at_ms:
                return
            if self.faults.failing_query and not self._calm and rng.random() < 0.3:
                self._queries.remove(query)
                self.topn.failed(query.load, "timeout", self._tell_time(), retry_in_ms=1000)
                if self.topn.load is None:
                    self._watched = None
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
            self.topn.answered(query.load, query.answer)

    def _answer(self, ranked: Iterable[RankKey]) -> Answer:
        by_position, by_gtid = (self.shape.evidence == e for e in ("position", "gtid"))
        log = self.table.log
        last = log[-1].transaction.number if log else 0
        return Answer(
            rows=tuple(Row(key, score) for score, key in ranked),
            clock_ms=self._database_ms(self.now_ms),
            position=self.table.position(len(log)) if by_position else None,
            gtid=f"0-1-{last}" if by_gtid else "",
        )

    # ── steps ─────────────────────────────────────────────────────────────────────────────

    def _step(self) -> None:
        rng, faults = self._rng, self.faults
        self.now_ms += rng.randint(0, 2 * self.shape.pace_ms)
        chance = rng.random()
        if chance < 0.22:
            self._write()
        elif chance < 0.6:
            self.canal.step(self.now_ms, calm=False)
        else:
            self._poll()
        if faults.clock and rng.random() < 0.01:
            self._clock_error_ms += rng.choice((-4000, -2000, 3000))
        if faults.away and rng.random() < 0.006:
            self._away_until_ms = self.now_ms + rng.randint(1000, 9000)
        if faults.resync and rng.random() < 0.006:
            self._resync()
        if faults.restart and rng.random() < 0.006:
            self._restart()
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
            good = self.topn.claim().state is State.EXACT and self._is_the_table()
            if (good and self.now_ms - rest_ms >= stay_ms) or self.now_ms - rest_ms >= within_ms:
                return good

    def _heal_silent_loss(self) -> None:
        """A lost change can only be found once traffic passes on every partition again."""
        for _ in range(6):
            self.now_ms += 3000
            transaction = self._transaction()
            for key in sorted(self.table.rows):
                self.table.append(transaction, "upsert", key, self.table.rows[key])
            self._drain(within_ms=9000, stay_ms=9000)
        if not self._drain(within_ms=30_000):
            self._wrong("a silent loss was not healed after traffic: " + self._state())

    # ── looking ───────────────────────────────────────────────────────────────────────────

    def _look(self) -> None:
        """All that must hold at every moment."""
        self.steps += 1
        claim, totals = self.topn.claim(), self.topn.totals
        if claim.state is State.EXACT:
            self.exact += 1
            self.provisional += claim.provisional
        # Most steps bring nothing new to look at, and looking is what a history costs.
        new = (self.topn, claim, totals.messages, totals.loads, self._base, self._resting())
        if new == self._last_look:
            return
        self._last_look = new
        if self._check_core:
            self.topn.check()
        if self.topn.loaded:
            self._look_at_invariant()
        if claim.state is State.EXACT:
            self._look_at_exact(provisional=claim.provisional)

    def _look_at_invariant(self) -> None:
        board = self.topn.board
        ranked = best_of(self.sigma, len(self.table.log))
        expected = {rank for rank in ranked if above(rank, board.floor)}
        if board.known(None) != expected:
            self._wrong("tracked is not what ranks above the floor", expected, board.known(None))
        if board.tracked > self.shape.size + self.shape.reserve:
            self._wrong("memory is not bounded", board.tracked)

    def _look_at_exact(self, *, provisional: bool) -> None:
        size, shown = self.shape.size, self._shown()
        if shown != best_of(self.sigma, size):
            self._wrong("EXACT but not the top N of what was delivered", shown, self.sigma)
        if self.canal.lost:
            return
        cuts = self.arrivals.cuts(self._base, provisional=provisional)
        if not any(shown == best_of(self.table.at(cut), size) for cut in cuts):
            self._wrong_or_limit("EXACT but never a state of the table", shown, provisional)
        if self._resting() and not self._is_the_table():
            self._wrong("EXACT at rest and not the table", shown, self.table.rows)

    def _shown(self) -> list[RankKey]:
        return [row.rank_key for row in self.topn.board.best(self.shape.size)]

    def _is_the_table(self) -> bool:
        return self._shown() == best_of(self.table.rows, self.shape.size)

    def _resting(self) -> bool:
        table, delivered = self.table, self.positions == self.broker.ends()
        return self.canal.idle and delivered and table.visible_count == len(table.log)

    def _limit(self) -> str | None:
        """Which stated limit of the promise holds now."""
        if any(self.arrivals.unnoticed) and self.shape.evidence != "position":
            return "a step back that binlog time cannot tell"
        if any(holes - self.canal.lost for holes in self.arrivals.holes):
            return "a hole before its resend"
        if self.faults.clock and self.shape.evidence != "position":
            return "the database's clock was set"
        return None

    def _wrong_or_limit(self, what: str, *details: object) -> None:
        limit = self._limit()
        if limit is None:
            self._wrong(what, *details)
        else:
            self.limits[limit] += 1

    def _wrong(self, what: str, *details: object) -> None:
        faults = [name for name, on in vars(self.faults).items() if on]
        raise Wrong(
            f"{what}\n  seed {self.seed}, step {self.steps}, {self.now_ms:.0f} ms, {self._state()}\n"
            + "".join(f"  {detail}\n" for detail in details)
            + f"  {self.shape}\n  faults: {', '.join(faults)}"
        )

    def _state(self) -> str:
        claim = self.topn.claim()
        return f"{claim.state.value} ({claim.reason})"
