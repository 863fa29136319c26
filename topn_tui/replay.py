"""``topn-tui replay``: a recording through the real decoder and core, offline."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from engine.assembly import make_replay
from engine.columns import Table
from engine.errors import WrongSetting
from engine.published import row_json
from engine.recordings import read_changes, read_rows, recorded_table, tables_told
from engine.replaying import Outcome, Step
from engine.settings import Settings
from engine.status import State
from engine.told import plain
from topn_tui.formatting import safe
from topn_tui.json_text import harmless
from topn_tui.query import EXACT, NOT_EXACT, envelope

TABLES_TOLD = 5
"""Of the tables in a recording without a change of ours."""

_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=plain)


def replay(
    settings: Settings,
    changes: Path,
    *,
    rows: Path | None,
    batch: int,
    stats: Path | None,
    steps: bool,
) -> int:
    """Replay a recording and print the board; the exit code.

    What a person would wonder about is told on stderr; where there is no such thing, nothing is.

    Raises:
        WrongSetting: a file cannot be used, with line and reason.
    """
    section = settings.table
    messages = read_changes(changes)
    table = recorded_table(
        messages,
        unquote(urlsplit(section.url or "").path.strip("/")),
        section.name or "",
        section.key,
        section.score or "",
        section.columns,
        rows=rows,
    )
    seen = _Seen(prints=steps)
    run = make_replay(
        table,
        size=settings.board.size,
        reserve=settings.reserve,
        partitions=1 + max((message.partition for message in messages), default=0),
        rows=read_rows(rows, table) if rows else (),
        wire_format=settings.feed.format,
        seen=seen,
    )
    for start in range(0, len(messages), batch):
        run.feed(messages[start : start + batch])
    outcome = run.finish()
    if stats is not None:
        _write(stats, _ENCODER.encode(stats_object(outcome)) + b"\n")
    sys.stdout.write(
        envelope(tuple(row_json(row, table.field_names) for row in outcome.rows)) + "\n"
    )
    changed = outcome.totals.changes or outcome.cleared
    dead = seen.unusable
    found = None if changed else tables_told(messages, without=dead)
    hidden = tables_told(of for of in messages if (of.partition, of.offset) in dead)
    for remark in (_no_change(table, len(messages), found, hidden, seen), _dead_letters(seen)):
        if remark is not None:
            sys.stderr.write(f"topn-tui: {safe(remark)}\n")
    if outcome.claim.state is State.EXACT:
        return EXACT
    sys.stderr.write(f"topn-tui: not exact: {outcome.claim.state}: {outcome.claim.reason}\n")
    return NOT_EXACT


def stats_object(outcome: Outcome) -> dict[str, object]:
    """The fields of the headless status object that apply, and what was read."""
    totals = outcome.totals
    return {
        "kind": "replay",
        "state": outcome.claim.state.value,
        "reason": outcome.claim.reason,
        "provisional": outcome.claim.provisional,
        "positions": {str(p): offset for p, offset in enumerate(outcome.positions)},
        "tracked": outcome.tracked,
        "floor": list(outcome.floor) if outcome.floor is not None else None,
        "loads": totals.loads,
        "evicted": totals.evicted,
        "spilled": outcome.spilled,
        "superseded_in_batch": totals.superseded,
        "dead_letters": totals.dead_letters,
        "audit_mismatches": totals.audit_mismatches,
        "messages": totals.messages,
        "changes": totals.changes,
        "ignored": dict(sorted(totals.ignored.items())),
    }


class _Seen:
    """Takes each step of a replay: prints it where that is wanted, and keeps the dead letters."""

    def __init__(self, *, prints: bool) -> None:
        self.prints = prints
        self.dead: list[Step] = []

    @property
    def unusable(self) -> set[tuple[int, int]]:
        """Partition and offset of each message that is a dead letter."""
        letters = (step.dead[0] for step in self.dead if step.dead is not None)
        return {(of.partition, of.offset) for of in letters}

    def __call__(self, step: Step) -> None:
        if step.dead is not None:
            self.dead.append(step)
        for line in _lines(step) if self.prints else ():
            sys.stdout.write(harmless(_ENCODER.encode(line).decode()) + "\n")


def _no_change(
    table: Table,
    messages: int,
    found: Mapping[str, Sequence[str]] | None,
    hidden: Mapping[str, Sequence[str]],
    seen: _Seen,
) -> str | None:
    """Why the board is that of the table at the start; None where it is not, or the dead letters are why.

    Args:
        messages: how many there are.
        found: table -> the types of its events, of all that can be used; None: ours changed.
        hidden: the same of all others.
    """
    if found is None:
        return None
    if not messages:
        return "the recording has no message"
    name = ".".join(filter(None, (table.database, table.name))) or "the table"
    said = f"no change of {name} in {_counted(messages, 'message')}"
    if not found:
        return None if seen.dead else f"{said}: none is about a table"
    if name.lower() in map(str.lower, hidden):
        return None  # it is the right table, and its dead letters are told
    told = [f"{of} ({', '.join(ops)})" for of, ops in islice(found.items(), TABLES_TOLD)]
    more = f" and {len(found) - TABLES_TOLD} more" if len(found) > TABLES_TOLD else ""
    said = f"{said}; the recording has {', '.join(told)}{more}"
    if name.lower() in map(str.lower, found):
        return said
    return f"{said}; set table.url, whose path is the database, and table.name to the one that is meant"


def _dead_letters(seen: _Seen) -> str | None:
    """How many messages cannot be used, and why the first; None where there is none, or each was printed."""
    if not seen.dead or seen.prints or seen.dead[0].dead is None:
        return None
    first, reason = seen.dead[0].dead
    count = len(seen.dead)
    return (
        f"{_counted(count, 'dead letter')}, the first at p{first.partition}@{first.offset}: {reason}; "
        f"--steps prints {'it' if count == 1 else 'each'}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _lines(step: Step) -> Sequence[dict[str, object]]:
    if step.load is not None:
        report = step.load
        return [
            {
                "kind": "load",
                "batch": step.batch,
                "why": report.why.value,
                "outcome": report.outcome,
                "rows": report.rows,
            }
        ]
    if step.dead is not None:
        message, reason = step.dead
        return [
            {
                "kind": "dead_letter",
                "batch": step.batch,
                "partition": message.partition,
                "offset": message.offset,
                "reason": reason,
            }
        ]
    assert step.change is not None
    return [
        {
            "kind": "eviction",
            "batch": step.batch,
            "key": eviction.row.key,
            "score": eviction.row.score,
            "rank": eviction.rank,
            "cause": eviction.cause.value,
            "by": eviction.by.key if eviction.by else None,
            "successor": eviction.successor.key if eviction.successor else None,
        }
        for eviction in step.change.left
    ]


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise WrongSetting(f"--stats {file} cannot be written: {error.strerror}") from None
