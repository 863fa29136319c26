"""Dead letters on their way to where they are kept: beside the loop, and never in its way.

Each place has its own queue, so that one that is slow or away holds up no other. What cannot be kept
is counted and told; nothing that happens here reaches the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from engine.backoff import Backoff
from engine.core.changes import Event, Kind
from engine.dead_letter_lines import DeadLetter
from engine.errors import NotKept, ServiceAway
from engine.history import History
from engine.ports import Clock, DeadLetterSink, Message
from engine.told import told

log = logging.getLogger(__name__)

WAITING_MAX_BYTES = 16_000_000
"""Of letters that wait for one place. Beyond it a new one is lost there; a single one may be larger."""

OVERHEAD_BYTES = 500
"""What a waiting letter takes beside its message, roughly."""

BATCH_LETTERS = 100
"""How many letters a place is given at once."""

FLUSH_MS = 700
"""How long a stopping engine waits for what is still on its way."""

CLOSE_MS = 600
"""How long a place may take to let go."""

REASONS_TOLD = 20
"""Of one outage of a place. They are a service's own words, and might differ each time."""

Notify = Callable[[str, str], None]


class DeadLetters:
    """Everything that happens to a message that should have been usable and was not.

    Args:
        sinks: where they are kept; none: in the history alone.
        topic: of the feed.
        clock: time.
        history: gets an entry for each, and how many were lost.
        notify: level and sentence for a person.
    """

    def __init__(
        self,
        sinks: Sequence[DeadLetterSink],
        topic: str,
        clock: Clock,
        *,
        history: History,
        notify: Notify,
    ) -> None:
        self._topic, self._history, self._notify = topic, history, notify
        self._keepers = [Keeper(sink, clock, lost=self._lost, notify=notify) for sink in sinks]

    def look(self, message: Message, events: Sequence[Event], *, at_ms: int) -> None:
        """Tell and keep the message if one of its events is dead. Never waits."""
        reasons = [event.reason for event in events if event.kind is Kind.DEAD]
        if not reasons:
            return
        reason = reasons[0]
        if len(reasons) > 1:
            more = len(reasons) - 1
            reason = told("{reason} (and {more} more in this message)", reason=reason, more=more)
        letter = DeadLetter(
            topic=self._topic,
            partition=message.partition,
            offset=message.offset,
            timestamp_ms=message.timestamp_ms,
            noticed_ms=at_ms,
            reason=str(reason),
            value=message.value,
            raw_size=len(message.value or b""),
            key=message.key,
        )
        self._history.add_dead_letter(letter)
        self._notify(
            "error",
            told("dead letter {place}: {reason}; loading again", place=letter.place, reason=reason),
        )
        for keeper in self._keepers:
            keeper.add(letter)

    async def close(self) -> None:
        """Keep what is still waiting if that goes quickly. Never raises; some 1.5 s at most."""
        await asyncio.gather(*(keeper.close() for keeper in self._keepers))

    def _lost(self, count: int) -> None:
        self._history.dead_letters_lost += count


class Keeper:
    """One place and what waits for it.

    Args:
        sink: the place.
        clock: time.
        lost: called with how many letters will never get there.
        notify: level and sentence for a person.
    """

    def __init__(
        self,
        sink: DeadLetterSink,
        clock: Clock,
        *,
        lost: Callable[[int], None],
        notify: Notify,
    ) -> None:
        self._sink, self._clock = sink, clock
        self._count_lost, self._notify = lost, notify
        self._waiting: deque[DeadLetter] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        self._backoff = Backoff(first_ms=500, most_ms=15_000)
        self._task: asyncio.Task[None] | None = None
        self._pause: asyncio.Task[None] | None = None
        self._closing = False
        self._told: set[str] = set()

    def add(self, letter: DeadLetter) -> None:
        """Let the letter wait for its turn; it is lost where too much waits already."""
        size = _size(letter)
        if self._waiting and self._waiting_bytes + size > WAITING_MAX_BYTES:
            reason = told("more than {bytes:,} bytes of them wait", bytes=WAITING_MAX_BYTES)
            self._lose(1, reason, told("see the log"))
            return
        self._waiting.append(letter)
        self._waiting_bytes += size
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name=f"dead letters to {self._place}")

    async def close(self) -> None:
        """Give what waits a last chance, then let go of the place."""
        self._closing = True
        if self._pause is not None:
            self._pause.cancel()
        task = self._task
        if task is not None and not task.done():
            await asyncio.wait({task}, timeout=FLUSH_MS / 1000)
            task.cancel()
        if self._waiting:
            reason = told("the engine was stopped before they could be")
            self._lose(len(self._waiting), reason, "")
            self._waiting.clear()
        closing = asyncio.create_task(self._sink.close())
        await asyncio.wait({closing}, timeout=CLOSE_MS / 1000)
        closing.cancel()

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    @property
    def _place(self) -> str:
        return self._sink.place

    async def _drain(self) -> None:
        while self._waiting:
            batch = [self._waiting[i] for i in range(min(BATCH_LETTERS, len(self._waiting)))]
            try:
                await self._sink.keep(batch)
            except ServiceAway as error:
                self._tell(error.reason, error.turn)
                if self._closing:
                    return
                await self._wait()
                continue
            except NotKept as error:
                self._lose(error.lost, error.reason, error.turn)
            except Exception as error:  # it must not end the engine, and is told
                log.exception("an error of ours: dead letters could not be kept")
                kind = type(error).__name__
                reason = told("an error of ours: {kind}: {error}", kind=kind, error=str(error))
                self._lose(len(batch), reason, told("please report it with the log"))
            else:
                self._kept()
            self._backoff.reset()
            for letter in batch:
                self._waiting.popleft()
                self._waiting_bytes -= _size(letter)

    async def _wait(self) -> None:
        self._pause = asyncio.create_task(self._clock.sleep(self._backoff.next_ms()))
        await asyncio.wait({self._pause})  # ends, too, when close() cancels the pause
        self._pause = None

    def _lose(self, count: int, reason: str, turn: str) -> None:
        self._lost += count
        self._count_lost(count)
        self._tell(reason, turn)

    def _tell(self, reason: str, turn: str) -> None:
        """Each reason once, and not more than a few, until a letter was kept again."""
        if reason not in self._told and len(self._told) < REASONS_TOLD:
            self._told.add(reason)
            if turn:
                reason = told("{reason}; {turn}", reason=reason, turn=turn)
            self._notify(
                "warning",
                told(
                    "dead letters are not kept in {place}: {reason}",
                    place=self._place,
                    reason=reason,
                ),
            )

    def _kept(self) -> None:
        if self._told:
            self._told.clear()
            lost, self._lost = self._lost, 0
            self._notify(
                "info",
                told(
                    "dead letters are kept in {place} again; {lost} were lost",
                    place=self._place,
                    lost=lost,
                ),
            )


def _size(letter: DeadLetter) -> int:
    return OVERHEAD_BYTES + len(letter.value or b"") + len(letter.key or b"")
