"""How exact the board is, in words."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class State(StrEnum):
    """How exact the board is. The worst that applies, in this order, worst first."""

    INEXACT = "INEXACT"
    """A loss is known: the board may be wrong."""
    DEFICIT = "DEFICIT"
    """Fewer than N rows are vouched for, and the table has more."""
    LOADING = "LOADING"
    """Nothing has been loaded yet, or the feed jumped and everything is loaded anew."""
    CATCHING_UP = "CATCHING_UP"
    """The board mixes two moments of the table until the feed has passed the last load."""
    EXACT = "EXACT"
    """The board is the top N of the rows as delivered."""
    STOPPED = "STOPPED"
    """The engine has ended; the board is as it was then."""


class Claim(msgspec.Struct, frozen=True):
    """What the engine says of its board at one moment."""

    state: State
    reason: str | None = None
    """Why it is not EXACT; where `provisional`, on what the claim rests."""
    provisional: bool = False
    """EXACT by the feed's silence alone, not by a message that proves it."""
