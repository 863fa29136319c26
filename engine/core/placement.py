"""Whether each row comes on the partition that it hashes to, where the settings say how it is hashed.

A row on another partition was written by somebody else, or by a Canal that hashes otherwise: images of
that row may still come on both partitions, in any order. That is what a key change does to a feed, and
it is cured the same way (:mod:`~engine.core.keychanges`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from engine.core.changes import Event
from engine.core.rank import Key
from engine.told import told

Placer: TypeAlias = Callable[[Key, int], int]
"""A row's key and the feed's number of partitions -> the partition that it belongs on."""

REASON = told("row on a wrong partition")
TELL_GAP_MS = 10_000
"""Between two notices at least: with a wrong setting nearly every row is a stray."""


class Placement:
    """Looks at rows as they are delivered.

    Args:
        place: how the feed hashes; None: nobody knows, and no row is ever a stray.
        partitions: how many the feed has.
        notify: called with a level and a sentence.
    """

    def __init__(
        self, place: Placer | None, partitions: int, notify: Callable[[str, str], None]
    ) -> None:
        self._place = place if partitions > 1 else None
        self._partitions, self._notify = partitions, notify
        self._untold = 0
        self._told_ms = float("-inf")

    def strays(self, partition: int, event: Event) -> list[Key]:
        """The rows of this event that do not belong on this partition."""
        place = self._place
        if place is None:
            return []
        count = self._partitions
        return [c.key for c in event.changes if place(c.key, count) != partition]

    def tell(self, partition: int, strays: list[Key], now_ms: float) -> None:
        """Tell a person of such rows, not more often than every :data:`TELL_GAP_MS`."""
        self._untold += len(strays)
        if self._place is None or now_ms - self._told_ms < TELL_GAP_MS:
            return
        key, more = strays[0], self._untold - 1
        others = told(" (and {more:,} more since the last notice)", more=more) if more else ""
        self._notify(
            "warning",
            told(
                "row {key} came on partition {partition} and belongs on {right} of {count}{others}: "
                "loading again; see whether feed.partition_hash, feed.database_hash and "
                "feed.partitions_num are what Canal's canal.mq settings say, and who else writes into "
                "the topic",
                key=key,
                partition=partition,
                right=self._place(key, self._partitions),
                count=self._partitions,
                others=others,
            ),
        )
        self._untold, self._told_ms = 0, now_ms
