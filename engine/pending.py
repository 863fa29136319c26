"""Differences between boards that wait to be published, merged into one."""

from __future__ import annotations

from engine.core.changes import BoardChange, Row
from engine.core.rank import Key


class Pending:
    """What has changed since the last publish, merged: key -> (was a member then, row now)."""

    def __init__(self) -> None:
        self._keys: dict[Key, tuple[bool, Row | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def add(self, change: BoardChange) -> None:
        """Merge one more difference in."""
        keys = self._keys
        for eviction in change.left:
            key = eviction.row.key
            if keys.get(key, (True, None))[0]:
                keys[key] = (True, None)
            else:
                del keys[key]  # entered and left between two publishes: nobody saw it
        for row in change.entered:
            keys[row.key] = (keys.get(row.key, (False, None))[0], row)
        for row in change.moved:
            keys[row.key] = (keys.get(row.key, (True, None))[0], row)

    def take(self) -> tuple[list[Row], list[Key], list[Row]]:
        """Entered, left, moved; afterwards nothing is pending."""
        entered = [row for was, row in self._keys.values() if row is not None and not was]
        left = [key for key, (was, row) in self._keys.items() if row is None and was]
        moved = [row for was, row in self._keys.values() if row is not None and was]
        self._keys = {}
        return entered, left, moved
