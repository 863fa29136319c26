"""docs/limits.md names constants with their values: they are the code's."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from engine.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/limits.md").read_text()
CONSTANTS = sorted(set(re.findall(r"`([A-Z][A-Z_]{3,})`", TEXT)))
SETTINGS = re.findall(r"`([a-z_]+)\.([a-z_]+)` \(([\d,]+)\)", TEXT)


def value_of(name: str) -> float:
    """The number that a module of ours gives this name."""
    found = set()
    for folder in ("engine", "topn_tui"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                    found.add(ast.literal_eval(node.value))
    (value,) = found
    assert isinstance(value, int | float)
    return value


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_is_there_and_its_value_is_told(name: str) -> None:
    value = value_of(name)
    (line, *_) = [line for line in TEXT.splitlines() if f"`{name}`" in line]
    told = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", line)]
    assert value in told or (name.endswith("_MS") and value / 1000 in told)


def test_the_settings_have_these_defaults() -> None:
    assert len(SETTINGS) >= 4
    for section, field, told in SETTINGS:
        default = getattr(getattr(Settings.model_construct(), section), field)
        assert default == int(told.replace(",", "")), f"{section}.{field}"
