"""What the settings are called: in the file, in the environment, and what a wrong name was meant for."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.errors import WrongSetting
from engine.settings import Settings

ALL_THERE_ARE = "`topn-tui config` shows all there are"

OTHER_VARIABLES = frozenset(
    {
        "TOPN_CONFIG",
        # of the tests, and of the services that they start
        "TOPN_NO_INSTALL",
        "TOPN_STACK_CACHE",
        "TOPN_STACK_KEEP",
        "TOPN_CHAOS_MUTANT",
        "TOPN_CHAOS_SEED",
        # of compose.yaml and the files its containers mount
        "TOPN_BINLOG_FILE",
        "TOPN_BINLOG_POSITION",
        "TOPN_CANAL_PASSWORD",
        "TOPN_FLAT_MESSAGE",
        "TOPN_KAFKA_PORT",
        "TOPN_MYSQL_PORT",
        "TOPN_MYSQL_ROOT_PASSWORD",
        "TOPN_PARTITIONS",
        "TOPN_READER_PASSWORD",
        "TOPN_REDIS_PASSWORD",
        "TOPN_REDIS_PORT",
    }
)
"""All variables of ours that are no settings."""


def leaves(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """All settings as (dotted path, field), in the order of the file."""
    for name, field in model.model_fields.items():
        section = _section(field)
        if section is None:
            yield prefix + name, field
    for name, field in model.model_fields.items():
        section = _section(field)
        if section is not None:
            yield from leaves(section, f"{prefix}{name}.")


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def is_secret(field: FieldInfo) -> bool:
    """Whether the field holds a secret."""
    return "SecretStr" in str(field.annotation)


def variable(dotted: str) -> str:
    """The environment variable of a setting: ``TOPN_TABLE__PASSWORD`` of ``table.password``."""
    return "TOPN_" + dotted.upper().replace(".", "__")


def check_names(given: Mapping[str, Any], origin: str) -> None:
    """Refuse what is no setting.

    Raises:
        WrongSetting: a name of `given` is unknown, or that of a section.
    """
    known = {path for path, _ in leaves()}
    sections = {*_names()} - known

    def visit(level: Mapping[str, Any], prefix: str) -> None:
        for name, value in level.items():
            path = prefix + name
            if path in known:
                continue
            if path in sections:
                if isinstance(value, Mapping):
                    visit(value, path + ".")
                    continue
                raise WrongSetting(f"{origin}: {path} is a section, not a value; write [{path}]")
            near = _near(path)
            hint = f"did you mean {near}?" if near else ALL_THERE_ARE
            raise WrongSetting(f"{origin}: there is no setting {path}; {hint}")

    visit(given, "")


def check_variables(names: Iterable[str] = os.environ) -> None:
    """Refuse a variable that was meant for us and is not known.

    One that resembles nothing of ours is left alone: a service called topn, say, puts its own
    ``TOPN_…`` into each container of a Kubernetes cluster.

    Raises:
        WrongSetting: a name begins with ``TOPN_``, is not known, and resembles one that is, or has
            the form of one.
    """
    known = {*map(variable, _names())} | OTHER_VARIABLES
    for name in names:
        upper = name.upper()
        if not upper.startswith("TOPN_") or upper in known:
            continue
        path = upper.lower().removeprefix("topn_").replace("__", ".")
        near = _near(path)
        if near is None and "." not in path:
            continue
        hint = f"did you mean {variable(near)}?" if near else ALL_THERE_ARE
        raise WrongSetting(f"the environment: there is no setting {name}; {hint}")


def _names() -> list[str]:
    """All settings and sections, dotted."""
    settings = [path for path, _ in leaves()]
    return [*settings, *{path.rpartition(".")[0]: None for path in settings}]


def _near(path: str) -> str | None:
    """The setting or section that was probably meant."""
    near = difflib.get_close_matches(path, _names(), n=1, cutoff=0.6)
    near += [p for p in _names() if p.rpartition(".")[2] == path.rpartition(".")[2]]
    return near[0] if near else None


def value_at(source: Mapping[str, Any], dotted: str) -> Any:
    """What a nested dictionary has at a dotted path; None where it has nothing."""
    level: Any = source
    for part in dotted.split("."):
        if not isinstance(level, Mapping) or part not in level:
            return None
        level = level[part]
    return level
