"""Row images with the display columns as they were before the change, for the few that a screen explains.

The changes are the same, in the same order, as those that the core was given: the tolerant readers
take every message that the fast path takes, to the same end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from engine.core.changes import Delete, Event, Upsert
from engine.formats.entry import Image
from engine.formats.rows import Columns, RowReader

Before: TypeAlias = Columns | None
"""The columns before; None: there was no row, or the feed does not say."""
ReadBefore: TypeAlias = Callable[[bytes | None], Sequence[Sequence[Before]]]
"""A message -> for each of its events, for each change of that."""


class _Upsert(Upsert, frozen=True, gc=False):
    before: Before = None


class _Delete(Delete, frozen=True, gc=False):
    before: Before = None


class WholeRowReader(RowReader):
    """As RowReader; its changes know the columns before."""

    WHOLE = True

    def _upsert(self, after: Image, before: Image | None) -> Upsert:
        of = super()._upsert(after, before)
        # Of an UPDATE the flat format's image before has only what changed.
        was = None if before is None else self._all_of(_over(after, before))
        return _Upsert(of.key, of.score, of.columns, of.old_key, of.old_score, was)

    def _delete(self, before: Image) -> Delete:
        of = super()._delete(before)
        return _Delete(of.key, of.old_score, of.new_key, self._all_of(before))

    def _all_of(self, image: Image) -> Before:
        """Absent is not NULL: an image that lacks some (MINIMAL) does not say what the row was."""
        return self._columns_of(image) if self._has_columns(image) else None


def _over(after: Image, before: Image) -> Image:
    """`after` with what `before` has in its place; names in any case."""
    changed = {name.lower() for name in before}
    kept = {name: value for name, value in after.items() if name.lower() not in changed}
    return kept | dict(before)


def before_of(events: Sequence[Event]) -> Sequence[Sequence[Before]]:
    """See :data:`ReadBefore`; of events that a WholeRowReader has read."""
    return [
        [of.before if isinstance(of, _Upsert | _Delete) else None for of in event.changes]
        for event in events
    ]
