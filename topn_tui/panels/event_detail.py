"""The whole of one change: the row before and after, what it did to heap and board, the message: pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.status import EngineStatus, EventEntry, Explained, RankKey, Value, Verdict
from topn_tui.formatting import clock, key, number, raw, safe, value
from topn_tui.language import t
from topn_tui.panels import verdicts
from topn_tui.panels.detail import Detail, fact, heading
from topn_tui.panels.tones import Spans, spans

Fields = Sequence[tuple[str, str]]
"""Name and value of each column, safe text."""


def event_detail(entry: EventEntry, status: EngineStatus) -> Detail:
    """What it was, what it did, where the row stood before and after, the message."""
    of = entry.explained
    lines = [
        fact(t("verdict"), *verdicts.verdict(of)),
        fact(t("score"), f"{number(of.old_score)} → {number(of.new_score)}"),
        fact(t("before"), verdicts.place(of.before)),
        fact(t("after"), verdicts.place(of.after)),
        *_what_it_did(of),
    ]
    if of.reason:
        lines.append(fact(t("reason"), safe(t(of.reason))))
    lines += [
        fact(t("binlog time"), clock(of.es_ms)),
        fact(t("applied"), clock(entry.at_ms, millis=True)),
        fact(
            t("at"),
            t("partition {partition}, offset {offset}", partition=of.partition, offset=of.offset),
        ),
        fact(
            t("change"),
            t("{nth} of {count}", nth=number(entry.number), count=number(status.events_total)),
        ),
        *_row(entry, status),
    ]
    lines += heading(_message_of(entry))
    lines += [spans(line) for line in raw(entry.raw)]
    return Detail(f"{safe(of.op)} {key(of.key)}", tuple(lines), key=of.key)


def _what_it_did(of: Explained) -> list[Spans]:
    """To the heap: its root, the row that went or came up for this one, the floor."""
    lines = []
    if of.bar is not None or of.bar_before is not None:
        root = (_rank_key(of.bar), "accent")
        if of.bar == of.bar_before:
            lines.append(fact(t("bar to beat"), root, (t(", as before"), "dim")))
        else:
            lines.append(fact(t("bar to beat"), f"{_rank_key(of.bar_before)} → ", root))
    if of.other is not None:
        came_up = of.verdict is Verdict.LEFT and of.reason != "displaced"
        name = t("came up") if came_up else t("pushed out")
        if of.verdict is Verdict.LEFT and not came_up:
            name = t("displaced by")
        lines.append(
            fact(name, t("{key}, score {score}", key=key(of.other), score=number(of.other_score)))
        )
    if of.floor is not None:
        lines.append(fact(t("floor then"), _rank_key(of.floor)))
    return lines


def _rank_key(of: RankKey | None) -> str:
    return t("none: the board was not full") if of is None else f"{number(of[0])}·{key(of[1])}"


def _row(entry: EventEntry, status: EngineStatus) -> list[Spans]:
    """The whole row as it was, as it is, or both beside each other."""
    of = entry.explained
    if of.key is None:
        return []
    # No score after the change is NULL; none before it may be NULL as well as not known.
    before = _fields(status, of, number(of.old_score), entry.columns_before)
    after = _fields(status, of, value(of.new_score), entry.columns)
    if of.op == "DELETE" or of.reason.startswith("key changed"):
        gone = spans((t("the row is gone"), "dim"))
        return [*heading(t("The row before the change")), *_named(before), gone]
    if entry.columns_before is None:
        lines = [*heading(t("The row after the change")), *_named(after)]
        if of.op != "INSERT":
            lines.append(spans((t("the message does not say what the other columns were"), "dim")))
        return lines
    both = zip(before, after, strict=False)
    return [
        *heading(t("The row before → after the change")),
        *(
            fact(name, is_now, (t("  as before"), "dim"))
            if was == is_now
            else fact(name, f"{was} → ", (is_now, "strong"))
            for (name, was), (_, is_now) in both
        ),
    ]


def _named(fields: Fields) -> list[Spans]:
    return [fact(name, of) for name, of in fields]


def _fields(
    status: EngineStatus, of: Explained, score: str, columns: Sequence[Value] | None
) -> Fields:
    """Key, display columns and score; the columns may not be known."""
    names = [safe(name) for name in status.column_names]
    return [
        (safe(status.key_name) or t("key"), key(of.key)),
        *((name, value(column)) for name, column in zip(names, columns or (), strict=False)),
        (safe(status.score_name) or t("score"), score),
    ]


def _message_of(entry: EventEntry) -> str:
    size, kept = number(entry.raw_size), number(len(entry.raw))
    if len(entry.raw) < entry.raw_size:
        return t("Message ({size} bytes, the first {kept} of them)", size=size, kept=kept)
    return t("Message ({size} bytes)", size=size)
