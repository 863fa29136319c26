"""Text that wants more than to be read, and a status that has it wherever a status has text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from engine.status import (
    Counters,
    EngineStatus,
    Exactness,
    LoadStatus,
    Notice,
    Publication,
    Standing,
    State,
    Verdict,
)
from tests.tui.scripted import EVICTIONS, HEAP, event, row, sample

HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J",
    "[bold red]x[/] [@click=app.quit]y[/]",
    "\u202eevil\u2066\u200b",
    "a\nb\tc\rd",
    "中文👨\u200d👩\u200d👧\U0001f1e8\U0001f1f3👍\U0001f3fd",
    "z" + "\u0301" * 50,
    "\ud800\x9b31m",
    "w" * 500,
)
INJECTED = "#fedcba"
"""A colour that no theme has."""
_PIECES = (
    *HOSTILE,
    "\x1b]8;;https://example.org/\x1b\\link\x1b]8;;\x1b\\",  # a link of the terminal's
    "\x1b[31;5m", "\x1bP1$r\x1b\\", "\x9d52;c;eA==\x9c", "\x00", "\x7f", "\x08\x08\x08",
    f"[{INJECTED}]", f"[on {INJECTED}]", "[link=https://example.org/]x[/link]", "[/]", "[", "\\[", "$error",
    "\u200f", "\u061c", "\u2067", "\ufeff", "\u2060", "\u00ad", "\u180e", "\u2028", "\u2029", "\x85",
    "\U000e0041", "\ufe0f", "\ufe0e", "❤\ufe0f", "1\ufe0f\u20e3", "\U0001f3f4\U000e0067\U000e007f",
    "ᄀ", "ᅡ", "ᆨ", "한", "ｱﾞ", "கௌ", "नमस्ते", "ก็้", "שלום", "سلام", "﷽", "𒐫", "〽", "〰", "⁉", "⌚", "\u3000",
    "e\u0301", "\u0301", "\u20dd", "\u0e33", "\u1f1e8", "🎉", "🫨", "👩🏽\u200d🚀",
)  # fmt: skip

texts = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=4)), max_size=6).map("".join)


def is_inert(text: str) -> bool:
    """Whether a terminal only shows it: no control, no format character, no line separator."""
    return not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in text)


def hostile(of: Sequence[str]) -> EngineStatus:
    """A status in which no text can be trusted; every list has a row for each of the texts (five or more)."""
    text = " ".join(of)
    rows = tuple(row(key, 650, key, key.encode(errors="replace"), None) for key in of)
    entries = tuple(
        event(n, Verdict.DEAD, op=it, key=it, reason=it, columns=(it,), raw=it.encode(errors="replace"))
        for n, it in enumerate(of, 1)
    )  # fmt: skip
    status = sample()
    return replace(
        status,
        board_name=text, table=text, topic=text, key_name=text, score_name=text, column_names=tuple(of[:3]),
        exactness=Exactness(state=State.INEXACT, reason=text),
        standing=Standing(publication=Publication.FENCED, by=text, reason=text),
        board=rows, heap=(*(r.rank_key for r in rows), *HEAP),
        reserve=replace(status.reserve, next_up=rows[0], next_to_spill=rows[1], best=rows),
        floor=(1, text),
        load=LoadStatus(why=text, phase=text, opened_at_ms=1),
        last_audit=LoadStatus(why=text, phase=text, opened_at_ms=1, ended_at_ms=2),
        counters=Counters(ignored=((text, 1),)),
        partitions=tuple(replace(p, passed=text) for p in status.partitions),
        services=tuple(replace(s, name=it, detail=it) for s, it in zip(status.services, of, strict=False)),
        events=entries,
        evictions=tuple(replace(EVICTIONS[1], number=n, row=r, by=r, successor=r) for n, r in enumerate(rows)),
        notices=tuple(Notice(number=n, at_ms=1, level=it, text=it) for n, it in enumerate(of)),
    )  # fmt: skip
