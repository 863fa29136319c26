"""One walkthrough from beginning to end, as the screen needs it: what comes next, and how it stands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from engine.errors import TopnError
from engine.runtime_api import GuidedWalk
from engine.tasks import CLOSE_MS, cancelled
from engine.told import told
from engine.walkthrough_steps import STEPS, WRITTEN, Outcome, Step
from topn_tui.formatting import safe

GRACE_S = 1.0
"""How much longer than putting the table back may take leaving waits for it."""

ALONE = told(
    "Nobody else should write to it meanwhile; no triggers may be on it, nor foreign keys refer to it."
)
"""What only its owner can see to."""

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # where nobody set up logging: never on the terminal


class Phase(Enum):
    """What is under way, or waited for."""

    READYING = auto()
    """The table is made ready."""
    NEXT = auto()
    """A step is announced; the operator's turn."""
    DOING = auto()
    SHOWN = auto()
    """The step's outcome is there; the operator's turn."""
    PUTTING_BACK = auto()
    OVER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a walkthrough stands."""

    phase: Phase = Phase.READYING
    number: int = 0
    """Of the step, the first being 1; 0 before it."""
    outcomes: tuple[Outcome, ...] = ()
    """Of the steps done, in order."""
    given_up: bool = False
    """The operator has ended it before its end."""
    trouble: str | None = None
    """Why it could not begin, or the table not be put back."""
    as_found: bool = True
    """Whether nothing of ours is in the table."""
    theirs: tuple[int, ...] = ()
    """The keys of rows that were not put back, as somebody else wrote them meanwhile."""

    @property
    def step(self) -> Step | None:
        """The one announced, under way or shown."""
        at_a_step = self.phase in (Phase.NEXT, Phase.DOING, Phase.SHOWN)
        return STEPS[self.number - 1] if at_a_step else None

    @property
    def is_last(self) -> bool:
        """What is shown is followed by no further step: there is none, or this one did not hold."""
        shown = self.phase is Phase.SHOWN
        return shown and (self.number == len(STEPS) or self.outcomes[-1].trouble is not None)

    @property
    def held(self) -> int:
        """How many steps did."""
        return sum(of.trouble is None for of in self.outcomes)


class Walking:
    """One walkthrough. It never raises.

    Args:
        make: the walk itself; may raise WrongSetting.
        tell: called with each new :class:`Progress`.
    """

    def __init__(self, make: Callable[[], GuidedWalk], tell: Callable[[Progress], None]) -> None:
        self._make, self._tell = make, tell
        self._walk: GuidedWalk | None = None
        self._task: asyncio.Task[None] | None = None
        self.progress = Progress()

    @property
    def as_found(self) -> bool:
        return self._walk is None or self._walk.as_found

    @property
    def theirs(self) -> tuple[int, ...]:
        return () if self._walk is None else self._walk.theirs

    @property
    def end_s(self) -> float:
        """How long :meth:`end` may take at most: to break off what is under way, and to put back."""
        put_back_ms = 0 if self._walk is None else self._walk.put_back_ms
        return (CLOSE_MS + put_back_ms) / 1000 + GRACE_S

    def start(self) -> None:
        """Make the table ready, then announce the first step."""
        self._show()
        self._do(self._begin())

    def go_on(self) -> None:
        """The operator's key: do what was announced, announce what comes next. Nothing while busy."""
        of = self.progress
        match of.phase:
            case Phase.NEXT:
                self._do(self._step(of.number))
            case Phase.SHOWN if of.is_last:
                self._do(self._put_back())
            case Phase.SHOWN:
                self._show(phase=Phase.NEXT, number=of.number + 1)
            case Phase.OVER if not of.as_found:
                self._do(self._put_back())
            case _:
                pass

    def give_up(self) -> None:
        """End it, wherever it is; the table is put back."""
        if self.progress.phase is not Phase.PUTTING_BACK:
            self._show(given_up=True)
            self._do(self._end(self._task))

    async def end(self) -> bool:
        """As :meth:`give_up`, and wait; whether the table is as it was found."""
        if self.progress.phase is not Phase.OVER or not self.as_found:
            self.give_up()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=self.end_s)
        return self.as_found

    # ── what is done ──────────────────────────────────────────────────────────────────────────

    async def _begin(self) -> None:
        try:
            self._walk = self._make()
            await self._walk.begin()
        except TopnError as error:
            await self._put_back(error.told)
        else:
            self._show(phase=Phase.NEXT, number=1)

    async def _step(self, number: int) -> None:
        assert self._walk is not None
        self._show(phase=Phase.DOING)
        try:
            outcome = await self._walk.step(number)
        except TopnError as error:
            outcome = Outcome(number=number, step=STEPS[number - 1], rows=(), trouble=error.told)
        if outcome.trouble is not None:
            why = safe(outcome.trouble)  # it may hold rows of the table
            log.warning("step %d of the walkthrough did not hold: %s", number, why)
        self._show(phase=Phase.SHOWN, outcomes=(*self.progress.outcomes, outcome))

    async def _end(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await cancelled(before, within_ms=CLOSE_MS)
        await self._put_back()

    async def _put_back(self, trouble: str | None = None) -> None:
        self._show(phase=Phase.PUTTING_BACK)
        if self._walk is not None:
            try:
                await self._walk.put_back()
            except TopnError as error:
                log.exception("the table of the walkthrough could not be put back")
                trouble = error.told
            else:
                await self._walk.close()
        self._show(phase=Phase.OVER, trouble=trouble)

    # ── inside ────────────────────────────────────────────────────────────────────────────────

    def _do(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.create_task(self._guarded(work), name="walkthrough")

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:
            log.exception("the walkthrough ended by a bug")
            why = told(
                "a bug, its traceback is in the log: {kind}: {error}",
                kind=type(error).__name__,
                error=str(error),
            )
            self._show(phase=Phase.OVER, trouble=why)

    def _show(self, **changed: object) -> None:
        now = {"as_found": self.as_found, "theirs": self.theirs}
        self.progress = replace(self.progress, **now, **changed)  # type: ignore[arg-type]  # its own fields
        try:
            self._tell(self.progress)
        except Exception:
            # A screen that is going down must not keep the table from being put back.
            log.exception("the walkthrough's guide could not be drawn")


def left_as(*, as_found: bool, theirs: Sequence[int] = ()) -> str:
    """How the table was left, in a sentence."""
    if as_found and theirs:
        return told(
            "What the walkthrough wrote was put back, but not the rows with ids {keys}: somebody "
            "else wrote them meanwhile, and they were left as they are.",
            keys=", ".join(map(str, theirs)),
        )
    if as_found:
        return told("The table is as it was found.")
    return told(
        "The table could NOT be put back as it was found: look at its rows with ids {first} to {last}.",
        first=min(WRITTEN),
        last=max(WRITTEN),
    )
