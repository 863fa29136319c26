"""The kinds of pipeline that chaos is let loose on."""

from __future__ import annotations

from tests.chaos.schedule import Shape

QUICK = ("engine.settle_ms=1000", "engine.key_change_patience_ms=2000")
"""For a run of a minute."""

_SHORT_GAPS_S = ((2.0, 3.0, 4.0),)

SHORT = (
    Shape(partitions=1, flat=True, settings=QUICK, gaps_s=_SHORT_GAPS_S),
    Shape(
        partitions=3,
        flat=False,
        engines=2,
        account="monitor",
        settings=QUICK,
        gaps_s=_SHORT_GAPS_S,
    ),
)

LONG = (
    Shape(partitions=1, flat=True, engines=2, database_kills=True, pauses=True),
    Shape(
        partitions=3,
        flat=False,
        engines=2,
        account="monitor",
        database_kills=True,
        pauses=True,
        persistent_redis=True,
    ),
    Shape(
        partitions=1,
        flat=False,
        account="monitor",
        database_kills=True,
        pauses=True,
        persistent_redis=True,
    ),
    Shape(partitions=3, flat=True, database_kills=True, pauses=True),
)
"""With the settings' defaults, but for the audits, which come often."""
