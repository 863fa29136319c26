"""One run of chaos over one shape of pipeline."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from engine.configuration import load_settings
from tests.chaos.killing import SIZE, Engines, Killed, Killer, count
from tests.chaos.quiet import (
    Mismatch,
    QuietPoint,
    quiet_point,
    remove_marker,
    table_rows,
)
from tests.chaos.schedule import Round, Shape, rounds
from tests.chaos.watch import Watch
from tests.chaos.writers import Writers
from tests.stack.stack import Stack
from tests.stack.world import World

TOLD = 20
"""How many lines of a story are shown at once."""

HOLES_SHARE, HOLES_LEAST = 0.02, 20
"""Of the boards judged so many may be explained by a hole that Canal fills again, or so many at least: one
hole may last for a second, and a board is published every 50 ms."""

_SQL = "SQL: "


@dataclass(slots=True)
class Figures:
    """What has happened, to be added up."""

    seconds: float = 0.0
    killed: list[Killed] = field(default_factory=list)
    quiet: list[QuietPoint] = field(default_factory=list)
    reads: Counter[str] = field(default_factory=Counter)
    statements: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)

    @property
    def excuses(self) -> list[str]:
        """What is wrong if the judge let a lot pass that it can only explain, and not prove right."""
        holes, judged = self.counts["holes before a resend"], self.counts["boards judged"]
        kinds = count(self.killed)
        if holes and not kinds["canal"] + kinds["kafka"]:
            return [f"{holes} boards excused by a hole, though neither Canal nor Kafka was killed"]
        if holes > max(HOLES_LEAST, HOLES_SHARE * judged):
            return [f"{holes} of {judged} boards excused by a hole before a resend"]
        return []

    def add(self, other: Figures) -> None:
        self.seconds += other.seconds
        self.killed += other.killed
        self.quiet += other.quiet
        self.reads += other.reads
        self.statements += other.statements
        self.counts.update(other.counts)  # += would drop what is zero
        self.mismatches += other.mismatches


def stack_for_chaos(directory: Path, *, persistent_redis: bool = False) -> Stack:
    """Services that may be killed: what a database says is committed must be on disk."""
    safe = ["--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1"]
    return Stack(directory, mysql={"options": safe}, redis={"persistent": persistent_redis})


class Run:
    """One world with its Canal and engines on a running stack, from the first load to the last word.

    Args:
        stack: its services may be killed.
        shape: the kind of pipeline.
        folder: for settings and logs of this run.
        say: told of each round.
    """

    def __init__(
        self,
        stack: Stack,
        shape: Shape,
        folder: Path,
        *,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._shape, self._folder, self._say = shape, folder, say
        self._world = World(stack, flat=shape.flat, partitions=shape.partitions)
        self._engines = Engines(self._world, shape, folder)
        config = self._world.write_settings(folder / "reader.toml", size=SIZE)
        settings = load_settings(config, {"store.timeout_ms": "500"}).settings
        self._watch = Watch(self._world, settings, size=SIZE, partitions=shape.partitions)
        self._story: list[tuple[int, str]] = []
        self.figures = Figures()

    def play(self, seed: int, *, seconds: float, round_s: float) -> Figures:
        """Everything; stops at the first mismatch, which the figures then tell."""
        began_s = time.monotonic()
        try:
            self._begin()
            for plan in rounds(self._shape, seed, seconds=seconds, round_s=round_s):
                self._round(plan)
                if self.figures.mismatches:
                    break
        except Mismatch as error:
            # What can still explain a doubt has been delivered.
            self._watch.call(self._watch.judge.settle)
            self.figures.mismatches += [str(error), *self._watch.judge.verdicts.mismatches]
        finally:
            self.figures.seconds = time.monotonic() - began_s
            self._end()
        if self.figures.mismatches:
            self._write_story(seed)
        return self.figures

    def _begin(self) -> None:
        self._world.canal.launch()
        self._engines.start()
        self._world.canal.wait_ready()
        # Nothing is undelivered yet: these rows were there before Canal's start position.
        self._watch.replica.start_from(table_rows(self._world))
        self._watch.start()
        self._engines.alive[0].wait_for(lambda line: line["state"] == "EXACT", "the first EXACT")

    def _round(self, plan: Round) -> None:
        writers = Writers(self._world, plan)
        killer = Killer(self._world, self._engines, plan.kills)
        self._watch.on_exact = killer.seen
        self._tell(f"round {plan.number}: {plan}")
        writers.start()
        killer.start()
        try:
            self._wait(plan.seconds)
        finally:
            writers.stop()
            killer.finish()
            self._take(writers, killer)
        shape = self._shape
        point = quiet_point(self._world, self._watch, self._engines, bound_s=shape.bound_s)
        self.figures.quiet.append(point)
        self._tell(f"quiet point: {point}")
        self.figures.mismatches += self._watch.judge.verdicts.mismatches
        audits = self._engines.total("audit_mismatches")
        if audits:
            said = "\n".join(text for e in self._engines.alive for text in e.errors[-5:])
            self.figures.mismatches.append(f"{audits} audits found an EXACT board wrong:\n{said}")
        self._say(
            f"{shape}: round {plan.number}, {writers.statements.total()} statements, "
            f"{len(plan.kills)} kills, delivered after {point.drain_s:.1f} s, "
            f"EXACT {point.exact_s:.1f} s later" + ", the feed had a gap" * point.feed_gap
        )
        remove_marker(self._world)

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.2)
            self._watch.check()
            self._engines.check()

    def _take(self, writers: Writers, killer: Killer) -> None:
        self.figures.killed += killer.killed
        self.figures.statements += writers.statements
        self.figures.counts["database outages seen by writers"] += writers.outages
        for one in killer.killed:
            self._tell(f"killed {one}", at_ms=one.at_ms)
        for at_s, statement in writers.last:
            self._tell(f"{_SQL}{statement}", at_ms=round(at_s * 1000))

    def _end(self) -> None:
        figures, watch, verdicts = self.figures, self._watch, self._watch.judge.verdicts
        try:
            watch.stop()
        finally:
            self._engines.close()
            shutil.copy(self._world.canal.log_path, self._folder / "canal.log")
            self._world.close()
        figures.reads += watch.reads
        figures.counts.update(
            {
                "messages": watch.messages,
                "events": watch.touches,
                "EXACT by silence": watch.provisional,
                "boards judged": verdicts.judged,
                "ahead of a silent feed": verdicts.ahead,
                "holes before a resend": verdicts.holes,
                "loads": self._engines.total("loads"),
                "dead letters": self._engines.total("dead_letters"),
                "audit mismatches": self._engines.total("audit_mismatches"),
            }
        )

    # ── the story ─────────────────────────────────────────────────────────────────────────

    def _tell(self, text: str, *, at_ms: int | None = None) -> None:
        self._story.append((round(time.time() * 1000) if at_ms is None else at_ms, text))

    def _write_story(self, seed: int) -> None:
        lines = [
            f"{datetime.fromtimestamp(at_ms / 1000, UTC):%H:%M:%S} {at_ms} {text}"
            for at_ms, text in sorted(self._story)
        ]
        path = self._folder / "story.txt"
        text = [f"seed {seed}, {self._shape}", *self.figures.mismatches, "", *lines]
        path.write_text("\n".join([*text, "", self._engines.told()]))
        happened = [line for line in lines if _SQL not in line]
        said = [*happened[-TOLD:], "the last statements:", *lines[-TOLD:]]
        self._say("\n".join([f"what happened (all of it is in {path}):", *said]))
