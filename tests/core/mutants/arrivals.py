"""Last arrival wins: whatever drops a change is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.core.changes import BoardChange, Delivery
from engine.core.topn import TopN
from tests.core import test_stories as stories
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
        world={"hole": 1, "evidence": "position"},
    ),
)
