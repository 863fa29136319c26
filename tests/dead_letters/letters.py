"""Dead letters for tests, and what is in a file of them."""

from __future__ import annotations

from typing import Any

from engine.adapters.dead_letter_file import DeadLetterFile
from engine.dead_letter_lines import DeadLetter, letters_in


def letter(offset: int, value: bytes | None = b"\xfe", **more: Any) -> DeadLetter:
    fields: dict[str, Any] = {
        "topic": "d_t",
        "partition": 0,
        "offset": offset,
        "timestamp_ms": 1_700_000_000_000,
        "noticed_ms": 1_700_000_000_500,
        "reason": "broken",
        "value": value,
        "raw_size": len(value or b""),
    }
    return DeadLetter(**fields | more)


def kept(file: DeadLetterFile) -> list[DeadLetter | str]:
    """What a reader finds: letters, and words about lines that are none."""
    return [found for _, content in file.read() for _, found in letters_in(content)]


def offsets(file: DeadLetterFile) -> list[int]:
    found = kept(file)
    assert all(isinstance(one, DeadLetter) for one in found), found
    return [one.offset for one in found if isinstance(one, DeadLetter)]
