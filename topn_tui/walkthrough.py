"""``topn-tui walkthrough``: the manual tests of the original write-up, step by step, as text."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Literal

from engine.assembly import make_embedded_walkthrough, make_walkthrough, nothing_configured
from engine.errors import WrongSetting
from engine.settings import Settings
from engine.walkthrough import Walkthrough
from engine.walkthrough_steps import STEPS, Outcome
from topn_tui.formatting import safe
from topn_tui.query import envelope
from topn_tui.walking import ALONE, left_as

HELD, NOT_HELD = 0, 3

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Signals that end it, once the table is put back."""

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # where nobody set up logging: never on the terminal


async def walkthrough(
    settings: Settings, *, embedded: Literal["json", "protobuf"] | None, write: bool
) -> int:
    """Walk through the steps and print each; the exit code.

    Raises:
        WrongSetting: it may not write, or the settings name no table that it can be done with.
        ServiceAway: the table cannot be read or written.
    """
    if embedded is None and nothing_configured(settings) and not write:
        embedded = "json"
    if embedded is not None:
        run = make_embedded_walkthrough(settings, embedded)
        _say(f"On the embedded pipeline, Canal's {embedded}: no service is contacted.")
    else:
        run = make_walkthrough(settings)
        _say(_allowed(settings, write=write))
    try:
        held = await _run(run)
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError):
            _say_if_heard("\nStopped half-way.")
        _say_if_heard(left_as(as_found=run.as_found, theirs=run.theirs))
        raise
    _say(left_as(as_found=run.as_found, theirs=run.theirs))
    if held:
        _say(f"All {len(STEPS)} steps held.  五步全部通过。")
    return HELD if held else NOT_HELD


def _allowed(settings: Settings, *, write: bool) -> str:
    table = f"{settings.table.name} at {settings.walkthrough.url}"
    if not write:
        raise WrongSetting(
            f"the walkthrough would insert, update and delete rows of {table}: say so with --write, "
            "or try it without any service: topn-tui walkthrough --embedded"
        )
    return f"On {table}: rows are written, and put back at the end.\n{ALONE}"


async def _run(run: Walkthrough) -> bool:
    walking = asyncio.ensure_future(run.run(_show))
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if stopping:  # each part of the way back has its own limit: nobody need hurry it
            most = round(run.walk.put_back_ms / 1000)
            _say_if_heard(f"The table is being put back, which takes {most} s at most.")
            return
        stopping = True
        walking.cancel()

    # The table is put back also where somebody stops it half-way. Ctrl-C, too, has a handler of ours:
    # where a shell started us in the background, Python's own is not there.
    loop = asyncio.get_running_loop()
    for signum in STOPPING:
        loop.add_signal_handler(signum, stop)
    return await walking


def _show(outcome: Outcome) -> None:
    step = outcome.step
    _say("")
    _say(f"{outcome.number}. {step.title}" + "".join(f"\n   {change}" for change in step.changes))
    _say(envelope(outcome.rows))
    if outcome.trouble is None:
        _say(f"   {step.conclusion_zh}\n   {step.conclusion}")
    else:
        _say(f"   没有通过。\n   This did not hold: {safe(outcome.trouble)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # a step may take a while: what is done shall be seen


def _say_if_heard(text: str) -> None:
    """As :func:`_say`, where the terminal or the reader may be gone."""
    if sys.stdout is None:
        return
    try:
        _say(text)
    except OSError:
        log.exception("the output cannot be written: %s", text.strip())
        sys.stdout = None  # nothing left to flush at the end
