"""The app: runs the engine as a worker, samples its status, hands it to the panels, quits cleanly."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Tab, Tabs

from engine.runtime_api import RunningEngine, WalkOffer, Workload
from engine.status import EngineStatus, Key
from topn_tui.appearance import Appearance
from topn_tui.follow_row import FollowRow
from topn_tui.formatting import safe
from topn_tui.guided import NOT_HERE, Guided
from topn_tui.jumping import JumpToRow
from topn_tui.keys import (
    KEYS,
    LEAVE_FIRST,
    LIST_KEYS,
    OVER_KEYS,
    WELCOME,
    WORKLOAD_KEYS,
    panel_keys,
)
from topn_tui.language import has_chinese, t
from topn_tui.pacing import Pace
from topn_tui.panels import PANELS, TITLES, Board
from topn_tui.panels.find_line import FindLine
from topn_tui.panels.follow import Follow
from topn_tui.panels.grid import PanelGrid
from topn_tui.panels.guide import Guide
from topn_tui.panels.key_line import KeyLine
from topn_tui.panels.lateness import Lateness
from topn_tui.panels.ledger import Ledger
from topn_tui.panels.notices import NoticeLine
from topn_tui.panels.past_line import PastLine
from topn_tui.panels.state_bar import StateBar
from topn_tui.panels.too_small import LEAST_HEIGHT, LEAST_WIDTH, TooSmall
from topn_tui.remapping import key_of
from topn_tui.running import EngineRun
from topn_tui.screens import NoticesScreen, help_screen
from topn_tui.terminal import ANSWERED
from topn_tui.time_travel import TimeTravel
from topn_tui.tools import Tools

FRAME_S = 0.125
"""Time between two looks at the engine: eight frames a second."""
ANSWER_MS = 50
"""How soon a key is to be answered: so long a busy engine stands back for it."""

REMARK_S = 20
"""How long what was to be said at the start stands; it can be read again among the notices."""


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Dashboard(TimeTravel, FollowRow, JumpToRow, Guided, Tools):
    """The dashboard of one engine.

    Args:
        engine: not yet running; it is run here, in the screen's event loop.
        title: the program's name in the header.
        mode: a word that the header shows at all times, such as EMBEDDED; "" for none.
        environment: what this pipeline is to people, such as staging; in the header, too.
        production: a mistake here hurts people, which the header says first.
        appearance: theme, colours and signs; None: ours, all of them.
        keymap: action -> keys, of those that the settings changed.
        workload: the traffic on a table that may be played with; None where there is none.
        walk: the manual tests; or why they cannot be done here.
        now_ms: wall time, for ages.
        frame_s: time between two looks at the engine.
        remark: said in passing once the screen is open; "" for nothing.
        settled: called once, when the first load has been drawn.

    After it has run, `ended` says why the engine ended, and ``return_code`` is 1 if it failed, ended
    by itself or did not stop in time.
    """

    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (LEAST_WIDTH, "-narrow"), (100, "-wide")]  # noqa: RUF012  Textual's own typing
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012  the same
        (0, "-low"),
        (LEAST_HEIGHT, "-short"),
        (28, "-medium"),
        (32, "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        *WORKLOAD_KEYS,
        *KEYS,
        *panel_keys(list(PANELS)),
    ]

    live: var[EngineStatus] = var(EngineStatus)
    """The newest status."""
    status: var[EngineStatus] = var(EngineStatus)
    """What the panels draw: the newest status, or the one at which the operator paused."""
    now_s: var[int] = var(0)
    drawn_s: var[int] = var(0)
    """As `now_s`, standing still while paused, and of the past while that is shown."""
    marked: var[Key | None] = var(None)
    """The key under a cursor, marked in every panel."""
    late_ms: var[int | None] = var(None)
    ended: var[str | None] = var(None)
    """Why the engine is no longer running, though nobody asked it to stop."""

    def __init__(
        self,
        engine: RunningEngine,
        *,
        title: str = "topn-tui",
        mode: str = "",
        environment: str = "",
        production: bool = False,
        appearance: Appearance | None = None,
        keymap: Mapping[str, str] | None = None,
        workload: Workload | None = None,
        walk: WalkOffer | str = NOT_HERE,
        now_ms: Callable[[], int] = wall_ms,
        frame_s: float = FRAME_S,
        remark: str = "",
        settled: Callable[[], None] | None = None,
    ) -> None:
        appearance = appearance or Appearance()
        super().__init__(appearance)
        self.remap(keymap or {})
        self.title = title
        self._engine, self._now_ms = engine, now_ms
        self._mode, self._environment, self._production = mode, environment, production
        self._workload, self._walk_offer = workload, walk
        self._chinese = has_chinese(appearance.encoding)
        self._frame_s, self._lateness, self._pace = frame_s, Lateness(frame_s), Pace(frame_s)
        self._run, self._settled, self._remark = EngineRun(engine), settled, remark
        self._leaving = False
        """Whether the operator has asked to leave."""

    def compose(self) -> ComposeResult:
        cls = Dashboard
        feeds = {
            "status": cls.status,
            "now_s": cls.drawn_s,
            "marked": cls.marked,
            "followed": cls.followed,
            "before": cls.before,
            "late_ms": cls.late_ms,
        }
        of = (self.title, self._mode, self._environment)
        header = StateBar(*of, production=self._production, id="state")
        yield header.data_bind(cls.live, cls.now_s, cls.paused, cls.view, cls.ended)
        yield Tabs(*(Tab(f"{key_of(self, n)} {t(of)}", id=f"tab-{n}") for n, of in TITLES.items()))
        yield PastLine().data_bind(cls.view, cls.now_s, cls.paused)
        guide = Guide(TITLES, chinese=self._chinese, borrowed=self._workload is None)
        yield guide.data_bind(cls.progress, cls.paused)
        with PanelGrid(id="panels").data_bind(cls.live):
            for name, panel in PANELS.items():
                declared = {feed: of for feed, of in feeds.items() if hasattr(panel, feed)}
                yield panel(id=name).data_bind(**declared)
        follow = Follow(id="follow")
        yield follow.data_bind(cls.status, cls.sightings, cls.marked, row_followed=cls.followed)
        notice = NoticeLine(WELCOME if self._workload else "", id="notice")
        yield notice.data_bind(cls.live, cls.now_s, cls.ended)
        yield TooSmall(alarms=self._production).data_bind(cls.live, cls.now_s, cls.ended)
        yield FindLine()
        # Where the table is there to be played with the walkthrough is what a newcomer looks for.
        yield KeyLine(LEAVE_FIRST if self._workload else ("walk", *LEAVE_FIRST))

    def on_mount(self) -> None:
        self.query_one(Tabs).can_focus = False  # Tab goes from panel to panel; keys 1 to 5 pick one
        self._frame()
        self.set_interval(self._frame_s, self._look)
        self._worker = self.run_worker(self._run_engine(), name="engine")
        if self._remark:
            self.notify(t(self._remark), severity="warning", timeout=REMARK_S, markup=False)

    @property
    def ended_by_setting(self) -> bool:
        """Whether `ended` is for the operator to mend: a setting, or what it points at."""
        return self._run.by_setting

    @property
    def _main(self) -> Screen[object]:
        """The screen of the panels, whatever is open over it."""
        return self.screen_stack[0]

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, ANSWERED) and not event.is_forwarded:
            self.is_asked()  # once more, from now on: some time has passed on its way to here
        await super().on_event(event)

    def is_asked(self) -> None:
        self._engine.give_way(ANSWER_MS)
        if self._engine.status.rates.saturated:
            self._pace.asked(time.monotonic(), ANSWER_MS / 1_000)

    def on_resize(self) -> None:
        # What the guide may take is a matter of the screen's height, whatever its own size is.
        for guide in self._main.query(Guide):
            self.call_later(guide.redraw)

    async def _run_engine(self) -> None:
        self.ended = await self._run.run()

    def _look(self) -> None:
        """The timer's tick: a frame, unless a busy engine needs the time more than we do."""
        now_s = time.monotonic()
        if not self._pace.due(now_s):
            self._lateness.frame(now_s)
            return
        self._pace.began(now_s, saturated=self.live.rates.saturated)
        self._frame()
        self._main.call_after_refresh(self._drawn)

    def _drawn(self) -> None:
        self._pace.drawn(time.monotonic())
        if self._settled is not None and self.live.last_load is not None:
            settled, self._settled = self._settled, None
            settled()

    def _frame(self) -> None:
        """Look at the engine. Where the status is the one we know, nothing else happens."""
        self._lateness.frame(time.monotonic())
        self.live = self._engine.status
        now_s = self._now_ms() // 1_000
        if now_s != self.now_s:
            self.now_s, self.late_ms = now_s, self._lateness.worst_ms
        if not self.paused:
            self.drawn_s, self.status = self.now_s, self.live

    def action_refill(self) -> None:
        self._ask(self._engine.refill, t("Asked for a refill: the table is read again."))

    def action_audit(self) -> None:
        self._ask(
            self._engine.audit, t("Asked for an audit: the board is compared with the table.")
        )

    def action_workload(self, command: str) -> None:
        """One of the commands of a workload, by name; it says itself what it did."""
        if self._run.done:
            self.notify(t("The engine has ended: nobody would see it."), severity="warning")
        elif self._workload is not None and not self.walk_has_the_table():
            self.notify(t(getattr(self._workload, command)()), timeout=3, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the workload are there only with one, those on through time only while paused."""
        if action == "step":
            return self.paused or parameters in ((-1,), (-10,))
        return action != "workload" or self._workload is not None

    def action_let_go(self) -> None:
        """Escape, where nothing nearer has use for it."""
        if self.followed is not None and (not self.paused or isinstance(self.focused, Follow)):
            self.stop_following()
        elif self.paused:
            self.action_live()
        else:
            self.leave_walk()

    def _ask(self, request: Callable[[], None], said: str) -> None:
        if self._run.done:
            self.notify(t("The engine has ended: nobody is there to ask."), severity="warning")
        elif not self._engine.status.counters.loads:
            said = t("Nothing is loaded yet: the first load comes as soon as it can.")
            self.notify(said, timeout=3, markup=False)
        else:
            request()
            self.notify(said, timeout=3, markup=False)

    def action_reserve(self) -> None:
        board = self._main.query_one(Board)
        board.show_reserve = not board.show_reserve
        self._main.query_one(PanelGrid).share_out()

    def action_panel(self, name: str) -> None:
        """Go to a panel; where only one has room, that is the one shown."""
        self._main.minimize()
        self._main.query_one(Tabs).active = f"tab-{name}"
        self._main.query_one("#panels").set_class(name == "board", "-board")
        for panel in self._main.query("#panels > *"):
            panel.set_class(panel.id == name, "-shown")
        self._main.query_one(f"#{name}").focus()

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        name = (event.tab.id or "").removeprefix("tab-")
        if not self._main.query_one(f"#{name}").has_class("-shown"):  # by a click, not by a key
            self.action_panel(name)

    def on_ledger_marked(self, event: Ledger.Marked) -> None:
        self.marked = event.key

    def action_notices(self) -> None:
        self.push_screen(NoticesScreen())

    def action_maximise(self) -> None:
        if self.screen.maximized:
            self.screen.minimize()
        elif self.focused is not None:
            self.screen.maximize(self.focused)

    def action_help(self) -> None:
        keys = [
            *(WORKLOAD_KEYS if self._workload else ()),
            *KEYS,
            *panel_keys(list(PANELS)),
            *LIST_KEYS,
            *OVER_KEYS,
        ]
        told = [(key_of(self, str(of.id), all_keys=True), of.tooltip) for of in keys]
        self.push_screen(help_screen(told, embedded=self._workload is not None))

    def own_commands(self) -> Sequence[Binding]:
        own = (of for of in KEYS if of.id != "palette")
        return (*own, *panel_keys(list(PANELS)), *(WORKLOAD_KEYS if self._workload else ()))

    async def action_quit(self) -> None:
        """Put back what a walkthrough wrote, stop the engine, leave. Asked again once it is: at once."""
        if self._leaving and not self.may_hurry:
            self.tell_patience()
        elif self._leaving:
            self._leave("left before the engine had stopped")
        else:
            self._leaving = True
            self.run_worker(self._stop_and_leave(), name="quit")

    async def _stop_and_leave(self) -> None:
        await self.end_walk()  # while the engine still follows the table
        if not await self._run.stop():
            self._leave("the engine did not stop in time")
            return
        await self._worker.wait()  # `ended` is its last word, also where stopping failed
        self._leave(None)

    async def on_unmount(self) -> None:
        """Where a bug ended the screen table and engine are still left in order, lease and all."""
        if self.failure is not None and not self._leaving:
            await self.end_walk()
            await self._run.stop()

    def _leave(self, why: str | None) -> None:
        why = self.left_behind(why)
        message = None if why is None else Text(f"{self.title}: {safe(why)}")
        self.exit(return_code=1 if why or self.ended else 0, message=message)
