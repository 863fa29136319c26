"""The app's keys: the footer, the help and the command palette are made from these."""

from __future__ import annotations

from textual.binding import Binding

KEYS = (
    Binding("space", "pause", "Pause", tooltip="freeze the panels, never the engine; what is missed is counted"),
    Binding("escape", "let_go", "Live", show=False, key_display="esc",
            tooltip="from the past back to live; ends following"),
    Binding("slash", "find", "Find", key_display="/",
            tooltip="narrow events or evictions to a key, an operation, a verdict"),
    Binding("f", "follow", "Follow", tooltip="follow the row under the cursor; the same again: stop"),
    Binding("F", "follow_key", "Follow key", show=False, tooltip="follow a row by its key, whatever is known of it"),
    Binding("r", "refill", "Refill", tooltip="read the table again and swap the answer in"),
    Binding("a", "audit", "Audit", tooltip="compare the board with the table"),
    Binding("v", "reserve", "Reserve", tooltip="show the reserve below the board, and hide it"),
    Binding("n", "notices", "Notices", tooltip="all notices"),
    Binding("m", "maximise", "Max", tooltip="one panel over the whole screen, and back"),
    Binding("e", "export", "Export", tooltip="board, events or evictions into a CSV or JSON file"),
    Binding("c", "copy_row", "Copy", show=False, tooltip="the row under the cursor into the clipboard"),
    Binding("s", "picture", "Picture", show=False, tooltip="the screen as it is, as SVG, into the current folder"),
    Binding("question_mark", "help", "Help", key_display="?", tooltip="this help"),
    Binding("q", "quit", "Quit", tooltip="stop the engine and leave; once more: leave at once"),
    Binding("left,left_square_bracket", "step(-1)", "Back", show=False, key_display="← [",
            tooltip="pause; one event back"),
    Binding("right,right_square_bracket", "step(1)", "On", show=False, key_display="→ ]",
            tooltip="while paused: one event on"),
    Binding("shift+left", "step(-10)", "Ten back", show=False, key_display="⇧←", tooltip="ten events back"),
    Binding("shift+right", "step(10)", "Ten on", show=False, key_display="⇧→", tooltip="while paused: ten events on"),
    Binding("ctrl+home,home", "step(-1000000)", "Oldest", show=False, key_display="^home",
            tooltip="while paused: the oldest event"),
    Binding("ctrl+end,end", "step(1000000)", "Newest", show=False, key_display="^end",
            tooltip="while paused: the newest event"),
)  # fmt: skip

WORKLOAD_KEYS = (
    Binding("i", "workload('insert_outside')", "Insert", tooltip="insert a row outside the top"),
    Binding("t", "workload('insert_into_top')", "Insert top", tooltip="insert a row into the top"),
    Binding("u", "workload('update_in_top')", "Update top", tooltip="let the second row overtake the first"),
    Binding("plus", "workload('faster')", "Faster", key_display="+", tooltip="more traffic"),
    Binding("minus", "workload('slower')", "Slower", key_display="-", tooltip="less traffic"),
    Binding("x", "workload('pause')", "Traffic", tooltip="stop the traffic, and let it go on"),
    Binding("0", "workload('reset')", "Reset", show=False, tooltip="put the table back as it was at the start"),
)  # fmt: skip
"""Only where the table is there to be played with."""

LEAVE_FIRST = (
    "ctrl+p",
    "f",
    "e",
    "m",
    "n",
    "a",
    "r",
    "v",
    "minus",
    "plus",
    "x",
    "u",
    "t",
    "i",
    "space",
    "q",
)
"""Which keys the footer does without first where it is narrow. The help, which tells all, stays."""

WELCOME = "Made-up rows and traffic, all in this process: i t u write a row, ? explains"
"""What the notice line says where nothing else needs saying."""


def panel_keys(names: list[str]) -> list[Binding]:
    """A number for each panel, in screen order."""
    return [
        Binding(str(i), f"panel({name!r})", name.capitalize(), show=False, tooltip=f"go to {name}")
        for i, name in enumerate(names, 1)
    ]
