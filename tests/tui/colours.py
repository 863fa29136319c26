"""What people see of a colour: contrast, and how far two are apart for each kind of colour vision."""

from __future__ import annotations

from typing import TypeAlias

Rgb: TypeAlias = tuple[float, float, float]
"""Red, green, blue, 0 to 255."""

VISIONS: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red cones": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green cones": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue cones": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""Matrices on linear RGB: Machado, Oliveira, Fernandes 2009, severity 1.0."""

_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.95047, 1.0, 1.08883)


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG 2's contrast ratio: 1 for equal colours, 21 for black on white."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def apart(one: Rgb, other: Rgb, vision: str) -> float:
    """The distance in CIE Lab (1976); 2.3 is just noticed side by side."""
    pairs = zip(_lab(one, vision), _lab(other, vision), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def _linear(of: float) -> float:
    of /= 255
    return of / 12.92 if of <= 0.04045 else ((of + 0.055) / 1.055) ** 2.4


def _luminance(of: Rgb) -> float:
    return sum(w * _linear(c) for w, c in zip(_TO_XYZ[1], of, strict=True))


def _times(matrix: tuple[Rgb, Rgb, Rgb], of: list[float]) -> list[float]:
    return [sum(m * c for m, c in zip(row, of, strict=True)) for row in matrix]


def _lab(of: Rgb, vision: str) -> tuple[float, float, float]:
    seen = [min(1.0, max(0.0, c)) for c in _times(VISIONS[vision], [_linear(c) for c in of])]
    ratios = [c / white for c, white in zip(_times(_TO_XYZ, seen), _WHITE, strict=True)]
    x, y, z = (r ** (1 / 3) if r > 216 / 24389 else (24389 / 27 * r + 16) / 116 for r in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
