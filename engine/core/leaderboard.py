"""The tracked rows: a board of N, a reserve of at most R below it, and the floor under both.

The invariant, which :meth:`Leaderboard.check` restates and every change keeps::

    tracked = { rows of the table, as delivered, that rank above the floor }

While it holds and the board is full (or the floor is ``None``), the board is the top N.

Three structures, each lazy where it may be:

* the **board**: a map and a *min-heap whose entries are lower bounds*. A row that rises leaves its old
  entry in the heap; the entry is corrected when it reaches the root. So the commonest change of all, a
  counter that grows on a row of the board, costs one map store.
* the **reserve**: a map and a sorted list, because rows leave it at both ends: the best comes up when
  a row leaves the board, the least spills when there are more than N + R.
* the **ranking**: a sorted list of the board, kept only if somebody wants ranks (the screen does).

Nothing is decided a change at a time: a compacted batch goes in, :meth:`Leaderboard.take_change` gives
one difference. A change below the floor costs two map look-ups; any other O(log(N + R)).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from sortedcontainers import SortedList

from engine.core.changes import BoardChange, Cause, Delete, Eviction, Place, Row, RowChange, Where
from engine.core.rank import NOTHING_KNOWN, Floor, Key, RankKey, above

_HEAP_SLACK = 16
"""Stale heap entries that are tolerated beyond the board's size before the heap is rebuilt."""

_SORTED_HEAP_LIMIT = 4096
"""Up to this size the heap is put in order for the screen; a larger one shows its least rows."""


