"""What all tests share."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["tests.stack.fixtures", "tests.pipeline.fixtures"]


@pytest.fixture(autouse=True)
def _no_settings_from_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A developer's own settings must not decide a test, nor a test write into their folders."""
    home = tmp_path_factory.getbasetemp() / "home"
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    for name in ("TOPN_CONFIG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name, "").lower().startswith("zh"):
            monkeypatch.setenv(name, "C.UTF-8")  # the dashboard would be in Chinese
