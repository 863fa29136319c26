"""What a board must be, worked out from outside: the oracles of the seeded worlds.

* the **replica** (σ): every delivered image, in order of arrival, with every load taken in whole;
* the **cut**: the table as it was when each partition had come as far as it has been delivered.

A contradiction goes to the world, which tells its story; what the promise leaves out
(:meth:`Oracle.limit`) is counted instead.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol

from engine.core.evidence import SLACK_MS
from engine.core.loading import Load
from engine.core.rank import RankKey, above
from engine.core.states import Claim, State
from engine.core.topn import TopN
from tests.core.world_database import Entry, Rows, Table


class Wrong(AssertionError):
    """The engine has broken its promise."""


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
        self._seen: set[int] = set()
        self._from = [-1] * partitions

    def skip_to(self, before: Sequence[int]) -> None:
        """A start or resync. By partition, the last index that will not be delivered; -1: none."""
        self._from = list(before)
        for p, index in enumerate(before):
            self.last[p] = max(index, self.high[p])
            self.holes[p].clear()
            self.unnoticed[p] = False

    def see(self, entry: Entry) -> None:
        p, index, es_ms = entry.partition, entry.index, entry.transaction.es_ms
        indices = self._table.of_partition[p]
        after, upto = bisect_left(indices, self.last[p] + 1), bisect_left(indices, index)
        self.holes[p].update(indices[after:upto])
        self.holes[p].discard(index)
        self._seen.add(index)
        self.high[p], self.last[p] = max(self.high[p], index), index
        if index >= self.high[p]:
            self.unnoticed[p] = False
        elif es_ms >= self._newest_ms[p] - SLACK_MS:
            self.unnoticed[p] = True
        self._newest_ms[p] = max(self._newest_ms[p], es_ms)

    def lacks(self, left_out: Iterable[int]) -> bool:
        """Whether one of these has yet to come. What other partitions show may be beyond it: no step
        on its own partition has told of it."""
        for index in left_out:
            partition = self._table.log[index].partition
            if index not in self._seen and index > self._from[partition]:
                return True
        return False

    def cuts(self, base: int, *, provisional: bool) -> Iterable[tuple[int, ...]]:
        """The cuts of the binlog that a board may show: as delivered, or as loaded if that is later.

        A provisional answer that equalled the board may stand for either.
        """
        here = tuple(max(high + 1, base) for high in self.high)
        if not provisional:
            return [here]
        return [here, *product(*({h + 1, max(h + 1, base)} for h in self.high))]


@dataclass
class Watched:
    """What the oracle needs of an open load: the whole table as queried, and all changes since."""

    load: Load
    touched: Rows = field(default_factory=dict)
    snapshot: Rows | None = None
    base: int = 0
    mends: set[int] = field(default_factory=set)
    """The silent losses that it makes good: nothing older was to come when it was opened, or came since."""


class Complaint(Protocol):
    """Raises :class:`Wrong` with the world's story."""

    def __call__(self, what: str, *details: object) -> None: ...


@dataclass(frozen=True)
class Before:
    """A core just before a tick."""

    claim: Claim
    loads: int
    mismatches: int
    board: list[RankKey]
    watched: Watched | None


