"""The change feed as the engine uses it: opening, end offsets, outages, commits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from engine.backoff import Backoff
from engine.core.evidence import EndOffsets
from engine.errors import PositionLost, ServiceAway
from engine.ports import ChangeFeed, Clock
from engine.status import Health
from engine.told import told

log = logging.getLogger(__name__)

ENDS_INTERVAL_MS = 1000
"""How often end offsets are read when nobody waits for them."""

COMMIT_INTERVAL_MS = 1000
"""Positions are committed at most this often: they are for display only."""

SEEK_GAP_MS = 1000
"""Between two starts at the end at least: a feed that is lost again at once must not spin."""

UNREACHABLE_MS = 5000
"""After so long without an answer from the broker nothing can be called EXACT."""


class Follower:
    """Watches over the feed beside the engine's loop, which alone reads messages.

    Args:
        feed: the feed.
        clock: time.
        notify: level and sentence for a person.
    """

    def __init__(
        self, feed: ChangeFeed, clock: Clock, *, notify: Callable[[str, str], None]
    ) -> None:
        self._feed, self._clock, self._notify = feed, clock, notify
        self._backoff = Backoff(first_ms=500, most_ms=5_000)
        self._hurry = asyncio.Event()
        self._to_commit: Mapping[int, int] | None = None
        self._answered_ms = clock.monotonic_ms()
        self._unreadable = False
        self._sought_ms = float("-inf")
        self.ends: EndOffsets | None = None
        self.lost: str | None = None
        """The broker says that the topic is no longer the one we read; cleared by the engine's resync."""
        self.health = Health.STARTING
        self.detail: str = told("not connected yet")

    async def open(self) -> None:
        """Wait until the feed can be read from its end."""
        while True:
            try:
                await self._feed.open()
            except ServiceAway as error:
                await self.wait_after(error)
            else:
                self._up()
                return

    async def wait_after(self, error: ServiceAway | PositionLost) -> None:
        """Tell of a failure and let the time pass after which to try again."""
        self._away(error)
        await self._clock.sleep(self._backoff.next_ms())

    async def cannot_read(self, error: ServiceAway) -> None:
        """As :meth:`wait_after`, for a failed read: the broker may answer all other questions."""
        self._unreadable = True
        await self.wait_after(error)

    def can_read(self) -> None:
        """Reading has not failed; whether the broker is there :meth:`watch_ends` finds out."""
        self._unreadable = False

    async def seek_to_end(self) -> Sequence[int]:
        """Start anew at the end, whenever the broker allows; the new positions by partition."""
        early_ms = self._sought_ms + SEEK_GAP_MS - self._clock.monotonic_ms()
        if early_ms > 0:
            await self._clock.sleep(early_ms)
        while True:
            try:
                positions = await self._feed.seek_to_end()
            except (ServiceAway, PositionLost) as error:
                await self.wait_after(error)
            else:
                self.ends, self.lost = None, None
                self._sought_ms = self._clock.monotonic_ms()
                self._up()
                return by_partition(positions)

    def hurry(self) -> None:
        """Somebody waits for end offsets read from now on."""
        self._hurry.set()

    def commit(self, positions: Mapping[int, int]) -> None:
        """Have positions committed, soon, in the background."""
        self._to_commit = dict(positions)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be EXACT on the feed's account; None while it answers."""
        if self._clock.monotonic_ms() - self._answered_ms < UNREACHABLE_MS:
            return None
        # A question may take longer than this until it fails and says why.
        reason = self.detail or told("the broker has not answered for over 5 s")
        return told("feed unreachable: {reason}", reason=reason)

    async def watch_ends(self) -> None:
        """Read end offsets for ever: each second, at once when somebody waits for them."""
        while True:
            self._hurry.clear()
            began_ms, sought_ms = self._clock.monotonic_ms(), self._sought_ms
            try:
                offsets = await self._feed.end_offsets()
            except ServiceAway as error:
                await self.wait_after(error)
                continue
            except PositionLost as error:
                if sought_ms == self._sought_ms:
                    self.lost = error.told
                await self._clock.sleep(ENDS_INTERVAL_MS)
                continue
            # A start at the end meanwhile may have found another number of partitions.
            if sought_ms == self._sought_ms:
                self.ends = EndOffsets(by_partition(offsets), began_ms)
            self._up()
            await self._until_hurry(ENDS_INTERVAL_MS)

    async def commit_for_ever(self) -> None:
        """Commit what :meth:`commit` was given, the newest only, once a second at most."""
        while True:
            await self._clock.sleep(COMMIT_INTERVAL_MS)
            positions, self._to_commit = self._to_commit, None
            if positions is None:
                continue
            try:
                await self._feed.commit(positions)
            except (ServiceAway, PositionLost) as error:
                # For outside tools only, and newer positions follow; watch_ends() tells of outages.
                log.debug("commit failed: %s", error)

    async def _until_hurry(self, ms: float) -> None:
        hurry = asyncio.ensure_future(self._hurry.wait())
        sleep = asyncio.ensure_future(self._clock.sleep(ms))
        try:
            await asyncio.wait({hurry, sleep}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hurry.cancel()
            sleep.cancel()

    def _up(self) -> None:
        if self._unreadable:
            return  # an answer to another question: nothing is EXACT on the strength of it
        if self.health is Health.AWAY:
            self._notify("info", told("Kafka: the broker answers again"))
        self._backoff.reset()
        self._answered_ms = self._clock.monotonic_ms()
        self.health, self.detail = Health.UP, ""

    def _away(self, error: ServiceAway | PositionLost) -> None:
        text = error.said if isinstance(error, ServiceAway) else error.told
        if self.detail != text:
            self._notify("warning", told("{service}: {reason}", service="Kafka", reason=text))
        self.health, self.detail = Health.AWAY, text


def by_partition(offsets: Mapping[int, int]) -> list[int]:
    """Offsets as a list, in partition order. Kafka numbers partitions from 0 without gaps."""
    return [offsets[partition] for partition in sorted(offsets)]
