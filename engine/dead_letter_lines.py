"""What a dead letter is, and the line of JSON that keeps it.

A line is what ``topn-tui replay`` reads: ``value_base64``, ``partition``, ``offset`` and
``timestamp_ms``; ``topic``, ``reason``, ``noticed_ms`` and ``raw_size`` are beside it for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

REASON_MAX_CHARS = 1_000
"""Of a reason in a line. Decoders keep to less; this is what a line's bound rests on."""

LINE_MIN_BYTES = 16_384
"""A line may always be so long: more than everything but the message takes."""

Whole = Annotated[int, msgspec.Meta(ge=0)]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that should have been usable and was not."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    """When its producer made it, milliseconds since 1970; negative where the record does not say."""
    noticed_ms: int
    """When an engine found that it cannot be used."""
    reason: str
    """The decoder's."""
    value: bytes | None
    """The message's bytes; not all of them where `raw_size` is more."""
    raw_size: int
    """How many bytes the message had."""
    key: bytes | None = None
    """The record's key; a line does not keep it."""

    @property
    def cut(self) -> bool:
        """Whether bytes of the message are missing."""
        return self.raw_size > len(self.value or b"")

    @property
    def place(self) -> str:
        """Partition and offset, as the notices have them: ``p0@12``."""
        return f"p{self.partition}@{self.offset}"


class _Line(msgspec.Struct, kw_only=True):
    topic: str
    partition: Whole
    offset: Whole
    timestamp_ms: Whole | None
    noticed_ms: Whole
    reason: str
    raw_size: Whole
    value_base64: bytes | None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)


def line_of(letter: DeadLetter, *, max_bytes: int | None = None) -> bytes:
    """The letter as one line, its line feed included.

    Args:
        letter: of its value as much is kept as there is room for; `raw_size` tells.
        max_bytes: how long the line may be, at least :data:`LINE_MIN_BYTES`; None: as long as it is.
    """
    line = _Line(
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        timestamp_ms=letter.timestamp_ms if letter.timestamp_ms >= 0 else None,
        noticed_ms=letter.noticed_ms,
        # Half a surrogate pair, which JSON may hold and UTF-8 may not, is written as its escape.
        reason=letter.reason[:REASON_MAX_CHARS].encode("utf-8", "backslashreplace").decode(),
        raw_size=letter.raw_size,
        value_base64=b"",
    )
    value = letter.value
    if value is not None and max_bytes is not None:
        room = max(max_bytes, LINE_MIN_BYTES) - len(_ENCODER.encode(line)) - 1
        value = value[: room // 4 * 3]
    line.value_base64 = value
    return _ENCODER.encode(line) + b"\n"


def letters_in(content: bytes) -> Iterator[tuple[int, DeadLetter | str]]:
    """Line number, and the letter in it or what is wrong with it. Empty lines are passed over."""
    lines = content.split(b"\n")
    last = len(lines)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield number, _letter(_DECODER.decode(line))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            # Behind the last line feed: a writer that was killed has not come to its end.
            yield number, "cut off" if number == last else f"not a dead letter: {error}"


def _letter(line: _Line) -> DeadLetter:
    return DeadLetter(
        topic=line.topic,
        partition=line.partition,
        offset=line.offset,
        timestamp_ms=-1 if line.timestamp_ms is None else line.timestamp_ms,
        noticed_ms=line.noticed_ms,
        reason=line.reason,
        value=line.value_base64,
        raw_size=line.raw_size,
    )
