"""`make bench-screen` comes to its end and its figures are there; how good they are is docs/performance.md's."""

from __future__ import annotations

import re

import pytest

from tests.bench import screen
from tests.docs.pages import ROOT, read

pytestmark = pytest.mark.slow

FIGURE = re.compile(r"^(.+?) {2,}.*?(\d[\d.,]*)", re.MULTILINE)


def test_every_figure_comes_out_and_no_more_than_ten_frames_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screen, "HOUR_MESSAGES", 20_000)
    assert screen.main(["--seconds", "1", "--warm", "1", "--rounds", "1"]) == 0
    told = capsys.readouterr().out
    figures = {name: float(text.replace(",", "")) for name, text in FIGURE.findall(told)}
    for name in ("throughput, screen off", "throughput, screen on"):
        assert figures[name] > 0, told
    assert 0 < figures["frames under full load"] <= 10
    assert figures["frames while nothing comes"] <= 3  # the clock's seconds
    for name in (
        "help to drawing, nothing comes",
        "help to drawing, full load",
        "pause to drawing, full load",
    ):
        assert 0 < float(told.partition(name)[2].partition("p50 ")[2].split()[0]) < 5_000, told
    assert figures["memory, an hour's worth"] > 0
    assert told.count("EXACT") >= 4, told
    page = read(ROOT / "docs" / "performance.md")
    assert figures.keys() <= {cell for table in page.tables for cell in table}
