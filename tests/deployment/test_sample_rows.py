"""The sample stands in two places, for two kinds of table: they are the same rows."""

from __future__ import annotations

import ast
import re

from engine.sample import SAMPLE, SampleRow
from tests.deployment.files import ROOT


def test_the_rows_that_compose_loads_are_the_sample() -> None:
    sql = (ROOT / "canal" / "mysql" / "2-rows.sql").read_text()
    columns = re.search(r"INTO interactives \(([^)]*)\)", sql)
    assert columns is not None
    assert tuple(columns[1].split(", ")) == SampleRow._fields
    rows = re.findall(r"^  (\(.*\))[,;]$", sql, re.MULTILINE)
    found = [SampleRow(*ast.literal_eval(row.replace("NULL", "None"))) for row in rows]
    assert tuple(found) == SAMPLE
