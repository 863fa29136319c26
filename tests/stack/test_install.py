"""What the stack starts is what its installation looks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.stack import install, jars, programs


def test_every_program_that_the_tests_require_is_installed_by_them() -> None:
    required = {
        program
        for file in Path(__file__).parents[1].rglob("*.py")
        for program in re.findall(r"\brequire\([\"']([\w.-]+)[\"']\)", file.read_text("utf-8"))
    }
    assert {"mariadbd", "redis-server", "mvn", "openssl"} <= required
    assert required <= programs.SERVERS.keys() | programs.BUILD_TOOLS.keys()


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("program", programs.SERVERS)
def test_what_is_missing_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, program: str, built: bool
) -> None:
    monkeypatch.setattr(install, "find", lambda name: None if name == program else Path("/x"))
    monkeypatch.setattr(install, "java", lambda: Path("/x"))
    monkeypatch.setattr(jars, "are_built", lambda: built)
    assert install.missing_packages() == {program: programs.SERVERS[program]}
