"""Toasts are put away where something opens to be read: they would cover it, and the notices have them."""

from __future__ import annotations

from textual.app import App
from textual.widgets._toast import ToastRack


def put_away(app: App[object]) -> None:
    """On every screen: Textual looks only at the one in front, and the others shine through."""
    app.clear_notifications()
    for screen in app.screen_stack:
        for rack in screen.query(ToastRack):
            rack.show(app._notifications)
