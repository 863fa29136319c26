"""``topn-tui query``: the published board, from Redis only, in the published envelope."""

from __future__ import annotations

import sys

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.errors import ServiceAway, StoreRefused
from engine.reader import PublishedBoard, read_board
from engine.settings import Settings
from topn_tui.formatting import safe

EXACT, NOT_EXACT, NO_BOARD, AWAY = 0, 3, 4, 5
"""Exit codes; 2 is wrong usage or settings."""


async def query(settings: Settings, *, size: int | None, table: bool) -> int:
    """Print the board; the exit code.

    Raises:
        WrongSetting: the store or the board is not set.
        ValueError: `size` is more than the board holds.
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
    if size is not None and size > board.limit:
        raise ValueError(f"--size {size}: the board keeps the top {board.limit}; raise board.size")
    rows = board.rows if size is None else board.rows[:size]
    if table:
        _print_table(rows)
    else:
        sys.stdout.write(envelope(rows) + "\n")
    if board.exact:
        return EXACT
    return _complain(f"not exact: {_said(board)}", NOT_EXACT)


def envelope(rows: tuple[str, ...]) -> str:
    """The published answer, one line: rows as they are stored, so that no digit is lost."""
    return '{"code":200,"msg":"查询成功","data":[' + ",".join(rows) + "]}"


def _said(board: PublishedBoard) -> str:
    return safe(board.describe())


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"topn-tui: {safe(text)}\n")
    return code


def _print_table(rows: tuple[str, ...]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right")
    # Raw keeps each value's own text: a number is not parsed, so it keeps its digits.
    parsed = [msgspec.json.decode(row, type=dict[str, msgspec.Raw]) for row in rows]
    for name in parsed[0] if parsed else ():
        table.add_column(Text(safe(name)), justify="right" if _numeric(parsed, name) else "left")
    for rank, fields in enumerate(parsed, start=1):
        table.add_row(str(rank), *(Text(_cell(bytes(value))) for value in fields.values()))
    Console(highlight=False).print(table)


def _numeric(parsed: list[dict[str, msgspec.Raw]], name: str) -> bool:
    return all(bytes(fields[name])[:1] not in (b'"', b"{", b"[") for fields in parsed)


def _cell(value: bytes) -> str:
    if value == b"null":
        return "-"
    return safe(msgspec.json.decode(value)) if value[:1] == b'"' else safe(value.decode())
