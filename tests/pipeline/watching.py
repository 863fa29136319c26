"""Readers of the published board that look at every moment of it, in threads of their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any, Self

import redis

from tests.pipeline.engines import eventually
from tests.stack.world import World


class Watcher:
    """Reads meta, ZSET and rows in one MULTI, over and over, and notes whatever must never be seen.

    Once the board was EXACT it must always have `size` members, or say that it has too few (DEFICIT);
    unless not `whole`: then the table itself may have fewer rows.
    """

    def __init__(self, world: World, *, size: int = 10, whole: bool = True) -> None:
        self._name, self._size = f"topn:{{{world.board}}}", size
        self._client = world.redis.client()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._was_exact, self._whole = False, whole
        self.samples = 0
        self.wrong: list[str] = []
        """What was seen and must not be."""
        self.epochs: list[int] = []
        """In the order they were seen, each once."""
        self.owners: dict[int, str] = {}
        """By epoch."""
        self.boards_seen: set[frozenset[str]] = set()
        """The different sets of members."""

    def __enter__(self) -> Self:
        self._thread.start()
        eventually(lambda: self.samples or self.wrong, "a first look at a published board")
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._client.close()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                with self._client.pipeline(transaction=True) as pipe:
                    pipe.hgetall(f"{self._name}:meta")
                    pipe.zrange(self._name, 0, -1)
                    pipe.hkeys(f"{self._name}:rows")
                    meta, members, rows = pipe.execute()
                if meta:
                    self._look(meta, members, rows)
        except redis.RedisError as error:
            self.wrong.append(f"the watcher ended: {error}")

    def _look(self, meta: Mapping[str, str], members: list[str], rows: list[str]) -> None:
        self.samples += 1
        self.boards_seen.add(frozenset(members))
        self._look_at_owner(int(meta["epoch"]), meta["owner"])
        self._was_exact = self._was_exact or meta["state"] == "EXACT"
        may_be_short = not self._was_exact or not self._whole or meta["state"] == "DEFICIT"
        short = may_be_short and len(members) < self._size
        fits = set(members) == set(rows) and len(members) == int(meta["size"])
        if not fits or not (short or len(members) == self._size):
            self._note(f"{len(members)} members, {len(rows)} rows, {meta}")

    def _look_at_owner(self, epoch: int, owner: str) -> None:
        if not self.epochs or epoch != self.epochs[-1]:
            if self.epochs and epoch < self.epochs[-1]:
                self._note(f"epoch {self.epochs[-1]}, then {epoch}")
            self.epochs.append(epoch)
        if owner and self.owners.setdefault(epoch, owner) != owner:
            self._note(f"epoch {epoch} of {self.owners[epoch]} and of {owner}")

    def _note(self, text: str) -> None:
        if len(self.wrong) < 10:
            self.wrong.append(text)


class Subscriber:
    """Follows the board's channel and replays it; notes a missed version or an epoch that falls."""

    def __init__(self, world: World) -> None:
        self._name = f"topn:{{{world.board}}}"
        self._client = world.redis.client()
        self._channel = self._client.pubsub(ignore_subscribe_messages=True)
        self._channel.subscribe(f"{self._name}:changes")
        self._channel.get_message(timeout=5)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)
        self.version: int | None = None
        self.epoch = 0
        self.wrong: list[str] = []
        self.board: dict[int, dict[str, Any]] | None = None
        """Replayed; None until the board was written whole."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._channel.close()
        self._client.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            message = self._channel.get_message(timeout=0.1)
            if message is not None:
                self._take(json.loads(message["data"]))

    def _take(self, news: dict[str, Any]) -> None:
        version, epoch = news["version"], news["epoch"]
        if self.version is not None and version <= self.version:
            return  # read already, with the whole board
        if self.version is not None and version != self.version + 1:
            self.wrong.append(f"version {self.version}, then {version}")
        if epoch < self.epoch:
            self.wrong.append(f"epoch {self.epoch}, then {epoch}")
        self.version, self.epoch = version, epoch
        if news.get("whole"):
            self._read_whole()
        elif self.board is not None:
            self._replay(self.board, news)

    def _read_whole(self) -> None:
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hget(f"{self._name}:meta", "version")
            pipe.hvals(f"{self._name}:rows")
            version, texts = pipe.execute()
        self.version = int(version)
        self.board = {row["id"]: row for row in map(json.loads, texts)}

    def _replay(self, board: dict[int, dict[str, Any]], news: dict[str, Any]) -> None:
        changes = {"left": set(news["left"])}
        changes |= {what: {row["id"] for row in news[what]} for what in ("entered", "moved")}
        fits = changes["left"] | changes["moved"] <= set(board)
        if not fits or changes["entered"] & set(board):
            self.wrong.append(f"version {news['version']}: {changes} does not fit {set(board)}")
        for key in changes["left"]:
            board.pop(key, None)
        board.update((row["id"], row) for row in (*news["entered"], *news["moved"]))
