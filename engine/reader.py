"""Reads a published board: from the store alone, never from MySQL."""

from __future__ import annotations

from dataclasses import dataclass

from engine.assembly import make_board_reader
from engine.published import inconsistencies, lease_alive, order_rows
from engine.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBoard:
    """A board as a reader sees it, all of one moment."""

    rows: tuple[str, ...]
    """Row JSON texts as stored, highest rank first."""
    limit: int | None
    """N: how many rows the board may have; None until its engine has written it."""
    state: str
    reason: str | None
    provisional: bool
    alive: bool
    """Whether the publishing engine's lease still runs: past it no state may be believed."""
    problems: tuple[str, ...]
    """What does not fit together in the store; empty when all is well."""

    @property
    def exact(self) -> bool:
        """Whether the rows are the exact top N, as far as anybody can know."""
        return self.state == "EXACT" and self.alive and not self.problems

    def describe(self) -> str:
        """The state in one line."""
        if self.problems:
            return f"INCONSISTENT: {self.problems[0]:.200}"
        if not self.alive and self.state != "STOPPED":
            return f"STALE: no engine keeps this board any more; the last state was {self.state}"
        return f"{self.state}: {self.reason}" if self.reason else self.state


async def read_board(settings: Settings) -> PublishedBoard | None:
    """The board as published; None when there is no such board.

    Raises:
        WrongSetting: the store's URL or the board's name is missing.
        ServiceAway: the store cannot be reached, with the true reason.
        StoreRefused: the store answers, but what is there is not a board.
    """
    store = make_board_reader(settings)
    try:
        stored = await store.read()
    finally:
        await store.close()
    if stored is None:
        return None
    try:
        problems, rows = inconsistencies(stored), order_rows(stored)
    except (ValueError, OverflowError, RecursionError) as error:
        # Not rows of ours: there is nothing to show, and no order to show it in.
        problems, rows = (f"a row cannot be read: {error}",), ()
    meta = stored.meta
    return PublishedBoard(
        rows=rows,
        limit=_limit(meta.get("limit", "")),
        state=meta.get("state", ""),
        reason=meta.get("reason") or None,
        provisional=meta.get("provisional") == "1",
        alive=lease_alive(stored),
        problems=problems,
    )


def _limit(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
