"""What the row of an explained change was before it: read again out of its message, for the screen only.

The core looks rows up by key and never needs them, so decoding leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from engine.core.changes import Delete, Upsert, Value
from engine.core.verdicts import Candidate
from engine.ports import Message

Before: TypeAlias = tuple[Value, ...] | None
ReadBefore: TypeAlias = Callable[[bytes | None], Sequence[Sequence[Before]]]
"""A message -> for each of its events, for each change of that, the display columns before. None: there
was no row, or the feed does not say."""

READ_AGAIN_BYTES = 131_072
"""Of one batch's messages at most: a screen is not worth stopping for a message of megabytes."""


def nothing_before(value: bytes | None) -> Sequence[Sequence[Before]]:
    """Where nobody can read it."""
    return ()


class RowsBefore:
    """The columns before each explained change of one batch. Reads each message once more, at most.

    Args:
        messages: by partition and offset.
    """

    def __init__(self, read: ReadBefore, messages: Mapping[tuple[int, int], Message]) -> None:
        self._read, self._messages = read, messages
        self._left = READ_AGAIN_BYTES
        self._known: dict[tuple[int, int], Sequence[Sequence[Before]]] = {}

    def of(self, candidate: Candidate) -> Before:
        """None: there was no row, the feed does not say, or it would cost too much to find out."""
        delivery, event, change = candidate.delivery, candidate.event, candidate.change
        if change is None:
            return None
        for wanted, changes in zip(
            delivery.events, self._all(delivery.partition, delivery.offset), strict=False
        ):
            if wanted is not event:
                continue
            for of, before in zip(event.changes, changes, strict=False):
                # A change of the key is one change, told as two: one of each key.
                if of is change or (isinstance(of, Upsert) and _is_half(change, of)):
                    return before
        return None

    def _all(self, partition: int, offset: int) -> Sequence[Sequence[Before]]:
        at = (partition, offset)
        if at not in self._known:
            message = self._messages.get(at)
            value = None if message is None else message.value
            self._left -= len(value or b"")
            self._known[at] = self._read(value) if value and self._left >= 0 else ()
        return self._known[at]


def _is_half(change: Upsert | Delete, of: Upsert) -> bool:
    """Whether `change` is the going of the row whose coming is `of`."""
    return isinstance(change, Delete) and (change.key, change.new_key) == (of.old_key, of.key)
