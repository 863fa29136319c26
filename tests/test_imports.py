"""What is imported, and by whom: a program that only helps or reads must not wait for drivers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"textual", "rich", "aiokafka", "redis", "aiomysql", "pymysql", "google.protobuf"}


def imported_by(statement: str) -> set[str]:
    """Which of the heavy modules this statement brings in."""
    program = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return HEAVY & set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import engine", set()),
        ("import engine.core", set()),
        ("import engine.settings, engine.configuration, engine.errors, engine.status", set()),
        ("import engine.runtime", set()),
        ("import engine.formats", {"google.protobuf"}),
        ("import topn_tui.cli, topn_tui.headless, topn_tui.logs", {"rich"}),
        ("import topn_tui.query", {"rich", "redis"}),
    ],
)
def test_only_what_is_needed_is_loaded(statement: str, allowed: set[str]) -> None:
    assert imported_by(statement) <= allowed


def test_the_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout
