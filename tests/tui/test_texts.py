"""Texts where there is little room: a name goes with its number, and nothing is said twice."""

from __future__ import annotations

import pytest

from engine.status import (
    Health,
    LoadStatus,
    Publication,
    ServiceStatus,
    Standing,
    Verdict,
)
from tests.tui.conftest import Open
from tests.tui.scripted import EVICTIONS, NOW_MS, event, on_board, sample
from topn_tui.panels import verdicts
from topn_tui.panels.pipeline import figures, publication, stages
from topn_tui.panels.tones import shorten, spans


def said(line: tuple[tuple[str, str], ...]) -> str:
    return "".join(text for text, _ in line)


def test_a_name_goes_with_its_number() -> None:
    line = spans(
        ("floor ", "dim"), "12·9", ("   spilled ", "dim"), "418", ("   loads ", "dim"), "3"
    )
    assert said(shorten(line, 40)) == "floor 12·9   spilled 418   loads 3"
    assert said(shorten(line, 33)) == "floor 12·9   spilled 418"
    assert said(shorten(line, 12)) == "floor 12·9"
    assert said(shorten(line, 3)) == "floor 12·9"  # whoever draws it cuts it visibly


def test_a_verdict_without_room_loses_its_last_part_and_stays_true() -> None:
    change = event(1, Verdict.ENTERED, other=53, after=on_board(4, 160)).explained
    assert said(verdicts.verdict(change)) == "▲ entered at 4, pushed 53 out"
    assert said(shorten(verdicts.verdict(change), 20, keep=1)) == "▲ entered at 4"
    assert verdicts.why_left_parts(EVICTIONS[0]) == ("deleted", "; 70 came up")
    assert verdicts.why_left_parts(EVICTIONS[1]) == ("displaced by 98", " (160)")


def test_an_audit_is_not_called_an_audit_twice() -> None:
    lines = [said(line) for line in figures(sample(), NOW_MS)]
    assert lines[1] == "audit equal 12 s ago, 43 rows in 9.0 ms"
    assert lines[0].startswith("load  refill swapped 41 s ago")


def test_an_open_load_tells_how_full_its_buffer_is() -> None:
    load = LoadStatus(
        why="heal", phase="held", opened_at_ms=NOW_MS - 3_000,
        buffered_rows=1_204, buffer_rows_limit=100_000,
    )  # fmt: skip
    line = figures(sample(load=load), NOW_MS)[0]
    assert said(line) == "load  ◐ heal held 3 s  buffer 1,204 of 100,000"
    assert said(shorten(line, 30)) == "load  ◐ heal held 3 s"


def test_standing_by_without_an_owner_names_nobody() -> None:
    assert said(publication(Standing(publication=Publication.STANDBY), NOW_MS)) == (
        "◇ STANDBY: no owner yet"
    )


@pytest.mark.parametrize(
    ("width", "health", "told"),
    [
        (80, Health.UP, "● MySQL up  10.11.6-MariaDB, row binlog, FULL image"),
        (45, Health.UP, "● MySQL up  10.11.6-MariaDB, row binlog"),
        (20, Health.UP, "● MySQL up"),
        (20, Health.AWAY, "○ MySQL away  10.11.6-MariaDB, row binlog, FULL image"),
    ],
)
def test_what_a_service_is_may_go_and_what_is_wrong_with_it_may_not(
    width: int, health: Health, told: str
) -> None:
    detail = "10.11.6-MariaDB, row binlog, FULL image"
    service = ServiceStatus(name="MySQL", health=health, detail=detail)
    assert said(stages(sample(services=(service,)), NOW_MS, width)[0]).rstrip() == told


async def test_a_key_of_six_digits_is_whole_where_all_panels_are_shown(dashboard: Open) -> None:
    async with dashboard(size=(120, 40)) as operator:
        change = event(
            10, Verdict.ENTERED, key=900_001, old_score=None, new_score=14_500, other=900_002,
            after=on_board(10, 14_500),
        )  # fmt: skip
        await operator.show(events=(change,), events_total=10)
        (line,) = [of for of in await operator.panel("events") if "entered" in of]
        assert " 900001 " in line
        assert "14,500" in line
        assert "▲ entered at 10" in line
        assert "…" not in line
