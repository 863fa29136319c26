"""Reads the settings from their four sources, says where each came from, and what is wrong with them."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from engine.errors import WrongSetting
from engine.settings import Settings, without_password

FLAG, ENVIRONMENT, FILE, DEFAULT = "flag", "environment", "file", "default"

_ALL_THERE_ARE = "; `topn-tui config` shows all there are"

_SAMPLE: dict[str, str] = {
    "board.name": "interactives",
    "table.url": "mysql://reader@127.0.0.1:3306/webook",
    "table.name": "interactives",
    "table.score": "like_cnt",
    "table.columns": '["biz_id", "biz", "read_cnt"]',
    "feed.bootstrap_servers": "127.0.0.1:9092",
    "feed.topic": "webook_interactives",
    "store.url": "redis://127.0.0.1:6379/0",
}
"""The values that the commented sample shows set; all other fields are shown commented out."""


class Loaded(BaseModel, frozen=True):
    """Settings with the origin of each value: dotted path -> flag, environment, file or default."""

    settings: Settings
    origins: dict[str, str]
    file: Path | None


def default_file() -> Path:
    """Where the settings file is looked for when nobody names one: in the XDG config home."""
    return Path(platformdirs.user_config_dir("topn-tui")) / "topn.toml"


def default_log_file() -> Path:
    """Where the log is written when nobody names a file: in the XDG state home."""
    return Path(platformdirs.user_log_dir("topn-tui")) / "topn-tui.log"


def default_dead_letter_file(board_name: str) -> Path:
    """Where a board's dead letters are kept when nobody names a file: in the XDG state home."""
    folder = Path(platformdirs.user_state_dir("topn-tui")) / "dead-letters"
    return folder / f"{board_name.replace('/', '%2F')}.jsonl"


