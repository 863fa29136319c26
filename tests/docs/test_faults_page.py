"""docs/faults.md: every fault that the tests know has a row, and every test it names is one."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.chaos.schedule import rounds
from tests.chaos.shapes import LONG
from tests.docs.pages import ROOT, read
from tests.docs.test_exactness_page import texts
from tests.simulator.plan import FAULTS

PAGE = ROOT / "docs" / "faults.md"
TEXT = PAGE.read_text("utf-8")
ROWS = [
    re.split(r"(?<!\\)\|", line.strip("|"))
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| fault |")
]
"""The cells of every row, without those that head a table."""
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)(?:\[([^\]`]+)\])?`", TEXT)))
"""File below tests/, test, and its parameters if any."""


@cache
def functions_of(path: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The test functions of a file, by name."""
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node for node in tree.body if isinstance(node, functions)}


def written_in(path: str) -> set[str]:
    """All text in a file's code: a parameter's name is among it."""
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    return {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize(("path", "name", "parameters"), NAMED, ids=lambda part: str(part)[-60:])
def test_every_test_that_the_page_names_is_one(path: str, name: str, parameters: str) -> None:
    assert name in functions_of(path), f"tests/{path} has no {name}"
    if parameters:
        assert parameters in written_in(path), f"{name} has no parameters {parameters}"
        assert functions_of(path)[name].decorator_list, f"{name} has no parameters at all"


def test_there_are_rows_and_each_fault_has_a_test() -> None:
    assert len(ROWS) > 40
    without = [row[0].strip() for row in ROWS if not re.search(r"`[\w/]+\.py::\w+", row[-1])]
    assert without == [], "these rows name no test"


def first_cells() -> set[str]:
    """Everything in code in the first column, where the page names a fault as the tests do."""
    return {code for row in ROWS for code in re.findall(r"`([^`]+)`", row[0])}


def test_every_fault_of_the_simulator_has_a_row() -> None:
    missing = FAULTS.keys() - first_cells()
    assert not missing, f"tests/simulator/plan.py has them, {PAGE.name} has not: {sorted(missing)}"


def test_everything_that_chaos_kills_has_a_row() -> None:
    kinds = {
        kill.service
        for shape in LONG
        for one in rounds(shape, 1, seconds=300, round_s=25)
        for kill in one.kills
    }
    assert len(kinds) == 6
    assert {f"chaos: {kind}" for kind in kinds} <= first_cells()


def test_what_the_page_says_is_on_show_is_said_by_the_engine() -> None:
    said = "\n".join(texts())
    for row in ROWS:
        for text in re.findall(r"`([^`]+)`", row[1]):
            for part in filter(str.strip, re.split("…", text)):
                assert part in said, f"{text}: nothing in engine/ says {part!r}"


def test_the_page_is_linked_from_where_exactness_is_explained() -> None:
    assert PAGE.name in read(ROOT / "docs" / "exactness.md").links
