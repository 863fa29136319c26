"""`topn-tui config`: a sample that holds, and the truth about what is set."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from engine.configuration import load_settings, value_of
from engine.setting_names import is_secret, leaves
from tests.cli.conftest import Program

PATHS = [path for path, _ in leaves()]
ADDRESSES = {
    "board.name",
    "table.url",
    "table.name",
    "table.score",
    "table.columns",
    "feed.bootstrap_servers",
    "feed.topic",
    "store.url",
}
"""What the sample has switched on: nobody's default."""


def test_the_sample_is_toml_that_loads_and_shows_only_defaults_but_for_the_addresses(
    topn: Program, tmp_path: Path
) -> None:
    said = topn("config")
    assert (said.code, said.err) == (0, "")
    file = tmp_path / "topn.toml"
    file.write_text(said.out, "utf-8")
    loaded = load_settings(file)
    assert loaded.settings.missing() == []
    default = load_settings().settings
    given = tomllib.loads(said.out)
    for path in PATHS:
        if loaded.origins[path] == "file":
            assert value_of(loaded.settings, path) == _as_settings(given, path)
        else:
            assert value_of(loaded.settings, path) == value_of(default, path)
    assert {path for path in PATHS if loaded.origins[path] == "file"} == ADDRESSES


def test_the_sample_has_every_setting_once_with_a_sentence(topn: Program) -> None:
    section, found, above = "", [], ""
    for line in topn("config").out.splitlines():
        if header := re.fullmatch(r"\[([\w.]+)\]", line):
            section = header[1]
        elif setting := re.match(r"(?:# )?(\w+) = ", line):
            found.append(f"{section}.{setting[1]}")
            assert re.match(r"# \S.*\S", above), line
        above = line
    assert sorted(found) == sorted(PATHS)


def test_the_commented_defaults_are_the_defaults(topn: Program, tmp_path: Path) -> None:
    lines = topn("config").out.splitlines()
    switched_on = [
        line[2:] if re.match(r"# \w+ = (?!\(not set\))", line) else line for line in lines
    ]
    file = tmp_path / "topn.toml"
    file.write_text("\n".join(switched_on), "utf-8")
    loaded, default = load_settings(file), load_settings().settings
    on = {path for path, origin in loaded.origins.items() if origin == "file"}
    assert len(on) > len(ADDRESSES) + 20
    for path in on - ADDRESSES:
        assert value_of(loaded.settings, path) == value_of(default, path), path


def test_the_effective_settings_and_where_they_came_from(
    topn: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "topn.toml"
    file.write_text('[board]\nsize = 3\n[store]\nurl = "redis://u:geheim@h:1/0"\n')
    monkeypatch.setenv("TOPN_TABLE__COLUMNS", "a,b")
    said = topn("config", "--config", str(file), "--show", "--set", "board.name=flagged")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == f"# file: {file}"
    shown = dict(line.split(" = ", 1) for line in lines[1:])
    assert list(shown) == PATHS
    assert re.sub(r" +", " ", shown["board.name"]) == '"flagged" # flag'
    assert re.sub(r" +", " ", shown["board.size"]) == "3 # file"
    assert re.sub(r" +", " ", shown["table.columns"]) == '["a", "b"] # environment'
    assert re.sub(r" +", " ", shown["table.key"]) == '"id" # default'
    assert re.sub(r" +", " ", shown["store.url"]) == '"redis://u@h:1/0" # file'
    assert re.sub(r" +", " ", shown["store.password"]) == "******** # file, in url"


def test_what_is_shown_obeys_no_terminal(topn: Program, tmp_path: Path) -> None:
    file = tmp_path / "topn.toml"
    file.write_text('[table]\nname = "a\\u001b[31m\\u009b\\u202e\\n[bold]"\n', "utf-8")
    said = topn("config", "--config", str(file), "--show")
    assert said.code == 0
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said.out)
    assert "␛[31m" in said.out
    assert "[bold]" in said.out


def test_a_secret_is_known_as_one() -> None:
    secrets = {path for path, field in leaves() if is_secret(field)}
    assert secrets == {
        "table.password",
        "feed.sasl_password",
        "store.password",
        "walkthrough.password",
    }
    assert {f"{path}_file" for path in secrets} <= set(PATHS)


def _as_settings(given: dict[str, object], path: str) -> object:
    value: object = given
    for part in path.split("."):
        assert isinstance(value, dict)
        value = value[part]
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("view.theme=purple", "view.theme = 'purple': there is no such theme"),
        ("keys.pause=f", "keys.pause = 'f': f is the key of keys.follow, too"),
        ("keys.pause=ctrl+foo", "keys.pause = 'ctrl+foo': there is no key 'ctrl+foo'"),
        ("feed.bootstrap_servers=a:b:c", "Kafka bootstrap servers 'a:b:c': this is not host:port"),
    ],
)
@pytest.mark.parametrize("all_set", [False, True])
def test_what_the_dashboard_refuses_is_not_shown_as_effective(
    topn: Program, complete: Path, setting: str, told: str, all_set: bool
) -> None:
    file = ("--config", str(complete)) if all_set else ()
    said = topn("config", "--show", *file, "--set", setting)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"topn-tui: {told}")
    if all_set:
        assert topn(*file, "--set", setting).err == said.err
