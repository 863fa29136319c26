"""A binary heap drawn as the tree it is: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from topn_tui.panels.tones import Spans, Tone, spans

ENOUGH_LEVELS = 3
"""So many levels with keys are better than more without."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node: the ways its label may be written, longest first, and its tone."""

    labels: tuple[str, ...]
    tone: Tone = ""


def draw(nodes: Sequence[Node], width: int, height: int) -> tuple[list[Spans], int]:
    """The top levels of a heap that fit, and how many nodes that is.

    The longest way to write the labels is taken that leaves three levels (or all there are), for a
    tree without keys tells less than a lower one; failing that, the one with the most levels.

    Args:
        nodes: in level order, root first.
        width: cells.
        height: lines; a level takes two, one for its branches.
    """
    by_height = min((height + 1) // 2, len(nodes).bit_length())
    count = min((len(node.labels) for node in nodes), default=0)
    levels_of = [_levels(nodes, way, width, by_height) for way in range(count)]
    levels = max(levels_of, default=0)
    best = next((w for w, n in enumerate(levels_of) if n >= min(ENOUGH_LEVELS, levels)), 0)
    levels = levels_of[best] if levels_of else 0
    lines: list[Spans] = []
    for level in range(levels):
        if level:
            lines.append(_branches(level, len(nodes), width))
        lines.append(_labels(nodes, best, level, width))
    return lines, min(len(nodes), 2**levels - 1)


def _levels(nodes: Sequence[Node], way: int, width: int, most: int) -> int:
    """How many levels have room for their labels."""
    return next((n for n in range(most) if _starts(nodes, way, n, width) is None), most)


def _starts(nodes: Sequence[Node], way: int, level: int, width: int) -> list[int] | None:
    """Where each label of a level begins; None if one would not stand under its branch."""
    starts: list[int] = []
    free = 0
    for place, node in enumerate(nodes[2**level - 1 : 2 ** (level + 1) - 1]):
        size, centre = cell_len(node.labels[way]), _centre(level, place, width)
        start = max(free, min(centre - size // 2, width - size))
        if not start <= centre < start + size or start + size > width:
            return None
        starts.append(start)
        free = start + size + 1
    return starts


def _centre(level: int, place: int, width: int) -> int:
    return int((place + 0.5) * width / 2**level)


def _labels(nodes: Sequence[Node], way: int, level: int, width: int) -> Spans:
    parts: list[tuple[str, Tone]] = []
    at = 0
    of_level = nodes[2**level - 1 : 2 ** (level + 1) - 1]
    for node, start in zip(of_level, _starts(nodes, way, level, width) or (), strict=True):
        parts += [(" " * (start - at), ""), (node.labels[way], node.tone)]
        at = start + cell_len(node.labels[way])
    return spans(*parts)


def _branches(level: int, count: int, width: int) -> Spans:
    line = [" "] * width
    for place in range(2 ** (level - 1)):
        first_child = 2**level - 1 + 2 * place
        if first_child >= count:
            break
        middle = _centre(level - 1, place, width)
        left = _centre(level, 2 * place, width)
        right = _centre(level, 2 * place + 1, width) if first_child + 1 < count else None
        line[left] = "╭"
        line[left + 1 : middle] = "─" * (middle - left - 1)
        line[middle] = "╯" if right is None else "┴"
        if right is not None:
            line[middle + 1 : right] = "─" * (right - middle - 1)
            line[right] = "╮"
    return spans(("".join(line).rstrip(), "faint"))
