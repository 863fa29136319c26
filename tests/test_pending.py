"""Differences that pile up while the store is slow are merged into one that means the same."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.changes import BoardChange, Cause, Eviction, Row
from engine.core.rank import Key
from engine.pending import Pending

Board = dict[Key, Row]
BOARDS = st.lists(
    st.dictionaries(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=8
).map(lambda boards: [{k: Row(k, s) for k, s in board.items()} for board in boards])


def difference(old: Board, new: Board) -> BoardChange:
    return BoardChange(
        entered=tuple(row for key, row in new.items() if key not in old),
        left=tuple(Eviction(row, Cause.FELL) for key, row in old.items() if key not in new),
        moved=tuple(row for key, row in new.items() if key in old and old[key] != row),
    )


def pending(*boards: Board) -> Pending:
    made = Pending()
    for old, new in pairwise(boards):
        made.add(difference(old, new))
    return made


def board(**scores: int) -> Board:
    return {key: Row(key, score) for key, score in scores.items()}


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(BOARDS)
def test_the_merged_difference_leads_from_the_first_board_to_the_last(boards: list[Board]) -> None:
    first, last = boards[0], boards[-1]
    entered, left, moved = pending(*boards).take()
    store = dict(first)
    for key in left:
        del store[key]  # KeyError: it was never there
    for row in moved:
        assert row.key in store
        store[row.key] = row
    for row in entered:
        assert row.key not in store
        store[row.key] = row
    assert store == last


def test_who_came_and_went_in_between_is_not_told() -> None:
    assert not pending(board(a=1), board(a=1, b=2), board(a=1))
    assert pending(board(a=1), board(a=1, b=2), board(a=1)).take() == ([], [], [])


def test_who_went_and_came_back_has_moved() -> None:
    assert pending(board(a=1), board(), board(a=2)).take() == ([], [], [Row("a", 2)])


def test_who_came_and_then_moved_has_entered_as_it_is_now() -> None:
    assert pending(board(), board(a=1), board(a=2)).take() == ([Row("a", 2)], [], [])


def test_what_was_taken_is_not_pending_any_more() -> None:
    made = pending(board(a=1), board(b=1))
    assert made
    assert made.take() == ([Row("b", 1)], ["a"], [])
    assert not made
    assert made.take() == ([], [], [])
