"""Border titles that are set only when they change, for setting one draws the whole widget."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

WATCHED = "» "
"""Before the title of a panel that a walkthrough says to watch."""


def retitle(widget: Widget, *, title: str | None = None, subtitle: str | None = None) -> None:
    """Set title or subtitle to safe text (None: leave as it is); no markup is parsed."""
    if title is not None and widget.has_class("-watched"):
        title = WATCHED + title
    if title is not None and Content(title).markup != (widget.border_title or ""):
        widget.border_title = Content(title)
    if subtitle is not None and Content(subtitle).markup != (widget.border_subtitle or ""):
        widget.border_subtitle = Content(subtitle)


def set_watched(widget: Widget, watched: bool) -> None:
    """Mark a panel, or no longer, for somebody who is to watch it."""
    if watched == widget.has_class("-watched"):
        return
    title = Content.from_markup(widget.border_title or "").plain.removeprefix(WATCHED)
    widget.set_class(watched, "-watched")
    retitle(widget, title=title)
