"""The walkthrough in the dashboard: the app's actions."""

from __future__ import annotations

from functools import partial

from textual.reactive import var
from textual.widgets import Tabs

from engine.runtime_api import WalkOffer
from topn_tui.formatting import number, safe
from topn_tui.language import mark, t
from topn_tui.manners import Mannered
from topn_tui.panels import PANELS
from topn_tui.panels.guide import AS_AT_START, Guide, ended_after
from topn_tui.panels.titles import set_watched
from topn_tui.remapping import key_of
from topn_tui.running import EngineRun
from topn_tui.screens.confirm import ConfirmScreen
from topn_tui.screens.detail import DetailScreen
from topn_tui.walking import Phase, Progress, Walking, left_as

NOT_HERE = mark("There is no table here that a walkthrough could be done with.")


class Guided(Mannered):
    """Says what will be done, does it on the operator's key, shows where to look and what it showed."""

    progress: var[Progress | None] = var(None)
    """How the walkthrough stands; None where none is on."""
    paused: var[bool]

    _walk_offer: WalkOffer | str = NOT_HERE
    """Or why there is none."""
    _walking: Walking | None = None
    """Not only while its guide is there: as long as its table is not as it was found."""
    _end_tried = False
    _production: bool
    _run: EngineRun

    def action_panel(self, name: str) -> None:
        """Go to a panel."""
        raise NotImplementedError

    def action_live(self) -> None:
        """Back to what is."""
        raise NotImplementedError

    def _frame(self) -> None:
        """Look at the engine."""
        raise NotImplementedError

    def action_walk(self) -> None:
        """Begin, or go on to what the guide says. What is done is to be seen: so this ends a pause."""
        of = self.progress
        if self._walking is None:
            self._offer_walk()
        elif of is None:  # closed with the table not put back
            self.progress = self._walking.progress
        elif of.phase is Phase.OVER and of.as_found:
            self._close_guide()
        else:
            if self.paused:
                self.action_live()
            self._walking.go_on()

    def action_guide(self) -> None:
        """All that the guide has to say, where it has no room for it."""
        if self.progress is None:
            said = t("No walkthrough is on: {walk} begins it.", walk=key_of(self, "walk"))
            self.notify(said, timeout=3, markup=False)
        else:
            self.push_screen(DetailScreen(self.screen_stack[0].query_one(Guide).whole()))

    def leave_walk(self) -> None:
        """Escape: end it, or close what it came to."""
        of = self.progress
        if of is None or self._walking is None:
            return
        if of.phase is not Phase.OVER:
            self._walking.give_up()
            return
        if of.as_found:
            self._close_guide()
            return
        # Only out of sight: what the table was like is known nowhere else.
        self.progress = None
        left = t(left_as(as_found=False))
        again = t(
            "{walk} shows the walkthrough again, which can try again.", walk=key_of(self, "walk")
        )
        self.notify(" ".join((left, again)), severity="error", markup=False)

    @property
    def may_hurry(self) -> bool:
        """False until the table is put back, or that was tried for as long as it may take."""
        return self._end_tried or self._walking is None or self._walking.as_found

    async def end_walk(self) -> bool:
        """Before the app ends: whether the table is as it was found."""
        as_found = self._walking is None or await self._walking.end()
        self._end_tried = True
        return as_found

    def tell_patience(self) -> None:
        """Somebody asks again to leave while the table is put back."""
        most = 0.0 if self._walking is None else self._walking.end_s
        said = t("First the table is put back: {seconds} s at most.", seconds=number(round(most)))
        self.notify(said, severity="warning", markup=False)

    def left_behind(self, why: str | None) -> str | None:
        """What is said on leaving: `why`, and where a table was not put back, that."""
        if self._walking is None or self._walking.as_found:
            return why
        left = left_as(as_found=False)
        return f"{why}; {left}" if why else left

    def watch_progress(self, before: Progress | None, now: Progress | None) -> None:
        """Mark the panels to watch; where there is no room for all, show the first of them."""
        step = None if now is None else now.step
        watched = () if step is None else tuple(of.panel for of in step.watch)
        panels = self.screen_stack[0]
        for name in PANELS:
            set_watched(panels.query_one(f"#{name}"), name in watched)
        if now is None:
            return
        announced = now.phase is Phase.NEXT and (before is None or before.phase is not Phase.NEXT)
        hidden = panels.query_one(Tabs).display or panels.maximized is not None
        if announced and watched and hidden:
            self.action_panel(watched[0])
        if now.phase is Phase.OVER and now.given_up and now.as_found:
            # Not at once: those who follow `progress` are still to be told of this one, and keep the last.
            self.call_later(self._tell_given_up, now)

    def _offer_walk(self) -> None:
        offer = self._walk_offer
        if isinstance(offer, str):
            self.notify(safe(t(offer)), title=t("Walkthrough"), severity="warning", markup=False)
        elif self._run.done or self._run.stopping:
            self.notify(t("The engine has ended: nobody would see it."), severity="warning")
        elif offer.target is None:
            self._begin_walk(offer)
        else:
            screen = ConfirmScreen(offer.target, alarms=self._production)
            self.push_screen(screen, partial(self._begin_if_confirmed, offer))

    def _begin_if_confirmed(self, offer: WalkOffer, confirmed: bool | None) -> None:
        if not confirmed:
            self.notify(t("Nothing was written."), timeout=3, markup=False)
        elif not (self._run.done or self._run.stopping):
            self._begin_walk(offer)

    def _begin_walk(self, offer: WalkOffer) -> None:
        if self.paused:
            self.action_live()
        self._walking = Walking(offer.make, self._take_progress)
        self._walking.start()

    def _take_progress(self, progress: Progress) -> None:
        self._frame()  # so that the panels show what the guide says they do
        self.progress = progress

    def _close_guide(self) -> None:
        self._walking = None
        self.progress = None

    def _tell_given_up(self, of: Progress) -> None:
        """There is nothing to read in the guide, so it goes."""
        if self.progress is not of:
            return
        self._close_guide()
        borrowed = isinstance(self._walk_offer, WalkOffer) and self._walk_offer.target is not None
        left = left_as(as_found=True, theirs=of.theirs) if borrowed else AS_AT_START
        self.notify(" ".join((ended_after(len(of.outcomes)), t(left))), markup=False)

    def walk_has_the_table(self) -> bool:
        """Whether a walkthrough is on, which then says so: its table is nobody else's to write."""
        of = self._walking.progress if self._walking is not None else None
        busy = of is not None and (of.phase is not Phase.OVER or not of.as_found)
        if busy:
            said = t("The walkthrough has the table: {back} ends it.", back=key_of(self, "back"))
            self.notify(said, timeout=3, markup=False)
        return busy
