"""A binary heap drawn as the tree it is: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from topn_tui.panels.tones import Spans, Tone, spans


@dataclass(frozen=True, slots=True)
class Node:
    """One node: the ways its label may be written, longest first, and its tone."""

    labels: tuple[str, ...]
    tone: Tone = ""


def draw(nodes: Sequence[Node], width: int, height: int) -> tuple[list[Spans], int]:
    """The top levels of a heap that fit, and how many nodes that is.

    The longest way to write the labels is taken that costs no level.

    Args:
        nodes: in level order, root first.
        width: cells.
        height: lines; a level takes two, one for its branches.
    """
    by_height = min((height + 1) // 2, len(nodes).bit_length())
    ways = range(min((len(node.labels) for node in nodes), default=0))
    best = max(ways, key=lambda way: (_levels(nodes, way, width, by_height), -way), default=0)
    levels = _levels(nodes, best, width, by_height)
    lines: list[Spans] = []
    for level in range(levels):
        if level:
            lines.append(_branches(level, len(nodes), width))
        lines.append(_labels(nodes, best, level, width))
    return lines, min(len(nodes), 2**levels - 1)


def _levels(nodes: Sequence[Node], way: int, width: int, most: int) -> int:
    """How many levels have room for their labels, one blank between two."""
    for level in range(most):
        room = width // 2**level - (1 if level else 0)
        of_level = nodes[2**level - 1 : 2 ** (level + 1) - 1]
        if any(cell_len(node.labels[way]) > room for node in of_level):
            return level
    return most


def _centre(level: int, place: int, width: int) -> int:
    return int((place + 0.5) * width / 2**level)


def _labels(nodes: Sequence[Node], way: int, level: int, width: int) -> Spans:
    parts: list[tuple[str, Tone]] = []
    at = 0
    for place, node in enumerate(nodes[2**level - 1 : 2 ** (level + 1) - 1]):
        label = node.labels[way]
        left, right = (int((place + side) * width / 2**level) for side in (0, 1))
        start = _centre(level, place, width) - cell_len(label) // 2
        start = max(at, left, min(start, right - cell_len(label)))
        parts += [(" " * (start - at), ""), (label, node.tone)]
        at = start + cell_len(label)
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
