"""Teeth: wrong scripts inside a real Redis are caught, each by the test that is meant for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.adapters.redis_scripts import ACQUIRE, WRITE
from tests.adapters.redis_mutants import MUTANTS, RedisMutant

HERE = Path(__file__).parent


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_replaces_is_in_the_script_once(mutant: RedisMutant) -> None:
    assert mutant.text not in (ACQUIRE, WRITE)


@pytest.mark.service
@pytest.mark.usefixtures("redis_server")
def test_each_wrong_script_is_caught_by_its_test(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    tests = sorted({str(HERE / mutant.caught_by) for mutant in MUTANTS})
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.adapters.redis_mutants"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--junit-xml={report}", *tests],
        capture_output=True,
        text=True,
        cwd=HERE.parents[1],
        timeout=200,
        check=False,
    )
    assert report.exists(), run.stdout + run.stderr
    caught = set(failed(report))
    assert caught == {mutant.name for mutant in MUTANTS}, run.stdout


def failed(report: Path) -> Iterator[str]:
    """The mutants under which a test has found something wrong; not those that it could not try."""
    for case in ElementTree.parse(report).iter("testcase"):  # it is our own
        found = case.find("failure")
        message = "" if found is None else found.get("message", "")
        if message.startswith(("AssertionError", "assert", "Failed: DID NOT RAISE")):
            name = case.get("name", "")
            yield from (mutant.name for mutant in MUTANTS if mutant.name in name)
