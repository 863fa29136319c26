"""``topn-tui query``: the published board, from Redis only, in the published envelope."""

from __future__ import annotations

import sys

import msgspec
from rich.cells import cell_len

from engine.errors import ServiceAway, StoreRefused, WrongSetting
from engine.published import PublishedBoard
from engine.reader import read_board
from engine.settings import Settings
from topn_tui.formatting import UNKNOWN, crop, fit, safe
from topn_tui.json_text import harmless

EXACT, NOT_EXACT, NO_BOARD, AWAY = 0, 3, 4, 5
"""Exit codes; 2 is wrong usage or settings."""

TEXT_CELLS = 40
"""In a table for people, how much of a text is shown."""


async def query(settings: Settings, *, size: int | None, as_table: bool) -> int:
    """Print the board; the exit code.

    Raises:
        WrongSetting: the store or the board is not set, or `size` is more than the board keeps.
    """
    try:
        board = await read_board(settings)
    except ServiceAway as error:
        return _complain(str(error), AWAY)
    except StoreRefused as error:
        return _complain(str(error), NOT_EXACT)
    if board is None:
        name = settings.board_name
        return _complain(
            f"there is no board {name!r} in Redis; run the engine, or see board.name", NO_BOARD
        )
    if size is not None and board.limit is not None and size > board.limit:
        raise WrongSetting(
            f"--size {size}: the board keeps the top {board.limit}; raise board.size"
        )
    rows = board.rows if size is None else board.rows[:size]
    if as_table:
        sys.stdout.write("\n".join(table(rows)) + "\n")
    else:
        sys.stdout.write(envelope(rows) + "\n")
    sys.stdout.flush()  # now, where a reader that is gone is still noticed
    if board.exact:
        return EXACT
    return _complain(f"not exact: {_said(board)}", NOT_EXACT)


def envelope(rows: tuple[str, ...]) -> str:
    """The published answer, one line: rows as they are stored, so that no digit is lost."""
    return harmless('{"code":200,"msg":"查询成功","data":[' + ",".join(rows) + "]}")


def _said(board: PublishedBoard) -> str:
    return safe(board.describe())


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"topn-tui: {safe(text)}\n")
    return code


def table(rows: tuple[str, ...]) -> list[str]:
    """The rows as aligned lines of safe text, a header first. Numbers keep all their digits."""
    # Raw keeps each value's own text: a number is not parsed.
    parsed = [msgspec.json.decode(row, type=dict[str, msgspec.Raw]) for row in rows]
    names = list(parsed[0]) if parsed else []
    values = [[bytes(fields.get(name, b"null")) for name in names] for fields in parsed]
    lines = [["#", *map(safe, names)]]
    lines += [[str(rank), *map(_cell, row)] for rank, row in enumerate(values, start=1)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    right = [True, *(all(map(_is_number, column)) for column in zip(*values, strict=True))]
    shapes = list(zip(widths, right, strict=True))
    return ["  ".join(map(_fitted, line, shapes)).rstrip() for line in lines]


def _fitted(text: str, shape: tuple[int, bool]) -> str:
    return fit(text, shape[0], right=shape[1])


def _is_number(value: bytes) -> bool:
    return value[:1] not in (b'"', b"{", b"[", b"t", b"f")


def _cell(value: bytes) -> str:
    if value == b"null":
        return UNKNOWN
    if _is_number(value):
        return safe(value.decode())
    text = msgspec.json.decode(value) if value[:1] == b'"' else value.decode()
    return crop(safe(text), TEXT_CELLS)
