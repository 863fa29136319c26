"""Keys by the settings: what is wrong with them, and what a key is called where a text names it."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.keys import Keys, format_key
from textual.widget import Widget

from engine.errors import WrongSetting
from engine.key_settings import KeysSection
from topn_tui.keys import KEYS, LIST_KEYS, OVER_KEYS, WORKLOAD_KEYS

DEFAULTS: dict[str, str] = {name: field.default for name, field in KeysSection.model_fields.items()}
"""Action -> its keys where nothing is set."""

_MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")
_BASES = {key.value.rpartition("+")[2] for key in Keys if key.value[0] != "<"} - {
    "ctrl-at",
    "return",
}
_NAMED = {of for of in _BASES if len(of) > 1} - {
    "backslash",
    "right_square_bracket",
    "circumflex_accent",
    "underscore",
}
_CHOOSING = {"write", "previous_choice", "next_choice"}
_EVERYWHERE = {"back", "palette", "next_panel", "previous_panel"}
_TOGETHER = (set(DEFAULTS) - _CHOOSING, _CHOOSING | _EVERYWHERE)
"""Actions of which any two may be within reach at once."""
_BESIDE_TYPING = ("back", "write", "palette")
_STAYS = {"ctrl+c": None, "ctrl+z": None, "tab": "next_panel", "shift+tab": "previous_panel"}
"""Keys that keep their meaning, and the action that may have each."""
_SIGNS = {"escape": "esc", "pageup": "PgUp", "pagedown": "PgDn"}


def keymap_of(keys: KeysSection) -> dict[str, str]:
    """Action -> keys of those that differ from the defaults, for Textual's ``App.set_keymap``.

    Raises:
        WrongSetting: a key is unknown, missing, needed elsewhere, or would do two things at once.
    """
    chosen = {name: _keys(name, getattr(keys, name)) for name in DEFAULTS}
    default = {name: _keys(name, of) for name, of in DEFAULTS.items()}
    for group in _TOGETHER:
        owners: dict[str, str] = {}
        for name in (of for of in DEFAULTS if of in group):
            for key in chosen[name]:
                other = owners.setdefault(key, name)
                if other != name and not (key in default[name] and key in default[other]):
                    new, old = (other, name) if key in default[name] else (name, other)
                    raise WrongSetting(
                        f"keys.{new} = {getattr(keys, new)!r}: {key} is the key of keys.{old}, too; "
                        f"choose another key, or give keys.{old} another"
                    )
    return {name: ",".join(of) for name, of in chosen.items() if of != default[name]}


def _keys(action: str, written: str) -> tuple[str, ...]:
    """The names of keys as Textual has them."""
    keys = tuple(_key(action, written, part.strip()) for part in written.split(","))
    for key in keys:
        if _STAYS.get(key, action) != action:
            raise WrongSetting(
                f"keys.{action} = {written!r}: {key} keeps its meaning; choose another key"
            )
        if action in _BESIDE_TYPING and is_typed(key):
            raise WrongSetting(
                f"keys.{action} = {written!r}: {key} is a character, and needed where text is typed; "
                "choose a key such as f4 or ctrl+b"
            )
    return keys


def _key(action: str, written: str, part: str) -> str:
    if not part:
        raise WrongSetting(
            f"keys.{action} = {written!r}: every action must have a key; write one, such as f5 "
            "(a comma's own name is comma)"
        )
    *modifiers, base = ["+"] if part == "+" else part.split("+")
    wrong = [of for of in modifiers if of not in _MODIFIERS]
    if not wrong and (base in _NAMED or _character(base) is not None):
        sign = _character(base)
        if modifiers == ["shift"] and sign is not None:
            raise WrongSetting(
                f"keys.{action} = {written!r}: a terminal sends the character itself; write "
                f"{sign.upper()!r} without shift"
            )
        return "+".join((*sorted(modifiers), base if sign is None else _name(sign)))
    near = difflib.get_close_matches(part.lower(), [*_NAMED, *_MODIFIERS], n=1)
    hint = f"did you mean {near[0]}?" if near else "write one such as p, f5, ctrl+t, space or slash"
    raise WrongSetting(f"keys.{action} = {written!r}: there is no key {part!r}; {hint}")


def _character(name: str) -> str | None:
    """The sign that a key types, of its name; None where it types none."""
    if name in _NAMED and name != "space":
        return None
    if name == "space":
        return " "
    sign = name if len(name) == 1 else format_key(name)
    if len(sign) == 1 and sign.isprintable():
        return sign
    try:
        return unicodedata.lookup(name.replace("_", " ").upper())
    except KeyError:
        return None


def _name(sign: str) -> str:
    from textual.keys import _character_to_key  # as set_keymap itself does

    return _character_to_key(sign)


def is_typed(key: str) -> bool:
    """Whether the key, by Textual's name, writes a character where text is typed."""
    *modifiers, base = key.split("+")
    return not modifiers and _character(base) is not None


# ── for texts ──────────────────────────────────────────────────────────────────────────────────


_WRITTEN = {
    of.id: of.key_display
    for of in (*KEYS, *LIST_KEYS, *OVER_KEYS, *WORKLOAD_KEYS)
    if of.key_display
}


def shown(keys: str) -> str:
    """Keys as a text names them: ``⇧← ^t esc``."""
    return " ".join(_shown(key.strip()) for key in keys.split(","))


def _shown(key: str) -> str:
    *modifiers, base = key.split("+")
    name = _SIGNS.get(base) or format_key(base)
    held = "".join("^" if of == "ctrl" else f"{of}+" for of in modifiers)
    return held + name


def key_of(node: Widget | App[Any], action: str, *, all_keys: bool = False) -> str:
    """What the key of an action is called just now; its first where it has several."""
    app = node if isinstance(node, App) else node.app
    remapped: Mapping[str, str] = getattr(app, "remapped", {})
    if action not in remapped and all_keys and action in _WRITTEN:
        return str(_WRITTEN[action])
    keys = remapped.get(action, DEFAULTS[action])
    return shown(keys if all_keys else keys.split(",")[0])
