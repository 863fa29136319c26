"""The app's keys: the footer, the help and the command palette are made from these."""

from __future__ import annotations

from textual.binding import Binding

KEYS = (
    Binding("space", "pause", "Pause", tooltip="freeze the panels, never the engine; what is missed is counted"),
    Binding("r", "refill", "Refill", tooltip="read the table again and swap the answer in"),
    Binding("a", "audit", "Audit", tooltip="compare the board with the table"),
    Binding("v", "reserve", "Reserve", tooltip="show the reserve below the board, and hide it"),
    Binding("n", "notices", "Notices", tooltip="all notices"),
    Binding("m", "maximise", "Max", tooltip="one panel over the whole screen, and back"),
    Binding("question_mark", "help", "Help", key_display="?", tooltip="this help"),
    Binding("q", "quit", "Quit", tooltip="stop the engine and leave; once more: leave at once"),
)  # fmt: skip


def panel_keys(names: list[str]) -> list[Binding]:
    """A number for each panel, in screen order."""
    return [
        Binding(str(i), f"panel({name!r})", name.capitalize(), show=False, tooltip=f"go to {name}")
        for i, name in enumerate(names, 1)
    ]
