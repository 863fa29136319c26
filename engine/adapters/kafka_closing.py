"""Closing what belongs to aiokafka, which by itself may hang or cancel its caller."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

CLOSE_MS = 700
"""For each step of closing a consumer."""

GRACE_MS = 250
"""How long a question to a broker goes on after nobody wants its answer any more.

aiokafka (0.14) forgets a connection when the making of it is cancelled, and its socket stays open. With
a broker that answers, the question is at its end within the grace, and whoever closes the client
afterwards finds all of its connections.
"""


async def stop_consumer(consumer: Any) -> None:
    """Stop an AIOKafkaConsumer in whatever state it is. Never raises; some four seconds at most."""
    await close_quietly(consumer.stop, timeout_ms=CLOSE_MS)
    fetcher = consumer._fetcher
    if fetcher is not None:
        tasks = {fetcher._fetch_task, *fetcher._pending_tasks}
        for task in tasks:
            task.cancel()
        done, _ = await asyncio.wait(tasks, timeout=CLOSE_MS / 1000)
        for task in done:
            _ask(task)
    # Where stop() broke off it never came to its client. Last: a fetch that still ran would have
    # answered the loss of its connection with a new one, which nobody would ever close.
    await close_quietly(consumer._client.close, timeout_ms=CLOSE_MS)


async def close_quietly(close: Callable[[], Awaitable[Any]], *, timeout_ms: int) -> None:
    """Close something of aiokafka within a deadline, whatever it does.

    While the broker is down `AIOKafkaConsumer.stop` ends in a CancelledError that nobody asked for,
    or hangs. In a task of its own neither reaches us, and a real cancellation still does.
    """

    async def closing() -> None:
        await close()

    task = asyncio.create_task(closing())
    try:
        await asyncio.wait({task}, timeout=timeout_ms / 1000)
    finally:
        if not task.done():
            task.cancel()
    if not task.done():
        await asyncio.wait({task}, timeout=timeout_ms / 1000)
    _ask(task)


def _ask(task: asyncio.Task[Any]) -> None:
    """Ask how a task ended, or asyncio reports on the terminal that nobody did."""
    if task.done() and not task.cancelled():
        task.exception()
