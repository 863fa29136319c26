"""Border titles that are set only when they change, for setting one draws the whole widget."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


def retitle(widget: Widget, *, title: str | None = None, subtitle: str | None = None) -> None:
    """Set title or subtitle to safe text (None: leave as it is); no markup is parsed."""
    if title is not None and Content(title).markup != (widget.border_title or ""):
        widget.border_title = Content(title)
    if subtitle is not None and Content(subtitle).markup != (widget.border_subtitle or ""):
        widget.border_subtitle = Content(subtitle)
