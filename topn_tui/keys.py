"""The app's keys: the footer, the help and the command palette are made from these."""

from __future__ import annotations

from textual.binding import Binding

from engine.told import told
from topn_tui.language import mark

KEYS = (
    Binding("space", "pause", mark("Pause"), id="pause",
            tooltip=mark("freeze the panels, never the engine; what is missed is counted")),
    Binding("escape", "let_go", mark("Back to live"), id="back", show=False, key_display="esc",
            tooltip=mark("lets a picked row go; then back to live; then ends following, then the walkthrough")),
    Binding("slash", "find", mark("Find"), id="find", key_display="/",
            tooltip=mark("narrow events or evictions to a key, an operation, a verdict")),
    Binding("f", "follow", mark("Follow"), id="follow",
            tooltip=mark("follow the row under the cursor; the same again: stop")),
    Binding("F", "follow_key", mark("Follow key"), id="follow_key", show=False,
            tooltip=mark("follow a row by its key, whatever is known of it")),
    Binding("w", "walk", mark("Walkthrough"), id="walk",
            tooltip=mark("the manual tests, step by step: begin, do what is announced, go on")),
    Binding("o", "guide", mark("Guide"), id="guide", show=False,
            tooltip=mark("all that the walkthrough's guide says, where it has no room for it")),
    Binding("r", "refill", mark("Refill"), id="refill",
            tooltip=mark("read the table again and swap the answer in")),
    Binding("a", "audit", mark("Audit"), id="audit", tooltip=mark("compare the board with the table")),
    Binding("v", "reserve", mark("Reserve"), id="reserve",
            tooltip=mark("show the reserve below the board, and hide it")),
    Binding("n", "notices", mark("Notices"), id="notices",
            tooltip=mark("all notices, and what this screen said in passing")),
    Binding("m", "maximise", mark("Max"), id="maximise",
            tooltip=mark("one panel over the whole screen, and back")),
    Binding("e", "export", mark("Export"), id="export",
            tooltip=mark("board, events or evictions into a CSV or JSON file")),
    Binding("c", "copy_row", mark("Copy"), id="copy_row", show=False,
            tooltip=mark("the row under the cursor into the clipboard")),
    Binding("s", "picture", mark("Picture"), id="picture", show=False,
            tooltip=mark("the screen as it is, as SVG, into the current folder")),
    Binding("question_mark", "help", mark("Help"), id="help", key_display="?",
            tooltip=mark("this help")),
    Binding("q", "quit", mark("Quit"), id="quit",
            tooltip=mark("stop the engine and leave; once more: leave at once")),
    Binding("left,left_square_bracket", "step(-1)", mark("Step back"), id="step_back", show=False,
            key_display="← [",
            tooltip=mark("pause; one event back")),
    Binding("right,right_square_bracket", "step(1)", mark("Step on"), id="step_on", show=False,
            key_display="→ ]",
            tooltip=mark("while paused: one event on")),
    Binding("shift+left", "step(-10)", mark("Ten back"), id="ten_back", show=False, key_display="⇧←",
            tooltip=mark("ten events back")),
    Binding("shift+right", "step(10)", mark("Ten on"), id="ten_on", show=False, key_display="⇧→",
            tooltip=mark("while paused: ten events on")),
    Binding("ctrl+home,home", "step(-1000000)", mark("Oldest"), id="oldest", show=False,
            key_display="^home",
            tooltip=mark("while paused: the oldest event")),
    Binding("ctrl+end,end", "step(1000000)", mark("Newest"), id="newest", show=False, key_display="^end",
            tooltip=mark("while paused: the newest event")),
    Binding("ctrl+p", "command_palette", mark("palette"), id="palette", show=False, priority=True,
            tooltip=mark("open the command palette: each command by its name")),
    Binding("tab", "focus_next", mark("Next panel"), id="next_panel", show=False,
            tooltip=mark("next panel")),
    Binding("shift+tab", "focus_previous", mark("Previous panel"), id="previous_panel",
            show=False, tooltip=mark("previous panel")),
)  # fmt: skip