def load_settings(file: Path | None = None, flags: Mapping[str, Any] | None = None) -> Loaded:
    """Read and check all settings.

    Args:
        file: the TOML file; None: TOPN_CONFIG, else the default file if it exists.
        flags: dotted path -> value, from the command line.

    Raises:
        WrongSetting: one sentence that names the setting, the value and the next step.
    """
    path = _find_file(file)
    from_file = _read_toml(path) if path else {}
    nested_flags = _nested(flags or {})

    class Sources(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, _Given(settings_cls, environment), _Given(settings_cls, from_file)

    _check_names(from_file, str(path))
    _check_names(nested_flags, "the command line")
    environment = _environment()
    _check_names(environment, "the environment (TOPN_…)")
    as_given = (nested_flags, environment, from_file)
    nested_flags, environment, from_file = _one_secret_each(as_given)
    try:
        settings = Sources(**nested_flags)
    except ValidationError as error:
        raise WrongSetting(_sentence(error, (nested_flags, environment, from_file), path)) from None
    return Loaded(
        settings=Settings.model_construct(**dict(settings)),
        origins=_origins((nested_flags, environment, from_file), as_given),
        file=path,
    )


def sample_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings of the commented sample file, whatever the environment and files here say.

    Args:
        flags: dotted path -> value, from the command line.

    Raises:
        WrongSetting: as :func:`load_settings`.
    """
    nested_flags = _nested(flags or {})
    _check_names(nested_flags, "the command line")
    given = tomllib.loads(sample())

    class Sample(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, _Given(settings_cls, given)

    try:
        return Settings.model_construct(**dict(Sample(**nested_flags)))
    except ValidationError as error:
        raise WrongSetting(_sentence(error, (nested_flags, {}, given), None)) from None


_SECRETS = {
    "table": ("password", "password_file"),
    "store": ("password", "password_file"),
    "feed": ("sasl_password", "sasl_password_file"),
}
"""Section -> the settings that give its one secret."""


def _one_secret_each(layers: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """The layers, highest first, with each section's secret in the highest that gives one.

    A secret is given by itself, by a file or in the URL; merged by name, a lower source's password
    would go before a higher source's password file.
    """
    settled = tuple(dict(layer) for layer in layers)
    for section, names in _SECRETS.items():
        given = False
        for layer in settled:
            if not isinstance(layer.get(section), dict):
                continue
            values = without_password(layer[section])
            if given:
                values = {k: v for k, v in values.items() if k not in names}
            given = given or any(name in values for name in names)
            layer[section] = values
    return settled


class _Given(PydanticBaseSettingsSource):
    """A source that is a plain dictionary."""

    def __init__(self, settings_cls: type[BaseSettings], given: dict[str, Any]) -> None:
        super().__init__(settings_cls)
        self._given = given

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._given.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._given


def _find_file(file: Path | None) -> Path | None:
    named = file or (Path(os.environ["TOPN_CONFIG"]) if os.environ.get("TOPN_CONFIG") else None)
    if named is None:
        return default_file() if _is_file(default_file()) else None
    if not _is_file(named):
        origin = "--config" if file else "TOPN_CONFIG"
        raise WrongSetting(
            f"{origin}: no file {named}; `topn-tui config > {named}` writes one to start from"
        )
    return named


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # a folder that may not be entered, a name that is too long
        raise WrongSetting(f"{path!s:.200} cannot be read: {error.strerror}") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise WrongSetting(f"{path} is not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise WrongSetting(f"{path} cannot be read: {reason}") from None


def variable(dotted: str) -> str:
    """The environment variable of a setting: ``TOPN_TABLE__PASSWORD`` of ``table.password``."""
    return "TOPN_" + dotted.upper().replace(".", "__")


def _environment() -> dict[str, Any]:
    """The variables as a nested dictionary.

    Raises:
        WrongSetting: also for a variable that looks as if it were meant for us and is not known.
    """
    known = {*_names()}
    for name in os.environ:
        path = name.lower().removeprefix("topn_").replace("__", ".")
        section = re.split(r"[._]", path)[0]
        # Not every TOPN_…: a service called topn puts its own into each container of a cluster.
        meant = "." in path or (section in Settings.model_fields and section != path)
        if name.upper().startswith("TOPN_") and meant and path not in known:
            near = _near(path)
            hint = f"; did you mean {variable(near)}?" if near else _ALL_THERE_ARE
            raise WrongSetting(f"the environment: there is no setting {name}{hint}")
    try:
        return dict(EnvSettingsSource(Settings)())
    except ValueError as error:  # pydantic-settings: a section given as text that is not JSON
        raise WrongSetting(f"environment TOPN_…: {error}") from None


def _nested(flags: Mapping[str, Any]) -> dict[str, Any]:
    known = {path for path, _ in leaves()}
    nested: dict[str, Any] = {}
    for dotted, value in flags.items():
        *sections, name = dotted.split(".")
        if dotted not in known:  # also what would reach into a value as if it were a section
            return {dotted: value}
        level = nested
        for section in sections:
            level = level.setdefault(section, {})
        level[name] = value
    return nested


# ── names ─────────────────────────────────────────────────────────────────────────────────────


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


def _check_names(given: Mapping[str, Any], origin: str) -> None:
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
            hint = f"; did you mean {near}?" if near else _ALL_THERE_ARE
            raise WrongSetting(f"{origin}: there is no setting {path}{hint}")

    visit(given, "")


def _names() -> list[str]:
    """All settings and sections, dotted."""
    settings = [path for path, _ in leaves()]
    return [*settings, *{path.rpartition(".")[0]: None for path in settings}]


def _near(path: str) -> str | None:
    """The setting or section that was probably meant."""
    near = difflib.get_close_matches(path, _names(), n=1, cutoff=0.6)
    near += [p for p in _names() if p.rpartition(".")[2] == path.rpartition(".")[2]]
    return near[0] if near else None


# ── what is wrong, where it came from ─────────────────────────────────────────────────────────


def _sentence(
    error: ValidationError, sources: tuple[Mapping[str, Any], ...], path: Path | None
) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    dotted = ".".join(str(part) for part in first["loc"])
    fields = dict(leaves())
    setting = dotted if dotted in fields else ".".join(dotted.split(".")[:2])
    names = ("a flag", "the environment", str(path))
    origin = next(
        (n for n, s in zip(names, sources, strict=True) if _get(s, setting) is not None), "?"
    )
    reason = first["msg"].removeprefix("Value error, ")
    hidden = setting in fields and (is_secret(fields[setting]) or setting.endswith(".url"))
    value = "" if hidden else f" = {first['input']!r:.80}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{setting}{value} (from {origin}): {reason}{more}"


def _get(source: Mapping[str, Any], dotted: str) -> Any:
    level: Any = source
    for part in dotted.split("."):
        if not isinstance(level, Mapping) or part not in level:
            return None
        level = level[part]
    return level


def _origins(
    layers: tuple[Mapping[str, Any], ...], as_given: tuple[Mapping[str, Any], ...]
) -> dict[str, str]:
    """Where each setting came from; a secret that was in a URL is not in `as_given` by its name."""
    names = (FLAG, ENVIRONMENT, FILE)
    origins = {}
    for path, field in leaves():
        at = next((i for i, layer in enumerate(layers) if _get(layer, path) is not None), None)
        if at is None:
            origins[path] = DEFAULT
            continue
        in_url = is_secret(field) and _get(as_given[at], path) is None
        origins[path] = names[at] + (", in url" if in_url else "")
    return origins


def value_of(settings: Settings, dotted: str) -> Any:
    """The value at a dotted path."""
    value: Any = settings
    for part in dotted.split("."):
        value = getattr(value, part)
    return value


# ── for people ────────────────────────────────────────────────────────────────────────────────


def sample() -> str:
    """A commented settings file: every setting with its sentence and its default."""
    lines = [
        "# topn-tui settings. Flags and the environment (TOPN_BOARD__SIZE=20) go before this file.",
        "# Lines that start with # and a name show the default.",
    ]
    section = None
    for path, field in leaves():
        here, _, name = path.rpartition(".")
        if here != section:
            section = here
            lines += ["", f"[{here}]"]
        lines += [f"# {text}" for text in (field.description or "").splitlines()]
        if path in _SAMPLE:
            value = _SAMPLE[path]
            lines.append(f"{name} = {value if value.startswith('[') else toml_value(value)}")
        else:
            default = field.get_default()
            lines.append(f"# {name} = {'(not set)' if default is None else toml_value(default)}")
    return "\n".join(lines) + "\n"


def shown(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Effective values as (path, value, origin); secrets are masked."""
    rows = []
    for path, field in leaves():
        value = value_of(loaded.settings, path)
        masked = "********" if is_secret(field) and value is not None else toml_value(value)
        rows.append((path, masked, loaded.origins[path]))
    return rows


def toml_value(value: object) -> str:
    """A value as TOML writes it; what is not set is an empty string."""
    if isinstance(value, SecretStr):
        return '"********"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    text = "" if value is None else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
