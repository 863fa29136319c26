"""The engine: a live, exact top-N of a MySQL table, kept from its binlog.

Importing this package loads no driver and no screen (a test holds it to that). Start at
:mod:`engine.core` for the theory of operation and at :mod:`engine.assembly` for the wiring.
"""

__version__ = "0.1.0"
