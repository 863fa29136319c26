"""Reads compose.yaml and Java's properties as their programs do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
CANAL_PROPERTIES = ROOT / "canal" / "canal.properties"
INSTANCE_PROPERTIES = ROOT / "canal" / "instance.properties"
MOUNTED_INSTANCE = "/home/admin/canal-server/conf/example/instance.properties"

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<how>:-|:\+)(?P<word>[^}]*))?\})")


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """The text with its variables filled in: `${A}`, `${A:-default}`, `${A:+if set}`, `$$`."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        given = environment.get(found["name"], "")
        match found["how"]:
            case ":-":
                return given or found["word"]
            case ":+":
                return found["word"] if given else ""
        return given

    return _VARIABLE.sub(value, text)


def variables() -> dict[str, set[str]]:
    """The variables of compose.yaml -> their defaults there."""
    found: dict[str, set[str]] = {}
    for match in _VARIABLE.finditer(COMPOSE.read_text()):
        if match["name"]:
            defaults = found.setdefault(match["name"], set())
            if match["how"] == ":-":
                defaults.add(match["word"])
    return found


def compose(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """compose.yaml with its variables filled in, as Compose does: in values, after parsing."""

    def filled(node: Any) -> Any:
        match node:
            case dict():
                return {key: filled(value) for key, value in node.items()}
            case list():
                return [filled(value) for value in node]
            case str():
                return interpolated(node, environment or {})
        return node

    found = filled(yaml.load(COMPOSE.read_text(), _NoRepeatedKeys))
    assert isinstance(found, dict)
    return found


class _NoRepeatedKeys(yaml.SafeLoader):
    """YAML says that a key may not be there twice; the library takes the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key is there twice: {keys}"
        return dict(super().construct_mapping(node, deep))


def properties(path: Path) -> dict[str, list[str]]:
    """Key -> its values (one, unless it is there twice), read as java.util.Properties does."""
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", "", path.read_text("latin-1")).splitlines():
        line = line.lstrip()
        if line and line[0] not in "#!":
            key, value = re.match(r"((?:\\.|[^\\:=\s])+)\s*[:=]?\s*(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
            found.setdefault(_unescaped(key), []).append(_unescaped(value))
    return found


def offered(path: Path) -> set[str]:
    """The settings that a file names in lines that are commented out: `#name = value`."""
    return set(re.findall(r"^#([\w.]+) = ", path.read_text(), re.MULTILINE))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"t": "\t", "n": "\n"}.get(found[1], found[1]), text)