class Oracle:
    """Follows what one engine is handed, and says what its board must be.

    Args:
        wrong: told of every contradiction.
        lost: the binlog indices that Canal has dropped without a word; read, never changed.
        holed: those that it has left out of a batch which it sends again; the same.
        steps_seen: every message carries its place in the binlog, so no step back goes unseen.
        clock_trusted: nothing that this engine may claim rests on the database's clock.
        notice: the engine's newest notice, for the story.
        limits: where to count what the promise leaves out; by default a counter of its own.
    """

    def __init__(
        self,
        table: Table,
        *,
        size: int,
        partitions: int,
        wrong: Complaint,
        lost: set[int],
        holed: set[int],
        steps_seen: bool,
        clock_trusted: bool,
        notice: Callable[[], str] = str,
        limits: Counter[str] | None = None,
    ) -> None:
        self.table, self.size, self.lost = table, size, lost
        self.arrivals, self._holed = Arrivals(table, partitions), holed
        self.sigma: Rows = {}
        self.base = 0
        """How far in the binlog the load on show was."""
        self.watched: Watched | None = None
        self.healed = 0
        """Audit mismatches that were right: something had been lost."""
        self.limits: Counter[str] = Counter() if limits is None else limits
        """How often something was wrong that the promise leaves out, and which limit it was."""
        self._mended: set[int] = set()
        """Silent losses that the load on show has made good."""
        self.complain, self._notice = wrong, notice
        self._partitions = partitions
        self._steps_seen, self._clock_trusted = steps_seen, clock_trusted

    # ── what the engine is handed ─────────────────────────────────────────────────────────

    def forget(self) -> None:
        """An engine starts, knowing nothing."""
        self.sigma = {}

    def skip_to(self, before: Sequence[int]) -> None:
        """The feed starts anew, see :meth:`Arrivals.skip_to`; everything is to be loaded again."""
        self.arrivals.skip_to(before)
        self.base, self.watched = 0, None
        self._mended.clear()

    def arrive(self, entry: Entry, *, dead: bool) -> None:
        """One entry is delivered; dead: nobody can make anything of it."""
        self.arrivals.see(entry)
        for mended in (self._mended, self.watched.mends if self.watched else set()):
            mended -= {index for index in mended if index > entry.index}
        if dead:
            return
        entry.replay(self.sigma)
        if self.watched is not None:
            entry.replay(self.watched.touched)
        if entry.what == "clear" and self._partitions == 1:
            self.base = 0  # nothing of the last load is left

    def before_tick(self, topn: TopN) -> Before:
        totals = topn.totals
        return Before(
            topn.claim(), totals.loads, totals.audit_mismatches, self.shown(topn), self.watched
        )

    def after_tick(self, topn: TopN, before: Before) -> None:
        """Follow what the tick has done: a mismatch found, a load taken in, one opened."""
        found = topn.totals.audit_mismatches > before.mismatches
        if found:
            self._judge_mismatch()
        if topn.totals.loads > before.loads:
            assert before.watched is not None
            proved = set(topn.passed_words()) == {"yes"}
            exact = before.claim.state is State.EXACT and proved
            if exact and not found and self.shown(topn) != before.board:
                self.complain(
                    "a load changed an EXACT board and no mismatch was told", before.board
                )
            self._take_in(before.watched, compare=exact)
        self.follow_load(topn)

    def follow_load(self, topn: TopN) -> None:
        """The core's open load may have been closed, or another one opened."""
        if topn.load is None:
            self.watched = None
        elif self.watched is None or topn.load is not self.watched.load:
            self.watched = Watched(topn.load, mends=set(filter(self._is_next, self.lost)))

    def _is_next(self, lost: int) -> bool:
        """Whether all that was logged before it, and ever will be, has been delivered."""
        arrivals = self.arrivals
        for p, indices in enumerate(self.table.of_partition):
            here = max(arrivals.high[p], arrivals.last[p])
            between = indices[bisect_left(indices, here + 1) : bisect_left(indices, lost)]
            if not self.lost.issuperset(between):
                return False
        return True

    def _take_in(self, watched: Watched, *, compare: bool) -> None:
        """The oracle's own load: the whole table as queried, under all that was touched since."""
        assert watched.snapshot is not None
        loaded = {**watched.snapshot, **watched.touched}
        if compare and not self.lost:
            whole = len(self.table.log)
            if best_of(loaded, whole) != best_of(self.sigma, whole):
                self.wrong_or_limit("a proved answer differs from what was delivered")
        self.sigma, self.base = loaded, watched.base
        self._mended = {index for index in watched.mends if index < watched.base}

    def _judge_mismatch(self) -> None:
        if self.lost:
            self.healed += 1
        else:
            self.wrong_or_limit("an audit mismatch although nothing was lost", self._notice())

    # ── looking ───────────────────────────────────────────────────────────────────────────

    def look_at_invariant(self, topn: TopN) -> None:
        """Tracked is what ranks above the floor, and it is bounded."""
        board = topn.board
        ranked = best_of(self.sigma, len(self.table.log))
        expected = {rank for rank in ranked if above(rank, board.floor)}
        if board.known(None) != expected:
            self.complain("tracked is not what ranks above the floor", expected, board.known(None))
        if board.tracked > board.size + board.reserve_size:
            self.complain("memory is not bounded", board.tracked)

    def look_at_exact(self, topn: TopN, *, resting: bool) -> None:
        """The board is claimed to be EXACT; resting: nothing is on its way."""
        size, shown = self.size, self.shown(topn)
        if shown != best_of(self.sigma, size):
            self.complain("EXACT but not the top N of what was delivered", shown, self.sigma)
        if self.lost - self._mended:
            return
        provisional = topn.claim().provisional
        cuts = self.arrivals.cuts(self.base, provisional=provisional)
        if not any(shown == best_of(self.table.at(cut), size) for cut in cuts):
            self.wrong_or_limit("EXACT but never a state of the table", shown, provisional)
        if resting and not self.is_the_table(topn):
            self.complain("EXACT at rest and not the table", shown, self.table.rows)

    def shown(self, topn: TopN) -> list[RankKey]:
        return [row.rank_key for row in topn.board.best(self.size)]

    def is_the_table(self, topn: TopN) -> bool:
        return self.shown(topn) == best_of(self.table.rows, self.size)

    def limit(self) -> str | None:
        """Which stated limit of the promise holds now."""
        if any(self.arrivals.unnoticed) and not self._steps_seen:
            return "a step back that binlog time cannot tell"
        holes = any(holes - self.lost for holes in self.arrivals.holes)
        if holes or self.arrivals.lacks(self._holed - self.lost):
            return "a hole before its resend"
        if not self._clock_trusted:
            return "the database's clock was set"
        return None

    def wrong_or_limit(self, what: str, *details: object) -> None:
        limit = self.limit()
        if limit is None:
            self.complain(what, *details)
        else:
            self.limits[limit] += 1
