"""No bytes make a decoder raise, and none give a row that was not sent."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.core.changes import Event, Kind
from engine.formats import FORMATS, make_decoder
from engine.formats.flat_message import FlatMessages
from engine.formats.reasons import LIMIT
from tests.formats.recordings import INTERACTIVES, SCORES, decode, flat, messages, row, table

FLAT = messages("real-canal/flat.jsonl")
PROTOBUF = messages("real-canal/protobuf.jsonl")
ALL = [*FLAT, *PROTOBUF, *messages("real-canal/protobuf.default.jsonl")]
DECODERS = [make_decoder(of, f) for of in (INTERACTIVES, SCORES) for f in ("auto", *FORMATS)]


def check(events: tuple[Event, ...]) -> None:
    assert events
    for event in events:
        assert len(event.reason) <= LIMIT
        assert event.reason.isprintable()
        assert bool(event.changes) == (event.kind is Kind.ROWS)
        assert event.reason or event.kind not in (Kind.DEAD, Kind.IGNORED)


@pytest.mark.parametrize("line", [5, 8, 31])
def test_json_cut_anywhere_is_a_dead_letter(line: int) -> None:
    whole = FLAT[line - 1]
    for size in range(len(whole)):
        (event,) = decode(INTERACTIVES, whole[:size])
        assert event.kind is Kind.DEAD


@pytest.mark.parametrize("line", [5, 11, 21])
def test_protobuf_cut_anywhere_is_a_dead_letter(line: int) -> None:
    """But for one cut: before the body, where a Packet says that Canal filtered every entry."""
    whole = PROTOBUF[line - 1]
    for size in range(len(whole)):
        (event,) = decode(INTERACTIVES, whole[:size])
        expected = (Kind.IGNORED, "no entries") if size == 4 else (Kind.DEAD, event.reason)
        assert (event.kind, event.reason) == expected


@given(st.binary(max_size=300), st.sampled_from([b"", b"{", b"\x10\x01\x18\x07\x2a", b"\x18\x07"]))
def test_any_bytes(data: bytes, start: bytes) -> None:
    for decoder in DECODERS:
        check(decoder.decode(start + data))


@settings(max_examples=300)
@given(st.data())
def test_mutated_recordings(data: st.DataObject) -> None:
    value = bytearray(data.draw(st.sampled_from(ALL)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(value) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                value[at] = data.draw(st.integers(0, 255))
            case 1:
                del value[at : at + data.draw(st.integers(1, 20))]
            case _:
                value[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        if not value:
            break
    for decoder in DECODERS:
        check(decoder.decode(bytes(value)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
SCORE_TEXTS = st.sampled_from(
    ["5", "-5", " 5", "5 ", "+5", "1_0", "05", "5.0", "5.5", "1e3", "1E3", "null", "NULL", "", "-",
     "-0", "nan", "NaN", "Infinity", "٣", "²", "0x10", str(2**60), str(2**64), "9" * 30, "abc"]
) | st.integers().map(str) | JSON  # fmt: skip


@settings(max_examples=300)
@given(
    fields=st.dictionaries(
        st.sampled_from(["database", "table", "type", "es", "id", "gtid", "old", "data", "sql"]),
        JSON,
        max_size=2,
    ),
    key=SCORE_TEXTS,
    score=SCORE_TEXTS,
    old=st.dictionaries(st.sampled_from(["id", "like_cnt", "biz"]), SCORE_TEXTS, max_size=2),
    op=st.sampled_from(["INSERT", "UPDATE", "DELETE"]),
)
@example(fields={"old": [{}, {}]}, key="5", score="5", old={}, op="INSERT")
def test_the_fast_path_says_what_the_tolerant_one_says(
    fields: dict[str, object], key: object, score: object, old: dict[str, object], op: str
) -> None:
    value = flat(op, [row(id=key, like_cnt=score)], [old] if op == "UPDATE" else None, **fields)
    fast = make_decoder(table()).decode(value)
    slow = FlatMessages(table()).decode(value)
    check(fast)
    strip = [(e.kind, e.op, e.es_ms, e.batch, e.gtid, e.reason) for e in fast]
    assert strip == [(e.kind, e.op, e.es_ms, e.batch, e.gtid, e.reason) for e in slow]
    for a, b in zip(fast, slow, strict=True):
        for x, y in zip(a.changes, b.changes, strict=True):
            # The old score is for display: the fast path reads "5.0" there, the other does not.
            assert x.key == y.key
            assert getattr(x, "score", 0) == getattr(y, "score", 0)
            assert getattr(x, "old_key", 0) == getattr(y, "old_key", 0)
