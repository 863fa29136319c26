"""The lines of `topn-tui run --headless`: names, order and numbers are a contract."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.status import (
    Counters,
    EngineStatus,
    Exactness,
    LoadStatus,
    Notice,
    PartitionStatus,
    Publication,
    Standing,
    State,
    Transition,
)
from topn_tui.headless import Headless, status_object

KEYS = [
    "kind",
    "at_ms",
    "state",
    "reason",
    "provisional",
    "publication",
    "version",
    "positions",
    "lag",
    "tracked",
    "floor",
    "loads",
    "evicted",
    "spilled",
    "superseded_in_batch",
    "dead_letters",
    "dead_letters_lost",
    "audit_mismatches",
    "verified_ms_ago",
]

STATUS = EngineStatus(
    at_ms=5_000,
    exactness=Exactness(state=State.EXACT, verified_at_ms=3_500),
    standing=Standing(publication=Publication.OWNER, version=7),
    partitions=(
        PartitionStatus(partition=0, position=11, end=13),
        PartitionStatus(partition=1, position=4),
    ),
    tracked=42,
    floor=(Decimal("12345678901234567890.10"), "k\x9b"),
    counters=Counters(loads=1, evicted=2, spilled=3, superseded_in_batch=4, dead_letters=5),
)


def lines_of(engine: Scripted) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    asyncio.run(Headless(engine, out=out, err=err).run())
    return out.getvalue(), err.getvalue()


class Scripted:
    """An engine that has these statuses, one after the other, and ends."""

    def __init__(self, *statuses: EngineStatus) -> None:
        self._statuses = statuses
        self.status = statuses[0]
        self.stopped = asyncio.Event()

    def stop(self) -> None:
        self.stopped.set()

    async def run(self) -> None:
        for status in self._statuses:
            self.status = status
            await asyncio.sleep(0.15)


class Endless(Scripted):
    """An engine that runs until it is told to stop."""

    async def run(self) -> None:
        await self.stopped.wait()


class Full(io.StringIO):
    """A file on a disk that is full."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_line_has_exactly_these_names_in_this_order() -> None:
    out, _ = lines_of(Scripted(STATUS))
    assert [list(json.loads(line)) for line in out.splitlines()] == [KEYS] * 2


def test_what_is_to_be_done_after_the_first_load_is_done_once() -> None:
    load = LoadStatus(why="start", phase="swapped", opened_at_ms=1)
    loaded = replace(STATUS, last_load=load)
    engine = Scripted(STATUS, loaded, loaded)
    found: list[LoadStatus | None] = []

    def settle() -> None:
        found.append(engine.status.last_load)

    out, err = io.StringIO(), io.StringIO()
    asyncio.run(Headless(engine, out=out, err=err, settled=settle).run())
    assert found == [load]


def test_a_status_says_what_is_known() -> None:
    assert status_object("status", STATUS) == {
        "kind": "status",
        "at_ms": 5_000,
        "state": "EXACT",
        "reason": None,
        "provisional": False,
        "publication": "OWNER",
        "version": 7,
        "positions": {"0": 11, "1": 4},
        "lag": {"0": 2, "1": None},
        "tracked": 42,
        "floor": [Decimal("12345678901234567890.10"), "k\x9b"],
        "loads": 1,
        "evicted": 2,
        "spilled": 3,
        "superseded_in_batch": 4,
        "dead_letters": 5,
        "dead_letters_lost": 0,
        "audit_mismatches": 0,
        "verified_ms_ago": 1_500,
    }


def test_what_is_not_known_is_null() -> None:
    fields = status_object("status", EngineStatus())
    nulls = {name for name, value in fields.items() if value is None}
    assert nulls == {"reason", "version", "floor", "verified_ms_ago"}


def test_a_decimal_is_a_number_with_all_its_digits_and_a_control_is_escaped() -> None:
    out, _ = lines_of(Scripted(STATUS))
    assert '"floor":[12345678901234567890.10,"k\\u009b"]' in out
    assert json.loads(out.splitlines()[0], parse_float=str)["floor"] == [
        "12345678901234567890.10",
        "k\x9b",
    ]


def transition(number: int, state: State, at_ms: int) -> Transition:
    return Transition(
        number=number,
        at_ms=at_ms,
        state=state,
        reason=f"because {number}",
        provisional=False,
        publication=Publication.STANDBY,
    )


def test_each_transition_is_told_once_also_those_that_came_between_two_looks() -> None:
    first = transition(1, State.LOADING, 10)
    more = (first, transition(2, State.CATCHING_UP, 20), transition(3, State.EXACT, 30))
    out, _ = lines_of(
        Scripted(replace(STATUS, transitions=(first,)), replace(STATUS, transitions=more))
    )
    told = [json.loads(line) for line in out.splitlines()]
    states = [line for line in told if line["kind"] == "state"]
    assert [(s["at_ms"], s["state"], s["reason"]) for s in states] == [
        (10, "LOADING", "because 1"),
        (20, "CATCHING_UP", "because 2"),
        (30, "EXACT", "because 3"),
    ]
    assert {s["publication"] for s in states} == {"STANDBY"}
    assert told[-1]["kind"] == "status"


def test_a_notice_is_one_safe_line_on_stderr_told_once() -> None:
    notice = Notice(number=1, at_ms=1, level="error", text="row \x1b[31m\nforged: [bold red]\x9b")
    _, err = lines_of(
        Scripted(replace(STATUS, notices=(notice,)), replace(STATUS, notices=(notice,)))
    )
    assert err == "error: row ␛[31m␊forged: [bold red]\\x9b\n"


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "full"])
def test_an_engine_that_can_tell_nobody_stops(closed: bool) -> None:
    out = io.StringIO() if closed else Full()
    if closed:
        out.close()
    engine = Endless(STATUS)
    with pytest.raises(ValueError if closed else OSError, match=r"closed file|No space left"):
        asyncio.run(asyncio.wait_for(Headless(engine, out=out, err=io.StringIO()).run(), 5))
    assert engine.stopped.is_set()
