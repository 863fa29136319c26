"""What memory holds: the floor, the board and the reserve under it."""

from __future__ import annotations

from engine.core.changes import Delete, Row, RowChange, Upsert
from engine.core.leaderboard import Leaderboard
from engine.core.rank import NOTHING_KNOWN, Key
from tests.core import test_stories as stories
from tests.core import test_traps as traps
from tests.core.laws import Law
from tests.core.mutants.mutant import Mutant, Original


def no_floor_at_all(apply: Original) -> Original:
    """With R = 0 the original scheme: a map and a heap of N rows, and nothing is known to be missing."""

    def wrong(self: Leaderboard, latest: dict[Key, RowChange]) -> None:
        apply(self, latest)
        if self.floor != NOTHING_KNOWN:
            self.floor = None

    return wrong


def no_floor_raise(settle: Original) -> Original:
    """A row spills and the floor stays where it was."""

    def wrong(self: Leaderboard) -> None:
        floor = self.floor
        settle(self)
        self.floor = floor

    return wrong


def insert_where_there_is_room(apply: Original) -> Original:
    """While there is room, rows below the floor are taken in too."""

    def wrong(self: Leaderboard, latest: dict[Key, RowChange]) -> None:
        floor = self.floor
        room = floor != NOTHING_KNOWN and self.tracked < self.size + self.reserve_size
        self.floor = None if room else floor
        apply(self, latest)
        self.floor = self.floor or floor

    return wrong


def keep_the_fallen(apply: Original) -> Original:
    """A tracked row whose new score is below the floor is kept."""

    def wrong(self: Leaderboard, latest: dict[Key, RowChange]) -> None:
        tracked = {key for _, key in self.known(None)}
        apply(self, latest)
        for key, change in latest.items():
            if key in tracked and isinstance(change, Upsert) and change.score is not None:
                self._put_in(Row(key, change.score, change.columns))
        self._settle()

    return wrong


def first_of_equals_first(settle: Original) -> Original:
    """Of equal scores the one that came first keeps its place, whatever its key."""

    def wrong(self: Leaderboard) -> None:
        order = self._order
        while order and len(self._board) < self.size:
            self._come_up()
        while order and order[-1][0] > self._root()[0]:
            self._go_down()
            self._come_up()
        while self.tracked > self.size + self.reserve_size:
            self.floor = order.pop(0)
            del self._reserve[self.floor[1]]

    return wrong


def null_keeps_its_place(apply: Original) -> Original:
    """A row whose score becomes NULL stays where it was."""

    def wrong(self: Leaderboard, latest: dict[Key, RowChange]) -> None:
        ranked = {k: c for k, c in latest.items() if isinstance(c, Delete) or c.score is not None}
        apply(self, ranked)

    return wrong


def forgotten_after_a_fall() -> None:
    stories.test_when_a_member_falls_the_row_that_was_forgotten_takes_its_place(0)


def forgotten_after_a_delete() -> None:
    stories.test_when_a_member_is_deleted_the_next_one_comes_up(0)


def forgotten_after_a_null() -> None:
    stories.test_when_a_members_score_becomes_null_the_next_one_comes_up(0)


MUTANTS = (
    Mutant(
        "the original scheme",
        Leaderboard,
        "apply",
        no_floor_at_all,
        [forgotten_after_a_fall, forgotten_after_a_delete, forgotten_after_a_null],
        histories=40,
        laws=(Law.MEMORY,),
        world={"reserve": 0},
    ),
    Mutant(
        "no floor raise",
        Leaderboard,
        "_settle",
        no_floor_raise,
        [stories.test_a_spill_raises_the_floor],
        histories=40,
        laws=(Law.MEMORY,),
    ),
    Mutant(
        "insert where there is room",
        Leaderboard,
        "apply",
        insert_where_there_is_room,
        [stories.test_a_row_below_the_floor_stays_out_even_if_there_is_room],
        histories=40,
        laws=(Law.MEMORY,),
    ),
    Mutant(
        "keep the fallen",
        Leaderboard,
        "apply",
        keep_the_fallen,
        [stories.test_a_tracked_row_that_falls_below_the_floor_is_forgotten],
        histories=40,
        laws=(Law.MEMORY,),
    ),
    Mutant(
        "first of equals first",
        Leaderboard,
        "_settle",
        first_of_equals_first,
        [traps.test_a_newcomer_that_ties_with_a_member_stands_before_it_if_its_key_is_greater],
        histories=40,
        laws=(Law.DELIVERED,),
    ),
    Mutant(
        "NULL keeps its place",
        Leaderboard,
        "apply",
        null_keeps_its_place,
        [forgotten_after_a_null],
        histories=60,
        laws=(Law.MEMORY,),
        world={"null": 1},
    ),
)
