"""What the Redis tests share: states, rows, and a board that is closed at the end."""

from collections.abc import Mapping

from engine.core.changes import Row, Value
from engine.core.rank import Key, Score
from engine.ports import BoardState, StoredBoard
from engine.published import order_rows, parse_row

FIELDS = ("id", "title", "score")


def state(
    size: int, name: str = "EXACT", *, positions: Mapping[int, int] | None = None
) -> BoardState:
    return BoardState(
        state=name,
        reason=None,
        provisional=False,
        size=size,
        score_exact=True,
        as_of_ms=None,
        positions=positions or {},
        field_names=FIELDS,
    )


def row(key: Key, score: Score, title: Value = None) -> Row:
    return Row(key=key, score=score, columns=(title,))


def ranking(board: StoredBoard | None) -> list[tuple[Key, Score]]:
    """Key and score of a board as read back, best first."""
    assert board is not None
    fields = [parse_row(text) for text in order_rows(board)]
    return [(f["id"], f["score"]) for f in fields]
