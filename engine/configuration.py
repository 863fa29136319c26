"""Reads the settings from their four sources, and says where each came from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from engine.errors import WrongSetting
from engine.setting_mistakes import sentence
from engine.setting_names import (
    check_names,
    check_variables,
    is_secret,
    leaves,
    value_at,
)
from engine.settings import Settings, without_password

FLAG, ENVIRONMENT, FILE, DEFAULT = "flag", "environment", "file", "default"

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
    check_names(from_file, str(path))
    return _checked(_nested(flags or {}), _environment(), from_file, path)


def sample_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings of the commented sample file, whatever the environment and files here say.

    Args:
        flags: dotted path -> value, from the command line.

    Raises:
        WrongSetting: as :func:`load_settings`.
    """
    return _checked(_nested(flags or {}), {}, tomllib.loads(sample()), None).settings


def _checked(
    flags: dict[str, Any], environment: dict[str, Any], from_file: dict[str, Any], path: Path | None
) -> Loaded:

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

    check_names(flags, "the command line")
    check_names(environment, "the environment (TOPN_…)")
    as_given = (flags, environment, from_file)
    flags, environment, from_file = _one_secret_each(as_given)
    layers = (flags, environment, from_file)
    try:
        settings = Sources(**flags)
    except ValidationError as error:
        names = ("a flag", "the environment", str(path) if path else "the sample file")
        raise WrongSetting(sentence(error, layers, names)) from None
    return Loaded(
        # not dict(settings): that would call the section `keys`
        settings=Settings.model_construct(**{name: of for name, of in settings}),  # noqa: C416
        origins=_origins(layers, as_given),
        file=path,
    )


_SECRETS = {
    section: (name, f"{name}_file")
    for section, _, name in (path.rpartition(".") for path, field in leaves() if is_secret(field))
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
    origin = "--config" if file else "TOPN_CONFIG"
    if os.path.isdir(named):  # pathlib's raises for a name that is too long
        raise WrongSetting(
            f"{origin}: {named} is a folder; name the settings file itself, e.g. "
            f"{named / 'topn.toml'}"
        )
    if not _is_file(named):
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


def _environment() -> dict[str, Any]:
    """The variables as a nested dictionary.

    Raises:
        WrongSetting: also for a variable that looks as if it were meant for us and is not known.
    """
    check_variables()
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


# ── where it came from ──────────────────────────────────────────────────────────────────────


def _origins(
    layers: tuple[Mapping[str, Any], ...], as_given: tuple[Mapping[str, Any], ...]
) -> dict[str, str]:
    """Where each setting came from; a secret that was in a URL is not in `as_given` by its name."""
    names = (FLAG, ENVIRONMENT, FILE)
    origins = {}
    for path, field in leaves():
        at = next((i for i, layer in enumerate(layers) if value_at(layer, path) is not None), None)
        if at is None:
            origins[path] = DEFAULT
            continue
        in_url = is_secret(field) and value_at(as_given[at], path) is None
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
    """Effective values as (path, value, origin); secrets are masked, defaults worked out."""
    worked_out = _worked_out(loaded.settings)
    rows = []
    for path, field in leaves():
        value, origin = value_of(loaded.settings, path), loaded.origins[path]
        if value in (None, "") and worked_out.get(path):
            value, origin = worked_out[path], f"{origin}, worked out"
        masked = "********" if is_secret(field) and value is not None else toml_value(value)
        rows.append((path, masked, origin))
    return rows


def _worked_out(settings: Settings) -> dict[str, Any]:
    """What stands for a setting that is not set, and depends on others or on the machine."""
    name = settings.board_name
    return {
        "board.name": name,
        "board.reserve": settings.reserve,
        "feed.group_id": settings.group_id if name else None,
        "log.file": default_log_file(),
        "dead_letters.file": default_dead_letter_file(name) if name else None,
    }


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
