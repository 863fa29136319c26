"""The tracked rows against a dict of all rows: laws first, then one example a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.changes import (
    BoardChange,
    Cause,
    Delete,
    Eviction,
    Place,
    Row,
    RowChange,
    Upsert,
    Where,
)
from engine.core.leaderboard import Leaderboard
from engine.core.rank import NOTHING_KNOWN, Floor, Key, RankKey, above, higher_floor

Batch: TypeAlias = dict[Key, RowChange]
Step: TypeAlias = tuple[str, Batch]

LAWS = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,  # one run is like another: the seeds are hypothesis's own
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

# ── an oracle that remembers everything ───────────────────────────────────────────────────────


class Everything:
    """All rows of a table; slow and simple."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}

    def apply(self, batch: Mapping[Key, RowChange]) -> None:
        for key, change in batch.items():
            self.rows.pop(key, None)
            if isinstance(change, Upsert) and change.score is not None:
                self.rows[key] = Row(key, change.score, change.columns)

    def ranked(self) -> list[Row]:
        return sorted(self.rows.values(), key=lambda row: row.rank_key, reverse=True)

    def above(self, floor: Floor) -> set[RankKey]:
        return {r.rank_key for r in self.rows.values() if above(r.rank_key, floor)}

    def load_into(self, board: Leaderboard) -> None:
        """What a load does: the best N + R rows, and the next one's rank key as the floor."""
        limit, ranked = board.size + board.reserve_size, self.ranked()
        built = Leaderboard(board.size, board.reserve_size)
        built.floor = ranked[limit].rank_key if len(ranked) > limit else None
        built.apply({r.key: Upsert(r.key, r.score, r.columns) for r in ranked[:limit]})
        built.take_change()
        board.replace(built)


