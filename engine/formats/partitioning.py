"""Which partition Canal writes a row to: its ``canal.mq.partitionHash``, reproduced.

After ``MQMessageUtils.messagePartition`` of Canal 1.1.5 to 1.1.8, the same for flat and protobuf: the
database's hash (unless ``canal.mq.database.hash`` is false), XORed with the hash of each named
column's text, NULL counting as "", modulo ``canal.mq.partitionsNum``. An INSERT or UPDATE goes by the
row after it, a DELETE by the row before it; DDL and what no rule matches go to partition 0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from engine.columns import Table
from engine.core.placement import Placer
from engine.core.rank import Key
from engine.errors import WrongSetting
from engine.told import told

PRIMARY_KEY: Final = "$pk$"
"""Canal's word for "whatever the primary key is"."""

_INT = 1 << 32


def java_hash(text: str) -> int:
    """Java's ``String.hashCode()``: over UTF-16 code units, in 32 bits with a sign."""
    if text.isascii():
        units: Iterable[int] = text.encode("ascii")
    else:
        encoded = text.encode("utf-16-le", "surrogatepass")
        units = struct.unpack(f"<{len(encoded) // 2}H", encoded)
    value = 0
    for unit in units:
        value = (31 * value + unit) % _INT
    return value - _INT if value >= _INT // 2 else value


def canal_partition(texts: Iterable[str | None], partitions: int, *, database: str | None) -> int:
    """The partition of a row.

    Args:
        texts: the hashed columns as Canal writes them; None for NULL.
        partitions: ``canal.mq.partitionsNum``, at least 1.
        database: the schema's name as the binlog has it; None where ``canal.mq.database.hash`` is
            false.
    """
    value = 0 if database is None else java_hash(database)
    for text in texts:
        value ^= java_hash(text or "")
    # Java's Math.abs leaves -2**31 negative, and abs() again after the modulo: the same number.
    return abs(value) % partitions


def make_placer(
    table: Table, columns: str, *, database_hash: bool = True, partitions: int = 0
) -> Placer:
    """What Canal does with the rows of `table`.

    Args:
        columns: what stands behind the colon in Canal's ``canal.mq.partitionHash``: the key column, or
            ``$pk$``.
        database_hash: ``canal.mq.database.hash``.
        partitions: ``canal.mq.partitionsNum``; 0: as many as the topic has.

    Raises:
        WrongSetting: the rows of one key would not all come on one partition, or not the way that the
            setting says.
    """
    key = table.key.name
    named = table.primary_key if columns == PRIMARY_KEY else tuple(columns.split("^"))
    if [name.lower() for name in named] != [key.lower()]:
        said = (
            f"{columns!r} ({', '.join(named) or 'there is none'})"
            if columns == PRIMARY_KEY
            else (repr(columns))
        )
        raise WrongSetting(
            told(
                "feed.partition_hash is {said}, and the key column is {key}: the images of one "
                "row could come on several partitions, in any order, and no board could be "
                "exact; have Canal hash by {key} alone "
                "(canal.mq.partitionHash={database}.{name}:{key})",
                said=said,
                key=key,
                database=table.database,
                name=table.name,
            )
        )
    if named != (key,):
        raise WrongSetting(
            told(
                "feed.partition_hash is {columns!r}, and the column's name is {key}: with flat "
                "messages Canal finds no such column and puts every row on one partition; write "
                "the name as the table has it, there and here",
                columns=columns,
                key=key,
            )
        )
    database = table.database if database_hash else None

    def place(key: Key, count: int) -> int:
        return canal_partition((str(key),), partitions or count, database=database)

    return place
