"""Published rows: all digits there and back, one order, and what does not fit together is named."""

import base64
import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.changes import Row, Value
from engine.core.rank import Key, Score
from engine.ports import StoredBoard
from engine.published import (
    fits_double,
    inconsistencies,
    lease_alive,
    member,
    number_text,
    order_rows,
    parse_row,
    rank_key,
    row_json,
)

NAMES = ("id", "c", "score")
TEXT = st.text(st.characters(codec="utf-8"))
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4)
SCORES = st.integers(-(10**30), 10**30) | DECIMALS
BIGINTS = st.integers(-(2**63), 2**64 - 1)
VALUES = st.none() | TEXT | st.binary() | SCORES | st.floats(allow_nan=False, allow_infinity=False)


def stored(rows: list[Row], **meta: str) -> StoredBoard:
    return StoredBoard(
        rows={member(r.key): row_json(r, NAMES) for r in rows},
        scores={member(r.key): float(r.score) for r in rows},
        meta={"size": str(len(rows)), **meta},
        store_clock_ms=10_000,
    )


@given(key=BIGINTS | TEXT, value=VALUES, score=SCORES)
def test_a_row_comes_back_with_all_its_digits(key: Key, value: Value, score: Score) -> None:
    fields = parse_row(row_json(Row(key=key, score=score, columns=(value,)), NAMES))
    assert list(fields) == list(NAMES)
    assert rank_key(fields) == (score, key)
    match value:
        case bytes():
            assert base64.b64decode(fields["c"]) == value
        case float():
            assert float(fields["c"]) == value
        case _:
            assert fields["c"] == value


@given(text=TEXT)
def test_every_json_reader_understands_a_row(text: str) -> None:
    row = row_json(Row(key=text, score=1, columns=(text,)), NAMES)
    assert json.loads(row)["c"] == text
    assert json.loads(row.encode("utf-8"))["id"] == text


def test_a_row_is_compact_and_its_text_unescaped() -> None:
    row = Row(key=7, score=Decimal("1E+3"), columns=("你 é",))
    assert row_json(row, NAMES) == '{"id":7,"c":"你 é","score":1000}'


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0000001"), "0.0000001"),
        (Decimal("12.50"), "12.50"),
        (Decimal("-0.5000"), "-0.5000"),
        (10**40, "1" + "0" * 40),
    ],
)
def test_numbers_are_plain_digits(number: Score, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, Decimal("NaN")])
def test_what_json_has_no_number_for_is_null(number: Value) -> None:
    assert json.loads(row_json(Row(key=1, score=1, columns=(number,)), NAMES))["c"] is None


def test_a_lone_surrogate_does_not_break_the_board() -> None:
    row = row_json(Row(key="\ud800k", score=1, columns=("\ud800",)), NAMES)
    assert row.encode("utf-8")
    assert member("\ud800k") == "?k"


@pytest.mark.parametrize("text", ["", "[1]", "{", "7", "null"])
def test_what_is_no_row_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # json's own message differs by Python version
        parse_row(text)


@given(a=BIGINTS, b=BIGINTS)
def test_fixed_width_members_sort_as_their_numbers(a: int, b: int) -> None:
    first, second = (member(k, fixed_width=True).encode() for k in (a, b))
    assert (first < second) == (a < b)
    assert (first == second) == (a == b)


def test_fixed_width_members_are_what_the_docstring_says() -> None:
    assert member(42, fixed_width=True) == "00000000000000000042"
    assert member(-1, fixed_width=True) == "-99999999999999999998"
    assert member("k9", fixed_width=True) == "k9"
    assert member(-1) == "-1"


@given(st.lists(st.tuples(BIGINTS, SCORES), unique_by=lambda pair: pair[0]))
def test_rows_are_ordered_by_the_exact_rank(pairs: list[tuple[int, Score]]) -> None:
    rows = [Row(key=k, score=s, columns=(None,)) for k, s in pairs]
    expected = sorted(rows, key=lambda r: r.rank_key, reverse=True)
    assert order_rows(stored(rows)) == tuple(row_json(r, NAMES) for r in expected)


def test_text_keys_are_ordered_by_their_bytes() -> None:
    keys = ["9", "10", "a", "B", "é", "𝒳", "\uffff"]
    rows = [Row(key=k, score=5, columns=(None,)) for k in keys]
    ordered = [parse_row(text)["id"] for text in order_rows(stored(rows))]
    assert ordered == sorted(keys, key=lambda k: k.encode("utf-8"), reverse=True)


def test_beyond_the_doubles_the_rows_still_know_the_order() -> None:
    rows = [Row(key=1, score=2**53 + 1, columns=(None,)), Row(key=2, score=2**53, columns=(None,))]
    assert [parse_row(t)["id"] for t in order_rows(stored(rows))] == [1, 2]


@given(a=SCORES, b=SCORES)
def test_scores_that_fit_a_double_differ_as_doubles(a: Score, b: Score) -> None:
    if fits_double(a) and fits_double(b):
        assert (a < b) == (float(a) < float(b))


def test_which_scores_fit_a_double() -> None:
    assert all(
        fits_double(s) for s in (0, 2**53, -(2**53), 2**63, Decimal("0.1"), Decimal("99.99"))
    )
    too_fine = (2**53 + 1, Decimal(2**53 + 1), Decimal("0.12345678901234567890"), 10**400)
    assert not any(fits_double(s) for s in too_fine)


def test_a_whole_board_has_no_inconsistencies() -> None:
    rows = [Row(key=k, score=Decimal(k) / 7, columns=(None,)) for k in range(5)]
    assert inconsistencies(stored(rows)) == ()


def test_inconsistencies_are_named() -> None:
    board = stored([Row(key=k, score=k, columns=(None,)) for k in range(3)])
    broken = StoredBoard(
        rows={**board.rows, "9": "{", "1": board.rows["2"]},
        scores={**board.scores, "8": 1.0, "9": 2.0, "2": 7.0},
        meta={"size": "3"},
        store_clock_ms=0,
    )
    assert inconsistencies(broken) == (
        "members without a row: '8'",
        "the board claims 3 members and has 5",
        "the row of '1' is that of 2",
        "'2' has score 2 in its row, 7.0 in the set",
        "the row of '9' cannot be read",
    )


def test_a_lease_lives_until_its_time() -> None:
    meta = {"owner": "e1", "updated_at_ms": "9000", "lease_ms": "1001"}
    assert lease_alive(stored([], **meta))
    assert not lease_alive(stored([], **meta | {"lease_ms": "1000"}))
    assert not lease_alive(stored([], **meta | {"owner": ""}))
    assert not lease_alive(stored([]))


@pytest.mark.parametrize(
    "score", ["1e999999999", "-1e-999999999", "1e99999999999999999999", "9" * 5000]
)
def test_a_number_that_no_table_holds_is_refused_and_never_written_out(score: str) -> None:
    """A few letters that somebody put into Redis by hand must not become a text of gigabytes."""
    row = f'{{"id":1,"c":null,"score":{score}}}'
    damaged = StoredBoard(
        rows={"1": row}, scores={"1": 1.0}, meta={"size": "1"}, store_clock_ms=10_000
    )
    assert inconsistencies(damaged) == ("the row of '1' cannot be read",)
    with pytest.raises(ValueError, match=r"beyond every number|is no number|digits"):
        parse_row(row)


def test_every_double_of_a_column_can_be_read_back() -> None:
    for double in (1.7976931348623157e308, 5e-324, -0.0, 0.1):
        assert float(parse_row(row_json(Row(1, 1, (double,)), NAMES))["c"]) == double
