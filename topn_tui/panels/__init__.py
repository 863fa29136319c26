"""The panels, in screen order. A panel is a function of a status; it touches only what differs."""

from topn_tui.language import mark
from topn_tui.panels.board import Board
from topn_tui.panels.events import Events
from topn_tui.panels.evictions import Evictions
from topn_tui.panels.heap import Heap
from topn_tui.panels.pipeline import Pipeline

PANELS = {
    "board": Board,
    "heap": Heap,
    "events": Events,
    "evictions": Evictions,
    "pipeline": Pipeline,
}
"""Their names, which are also their widgets' ids, and classes."""

TITLES = {
    "board": mark("Board"),
    "heap": mark("Heap"),
    "events": mark("Events"),
    "evictions": mark("Evictions"),
    "pipeline": mark("Pipeline"),
}
"""What a person calls them, for tabs and keys."""

__all__ = ["PANELS", "TITLES", "Board", "Events", "Evictions", "Heap", "Pipeline"]
