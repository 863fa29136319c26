"""What is wrong with a value, in one sentence: the setting, the value, its source, what to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annotated_types import Ge, Gt, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from engine.setting_names import ALL_THERE_ARE, is_secret, leaves, value_at

_NUMBERS = {
    *("int_parsing", "int_type", "int_from_float", "int_parsing_size"),
    *("greater_than", "greater_than_equal", "less_than", "less_than_equal"),
}


def sentence(
    error: ValidationError, sources: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> str:
    """The first mistake, and how many more there are.

    Args:
        error: what pydantic found.
        sources: nested dictionaries, the one that goes first first.
        names: what each of the `sources` is called.
    """
    first = error.errors(include_url=False)[0]
    dotted = ".".join(str(part) for part in first["loc"])
    fields = dict(leaves())
    setting = dotted if dotted in fields else ".".join(dotted.split(".")[:2])
    origin = next(
        (n for n, s in zip(names, sources, strict=True) if value_at(s, setting) is not None), "?"
    )
    field = fields.get(setting)
    hidden = field is not None and (is_secret(field) or setting.endswith(".url"))
    value = "" if hidden else f" = {first['input']!r:.80}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{setting}{value} (from {origin}): {_next_step(first, field)}{more}"


def _next_step(mistake: ErrorDetails, field: FieldInfo | None) -> str:
    """What to write instead; pydantic's own words only where we have none."""
    context = mistake.get("ctx", {})
    match mistake["type"]:
        case kind if kind in _NUMBERS:
            return "write a whole number" + (_bounds(field) if field else "")
        case "bool_parsing" | "bool_type":
            return "write true or false"
        case "literal_error":
            return f"write {context['expected']}"
        case "string_type":
            return "write text, between quotation marks"
        case "string_too_long":
            return f"too long; write at most {context['max_length']} characters"
        case "tuple_type":
            return 'write a list of names: ["a", "b"]'
        case "extra_forbidden":
            return f"there is no such setting; {ALL_THERE_ARE}"
    return mistake["msg"].removeprefix("Value error, ")


def _bounds(field: FieldInfo) -> str:
    least = [int(str(of.ge)) for of in field.metadata if isinstance(of, Ge)]
    least += [int(str(of.gt)) + 1 for of in field.metadata if isinstance(of, Gt)]
    most = [int(str(of.le)) for of in field.metadata if isinstance(of, Le)]
    said = [f"at least {of:,}" for of in sorted(least)[-1:]]
    said += [f"at most {of:,}" for of in sorted(most)[:1]]
    return "".join(f", {bound}" for bound in said)
