"""The table as feed and table source both see it, and one normal form for each column type.

Canal sends every value as text, some of them peculiar (an ENUM as its index, a SET as its mask, a
BLOB as latin-1); a SELECT gives something else. Both are brought to one normal form here, because
otherwise a row would change its look whenever the other side spoke, and the audit would cry wolf.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: as in the table's definition.
        mysql_type: the full column type, lower case, as in ``information_schema.columns.column_type``:
            ``bigint(20) unsigned``, ``enum('a','b')``, ``decimal(20,4)``.
    """

    name: str
    mysql_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The table that is ranked: what decoder, table source and screen must agree on."""

    database: str
    name: str
    key: Column
    score: Column
    columns: tuple[Column, ...] = ()
    """The display columns, in the order of the settings."""

    @property
    def field_names(self) -> tuple[str, ...]:
        """Key, columns, score: the order of a published row."""
        return (self.key.name, *(c.name for c in self.columns), self.score.name)
