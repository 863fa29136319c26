"""What a drawing of the screen owes to the machine it was made on, taken out."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def greenwich() -> Iterator[None]:
    """Times of day are shown in the machine's zone: here in one, so that a picture is the same."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def named_alike(drawing: str) -> str:
    """Rich names its styles by a checksum of all that is drawn: here by one name."""
    return re.sub(r"terminal-\d+", "terminal", drawing)
