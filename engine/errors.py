"""The error tree. Each error says who must act, and its message the thing, the value, the next step.

::

    TopnError
    ├── WrongSetting        the person who set it up: a setting, a grant
    │   └── WrongShape      the same, or whoever altered the table
    ├── ServiceAway         whoever runs the service; the engine waits and tries again by itself
    │   └── MissingTable    whoever took the table away, or changed it; the same
    ├── PositionLost        nobody: the feed jumped; the engine starts again at its end (a resync)
    ├── NotOwner            nobody: another engine publishes this board; this one stands by
    ├── StoreRefused        the person who runs the store: a foreign key at our name, read-only, full
    └── NotKept             the person who runs the place for dead letters; those are lost to it
"""

from __future__ import annotations

from engine.told import said, told


class TopnError(Exception):
    """Anything this project raises on purpose."""

    @property
    def told(self) -> str:
        """The message: where it was made as :class:`engine.told.Told`, as that."""
        return said(self)


class WrongSetting(TopnError):
    """A setting, or what it points at, cannot work as it is. Trying again will not help."""


class WrongShape(WrongSetting):
    """The table is there, and cannot be ranked as the settings say.

    A board of that table, if it could be ranked before, is known to be wrong.
    """


class ServiceAway(TopnError):
    """A service does not answer or does not let us in.

    Args:
        service: which: ``MySQL``, ``Kafka``, ``Redis``.
        reason: the true reason, in one sentence, without credentials.
        turn: whose turn it is and what to do.
    """

    def __init__(self, service: str, reason: str, turn: str = "") -> None:
        self.service, self.reason, self.turn = service, reason, turn
        super().__init__(told("{service}: {reason}", service=service, reason=self.said))

    @property
    def said(self) -> str:
        """The reason and whose turn it is, without the service's name."""
        if not self.turn:
            return self.reason
        return told("{reason}; {turn}", reason=self.reason, turn=self.turn)


class MissingTable(ServiceAway):
    """The server answers, and the table, its database or a column of it is not there.

    A board of that table is known to be wrong, other than while a server is merely away.
    """


class PositionLost(TopnError):
    """What comes next in the feed is not what follows the last message: start again at its end."""


class NotOwner(TopnError):
    """The store holds another engine's lease on this board; nothing was written.

    Args:
        owner: the other engine's id, or "" where the store has lost its memory of any owner.
        epoch: the epoch found in the store.
        reason: where nobody else owns it: why the store does not take us for the owner.
    """

    def __init__(self, owner: str, epoch: int, reason: str = "") -> None:
        self.owner, self.epoch = owner, epoch
        self.reason = reason or told("the store has lost or gone back on this board")
        belongs = f"the board belongs to engine {owner}" if owner else self.reason
        super().__init__(f"{belongs} (epoch {epoch})")


class StoreRefused(TopnError):
    """The store answers but will not take the board; somebody must change something there."""


class NotKept(TopnError):
    """Dead letters that a place will not take; trying the same again will not help.

    Args:
        reason: in one sentence.
        turn: what to do.
        lost: how many they are.
    """

    def __init__(self, reason: str, turn: str, lost: int) -> None:
        self.reason, self.turn, self.lost = reason, turn, lost
        super().__init__(told("{reason}; {turn}", reason=reason, turn=turn))