class Leaderboard:
    """N rows and a reserve, in memory.

    Args:
        size: N, at least 1.
        reserve: R, at least 0.
        ranked: keep ranks. They cost O(log N) for each row that has changed when they are asked for.
    """

    def __init__(self, size: int, reserve: int, *, ranked: bool = False) -> None:
        if size < 1 or reserve < 0:
            raise ValueError(f"size {size} and reserve {reserve}: size must be >= 1, reserve >= 0")
        self.size = size
        self.reserve_size = reserve
        self.floor: Floor = NOTHING_KNOWN
        self.spilled = 0
        self._board: dict[Key, Row] = {}
        self._heap: list[RankKey] = []
        self._reserve: dict[Key, Row] = {}
        self._order: SortedList[RankKey] = SortedList()
        self._ranking: SortedList[RankKey] | None = SortedList() if ranked else None
        # What the ranking lacks: by key the row that it knows, and that of the last take_change().
        self._unranked: dict[Key, tuple[Row | None, Row | None]] = {}
        # What the board held before the changes that take_change() has not yet reported.
        self._before: dict[Key, Row | None] = {}
        self._causes: dict[Key, Cause] = {}

    # ── looking ───────────────────────────────────────────────────────────────────────────

    @property
    def tracked(self) -> int:
        """How many rows are in memory."""
        return len(self._board) + len(self._reserve)

    @property
    def board_count(self) -> int:
        """How many rows the board has; at most N."""
        return len(self._board)

    @property
    def reserve_count(self) -> int:
        """How many rows the reserve has; at most R."""
        return len(self._reserve)

    @property
    def bar(self) -> RankKey | None:
        """The least rank key on the board, which a newcomer has to beat; None while not full."""
        return self._root() if len(self._board) >= self.size else None

    @property
    def short(self) -> bool:
        """The board has fewer than N rows although the table may have more."""
        return self.floor is not None and len(self._board) < self.size

    @property
    def low(self) -> bool:
        """The reserve runs low: fewer than N + R/4 rows are tracked and the table may have more."""
        return self.floor is not None and self.tracked < self.size + self.reserve_size / 4

    def board_rows(self) -> Iterable[Row]:
        """The members, in no order. O(1); do not change the leaderboard while reading."""
        return self._board.values()

    def best(self, limit: int) -> list[Row]:
        """The best `limit` members, highest rank first. O(limit) if ranked, else O(N log limit)."""
        ranking = None if self._before else self._ranks()
        if ranking is not None:
            start = max(0, len(ranking) - limit)
            return [self._board[key] for _, key in reversed(ranking[start:])]
        return heapq.nlargest(limit, self._board.values(), key=_rank_key)

    def reserve_best(self, limit: int) -> list[Row]:
        """The best `limit` rows of the reserve, highest rank first."""
        start = max(0, len(self._order) - limit)
        return [self._reserve[key] for _, key in reversed(self._order[start:])]

    def reserve_least(self) -> Row | None:
        """The next row to spill."""
        return self._reserve[self._order[0][1]] if self._order else None

    def heap(self, limit: int) -> list[RankKey]:
        """The top of the min-heap in level order, without stale entries.

        Up to some thousand rows the heap itself is put in order first: an ascending list is a heap.
        """
        if len(self._board) > _SORTED_HEAP_LIMIT:
            return heapq.nsmallest(limit, (row.rank_key for row in self._board.values()))
        self._heap = sorted(row.rank_key for row in self._board.values())
        return self._heap[:limit]

    def place(self, key: Key) -> Place:
        """Where a key stands; its rank as of the last :meth:`take_change`."""
        row = self._board.get(key)
        if row is not None:
            return Place(where=Where.BOARD, score=row.score, rank=self._rank(row.rank_key))
        row = self._reserve.get(key)
        if row is not None:
            return Place(where=Where.RESERVE, score=row.score)
        return Place(where=Where.OUTSIDE)

    def known(self, floor: Floor) -> set[RankKey]:
        """The rank keys of all tracked rows above a floor: what an audit compares."""
        rows = (*self._board.values(), *self._reserve.values())
        return {row.rank_key for row in rows if above(row.rank_key, floor)}

    # ── changing ──────────────────────────────────────────────────────────────────────────

    def apply(self, latest: Mapping[Key, RowChange]) -> None:
        """Apply a compacted batch: each key's last change.

        The batch is put in as a whole before anything spills, so the floor ends at most as high as
        it would one change at a time; the invariant is the same.
        """
        floor, board, reserve = self.floor, self._board, self._reserve
        for key, change in latest.items():
            if type(change) is Delete:
                if key in board or key in reserve:
                    self._take_out(key, _deletion(change))
                continue
            score = change.score  # type: ignore[union-attr]  # Delete is dealt with above
            if score is None:
                if key in board or key in reserve:
                    self._take_out(key, Cause.NULL_SCORE)
            elif floor is not None and (score, key) <= floor:
                if key in board or key in reserve:
                    self._take_out(key, Cause.FELL)
            else:
                self._put_in(Row(key, score, change.columns))  # type: ignore[union-attr]
        self._settle()

    def clear(self, *, floor: Floor) -> None:
        """The table was emptied. `floor` is None if that is now all there is to know."""
        for key, row in self._board.items():
            self._before.setdefault(key, row)
        # A row that had left in the same batch went with all others: whoever took its place is gone, too.
        self._causes |= dict.fromkeys(self._before, Cause.CLEARED)
        self._board.clear()
        self._heap.clear()
        self._reserve.clear()
        self._order.clear()
        self.floor = floor

    def replace(self, other: Leaderboard) -> None:
        """Take over another leaderboard's rows and floor (a load's); it must not be used again."""
        for key, row in self._board.items():
            if other._board.get(key) != row:
                self._note(key, row, Cause.LOADED)
        for key in other._board:
            if key not in self._board:
                self._before.setdefault(key, None)
        self._board, self._heap = other._board, other._heap
        self._reserve, self._order = other._reserve, other._order
        self.floor = other.floor
        self.spilled += other.spilled

    def take_change(self) -> BoardChange:
        """The difference since the last call. Afterwards ranks are those of the board as it is."""
        before, causes = self._before, self._causes
        if not before:
            return BoardChange()
        self._before, self._causes = {}, {}
        entered: list[Row] = []
        moved: list[Row] = []
        left: list[tuple[Row, Cause]] = []
        for key, old in before.items():
            new = self._board.get(key)
            if old is None:
                if new is not None:
                    entered.append(new)
            elif new is None:
                left.append((old, causes.get(key, Cause.DISPLACED)))
            elif new != old:
                moved.append(new)
        entered.sort(key=_rank_key, reverse=True)
        left.sort(key=lambda pair: pair[0].rank_key, reverse=True)
        ranks = [self._rank(row.rank_key) for row, _ in left]
        self._ranks_changed(before)
        return BoardChange(tuple(entered), _pair(left, ranks, entered), tuple(moved))

    # ── inside ────────────────────────────────────────────────────────────────────────────

    def _take_out(self, key: Key, cause: Cause) -> None:
        row = self._board.pop(key, None)
        if row is not None:
            self._note(key, row, cause)
            return
        row = self._reserve.pop(key)
        self._order.remove(row.rank_key)

    def _put_in(self, row: Row) -> None:
        """Where it stands already if it does; else into the reserve, from where it may come up."""
        key = row.key
        old = self._board.get(key)
        if old is not None:
            if row != old:
                self._before.setdefault(key, old)
                self._board[key] = row
                # An entry may be lower than its row, never higher: only a fall needs a new one.
                if row.score < old.score:
                    heapq.heappush(self._heap, row.rank_key)
            return
        old = self._reserve.get(key)
        if old is not None:
            self._order.remove(old.rank_key)
        self._reserve[key] = row
        self._order.add(row.rank_key)

    def _settle(self) -> None:
        """Restore: the board is full if it can be, none below it is better, at most N + R are kept."""
        order = self._order
        while order and len(self._board) < self.size:
            self._come_up()
        while order and order[-1] > self._root():
            self._go_down()
            self._come_up()
        while len(self._board) + len(order) > self.size + self.reserve_size:
            rank = order.pop(0)
            del self._reserve[rank[1]]
            self.spilled += 1
            self.floor = rank  # above the old floor, or it would not have been tracked
        if len(self._heap) > 2 * len(self._board) + _HEAP_SLACK:
            self._heap = [row.rank_key for row in self._board.values()]
            heapq.heapify(self._heap)

    def _come_up(self) -> None:
        rank = self._order.pop()
        row = self._reserve.pop(rank[1])
        self._before.setdefault(row.key, None)
        self._board[row.key] = row
        heapq.heappush(self._heap, rank)

    def _go_down(self) -> None:
        rank = self._root()
        row = self._board.pop(rank[1])
        was = self._before.get(row.key, row)
        fell = was is not None and row.score < was.score
        self._note(row.key, row, Cause.FELL if fell else Cause.DISPLACED)
        self._reserve[row.key] = row
        self._order.add(rank)

    def _root(self) -> RankKey:
        """The least rank key on the board; corrects entries that have become stale on the way."""
        heap, board = self._heap, self._board
        while True:
            rank = heap[0]
            row = board.get(rank[1])
            if row is None or row.score < rank[0]:
                heapq.heappop(heap)  # gone, or it fell and a lower entry was pushed then
            elif row.score == rank[0]:
                return rank
            else:
                heapq.heapreplace(heap, row.rank_key)

    def _note(self, key: Key, row: Row, cause: Cause) -> None:
        self._before.setdefault(key, row)
        self._causes[key] = cause

    def _rank(self, rank_key: RankKey) -> int | None:
        ranking = self._ranks()
        return None if ranking is None else len(ranking) - ranking.bisect_left(rank_key)

    def _ranks(self) -> SortedList[RankKey] | None:
        """The rank keys of the board as of the last :meth:`take_change`; None if not ranked."""
        ranking, unranked = self._ranking, self._unranked
        if ranking is None or not unranked:
            return ranking
        for old, new in unranked.values():
            if new == old:
                continue
            if old is not None:
                ranking.remove(old.rank_key)
            if new is not None:
                ranking.add(new.rank_key)
        unranked.clear()
        return ranking

    def _ranks_changed(self, before: Mapping[Key, Row | None]) -> None:
        """Remember what the ranking lacks. Nobody asks for ranks after each batch of a full stream,
        and a row that changes in ten of them is put in its place once."""
        if self._ranking is None:
            return
        unranked = self._unranked
        for key, old in before.items():
            known = unranked.get(key)
            unranked[key] = (old if known is None else known[0], self._board.get(key))
        if len(unranked) > self.size:  # never more to remember than there are ranks
            self._ranks()

    # ── proof ─────────────────────────────────────────────────────────────────────────────

    def check(self) -> None:
        """Restate every invariant of this class; AssertionError names the one that is broken."""
        board = {row.rank_key for row in self._board.values()}
        reserve = {row.rank_key for row in self._reserve.values()}
        assert all(k == row.key for k, row in self._board.items()), "board map: key differs"
        assert all(k == row.key for k, row in self._reserve.items()), "reserve map: key differs"
        assert not self._board.keys() & self._reserve.keys(), "a row is in board and reserve"
        assert len(board) <= self.size, "the board is too large"
        assert len(board) + len(reserve) <= self.size + self.reserve_size, "too many tracked"
        assert not reserve or len(board) == self.size, "a reserve under a board that is not full"
        assert not reserve or max(reserve) < min(board), "a reserve row ranks above a board row"
        assert all(above(r, self.floor) for r in board | reserve), (
            "a tracked row is not above floor"
        )
        assert sorted(reserve) == list(self._order), "the reserve's order is not its rows"
        assert not board or self._root() == min(board), "the heap's root is not the least row"
        if self._ranking is not None and not self._before:
            assert sorted(board) == list(self._ranks() or ()), "the ranking is not the board"


def _rank_key(row: Row) -> RankKey:
    return row.rank_key


def _deletion(change: Delete) -> Cause:
    return Cause.DELETED if change.new_key is None else Cause.KEY_CHANGED


def _pair(
    left: list[tuple[Row, Cause]], ranks: list[int | None], entered: list[Row]
) -> tuple[Eviction, ...]:
    """Say of each eviction who came in its stead.

    A displaced row went because a better one came: pair the best with the best. A row that left by
    its own change made room: who came up for it is the least of those that entered, in turn. Where the
    table was cleared nobody came up for anybody.
    """
    displaced = sum(cause is Cause.DISPLACED for _, cause in left)
    comers, risers = iter(entered[:displaced]), iter(entered[displaced:])
    out = []
    for (row, cause), rank in zip(left, ranks, strict=True):
        by = next(comers, None) if cause is Cause.DISPLACED else None
        made_room = cause not in (Cause.DISPLACED, Cause.CLEARED)
        successor = next(risers, None) if made_room else None
        out.append(Eviction(row=row, cause=cause, rank=rank, by=by, successor=successor))
    return tuple(out)
