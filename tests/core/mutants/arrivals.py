"""Last arrival wins: whatever drops a change is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engine.core.changes import BoardChange, Delivery, Event, LogPosition
from engine.core.rank import Key
from engine.core.topn import TopN
from tests.core import test_stories as stories
from tests.core import test_traps as traps
from tests.core.laws import Law
from tests.core.mutants.mutant import Mutant, Original


def drop_what_is_not_beyond(receive: Original) -> Original:
    """A message that is not beyond the greatest place seen is taken for a duplicate and dropped."""

    def wrong(
        self: TopN, deliveries: Sequence[Delivery], now_ms: float, **options: Any
    ) -> BoardChange:
        seen: dict[int, Any] = self.__dict__.setdefault("_greatest", {})
        kept = []
        for delivery in deliveries:
            place = delivery.events[0].position
            greatest = seen.get(delivery.partition)
            if place is not None and greatest is not None and place <= greatest:
                continue
            seen[delivery.partition] = place
            kept.append(delivery)
        return receive(self, kept, now_ms, **options)  # type: ignore[no-any-return]

    return wrong


def drop_what_was_seen_before(receive: Original) -> Original:
    """A change is dropped because the same one of the same transaction (GTID) was seen before."""

    def wrong(self: TopN, deliveries: Sequence[Delivery], *args: Any, **options: Any) -> Any:
        seen: set[Any] = self.__dict__.setdefault("_gtids", set())

        def is_new(event: Event) -> bool:
            mark = (event.gtid, event.changes)
            known = bool(event.gtid and event.changes) and mark in seen
            seen.add(mark)
            return not known

        return receive(self, _filtered(deliveries, is_new), *args, **options)

    return wrong


def versions_outlive_a_load(receive: Original) -> Original:
    """Each row has a version, its place in the log; a load's rows get the greater of old and new."""

    def wrong(self: TopN, deliveries: Sequence[Delivery], *args: Any, **options: Any) -> Any:
        versions: dict[Key, LogPosition] = self.__dict__.setdefault("_versions", {})
        answer = self._settled.answer
        if answer is not None and answer.position is not None:
            for row in answer.rows:
                versions[row.key] = max(versions.get(row.key, answer.position), answer.position)

        def is_new(event: Event) -> bool:
            place = event.position
            if place is None or any(versions.get(c.key, place) > place for c in event.changes):
                return place is None
            versions.update(dict.fromkeys((c.key for c in event.changes), place))
            return True

        return receive(self, _filtered(deliveries, is_new), *args, **options)

    return wrong


def barrier_crossed(compact: Original) -> Original:
    """What a batch has before a TRUNCATE and after it is made one."""

    def wrong(self: TopN, *args: Any) -> list[Any]:
        parts = compact(self, *args)
        rows = {k: c for part in parts if isinstance(part, dict) for k, c in part.items()}
        return [*(part for part in parts if not isinstance(part, dict)), rows]

    return wrong


def _filtered(deliveries: Sequence[Delivery], is_new: Callable[[Event], bool]) -> list[Delivery]:
    return [
        msgspec.structs.replace(d, events=tuple(e for e in d.events if is_new(e)))
        for d in deliveries
    ]


MUTANTS = (
    Mutant(
        "drop what is not beyond",
        TopN,
        "receive",
        drop_what_is_not_beyond,
        [
            stories.test_a_resend_that_begins_with_the_last_image_converges,
            stories.test_last_arrival_wins_even_if_the_log_places_it_earlier,
        ],
        histories=100,
        laws=(Law.MEMORY,),
        world={"hole": 1, "evidence": "position"},
    ),
    Mutant(
        "drop what was seen before",
        TopN,
        "receive",
        drop_what_was_seen_before,
        [traps.test_a_gtid_that_was_seen_before_drops_nothing],
        histories=100,
        laws=(Law.MEMORY,),
        world={"hole": 1, "evidence": "gtid"},
    ),
    Mutant(
        "versions outlive a load",
        TopN,
        "receive",
        versions_outlive_a_load,
        [traps.test_a_load_forgets_all_places_that_were_seen_before_it],
        histories=100,
        laws=(Law.MEMORY,),
        world={"crash": 1, "evidence": "position"},
    ),
    Mutant(
        "barrier crossed",
        TopN,
        "_compact",
        barrier_crossed,
        [stories.test_changes_do_not_cross_a_truncate_within_one_call],
        histories=300,
        laws=(Law.MEMORY,),
        world={"truncate": 1, "partitions": 1, "pace_ms": 20},
    ),
)
