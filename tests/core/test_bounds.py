"""What piles up while nothing can be done about it has an end, and the end costs no exactness."""

from __future__ import annotations

import pytest

from engine.core import keychanges
from engine.core.evidence import BatchRef, EndOffsets
from engine.core.keychanges import OPEN_PER_PARTITION, KeyChanges
from engine.core.rank import Key
from engine.core.states import State
from tests.core.stage import started
from tests.core.world import World

LADDER: dict[Key, int | None] = {1: 50, 2: 40, 3: 30, 4: 20, 5: 10}


def test_open_key_changes_are_bounded_and_the_oldest_and_the_newest_stay() -> None:
    changes = KeyChanges()
    for number in range(1, 1001):
        changes.arm(BatchRef(number % 3, number, number), number, "key change")
    assert len(changes) == 3 * OPEN_PER_PARTITION
    assert changes.blocking is not None
    assert changes.blocking.since_ms == 1
    # A message beyond the newest is beyond all: one reading of the ends makes every one of them ready.
    for partition in range(3):
        changes.see(BatchRef(partition, 2000, 2000), 2000)
    changes.tick(2001, [3000] * 3, EndOffsets([2500] * 3, 2001), 1e9)
    assert len(changes.due) == len(changes)
    changes.cured(changes.due)
    assert not changes


def test_a_flood_of_key_changes_far_behind_the_ends_is_cured_in_the_end() -> None:
    stage = started(LADDER, partitions=2, size=2, reserve=1)
    stage.unread = [10_000, 10_000]  # far behind: no end is passed
    at: Key = 1
    for key in range(100, 400):
        stage.deliver(stage.move(at, key), partition=key % 2)
        at = key
    assert stage.state is State.CATCHING_UP
    stage.unread = [0, 0]
    stage.settle().assert_exact()
    assert stage.topn.totals.audit_mismatches == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_random_histories_are_exact_with_room_for_one_key_change_a_partition(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keychanges, "OPEN_PER_PARTITION", 1)
    World(seed, partitions=3, move=1).play()
