"""The dashboard in another language: a made-up one that shows what is not looked up, and Chinese."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from gettext import NullTranslations

from tests.docs.messages import in_code
from tests.embedded.dashboard import Operator
from topn_tui import language
from topn_tui.panels import PANELS

_PLACE = re.compile(r"({.*?})")
_ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "äƀċđëƒġħïĵķłɱñöƥɋřšŧüṽŵẋÿžÄƁĊĐËƑĠĦÏĴĶŁṀÑÖƤɊŘŠŦÜṼŴẊŸŽ",
)


class Accented(NullTranslations):
    """English in which no letter of a text in the catalogue is ASCII, and as wide as it was.

    So a word of ASCII letters on the screen was not looked up; also where a text is cut, and also
    inside one that was, as one of its values.
    """

    def gettext(self, message: str) -> str:
        return accented(message) if message in _texts() else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


def accented(text: str) -> str:
    """All of it but its placeholders."""
    parts = _PLACE.split(text)
    return "".join(p if i % 2 else p.translate(_ACCENTS) for i, p in enumerate(parts))


@cache
def _texts() -> frozenset[str]:
    ids = (message.id for message in in_code() if message.id)
    return frozenset(text for of in ids for text in ((of,) if isinstance(of, str) else of))


@contextmanager
def speaking(catalogue: str | NullTranslations) -> Iterator[None]:
    """The screen's language for a while: "zh", or a catalogue."""
    if isinstance(catalogue, str):
        language.speak(catalogue)
    else:
        language.use(catalogue)
    try:
        yield
    finally:
        language.speak(language.ENGLISH)


async def tour(person: Operator) -> AsyncIterator[tuple[str, list[str]]]:
    """Everything that can be opened in the dashboard of an embedded engine, one after another: what it
    is, and the lines of the screen."""
    app, press = person.app, person.pilot.press
    yield "nothing loaded yet", await person.screen()
    await person.wait(15)
    for name in PANELS:
        app.action_panel(name)
        yield f"the panel {name}", await person.screen()
    for name in ("events", "evictions", "board"):
        app.action_panel(name)
        await press("down", "enter")
        yield f"a row of {name}", await person.screen()
        await press("escape")
    await press("v")
    yield "the reserve, a row followed", await after(person, "f")
    yield "a key to follow", await after(person, "F")
    yield "one that is none", await after(person, "x", "enter")
    await press("escape", "f", "f", "v", "escape")
    yield "the notices", await after(person, "n")
    yield "one of them", await after(person, "down", "enter")
    await press("escape", "escape")
    yield "the export", await after(person, "e")
    yield (
        "a file that cannot be written",
        await after(person, "tab", "tab", *["backspace"] * 50, "enter"),
    )
    await press("escape", "3")
    yield "finding", await after(person, "slash")
    yield "what there is not", await after(person, *"no:x")
    await press(*["backspace"] * 4)
    yield "no word of these", await after(person, *"op:x")
    await press(*["backspace"] * 4)
    yield "nothing found", await after(person, *"777777", "enter")
    await press("slash", "escape")
    yield "paused", await after(person, "space")
    yield "a moment of the past", await after(person, "left", "left", "left")
    await press("space")
    await press("question_mark")
    for page in range(7):
        app.screen.query_one("#detail").scroll_to(y=page * 12, animate=False)
        yield f"the help, page {page}", await person.screen()
    await press("escape")
    for key in "rait":
        yield f"what {key} said", await said(person, key)
    for key in ("u", "plus", "minus", "x", "c", "0", "ctrl+c", "ctrl+z"):
        yield f"what {key} said", await said(person, key)
    for presses in range(12):
        await press("w")
        await person.clock.advance(1500)
        yield f"the walkthrough after {presses} keys", await person.screen()
        if not presses:
            yield "another key meanwhile", await said(person, "i")
    yield "the walkthrough ended half-way", await said(person, "w", "escape")
    await press("ctrl+p")
    yield "the palette", await person.screen()
    await press("escape")
    app._engine.stop()
    await person.clock.advance(3000)
    yield "the engine has ended", await person.screen()
    yield "asked for more", await said(person, "r")


async def after(person: Operator, *keys: str) -> list[str]:
    """The screen after these keys."""
    await person.pilot.press(*keys)
    return await person.screen()


async def said(person: Operator, *keys: str) -> list[str]:
    """The toasts after these keys; they are drawn over nothing else."""
    person.app.clear_notifications()
    await person.pilot.press(*keys)
    await person.clock.advance(300)
    return [toast.message for toast in person.app._notifications]
