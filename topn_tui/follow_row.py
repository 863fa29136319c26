"""Follow one row through all panels: the app's actions."""

from __future__ import annotations

from functools import partial

from textual.reactive import var

from engine.status import EngineStatus, Key
from topn_tui.following import Sighting, Trail, read_key
from topn_tui.manners import Mannered
from topn_tui.screens.ask_key import AskKeyScreen


class FollowRow(Mannered):
    """The row stays marked wherever the cursor goes; its history is kept while it is followed."""

    live: var[EngineStatus]
    marked: var[Key | None]

    followed: var[Key | None] = var(None)
    sightings: var[tuple[Sighting, ...]] = var(())

    _trail: Trail | None = None

    def watch_live(self, status: EngineStatus) -> None:
        """Also while paused, or what happens meanwhile would be missing from its history."""
        if self._trail is not None and self._trail.see(status):
            self.sightings = self._trail.sightings

    def action_follow(self) -> None:
        """The row under the cursor; the one followed already: no longer."""
        if self.followed is not None and self.marked in (None, self.followed):
            self.stop_following()
        elif self.marked is None:
            self.action_follow_key()
        else:
            self.follow(self.marked)

    def action_follow_key(self) -> None:
        """A row by its key, whether anything is known of it or not."""
        status = self.live
        screen = AskKeyScreen(status.key_name, partial(read_key, status=status))
        self.push_screen(screen, self._follow_if_any)

    def _follow_if_any(self, of: Key | None) -> None:
        if of is not None:
            self.follow(of)

    def follow(self, of: Key) -> None:
        """From now on."""
        self._trail = Trail(of)
        self.sightings = ()
        self.followed = of
        self.watch_live(self.live)

    def stop_following(self) -> None:
        """Its history is forgotten."""
        self._trail = None
        self.followed = None
        self.sightings = ()
