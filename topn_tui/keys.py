"""The app's keys: the footer, the help and the command palette are made from these."""

from __future__ import annotations

from textual.binding import Binding

from engine.told import told
from topn_tui.language import mark

KEYS = (
    Binding("space", "pause", mark("Pause"),
            tooltip=mark("freeze the panels, never the engine; what is missed is counted")),
    Binding("escape", "let_go", mark("Live"), show=False, key_display="esc",
            tooltip=mark("from the past back to live; ends following")),
    Binding("slash", "find", mark("Find"), key_display="/",
            tooltip=mark("narrow events or evictions to a key, an operation, a verdict")),
    Binding("f", "follow", mark("Follow"),
            tooltip=mark("follow the row under the cursor; the same again: stop")),
    Binding("F", "follow_key", mark("Follow key"), show=False,
            tooltip=mark("follow a row by its key, whatever is known of it")),
    Binding("r", "refill", mark("Refill"), tooltip=mark("read the table again and swap the answer in")),
    Binding("a", "audit", mark("Audit"), tooltip=mark("compare the board with the table")),
    Binding("v", "reserve", mark("Reserve"), tooltip=mark("show the reserve below the board, and hide it")),
    Binding("n", "notices", mark("Notices"), tooltip=mark("all notices")),
    Binding("m", "maximise", mark("Max"), tooltip=mark("one panel over the whole screen, and back")),
    Binding("e", "export", mark("Export"),
            tooltip=mark("board, events or evictions into a CSV or JSON file")),
    Binding("c", "copy_row", mark("Copy"), show=False,
            tooltip=mark("the row under the cursor into the clipboard")),
    Binding("s", "picture", mark("Picture"), show=False,
            tooltip=mark("the screen as it is, as SVG, into the current folder")),
    Binding("question_mark", "help", mark("Help"), key_display="?", tooltip=mark("this help")),
    Binding("q", "quit", mark("Quit"), tooltip=mark("stop the engine and leave; once more: leave at once")),
    Binding("left,left_square_bracket", "step(-1)", mark("Back"), show=False, key_display="← [",
            tooltip=mark("pause; one event back")),
    Binding("right,right_square_bracket", "step(1)", mark("On"), show=False, key_display="→ ]",
            tooltip=mark("while paused: one event on")),
    Binding("shift+left", "step(-10)", mark("Ten back"), show=False, key_display="⇧←",
            tooltip=mark("ten events back")),
    Binding("shift+right", "step(10)", mark("Ten on"), show=False, key_display="⇧→",
            tooltip=mark("while paused: ten events on")),
    Binding("ctrl+home,home", "step(-1000000)", mark("Oldest"), show=False, key_display="^home",
            tooltip=mark("while paused: the oldest event")),
    Binding("ctrl+end,end", "step(1000000)", mark("Newest"), show=False, key_display="^end",
            tooltip=mark("while paused: the newest event")),
)  # fmt: skip

WORKLOAD_KEYS = (
    Binding("i", "workload('insert_outside')", mark("Insert"), tooltip=mark("insert a row outside the top")),
    Binding("t", "workload('insert_into_top')", mark("Insert top"),
            tooltip=mark("insert a row into the top")),
    Binding("u", "workload('update_in_top')", mark("Update top"),
            tooltip=mark("let the second row overtake the first")),
    Binding("plus", "workload('faster')", mark("Faster"), key_display="+", tooltip=mark("more traffic")),
    Binding("minus", "workload('slower')", mark("Slower"), key_display="-", tooltip=mark("less traffic")),
    Binding("x", "workload('pause')", mark("Traffic"), tooltip=mark("stop the traffic, and let it go on")),
    Binding("0", "workload('reset')", mark("Reset"), show=False,
            tooltip=mark("put the table back as it was at the start")),
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

WELCOME = mark("Made-up rows and traffic, all in this process: i t u write a row, ? explains")
"""What the notice line says where nothing else needs saying."""


def panel_keys(names: list[str]) -> list[Binding]:
    """A number for each panel, in screen order."""
    return [
        Binding(
            str(i),
            f"panel({name!r})",
            name.capitalize(),
            show=False,
            tooltip=told("go to {panel}", panel=told(name)),
        )
        for i, name in enumerate(names, 1)
    ]
