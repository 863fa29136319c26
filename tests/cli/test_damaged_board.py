"""`topn-tui query` on a board that somebody changed by hand: never a traceback, never called exact."""

from __future__ import annotations

import json

import pytest

from engine.ports import StoredBoard
from tests.cli.conftest import Program, Said

META = {
    "epoch": "1",
    "owner": "0badcafe",
    "state": "EXACT",
    "size": "2",
    "limit": "2",
    "updated_at_ms": "1000",
    "lease_ms": "5000",
}
ROWS = {"1": '{"id":1,"s":9}', "2": '{"id":2,"s":8}'}
SCORES = {"1": 9.0, "2": 8.0}


class Store:
    """A store that holds this."""

    def __init__(
        self, rows: dict[str, str], scores: dict[str, float], meta: dict[str, str]
    ) -> None:
        self._stored = StoredBoard(rows=rows, scores=scores, meta=meta, store_clock_ms=2_000)

    async def read(self) -> StoredBoard:
        return self._stored

    async def close(self) -> None:
        pass


class Asking:
    """Asks for a board that the store holds in this way."""

    def __init__(self, topn: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        self._topn, self._patch = topn, monkeypatch

    def __call__(
        self,
        *arguments: str,
        rows: dict[str, str] | None = None,
        scores: dict[str, float] | None = None,
        **meta: str,
    ) -> Said:
        store = Store(ROWS | (rows or {}), SCORES | (scores or {}), META | meta)
        self._patch.setattr("engine.reader.make_board_reader", lambda _: store)
        return self._topn("query", *arguments)


@pytest.fixture
def ask(topn: Program, monkeypatch: pytest.MonkeyPatch) -> Asking:
    return Asking(topn, monkeypatch)


def test_a_whole_board_is_exact(ask: Asking) -> None:
    said = ask()
    assert (said.code, said.err) == (0, "")
    assert json.loads(said.out)["data"] == [{"id": 1, "s": 9}, {"id": 2, "s": 8}]


@pytest.mark.parametrize(
    ("meta", "why"),
    [
        ({"state": "CATCHING_UP", "reason": "because\x1b[2J"}, "CATCHING_UP: because␛[2J"),
        ({"updated_at_ms": "-9000"}, "STALE: no engine keeps this board any more"),
        ({"owner": ""}, "STALE"),
        ({"state": "STOPPED", "owner": ""}, "STOPPED"),
        ({"size": "3"}, "INCONSISTENT: the board claims 3 members and has 2"),
    ],
)
def test_what_is_not_exact_says_why(ask: Asking, meta: dict[str, str], why: str) -> None:
    said = ask(**meta)
    assert said.code == 3
    assert said.err.startswith(f"topn-tui: not exact: {why}")
    assert said.err.count("\n") == 1
    assert len(json.loads(said.out)["data"]) == 2


@pytest.mark.parametrize(
    "row",
    [
        "not JSON",
        "[1,2]",
        '{"id":1}',
        '{"id":1,"s":"9"}',
        '{"id":"1","s":9}',
        '{"id":1,"s":9',
        '{"id":1,"s":NaN}',
        '{"id":1,"s":1e99999}',
        pytest.param('{"id":1,"s":' + "9" * 400 + "}", id="400 digits"),
        pytest.param('{"id":1,"s":' + "9" * 5000 + "}", id="5000 digits"),
        pytest.param('{"id":1,"a":' + "[" * 100_000 + "]" * 100_000 + ',"s":9}', id="deep"),
        '{"id":1,"a":NaN,"s":9}',
        '{"id":1,"other":3,"s":9.5}',
        "",
    ],
)
@pytest.mark.parametrize("arguments", [(), ("--table",)], ids=["json", "table"])
def test_a_row_that_is_not_ours_is_never_exact(
    ask: Asking, row: str, arguments: tuple[str, ...]
) -> None:
    said = ask(*arguments, rows={"1": row})
    assert said.code == 3
    assert said.err.startswith("topn-tui: not exact: INCONSISTENT: ")
    assert said.err.count("\n") == 1
    assert len(said.err) < 300
    if not arguments:
        json.loads(said.out)


def test_members_and_rows_that_do_not_match_are_never_exact(ask: Asking) -> None:
    assert ask(scores={"3": 1.0}, size="3").code == 3
    assert ask(rows={"3": '{"id":3,"s":1}'}).code == 3
    assert ask(scores={"1": 10.0}).code == 3


@pytest.mark.parametrize("limit", ["", "x", "-1"])
def test_a_size_is_not_refused_where_the_limit_is_not_known(ask: Asking, limit: str) -> None:
    said = ask("--size", "5", limit=limit)
    assert (said.code, said.err) == (0, "")


def test_a_size_beyond_the_limit_is_refused(ask: Asking) -> None:
    said = ask("--size", "3")
    assert (said.code, said.out) == (2, "")
    assert said.err == "topn-tui: --size 3: the board keeps the top 2; raise board.size\n"
    assert len(json.loads(ask("--size", "1").out)["data"]) == 1


def test_keys_of_two_types_are_never_exact(ask: Asking) -> None:
    said = ask(rows={"2": '{"id":"x","s":9}'})
    assert said.code == 3
    assert json.loads(said.out)["data"] == []
