"""``topn-tui replay``: a recording through the real decoder and core, offline."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from engine.assembly import make_replay
from engine.errors import WrongSetting
from engine.published import row_json
from engine.recordings import read_changes, read_rows, recorded_table
from engine.replaying import Outcome, Step
from engine.settings import Settings
from engine.status import State
from engine.told import plain
from topn_tui.json_text import harmless
from topn_tui.query import EXACT, NOT_EXACT, envelope

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
    run = make_replay(
        table,
        size=settings.board.size,
        reserve=settings.reserve,
        partitions=1 + max((message.partition for message in messages), default=0),
        rows=read_rows(rows, table) if rows else (),
        wire_format=settings.feed.format,
        seen=_printer() if steps else lambda step: None,
    )
    for start in range(0, len(messages), batch):
        run.feed(messages[start : start + batch])
    outcome = run.finish()
    if stats is not None:
        _write(stats, _ENCODER.encode(stats_object(outcome)) + b"\n")
    sys.stdout.write(
        envelope(tuple(row_json(row, table.field_names) for row in outcome.rows)) + "\n"
    )
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


def _printer() -> Callable[[Step], None]:
    def show(step: Step) -> None:
        for line in _lines(step):
            sys.stdout.write(harmless(_ENCODER.encode(line).decode()) + "\n")

    return show


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
