"""Rows as they were before a change: read again from the message, in the order of the changes decoded."""

from __future__ import annotations

import pytest

from engine.columns import Table
from engine.core.changes import Delete, Upsert
from engine.formats import make_decoder, make_read_before
from tests.formats.recordings import INTERACTIVES, SCORES, column, flat, messages, row, table

PLAIN = table(column("biz", "varchar(128)"), column("read_cnt"))


def test_of_an_update_what_the_feed_calls_old_stands_over_the_row_as_it_is() -> None:
    read = make_read_before(PLAIN)
    value = flat("UPDATE", [row(biz="new", like_cnt="9")], [{"BIZ": "old", "like_cnt": "8"}])
    assert read(value) == [[("old", 10)]]
    assert read(flat("UPDATE", [row()], None)) == [[None]]


def test_of_a_delete_it_is_the_row_itself_and_of_an_insert_there_is_none() -> None:
    read = make_read_before(PLAIN)
    assert read(flat("DELETE", [row(biz="gone"), row(id="2")], None)) == [
        [("gone", 10), ("article", 10)]
    ]
    assert read(flat("INSERT", [row()], None)) == [[None]]


def test_an_image_that_lacks_columns_does_not_say_what_they_were() -> None:
    """Absent is not NULL: MINIMAL row images."""
    assert make_read_before(PLAIN)(flat("DELETE", [{"id": "1"}], None)) == [[None]]


def test_a_row_that_cannot_be_used_leaves_the_others_in_their_places() -> None:
    value = flat("DELETE", [row(id=None), row(biz="second")], None)
    assert make_read_before(PLAIN)(value)[0] == [("second", 10)]
    assert make_read_before(PLAIN)(b"\x00 not Canal's") == [[]]
    assert make_read_before(PLAIN)(None) == [[]]


@pytest.mark.parametrize(
    ("of", "recording"),
    [
        (INTERACTIVES, "real-canal/flat.jsonl"),
        (INTERACTIVES, "real-canal/protobuf.jsonl"),
        (SCORES, "real-canal/flat.scores.jsonl"),
        (SCORES, "real-canal/protobuf.scores.jsonl"),
    ],
)
def test_each_change_of_a_recording_has_its_row_before(of: Table, recording: str) -> None:
    """Checked against the changes themselves: what a row was is what its last change left behind."""
    decode, read = make_decoder(of).decode, make_read_before(of)
    known: dict[object, tuple[object, ...]] = {}
    compared = 0
    for value in messages(recording):
        events, befores = decode(value), read(value)
        assert [len(event.changes) for event in events] == [len(rows) for rows in befores]
        for event, rows in zip(events, befores, strict=True):
            if event.op in ("TRUNCATE", "ERASE", "CREATE"):
                known.clear()
            for change, before in zip(event.changes, rows, strict=True):
                moved = isinstance(change, Upsert) and change.old_key is not None
                was = known.pop(change.old_key if moved else change.key, None)  # type: ignore[union-attr]
                if was is not None and before is not None and None not in was:
                    assert before == was, (event.op, change)
                    compared += 1
                assert before is None or event.op != "INSERT"
                if not isinstance(change, Delete):
                    known[change.key] = change.columns
    assert compared
