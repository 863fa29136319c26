"""The laws that the worlds hold an engine to, by name."""

from __future__ import annotations

from enum import StrEnum


class Law(StrEnum):
    """What must hold of every history."""

    MEMORY = "memory is the delivered rows above the floor"
    DELIVERED = "EXACT is the top N of what was delivered"
    CUT = "EXACT is the table at a cut of the binlog"
    REST = "EXACT at rest is the table"
    PASSED = "a passed answer is what was delivered"
    AUDIT = "an audit tells losses, all and only them"
    DIFFERENCES = "the differences give the board"
    PROGRESS = "once all is calm it is EXACT again"
    STEADY = "no steady traffic keeps it from coming back"
    KNOWN = "what is known to be gone is not EXACT"


LAWS = {
    "tracked is not what ranks above the floor": Law.MEMORY,
    "memory is not bounded": Law.MEMORY,
    "EXACT but not the top N of what was delivered": Law.DELIVERED,
    "EXACT but never a state of the table": Law.CUT,
    "EXACT at rest and not the table": Law.REST,
    "a proved answer differs from what was delivered": Law.PASSED,
    "a load changed an EXACT board and no mismatch was told": Law.AUDIT,
    "an audit mismatch although nothing was lost": Law.AUDIT,
    "a row left that was not there": Law.DIFFERENCES,
    "a row entered twice": Law.DIFFERENCES,
    "a row moved that was not there": Law.DIFFERENCES,
    "the stream of changes does not give the board": Law.DIFFERENCES,
    "the table was said to be ahead of a feed that keeps up": Law.AUDIT,
    "no progress": Law.PROGRESS,
    "steady changes keep it from coming back": Law.STEADY,
    "EXACT although the table is known to be gone": Law.KNOWN,
    "a silent loss was not healed after traffic": Law.PROGRESS,
}
"""What an oracle complains of, and the law that this breaks."""


def broken_law(wrong: AssertionError) -> Law:
    """The law that an oracle's complaint is about.

    Raises:
        KeyError: no oracle has said this; something else went wrong.
    """
    return LAWS[str(wrong).partition("\n")[0]]
