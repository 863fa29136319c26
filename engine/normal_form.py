"""One normal form for each column type: the conversions behind :mod:`engine.columns`.

Each takes a value that is not NULL and raises ValueError, with the value in it, for what it cannot
read. Nothing here knows columns or tables; the ``*_reader`` functions take a type's arguments and
return the conversion for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Context, Decimal
from typing import NoReturn

from engine.told import told

_INTEGER = re.compile(r"-?[0-9]{1,400}")
_DECIMAL = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?")
_FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(r"(-?[0-9]+[-:][0-9]+[-:][0-9]+(?: [0-9]+:[0-9]+:[0-9]+)?)(?:\.([0-9]+))?")
_EXACT = Context(prec=1000)
"""More digits than MySQL's 65 or the 800 that _DECIMAL lets in: quantize never rounds."""


INTEGER_DIGITS = 20
"""Of MySQL's greatest integer, BIGINT UNSIGNED. A longer one is damage, and no double may hold it."""


def integer(text: str) -> int:
    """An integer as Canal writes it; a YEAR of zero is ``0000``."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > INTEGER_DIGITS:
        raise _refusal(text, told("an integer"))
    return int(text)


def integer_of_value(value: object) -> int:
    if type(value) is not int:
        raise _refusal(value, told("an integer"))
    return value


def bits_of_value(value: object) -> int:
    """A BIT as a SELECT gives it: big-endian bytes."""
    return int.from_bytes(value, "big") if isinstance(value, bytes) else integer_of_value(value)


def decimal_reader(scale: int) -> Callable[[str], Decimal]:
    """Plain digits -> Decimal with the column's number of decimals.

    Digits beyond the scale (a row written just after an ALTER) stay: the value is kept, not its look.
    """
    unit = Decimal(1).scaleb(-scale)
    zero = Decimal(0).quantize(unit)

    def read(text: str) -> Decimal:
        if _DECIMAL.fullmatch(text) is None:
            raise _refusal(text, told("a decimal number"))
        value = Decimal(text)
        if not value:
            return zero
        scaled = value.quantize(unit, context=_EXACT)
        return scaled if scaled == value else value

    return read


def float_reader(*, single: bool) -> Callable[[str], float]:
    """Decimal or scientific notation -> float; of a FLOAT only the 6 digits that MySQL shows."""

    def read(text: str) -> float:
        if _FLOAT.fullmatch(text) is None:
            raise _refusal(text, told("a floating-point number"))
        return float(f"{float(text):.6g}") if single else float(text)

    return read


def number_text(value: object) -> str:
    """A number as a SELECT gives it, as text without loss."""
    # A Decimal's "f" format is plain digits; a float's str is its shortest exact form.
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def enum_reader(labels: tuple[str, ...]) -> Callable[[str], str]:
    """Canal's 1-based index -> label; 0 is the empty label. A label itself is let through."""
    by_text = {label: label for label in labels}
    by_text |= {str(i): label for i, label in enumerate(("", *labels))}  # an index wins

    def read(text: str) -> str:
        label = by_text.get(text)
        if label is None:
            raise _refusal(text, told("an index or label of an ENUM of {count}", count=len(labels)))
        return label

    return read


def set_reader(labels: tuple[str, ...]) -> Callable[[str], str]:
    """Canal's bit mask -> labels in definition order, joined by commas. Labels are let through."""

    def read(text: str) -> str:
        if _INTEGER.fullmatch(text) is not None:
            mask = int(text)
            if 0 <= mask < 1 << len(labels):
                return ",".join(label for i, label in enumerate(labels) if mask >> i & 1)
        parts = set(text.split(",")) if text else set()
        if not parts <= set(labels):
            raise _refusal(text, told("a mask or labels of a SET of {count}", count=len(labels)))
        return ",".join(label for label in labels if label in parts)

    return read


def latin1_reader(length: int) -> Callable[[str], bytes]:
    """Canal's latin-1 text -> bytes, at least ``length`` of them: a BINARY(n) loses its trailing
    zero bytes in the binlog."""

    def read(text: str) -> bytes:
        try:
            return text.encode("latin-1").ljust(length, b"\0")
        except UnicodeEncodeError as error:
            raise _refusal(text, told("bytes written as latin-1")) from error

    return read


def bytes_of_value_reader(length: int) -> Callable[[object], bytes | str]:
    """Bytes as a SELECT gives them. Text stays text: a type we do not know (UUID, INET6) shows so."""

    def read(value: object) -> bytes | str:
        if isinstance(value, str):
            return value
        if not isinstance(value, bytes):
            raise _refusal(value, told("bytes"))
        return value.ljust(length, b"\0")

    return read


def text_of_value(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return value.decode()
    raise _refusal(value, told("text"))


def compact_json(text: str) -> str:
    """JSON text without spaces, keys sorted; text that does not parse stays as it is."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    except (ValueError, RecursionError):
        return text


def temporal_reader(decimals: int) -> Callable[[str], str]:
    """A date or time as text, with as many decimals of a second as the column declares."""

    def read(text: str) -> str:
        match = _TIME.fullmatch(text)
        if match is None:
            raise _refusal(text, told("a date or time"))
        whole, fraction = match[1], match[2] or ""
        return f"{whole}.{fraction[:decimals]:0<{decimals}}" if decimals else whole

    return read


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _refusal(value: object, wanted: str) -> ValueError:
    shown = value if isinstance(value, str) else repr(value)
    cut = f"{shown[:60]!r}{'…' if len(shown) > 60 else ''}"
    return ValueError(told("{value} is not {wanted}", value=cut, wanted=wanted))
