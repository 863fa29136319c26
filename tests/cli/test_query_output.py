"""What `topn-tui query` prints of a board, whatever the board holds."""

from __future__ import annotations

import json
import re

import pytest

from engine.core.changes import Row
from engine.published import row_json
from topn_tui.query import TEXT_CELLS, envelope, table

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
HOSTILE = [
    "line\nfeed\r\n\ttab",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "[bold red]markup[/] [link=x]y[/link]",
    "\x9b31m C1 \x85 \x7f",
    "\u202eright to left\u2066\u2028\u2029",
    "😀 👨‍👩‍👧 🇩🇪 é 中 é",
    'quote " backslash \\ slash / brace } bracket ]',
    "x" * 10_000,
    "",
    "\x00",
]


def published(*texts: str, score: int = 5) -> tuple[str, ...]:
    names = ("id", "biz", "like_cnt")
    return tuple(row_json(Row(i, score, (text,)), names) for i, text in enumerate(texts, 1))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_json_keeps_every_character_and_has_none_that_a_terminal_obeys(text: str) -> None:
    printed = envelope(published(text))
    assert CONTROLS.search(printed) is None
    assert json.loads(printed) == {
        "code": 200,
        "msg": "查询成功",
        "data": [{"id": 1, "biz": text, "like_cnt": 5}],
    }


def test_ordinary_rows_are_printed_as_they_are_stored() -> None:
    rows = published("plain", "中文", "😀")
    assert envelope(rows) == '{"code":200,"msg":"查询成功","data":[' + ",".join(rows) + "]}"
    assert envelope(()) == '{"code":200,"msg":"查询成功","data":[]}'


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_table_has_one_safe_line_a_row(text: str) -> None:
    lines = table(published(text, "b"))
    assert len(lines) == 3
    assert all(CONTROLS.search(line) is None for line in lines)
    assert all(line.split()[-1] == "5" for line in lines[1:])
    assert all(len(line) < TEXT_CELLS + 30 for line in lines)


def test_columns_are_aligned_also_behind_wide_characters() -> None:
    assert table(published("中文", "a", "😀😀😀")) == [
        "#  id  biz     like_cnt",
        "1   1  中文           5",
        "2   2  a              5",
        "3   3  😀😀😀         5",
    ]


def test_a_number_is_never_cut() -> None:
    digits = "1234567890" * 7 + ".0100"
    (_, line) = table((f'{{"id":"{"k" * 50}","n":null,"on":true,"score":{digits}}}',))
    assert line == f"1  {'k' * 39}…  -  true  {digits}"


def test_a_name_may_be_hostile_too() -> None:
    (header, _) = table((r'{"id":1,"\u001b[31mn":2,"s":3}',))
    assert header == "#  id  ␛[31mn  s"


def test_an_empty_board_is_a_header_alone() -> None:
    assert table(()) == ["#"]