class Follower:
    """A reader that sees only the stream of changes."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}

    def follow(self, change: BoardChange) -> None:
        for eviction in change.left:
            del self.rows[eviction.row.key]
        for row in change.entered:
            assert row.key not in self.rows
            self.rows[row.key] = row
        for row in change.moved:
            assert row != self.rows[row.key], "a move that moves nothing"
            self.rows[row.key] = row


# ── histories ─────────────────────────────────────────────────────────────────────────────────

SCORES = st.one_of(
    st.integers(-3, 6),
    st.sampled_from([Decimal("0.0"), Decimal("1.5"), Decimal("2.50"), Decimal("-0.1"), Decimal(3)]),
)


def batches(keys: st.SearchStrategy[Key]) -> st.SearchStrategy[Batch]:
    def change(key: Key, score: int | Decimal | None, column: int, kind: int) -> RowChange:
        if kind == 0:
            return Delete(key)
        if kind == 1:
            return Delete(key, new_key=key)
        return Upsert(key, None if kind == 2 else score, (column,))

    one = st.builds(change, keys, SCORES, st.integers(0, 1), st.integers(0, 11))
    return st.lists(one, max_size=6).map(lambda changes: {c.key: c for c in changes})


def histories() -> st.SearchStrategy[list[Step]]:
    def of(keys: st.SearchStrategy[Key]) -> st.SearchStrategy[list[Step]]:
        kinds = ["batch"] * 8 + ["load", "load", "clear", "clear, not knowing"]
        return st.lists(st.tuples(st.sampled_from(kinds), batches(keys)), max_size=25)

    numbers: st.SearchStrategy[Key] = st.integers(-2, 12)
    texts: st.SearchStrategy[Key] = st.sampled_from(["", "9", "10", "a", "B", "é", "z", "中", "😀"])
    return st.one_of(of(numbers), of(texts))


def run(
    steps: list[Step],
    size: int,
    reserve: int,
    look: Callable[[Leaderboard, Everything, Batch, dict[Key, Row], BoardChange], None],
    *,
    ranked: bool = True,
) -> None:
    """Play a history; `look` after every step with the batch, the board before, and the change."""
    board, everything = Leaderboard(size, reserve, ranked=ranked), Everything()
    for kind, batch in steps:
        before = {row.key: row for row in board.board_rows()}
        used: Batch = {}
        if kind == "batch":
            used = batch
            board.apply(batch)
            everything.apply(batch)
        elif kind == "load":
            everything.load_into(board)
        else:
            board.clear(floor=None if kind == "clear" else board.floor)
            everything.rows.clear()
        board.check()
        change = board.take_change()
        board.check()
        look(board, everything, used, before, change)


SIZES = st.integers(1, 5)
RESERVES = st.integers(0, 5)

# ── laws ──────────────────────────────────────────────────────────────────────────────────────


@LAWS
@given(histories(), SIZES, RESERVES, st.booleans())
def test_tracked_is_what_ranks_above_the_floor(
    steps: list[Step], size: int, reserve: int, ranked: bool
) -> None:
    floors: list[Floor] = []

    def look(
        board: Leaderboard,
        everything: Everything,
        batch: Batch,
        before: dict[Key, Row],
        change: BoardChange,
    ) -> None:
        assert board.known(None) == everything.above(board.floor)
        assert board.tracked == board.board_count + board.reserve_count <= size + reserve
        if board.board_count == size or board.floor is None:
            assert list(map(rank, board.best(size))) == list(map(rank, everything.ranked()[:size]))
        if batch and floors:
            assert higher_floor(floors[-1], board.floor) == board.floor, "changes lower no floor"
        floors.append(board.floor)

    run(steps, size, reserve, look, ranked=ranked)


@LAWS
@given(histories(), SIZES, RESERVES)
def test_the_stream_of_changes_gives_the_board(steps: list[Step], size: int, reserve: int) -> None:
    reader = Follower()

    def look(board: Leaderboard, *rest: object) -> None:
        change = rest[-1]
        assert isinstance(change, BoardChange)
        reader.follow(change)
        assert reader.rows == {row.key: row for row in board.board_rows()}
        assert not board.take_change(), "told once"

    run(steps, size, reserve, look)


@LAWS
@given(histories(), SIZES, RESERVES)
def test_changes_taken_seldom_give_the_same_board(
    steps: list[Step], size: int, reserve: int
) -> None:
    board, everything, reader = Leaderboard(size, reserve), Everything(), Follower()
    for number, (kind, batch) in enumerate(steps):
        if kind == "load":
            everything.load_into(board)
        board.apply(batch)
        everything.apply(batch)
        if number % 3 == 2:
            reader.follow(board.take_change())
    reader.follow(board.take_change())
    assert reader.rows == {row.key: row for row in board.board_rows()}


@LAWS
@given(histories(), SIZES, RESERVES)
def test_who_left_why_and_for_whom(steps: list[Step], size: int, reserve: int) -> None:
    def look(
        board: Leaderboard,
        everything: Everything,
        batch: Batch,
        before: dict[Key, Row],
        change: BoardChange,
    ) -> None:
        order = sorted(before.values(), key=rank, reverse=True)
        for eviction in change.left:
            assert eviction.row == before[eviction.row.key]
            assert eviction.rank == order.index(eviction.row) + 1
            if batch:
                assert eviction.cause is cause_of(eviction.row, batch)
        pairs = [r for e in change.left for r in (e.by, e.successor) if r is not None]
        assert len({r.key for r in pairs}) == len(pairs), "one comer replaces one row"
        assert all(r in change.entered for r in pairs)
        if batch:
            displaced = [e for e in change.left if e.cause is Cause.DISPLACED]
            assert all(e.by is not None and rank(e.by) > rank(e.row) for e in displaced)

    run(steps, size, reserve, look)


def cause_of(row: Row, batch: Batch) -> Cause:
    change = batch.get(row.key)
    if change is None:
        return Cause.DISPLACED
    if isinstance(change, Delete):
        return Cause.DELETED if change.new_key is None else Cause.KEY_CHANGED
    if change.score is None:
        return Cause.NULL_SCORE
    return Cause.FELL if change.score < row.score else Cause.DISPLACED


@LAWS
@given(histories(), SIZES, RESERVES, st.integers(1, 6))
def test_what_the_screen_is_shown(steps: list[Step], size: int, reserve: int, limit: int) -> None:
    def look(
        board: Leaderboard,
        everything: Everything,
        batch: Batch,
        before: dict[Key, Row],
        change: BoardChange,
    ) -> None:
        members = sorted(board.board_rows(), key=rank, reverse=True)
        below = [r for r in everything.ranked() if above(rank(r), board.floor)][len(members) :]
        assert board.best(limit) == members[:limit]
        assert board.reserve_best(limit) == below[:limit]
        assert board.reserve_least() == (below[-1] if below else None)
        for at, row in enumerate(members, 1):
            assert board.place(row.key) == Place(Where.BOARD, row.score, at)
        for row in below:
            assert board.place(row.key) == Place(Where.RESERVE, row.score)
        assert board.place(99) == Place(Where.OUTSIDE)
        heap = board.heap(size)
        assert sorted(heap) == sorted(map(rank, members))
        assert all(heap[(i - 1) // 2] <= heap[i] for i in range(1, len(heap)))
        assert board.bar == (heap[0] if len(members) == size else None)
        assert board.heap(limit) == heap[:limit]
        board.check()

    run(steps, size, reserve, look)


@LAWS
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-50, 50)), max_size=300))
def test_stale_heap_entries_stay_bounded(changes: list[tuple[int, int]]) -> None:
    board = Leaderboard(3, 1)
    board.clear(floor=None)
    for key, score in changes:
        board.apply({key: Upsert(key, score)})
        assert len(board._heap) <= 2 * 3 + 16 + 1


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9), st.booleans()), max_size=60),
    st.sampled_from([1, 3, 7, 100]),
)
def test_ranks_are_those_of_the_last_difference_however_rarely_they_are_asked_for(
    changes: list[tuple[int, int, bool]], asked_every: int
) -> None:
    board = Leaderboard(4, 2, ranked=True)
    board.clear(floor=None)
    for number, (key, score, gone) in enumerate(changes):
        board.apply({key: Delete(key) if gone else Upsert(key, score)})
        ranked = sorted(board._board.values(), key=rank, reverse=True)
        last = number % 2 == 0
        if last:
            board.take_change()
            taken = ranked
            assert len(board._unranked) <= board.size
        if last and number % asked_every == 0:
            assert board.best(9) == taken
            assert [board.place(row.key).rank for row in taken] == list(range(1, len(taken) + 1))


def rank(row: Row) -> RankKey:
    return row.rank_key


# ── examples ──────────────────────────────────────────────────────────────────────────────────


def board_of(size: int, reserve: int, rows: dict[Key, int], floor: Floor = None) -> Leaderboard:
    board = Leaderboard(size, reserve, ranked=True)
    board.clear(floor=floor)
    board.apply({key: Upsert(key, score) for key, score in rows.items()})
    board.take_change()
    return board


def do(board: Leaderboard, *changes: RowChange) -> BoardChange:
    board.apply({c.key: c for c in changes})
    board.check()
    return board.take_change()


def test_a_better_row_displaces_the_least_one() -> None:
    board = board_of(2, 2, {1: 10, 2: 20})
    assert do(board, Upsert(3, 15)) == BoardChange(
        entered=(Row(3, 15),),
        left=(Eviction(Row(1, 10), Cause.DISPLACED, rank=2, by=Row(3, 15)),),
    )
    assert board.reserve_best(5) == [Row(1, 10)]


def test_a_row_that_falls_to_the_reserve_names_who_came_up() -> None:
    board = board_of(2, 2, {1: 10, 2: 20, 3: 5})
    assert do(board, Upsert(2, 1)) == BoardChange(
        entered=(Row(3, 5),),
        left=(Eviction(Row(2, 20), Cause.FELL, rank=1, successor=Row(3, 5)),),
    )
    assert board.reserve_best(5) == [Row(2, 1)]


def test_a_row_that_falls_below_the_floor_is_forgotten() -> None:
    board = board_of(2, 1, {1: 10, 2: 20, 3: 9}, floor=(5, 0))
    change = do(board, Upsert(2, 4))
    assert change.left == (Eviction(Row(2, 20), Cause.FELL, rank=1, successor=Row(3, 9)),)
    assert board.place(2).where is Where.OUTSIDE


@pytest.mark.parametrize(
    ("gone", "cause"),
    [
        (Delete(2), Cause.DELETED),
        (Upsert(2, None), Cause.NULL_SCORE),
        (Delete(2, new_key=9), Cause.KEY_CHANGED),
    ],
)
def test_a_row_that_goes_says_why_and_who_came_up(gone: RowChange, cause: Cause) -> None:
    board = board_of(2, 2, {1: 10, 2: 20, 3: 5})
    change = do(board, gone)
    assert change.left == (Eviction(Row(2, 20), cause, rank=1, successor=Row(3, 5)),)


def test_nobody_comes_up_out_of_an_empty_reserve() -> None:
    board = board_of(2, 2, {1: 10, 2: 20}, floor=(5, 0))
    change = do(board, Delete(2))
    assert change == BoardChange(left=(Eviction(Row(2, 20), Cause.DELETED, rank=1),))
    assert board.short
    assert board.low


def test_in_one_batch_the_displaced_get_the_newcomers_and_the_gone_get_who_came_up() -> None:
    board = board_of(3, 3, {1: 10, 2: 20, 3: 30, 4: 5})
    change = do(board, Upsert(9, 40), Upsert(8, 35), Delete(3))
    assert change.entered == (Row(9, 40), Row(8, 35))
    assert change.left == (
        Eviction(Row(3, 30), Cause.DELETED, rank=1, successor=Row(8, 35)),
        Eviction(Row(1, 10), Cause.DISPLACED, rank=3, by=Row(9, 40)),
    )


def test_clearing_evicts_everybody() -> None:
    board = board_of(2, 2, {1: 10, 2: 20, 3: 5})
    board.clear(floor=None)
    board.check()
    assert [(e.row.key, e.cause, e.rank) for e in board.take_change().left] == [
        (2, Cause.CLEARED, 1),
        (1, Cause.CLEARED, 2),
    ]
    assert board.tracked == 0


def test_nobody_came_up_for_a_row_of_a_table_that_was_emptied_and_filled_again() -> None:
    board = board_of(2, 2, {1: 10, 2: 20})
    board.clear(floor=None)
    change = do(board, Upsert(8, 5), Upsert(9, 3))
    assert [(e.cause, e.by, e.successor) for e in change.left] == [(Cause.CLEARED, None, None)] * 2


def test_a_load_that_disagrees_is_named_as_the_cause() -> None:
    board, other = board_of(2, 1, {1: 10, 2: 20}), board_of(2, 1, {2: 25, 3: 15})
    board.replace(other)
    board.check()
    assert board.take_change() == BoardChange(
        entered=(Row(3, 15),),
        left=(Eviction(Row(1, 10), Cause.LOADED, rank=2, successor=Row(3, 15)),),
        moved=(Row(2, 25),),
    )
    assert [board.place(k).rank for k in (2, 3)] == [1, 2]


def test_a_row_that_comes_and_goes_between_two_looks_is_not_mentioned() -> None:
    board = board_of(1, 1, {1: 10})
    board.apply({2: Upsert(2, 20)})
    board.apply({2: Delete(2)})
    assert not board.take_change()


def test_new_columns_alone_are_a_move() -> None:
    board = board_of(1, 0, {1: 10})
    assert do(board, Upsert(1, 10, ("new name",))).moved == (Row(1, 10, ("new name",)),)
    assert not do(board, Upsert(1, 10, ("new name",)))


def test_among_equal_scores_the_greater_key_stands_first() -> None:
    board = board_of(2, 2, {56: 80, 72: 80, 9: 80})
    assert [row.key for row in board.best(2)] == [72, 56]


def test_text_keys_rank_by_their_bytes() -> None:
    keys = ["10", "9", "Z", "a", "é", "中", "\uffff", "😀"]
    assert sorted(keys) == sorted(keys, key=lambda k: k.encode())
    board = board_of(8, 0, dict.fromkeys(reversed(keys), 1))
    assert [row.key for row in board.best(8)] == sorted(
        keys, key=lambda k: k.encode(), reverse=True
    )


def test_scores_beyond_a_double_are_told_apart() -> None:
    board = board_of(1, 1, {1: 2**53 + 1, 2: 2**53})
    assert board.best(1) == [Row(1, 2**53 + 1)]
    change = do(board, Upsert(2, Decimal(2**53) + Decimal("1.0000000001")))
    assert change.left[0].row.key == 1


def test_before_the_first_load_nothing_is_kept() -> None:
    board = Leaderboard(2, 2)
    assert board.floor == NOTHING_KNOWN
    assert not do(board, Upsert(1, 10**30))
    assert board.tracked == 0
    assert board.short


@pytest.mark.parametrize(
    ("size", "reserve", "low_at"), [(4, 8, 5), (4, 0, 3), (2, 3, 2), (1, 5, 2)]
)
def test_the_reserve_is_low_below_n_and_a_quarter_of_r(
    size: int, reserve: int, low_at: int
) -> None:
    board = board_of(size, reserve, {k: 10 + k for k in range(size + reserve)}, floor=(5, 0))
    counts = []
    for key in range(size + reserve):
        if board.low:
            counts.append(board.tracked)
        do(board, Delete(key))
    assert max(counts, default=board.tracked) == low_at


def test_a_large_heap_shows_its_least_rows() -> None:
    board = board_of(5000, 0, {k: k * 7919 % 10_007 for k in range(5000)})
    least = sorted(row.rank_key for row in board.board_rows())
    assert board.heap(50) == least[:50]


@pytest.mark.parametrize(("size", "reserve"), [(0, 1), (-1, 1), (1, -1)])
def test_a_board_of_nothing_is_refused(size: int, reserve: int) -> None:
    with pytest.raises(ValueError, match="size must be >= 1"):
        Leaderboard(size, reserve)
