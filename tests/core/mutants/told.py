"""What is told: the differences that readers follow, and what an audit finds."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.core.changes import BoardChange
from engine.core.leaderboard import Leaderboard
from engine.core.loading import Load
from engine.core.topn import TopN
from tests.core import test_stories as stories
from tests.core import test_traps as traps
from tests.core.laws import Law
from tests.core.mutants.mutant import Mutant, Original


def eviction_with_a_successor_untold(take_change: Original) -> Original:
    """Who comes up is told, and not who left for it: a reader has N + 1 rows."""

    def wrong(self: Leaderboard) -> BoardChange:
        change: BoardChange = take_change(self)
        left = tuple(eviction for eviction in change.left if eviction.successor is None)
        return msgspec.structs.replace(change, left=left)

    return wrong


def what_a_load_changed_untold(replace: Original) -> Original:
    """A load is taken in, and its difference not told."""

    def wrong(self: Leaderboard, other: Leaderboard) -> None:
        before = dict(self._before)
        replace(self, other)
        self._before = before

    return wrong


def audit_merges_first(compare: Original) -> Original:
    """The answer is taken in before it is compared: the audit never finds anything."""

    def wrong(self: TopN, load: Load, *args: Any) -> None:
        self.board.replace(load.build(self.board.size, self.board.reserve_size))
        compare(self, load, *args)

    return wrong


MUTANTS = (
    Mutant(
        "eviction with a successor untold",
        Leaderboard,
        "take_change",
        eviction_with_a_successor_untold,
        [traps.test_the_difference_says_who_left_and_who_came_up],
        histories=40,
        laws=(Law.DIFFERENCES,),
    ),
    Mutant(
        "what a load changed untold",
        Leaderboard,
        "replace",
        what_a_load_changed_untold,
        [traps.test_what_a_load_changes_is_told_like_any_other_difference],
        histories=40,
        laws=(Law.DIFFERENCES,),
        world={"ranked": False},
    ),
    Mutant(
        "audit merges first",
        TopN,
        "_compare",
        audit_merges_first,
        [stories.test_a_silent_loss_is_found_counted_and_named_by_the_audit],
        histories=100,
        laws=(Law.AUDIT, Law.CUT),
        world={"silent": 1, "partitions": 1, "evidence": "position", "pace_ms": 250, "keys": 8},
    ),
)
