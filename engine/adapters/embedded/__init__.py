"""The whole pipeline in one process: a table, its change log in Canal's bytes, a store, and traffic.

::

    Traffic ──writes──▶ EmbeddedTable (SQLite) ──Canal's bytes──▶ ChangeLog ──▶ EmbeddedFeed ─▶ engine
                             └───────────── EmbeddedSource (load, refill, audit) ────────────▶ engine
                                                           engine ──▶ EmbeddedBoard (in a MemoryStore)

Only the services are replaced: the engine, its decoders and its ports are the very same.
"""

from engine.adapters.embedded.feed import ChangeLog, EmbeddedFeed
from engine.adapters.embedded.practice import EmbeddedGround, EmbeddedPractice
from engine.adapters.embedded.rows import start_rows
from engine.adapters.embedded.source import EmbeddedSource
from engine.adapters.embedded.store import EmbeddedBoard, MemoryStore
from engine.adapters.embedded.table import DATABASE, TABLE, EmbeddedTable, Wire
from engine.adapters.embedded.traffic import Traffic
from engine.adapters.embedded.walkthrough import EmbeddedWorkload

__all__ = [
    "DATABASE",
    "TABLE",
    "ChangeLog",
    "EmbeddedBoard",
    "EmbeddedFeed",
    "EmbeddedGround",
    "EmbeddedPractice",
    "EmbeddedSource",
    "EmbeddedTable",
    "EmbeddedWorkload",
    "MemoryStore",
    "Traffic",
    "Wire",
    "start_rows",
]
