"""The recordings of a real Canal, sent again: a step back is seen, and its mark ends it."""

from __future__ import annotations

import pytest

from engine.core.changes import Answer, Delivery
from engine.core.evidence import EndOffsets
from engine.core.reports import Timing
from engine.core.states import State
from engine.core.topn import TopN
from engine.formats import make_decoder
from tests.formats.recordings import INTERACTIVES, messages


class Reader:
    """A core that is given a recording message by message, from an empty table on."""

    def __init__(self, values: list[bytes]) -> None:
        self._values = values
        self._decode = make_decoder(INTERACTIVES).decode
        self._now_ms, self._offset = 0.0, 0
        self.topn = TopN(
            10, 1000, partitions=1, now_ms=0, timing=Timing(overlap_ms=0, audit_ms=1e12)
        )
        self._tick()

    def read(self, first: int, last: int) -> list[State]:
        """Deliver these messages; the state after each."""
        states = []
        for value in self._values[first:last]:
            events = self._decode(value)
            self.topn.receive([Delivery(0, self._offset, events)], self._now_ms)
            self._offset += 1
            self._tick()
            states.append(self.topn.claim().state)
        return states

    def _tick(self) -> None:
        for _ in range(3):
            self._now_ms += 1
            self.topn.tick(self._now_ms, [self._offset], EndOffsets([self._offset], self._now_ms))
            if self.topn.query_wanted and self.topn.load is not None:
                self.topn.answered(self.topn.load, Answer(rows=(), clock_ms=0), self._now_ms)
        self.topn.take_change()


FIRST, LOADED_AT, HEAD = 2, 3, 16
"""Messages of both recordings without DDL, dead letters or a TRUNCATE among them; and of more than a
second, which a step back by binlog time needs."""


@pytest.mark.parametrize("name", ["flat.jsonl", "protobuf.jsonl"])
def test_a_recording_sent_again_is_catching_up_until_its_former_head_is_passed(name: str) -> None:
    reader = Reader(messages(f"real-canal/{name}"))
    reader.read(FIRST, LOADED_AT)
    states = reader.read(LOADED_AT, HEAD)
    assert set(states) == {State.EXACT}
    again = reader.read(LOADED_AT, HEAD + 4)
    passed = again.index(State.EXACT)
    assert set(again[:passed]) == {State.CATCHING_UP}
    assert again[passed:] == [State.EXACT] * (len(again) - passed)
    # The mark is the head itself where places are known, and what comes after it where only time is.
    assert passed >= HEAD - LOADED_AT - 1


@pytest.mark.parametrize("name", ["flat.jsonl", "protobuf.jsonl"])
def test_while_it_is_sent_again_the_reason_says_so(name: str) -> None:
    reader = Reader(messages(f"real-canal/{name}"))
    reader.read(FIRST, HEAD)
    reader.read(LOADED_AT, LOADED_AT + 1)
    assert reader.topn.claim().reason == "resend: partition 0 delivers older messages again"
