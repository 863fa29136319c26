"""How long real engines were other than EXACT, by test: the times in docs/faults.md.

::

    python -m pytest -p tests.bench.spells tests/pipeline/test_topics.py

A spell begins when an engine that was EXACT says that it no longer is, or cannot publish, and ends when
it says EXACT again. A start is counted from the program's start. What an engine does not notice, a dead
engine's time for instance, is in no spell.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

import pytest

from tests.pipeline.engines import HeadlessEngine, Line, eventually


@dataclass(frozen=True, slots=True)
class Spell:
    """One time without EXACT."""

    why: tuple[str, ...]
    """What was on show meanwhile, in order."""
    seconds: float | None
    """None: the engine ended before it was over."""

    def __str__(self) -> str:
        how_long = "not over" if self.seconds is None else f"{self.seconds:.1f} s"
        return f"{how_long:>8}  {' > '.join(self.why)}"


def spells(states: Sequence[Line], *, started_ms: float) -> Iterator[Spell]:
    """Those of one engine, its start first. `states`: its lines of kind `state`, in order."""
    began_ms = started_ms
    for exact, group in groupby(states, _exact):
        lines = list(group)
        if not exact:
            continue
        before = [line for line in states if began_ms <= line["at_ms"] < lines[0]["at_ms"]]
        yield Spell(_words(before), (lines[0]["at_ms"] - began_ms) / 1000)
        began_ms = next(
            (line["at_ms"] for line in states if line["at_ms"] > lines[-1]["at_ms"]), float("inf")
        )
    rest = [line for line in states if line["at_ms"] >= began_ms and line["state"] != "STOPPED"]
    if rest:
        yield Spell(_words(rest), None)


def _exact(line: Line) -> bool:
    return bool(line["state"] == "EXACT" and line["publication"] != "AWAY")


def _words(lines: Sequence[Line]) -> tuple[str, ...]:
    said = [
        "AWAY" if line["publication"] == "AWAY" else f"{line['state']} ({line['reason'] or ''})"
        for line in lines
    ]
    return tuple(text for text, _ in groupby(said))


def _wait_exact(engine: HeadlessEngine) -> None:
    """A test may have seen EXACT in Redis before the engine's line about it was read here."""
    with suppress(AssertionError):
        eventually(
            lambda: engine.ended or (engine.states and _exact(engine.states[-1])),
            "EXACT or its end",
            timeout_s=1,
        )


class Recorder:
    """Takes note of each engine's states when it is closed, under the test that had it."""

    def __init__(self) -> None:
        self.test = ""
        self.found: dict[str, list[Spell]] = defaultdict(list)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.test = item.nodeid

    def record(self, engine: HeadlessEngine) -> None:
        started_ms = (time.time() - (time.monotonic() - engine.started_s)) * 1000
        self.found[self.test] += spells(engine.states, started_ms=started_ms)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("spells without EXACT")
        for test, found in sorted(self.found.items()):
            terminalreporter.line(test)
            for spell in found:
                terminalreporter.line(f"  {spell}")


def pytest_configure(config: pytest.Config) -> None:
    recorder = Recorder()
    config.pluginmanager.register(recorder)
    close = HeadlessEngine.close

    def close_and_record(engine: HeadlessEngine) -> None:
        _wait_exact(engine)
        close(engine)
        recorder.record(engine)

    HeadlessEngine.close = close_and_record  # type: ignore[method-assign]
