"""Publishes the board: takes the owner lease, writes differences, keeps the lease alive, stands by.

An engine that has loaded nothing yet leaves a free lease to others, who may be warm, and takes it only
if nobody does: then LOADING is to be read, not a dead engine's EXACT. A warm one takes it from there.

The engine hands over what has changed (:meth:`Publisher.offer`) and never waits; this loop writes the
newest when the store is ready for it. Differences that pile up meanwhile are merged, so a slow store
costs publishes, not memory; after any failure the whole board is written again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from engine.backoff import Backoff
from engine.core.changes import BoardChange, Row
from engine.core.states import State
from engine.errors import NotOwner, ServiceAway, StoreRefused
from engine.pending import Pending
from engine.ports import BoardState, BoardStore, Clock
from engine.published import lease_alive
from engine.status import Health, Publication, Standing
from engine.told import listed, told

HEARTBEAT_MS = 1000
"""How often the lease is renewed when nothing changes, and a standby looks whether it is free."""

COLD_PATIENCE_MS = 2500
"""How long a lease must have been free before an engine with nothing to show takes it: a warm standby
looks every second."""

COLD_LOOK_MS = 50
"""How often an engine with nothing to show looks whether it has been given something."""

SLOW_MS = 500
"""A write that takes longer is told: ten times what the slowest quiet server needs."""

Snapshot = Callable[[], tuple[BoardState, Sequence[Row] | None]]
"""The state and the whole board at one moment; None for the rows while nothing has been loaded."""


class Publisher:
    """See the module's text.

    Args:
        store: where to.
        clock: time.
        snapshot: the state and board as they are now.
        notify: level and sentence for a person.
        committed: called with the positions of a publish that the store has taken.
        observe: never take the lease.
    """

    def __init__(
        self,
        store: BoardStore,
        clock: Clock,
        *,
        snapshot: Snapshot,
        notify: Callable[[str, str], None],
        committed: Callable[[Mapping[int, int]], None],
        observe: bool = False,
    ) -> None:
        self._store, self._clock, self._snapshot = store, clock, snapshot
        self._notify, self._committed, self._observe = notify, committed, observe
        self._pending = Pending()
        self._wake = asyncio.Event()
        self._backoff = Backoff(first_ms=300, most_ms=3_000)
        self._epoch = 0
        self._owner = False
        self._whole = True
        self._state_published: tuple[object, ...] | None = None
        self._check_wanted = False
        self._free_since_ms: float | None = None
        self._slow = False
        # Since when the oldest change waits: to be taken, and being taken, to be written.
        self._offered_ms: float | None = None
        self._taken_ms: float | None = None
        self._stored_ms: float | None = None
        self.publishes = 0
        self.standing = Standing(
            publication=Publication.OBSERVER if observe else Publication.AWAY,
            reason=told("observing: another engine publishes")
            if observe
            else told("not connected yet"),
        )
        self.health = Health.STARTING
        self.detail: str = told("not connected yet")

    @property
    def is_owner(self) -> bool:
        return self._owner

    @property
    def stored_ms(self) -> float | None:
        """From a change offered to it being in the store: of the last one, or so far of one that waits
        longer. None where another engine publishes, or nothing has been written yet."""
        if self.standing.publication not in (Publication.OWNER, Publication.AWAY):
            return None
        since_ms = self._offered_ms if self._taken_ms is None else self._taken_ms
        if since_ms is None or self._epoch == 0:
            return self._stored_ms
        return max(self._stored_ms or 0.0, self._clock.monotonic_ms() - since_ms)

    def offer(self, change: BoardChange, state: BoardState) -> None:
        """The board or what is claimed of it may have changed. Call with the change just applied."""
        if change:
            self._pending.add(change)
            if self._offered_ms is None:
                self._offered_ms = self._clock.monotonic_ms()
        if change or _claim_of(state) != self._state_published:
            self._wake.set()

    def check(self) -> None:
        """Compare the store with what was published, and repair it; soon, in the background."""
        self._check_wanted = True
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled. Only a bug in our own code ends it otherwise."""
        while True:
            try:
                wait_ms = await self._step()
                self._backoff.reset()
            except NotOwner as error:
                wait_ms = self._lost(error)
            except StoreRefused as error:
                wait_ms = self._troubled(Health.TROUBLED, error.told)
            except ServiceAway as error:
                wait_ms = self._troubled(Health.AWAY, error.said)
            await self._sleep(wait_ms)

    async def release(self) -> None:
        """A clean stop: STOPPED for readers, the lease free."""
        if self._owner:
            state, _ = self._snapshot()
            # Without the reason: it was that of a claim which no longer stands.
            stopped = State.STOPPED.value
            await self._store.release(
                msgspec.structs.replace(state, state=stopped, reason=None, provisional=False)
            )
        self._owner = False
        self.standing = replace(self.standing, publication=Publication.STOPPED)

    # ── one step ──────────────────────────────────────────────────────────────────────────

    async def _step(self) -> float:
        """Do what is due; how long to wait for something new."""
        if self._observe:
            await self._look()
            return HEARTBEAT_MS
        if not self._owner and not await self._acquire():
            await self._until_loaded(HEARTBEAT_MS)
            return 0
        self._wake.clear()
        began_ms = self._clock.monotonic_ms()
        state, rows = self._snapshot()
        entered, left, moved = self._pending.take()
        if self._taken_ms is None:
            self._taken_ms = self._offered_ms
        self._offered_ms = None
        if self._whole and rows is not None:
            version = await self._store.rewrite(state, rows)
            self._whole = False
        elif entered or left or moved:
            version = await self._store.publish(state, entered=entered, left=left, moved=moved)
        else:
            version = await self._store.heartbeat(state)
        now_ms = self._clock.monotonic_ms()
        self._took(now_ms - began_ms)
        if self._taken_ms is not None:
            self._stored_ms, self._taken_ms = now_ms - self._taken_ms, None
        self.publishes += 1
        self._state_published = _claim_of(state)
        self._stand(Publication.OWNER, version=version)
        self._committed(state.positions)
        if self._check_wanted and rows is not None:
            await self._repair(rows)
        return HEARTBEAT_MS

    async def _acquire(self) -> bool:
        warm = self._snapshot()[1] is not None
        if not warm and not await self._may_take_cold():
            return False
        acquired = await self._store.acquire(at_least_epoch=self._epoch, warm=warm)
        self._epoch = max(self._epoch, acquired.epoch)
        if not acquired.owned:
            self._stand_by(acquired.owner)
            return False
        self._owner, self._whole = True, True
        self._offered_ms = self._taken_ms = None  # until now another engine wrote
        self._free_since_ms = None
        self._notify(
            "info",
            told("this engine publishes the board now (epoch {epoch})", epoch=acquired.epoch),
        )
        for warning in acquired.warnings:
            self._notify("warning", warning)
        return True

    async def _may_take_cold(self) -> bool:
        """Whether nobody else wants the lease: it has been free for several looks of a standby."""
        stored = await self._store.read()
        if stored is not None and lease_alive(stored):
            self._free_since_ms = None
            self._stand_by(stored.meta.get("owner", ""))
            return False
        now_ms = self._clock.monotonic_ms()
        if self._free_since_ms is None:
            self._free_since_ms = now_ms
        self._stand_by("")
        return now_ms - self._free_since_ms >= COLD_PATIENCE_MS

    def _stand_by(self, owner: str) -> None:
        fenced = self.standing.publication is Publication.FENCED
        self._stand(Publication.FENCED if fenced else Publication.STANDBY, by=owner or None)

    async def _until_loaded(self, ms: float) -> None:
        """That long; less for an engine that had nothing to show and is given it."""
        until_ms = self._clock.monotonic_ms() + ms
        if self._snapshot()[1] is not None:
            await self._clock.sleep(ms)
        while self._clock.monotonic_ms() < until_ms and self._snapshot()[1] is None:
            await self._clock.sleep(COLD_LOOK_MS)

    async def _look(self) -> None:
        """What an observer may know: who owns the board and what it claims."""
        stored = await self._store.read()
        by = None if stored is None else stored.meta.get("owner") or None
        text = "" if stored is None else stored.meta.get("version", "")
        version = int(text) if text.isdecimal() else None
        self._stand(Publication.OBSERVER, by=by, version=version)

    async def _repair(self, rows: Sequence[Row]) -> None:
        """What was written a moment ago must still be there: nobody else may write."""
        self._check_wanted = False
        # What is pending by now was not written: it makes no difference to what was.
        differences = await self._store.differences(rows)
        if differences:
            self._whole = True
            self._wake.set()
            self._notify(
                "warning",
                told(
                    "somebody changed the board in Redis by hand: {what}; it has been written again",
                    what=listed(differences[:5]),
                ),
            )

    def _took(self, ms: float) -> None:
        if ms > SLOW_MS and not self._slow:
            self._notify(
                "warning",
                told(
                    "Redis: slow: a write took {ms:.0f} ms; see SLOWLOG there, and what else it does",
                    ms=ms,
                ),
            )
        # Only a clearly quick one ends it: no new notice for each write about the bound.
        self._slow = ms > SLOW_MS / 5 if self._slow else ms > SLOW_MS

    # ── standing ──────────────────────────────────────────────────────────────────────────

    def _stand(
        self, publication: Publication, *, by: str | None = None, version: int | None = None
    ) -> None:
        owner = publication is Publication.OWNER
        reason = None
        if by and not owner:
            reason = told("engine {by} publishes this board", by=by)
        if by is None and publication in (Publication.STANDBY, Publication.FENCED):
            reason = told("nothing is loaded yet: an engine that has a board may publish first")
        if publication is Publication.OBSERVER:
            nobody = told("nobody publishes this board")
            reason = told("observing: {reason}", reason=reason or nobody)
        if self.health in (Health.AWAY, Health.TROUBLED):
            self._notify("info", told("Redis: it can be used again"))
        self.health, self.detail = (
            Health.UP,
            f"v {version:,}" if version is not None else (reason or ""),
        )
        self.standing = Standing(
            publication=publication,
            by=by,
            reason=reason,
            epoch=self._epoch or None,
            version=version if version is not None else self.standing.version,
            published_at_ms=self._clock.wall_ms() if owner else self.standing.published_at_ms,
        )

    def _lost(self, error: NotOwner) -> float:
        """Somebody else owns the board, or the store has forgotten that we do."""
        self._owner, self._whole = False, True
        self._epoch = max(self._epoch, error.epoch)
        if error.owner:
            self._notify(
                "warning",
                told("engine {by} has taken this board over: standing by", by=error.owner),
            )
            self._stand(Publication.FENCED, by=error.owner)
            return HEARTBEAT_MS
        self._notify(
            "warning", told("Redis: {reason}: writing the board again", reason=error.reason)
        )
        return 0

    def _troubled(self, health: Health, text: str) -> float:
        self._whole = True
        if self.health is not health or self.detail != text:
            level = "error" if health is Health.TROUBLED else "warning"
            named = told("{service}: {reason}", service="Redis", reason=text)
            self._notify(level, text if text.startswith("Redis") else named)
        self.health, self.detail = health, text
        self.standing = replace(self.standing, publication=Publication.AWAY, reason=text)
        return self._backoff.next_ms()

    async def _sleep(self, ms: float) -> None:
        """Until something is offered, or `ms` at the longest; after a failure always `ms`."""
        if self.standing.publication is not Publication.OWNER:
            await self._clock.sleep(ms)
            return
        waker = asyncio.ensure_future(self._wake.wait())
        sleeper = asyncio.ensure_future(self._clock.sleep(ms))
        try:
            await asyncio.wait({waker, sleeper}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waker.cancel()
            sleeper.cancel()


def _claim_of(state: BoardState) -> tuple[object, ...]:
    """The part of a state whose change is worth a publish of its own."""
    return (state.state, state.reason, state.provisional)