WORKLOAD_KEYS = (
    Binding("i", "workload('insert_outside')", mark("Insert"), id="insert",
            tooltip=mark("insert a row outside the top")),
    Binding("t", "workload('insert_into_top')", mark("Insert top"), id="insert_top",
            tooltip=mark("insert a row into the top")),
    Binding("u", "workload('update_in_top')", mark("Update top"), id="update_top",
            tooltip=mark("let the second row overtake the first")),
    Binding("plus", "workload('faster')", mark("Faster"), id="faster", key_display="+",
            tooltip=mark("more traffic")),
    Binding("minus", "workload('slower')", mark("Slower"), id="slower", key_display="-",
            tooltip=mark("less traffic")),
    Binding("x", "workload('pause')", mark("Traffic"), id="traffic",
            tooltip=mark("stop the traffic, and let it go on")),
    Binding("0", "workload('reset')", mark("Reset"), id="reset", show=False,
            tooltip=mark("put the table back as it was at the start")),
)  # fmt: skip
"""Only where the table is there to be played with."""

LIST_KEYS = (
    Binding("up", "cursor(-1)", "Up", show=False, id="up",
            tooltip=mark("pick a row above; its key is marked • in every panel")),
    Binding("down", "cursor(1)", "Down", show=False, id="down", tooltip=mark("pick a row below")),
    Binding("pageup", "page(-1)", "Page up", show=False, id="page_up", tooltip=mark("a page up")),
    Binding("pagedown", "page(1)", "Page down", show=False, id="page_down", tooltip=mark("a page down")),
    Binding("home", "top", "Top, and follow", show=False, id="top",
            tooltip=mark("let the row go and follow the newest again")),
    Binding("end", "cursor(1000000)", "Bottom", show=False, id="bottom", tooltip=mark("the last row")),
    Binding("enter", "open", "Detail", show=False, id="open",
            tooltip=mark("the row in full: before, after, columns, the raw message")),
)  # fmt: skip
"""In each list."""

DETAIL_KEYS = (
    Binding("g", "jump", mark("Go to row"), id="jump",
            tooltip=mark("from a detail to its row on the board")),
    Binding("k", "scroll(-1)", "Up", show=False, id="scroll_up",
            tooltip=mark("in a detail and in this help: a line up")),
    Binding("j", "scroll(1)", "Down", show=False, id="scroll_down",
            tooltip=mark("in a detail and in this help: a line down")),
)  # fmt: skip
"""In what opens over the panels to be read."""

WRITE_KEY = Binding("enter", "write", mark("Write"), priority=True, id="write",
                    tooltip=mark("where something is exported: write it"))  # fmt: skip

CHOICE_KEYS = (
    Binding("left,up", "step(-1)", "Previous", show=False, id="previous_choice", key_display="← ↑",
            tooltip=mark("where something is exported: the choice before")),
    Binding("right,down,space", "step(1)", "Next", show=False, id="next_choice", key_display="→ ↓ space",
            tooltip=mark("where something is exported: the next choice")),
)  # fmt: skip
"""On one of a few words."""

OVER_KEYS = (*DETAIL_KEYS, WRITE_KEY, *CHOICE_KEYS)
"""In what opens over the panels."""

REFLEXES = (
    ("ctrl+c", mark("says which key quits; over selected text: copies it")),
    ("ctrl+z", mark("says how to stop engine and screen for a while")),
)
"""Keys that no setting changes, and what each does."""

LEAVE_FIRST = (
    "palette", "follow", "export", "maximise", "notices", "audit", "refill", "reserve", "slower", "faster",
    "traffic", "update_top", "insert_top", "walk", "insert", "pause", "quit",
)  # fmt: skip
"""Which actions' keys the footer does without first where it is narrow. The help, which tells all, stays."""

WELCOME = mark(
    "Made-up rows and traffic: {walk} walks you through, {insert} {insert_top} {update_top} write a row, "
    "{help} explains"
)
"""What the notice line says where nothing else needs saying."""

WELCOME_KEYS = ("walk", "insert", "insert_top", "update_top", "help")
"""The actions whose keys it names."""


def panel_keys(names: list[str]) -> list[Binding]:
    """A number for each panel, in screen order."""
    return [
        Binding(
            str(i),
            f"panel({name!r})",
            name.capitalize(),
            show=False,
            id=name,
            tooltip=told("go to {panel}", panel=told(name)),
        )
        for i, name in enumerate(names, 1)
    ]
