"""Reads a published board: from the store alone, never from MySQL."""

from __future__ import annotations

from engine.assembly import make_board_reader
from engine.published import PublishedBoard, published_board
from engine.settings import Settings


async def read_board(settings: Settings) -> PublishedBoard | None:
    """The board as published; None when there is no such board.

    Raises:
        WrongSetting: the store's URL or the board's name is missing.
        ServiceAway: the store cannot be reached, with the true reason.
        StoreRefused: the store answers, but what is there is not a board.
    """
    store = make_board_reader(settings)
    try:
        stored = await store.read()
    finally:
        await store.close()
    return None if stored is None else published_board(stored)
