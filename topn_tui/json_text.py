"""JSON that a terminal shows and does not obey."""

from __future__ import annotations

import re

_OBEYED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""DEL and the C1 controls (one of them is CSI), line separators, changes of direction."""


def harmless(json_text: str) -> str:
    """The same JSON, with the controls escaped that JSON itself lets through."""
    if _OBEYED.search(json_text) is None:
        return json_text
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)
