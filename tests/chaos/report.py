"""The figures of chaos, in lines for a person."""

from __future__ import annotations

import statistics

from tests.chaos.killing import count
from tests.chaos.run import Figures

_SERVICES = ("engine", "canal", "kafka", "redis", "mysql", "pause")


def report(figures: Figures) -> list[str]:
    """All there is to say."""
    kinds = count(figures.killed)
    reads, exact = figures.reads.total(), figures.reads["EXACT"]
    answered = reads - figures.reads["away"] - figures.reads["nothing"]
    share = f"{exact / answered:.0%}" if answered else "-"
    gaps = sum(point.feed_gap for point in figures.quiet)
    stuck = sum(point.canal_stuck for point in figures.quiet)
    longest = max((point.exact_s for point in figures.quiet), default=0.0)
    return [
        f"{figures.seconds:.0f} s, {len(figures.killed)} kills: "
        + ", ".join(f"{name} {kinds[name]}" for name in _SERVICES if kinds[name]),
        ", ".join(f"{name} {number:,}" for name, number in figures.counts.items()),
        f"statements {figures.statements.total():,}: "
        + ", ".join(f"{kind} {n:,}" for kind, n in figures.statements.most_common()),
        f"reads {reads:,}: " + ", ".join(f"{n} {c:,}" for n, c in figures.reads.most_common()),
        f"EXACT {exact:,} of {answered:,} reads that had an answer ({share})",
        f"quiet points {len(figures.quiet)}, EXACT and in agreement at most {longest:.1f} s after "
        f"all was delivered; Canal stuck until started anew {stuck}, feed gaps {gaps}",
        *(_recovery(figures, name) for name in _SERVICES if kinds[name]),
        *figures.excuses,
        f"mismatches {len(figures.mismatches)}",
    ]


def _recovery(figures: Figures, service: str) -> str:
    mine = [one for one in figures.killed if one.service == service]
    times = [(one.exact_ms - one.at_ms) / 1000 for one in mine if one.exact_ms is not None]
    never = len(mine) - len(times)
    if not times:
        return f"  {service}: no EXACT was seen after any of {len(mine)} kills"
    lacking = f"; not before the run ended: {never}" if never else ""
    return (
        f"  {service}: from the kill to EXACT again median {statistics.median(times):.1f} s, "
        f"at most {max(times):.1f} s{lacking}"
    )
