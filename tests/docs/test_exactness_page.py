"""docs/exactness.md: it names every state and every wrong variant, and the texts it explains exist."""

from __future__ import annotations

import ast
import re

from engine.core.states import State
from tests.adapters.redis_mutants import MUTANTS as IN_REDIS
from tests.core.laws import Law
from tests.core.mutants import MUTANTS
from tests.docs.pages import ROOT, read
from tests.simulator.mutants import MUTANTS as SIMULATED

PAGE = ROOT / "docs" / "exactness.md"


def rows_of(heading: str) -> list[list[str]]:
    """All cells of the table that begins with this heading, row by row, as written."""
    _, _, table = PAGE.read_text("utf-8").partition(f"| {heading} |")
    lines = table.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def column(heading: str) -> list[str]:
    """The first cells of the table that begins with this heading."""
    (cells,) = [rows for rows in read(PAGE).tables if rows[0] == heading]
    return cells[1:]


def test_the_tables_of_teeth_name_every_wrong_variant() -> None:
    again = "write it anew with python -m tests.core.teeth, python -m tests.simulator --mutants"
    assert column("wrong variant") == [mutant.name for mutant in MUTANTS], again
    assert column("wrong engine") == [mutant.name for mutant in SIMULATED], again
    assert column("wrong script") == [mutant.name for mutant in IN_REDIS]


def test_what_the_table_of_teeth_says_is_wrong_is_what_the_code_says() -> None:
    text = PAGE.read_text("utf-8")
    for mutant in (*MUTANTS, *SIMULATED, *IN_REDIS):
        assert f"| {mutant.name} | {mutant.fault} |" in text


def test_what_catches_a_wrong_variant_is_what_it_declares() -> None:
    for mutant, (*_, law, histories) in zip(MUTANTS, rows_of("wrong variant"), strict=True):
        if mutant.histories:
            assert law in mutant.laws, f"{mutant.name}: {law}"
            assert 1 <= int(histories) <= mutant.histories, mutant.name
        else:
            stories = [story.__name__.removeprefix("test_") for story in mutant.stories]
            assert law.strip("*").replace(" ", "_") in stories, f"{mutant.name}: {law}"
            assert histories == "by hand", mutant.name


def test_what_catches_a_wrong_engine_is_what_it_declares() -> None:
    for mutant, (*_, law, histories) in zip(SIMULATED, rows_of("wrong engine"), strict=True):
        assert law in mutant.law, f"{mutant.name}: {law}"
        assert 1 <= int(histories) <= mutant.histories, mutant.name


def test_what_catches_a_wrong_script_is_what_it_declares() -> None:
    for mutant, (*_, test) in zip(IN_REDIS, rows_of("wrong script"), strict=True):
        assert test == f"`adapters/{mutant.caught_by}`", mutant.name
        file, _, name = mutant.caught_by.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / "adapters" / file).read_text("utf-8")


def test_every_law_that_catches_something_first_is_in_the_table() -> None:
    text = PAGE.read_text("utf-8")
    assert all(f"| {law} |" in text for law in Law if law not in (Law.REST, Law.PASSED))


def test_every_state_is_explained() -> None:
    named = {state for cell in column("state") for state in re.findall(r"`([A-Z_]+)`", cell)}
    assert named == {state.value for state in State}


def test_every_text_that_the_page_explains_is_one_that_the_engine_says() -> None:
    said = "\n".join(texts())
    for text in re.findall(r"`([^`]+)`", "\n".join(column("on show"))):
        for part in filter(str.strip, text.split("…")):
            assert part in said, f"{text}: nothing in engine/ says {part!r}"


def texts() -> list[str]:
    """All text in the engine's code, with nothing where a value is put in."""
    return [
        node.value
        for file in sorted((ROOT / "engine").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
