"""Messages straight into a world's topic, past Canal: what Canal writes, and what nobody should."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from typing import Any

from aiokafka import AIOKafkaProducer

from engine.formats import canal_pb2 as pb
from tests.stack.world import World

_batches = itertools.count(1)


def flat(world: World, kind: str, *rows: dict[str, Any], **more: Any) -> bytes:
    """A flat message of Canal's about the world's table; `more` are further or other fields."""
    message = {
        "data": list(rows) or None,
        "database": world.database,
        "es": time.time_ns() // 1_000_000_000 * 1000,
        "gtid": "",
        "id": next(_batches),
        "isDdl": False,
        "old": None,
        "sql": "",
        "table": world.table,
        "ts": time.time_ns() // 1_000_000,
        "type": kind,
    }
    return json.dumps(message | more, ensure_ascii=False).encode()


def packet(database: str, table: str) -> bytes:
    """A protobuf message of Canal's with one UPDATE of one column."""
    change = pb.RowChange(event_type=pb.EVENT_UPDATE)
    change.row_datas.add().after_columns.add(name="id", value="78", mysql_type="bigint")
    header = pb.Header(
        execute_time=time.time_ns() // 1_000_000_000 * 1000,
        schema_name=database,
        table_name=table,
        event_type=pb.EVENT_UPDATE,
    )
    entry = pb.Entry(
        header=header,
        entry_type=pb.ENTRY_ROWDATA,
        store_value=change.SerializeToString(),
    )
    messages = pb.Messages(batch_id=next(_batches), messages=[entry.SerializeToString()])
    return pb.Packet(type=pb.PACKET_MESSAGES, body=messages.SerializeToString()).SerializeToString()


def row(world: World, key: int) -> dict[str, str | None]:
    """A row of the table as Canal writes it: every value is text."""
    ((like_cnt, biz_id, biz, read_cnt),) = world.query(
        "SELECT like_cnt, biz_id, biz, read_cnt FROM interactives WHERE id = %s", (key,)
    )
    values = {"id": key, "biz_id": biz_id, "biz": biz, "read_cnt": read_cnt, "like_cnt": like_cnt}
    return {name: None if value is None else str(value) for name, value in values.items()}


def send(world: World, *values: bytes | None, partition: int = 0) -> None:
    """Write these values, in this order; returns when the broker has them."""

    async def produce() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=world.kafka.bootstrap_servers)
        await producer.start()
        try:
            for value in values:
                # Kafka takes a null value only with a key.
                await producer.send_and_wait(world.topic, value, key=b"k", partition=partition)
        finally:
            await producer.stop()

    asyncio.run(produce())
