"""Wrong engines and wrong stores, a few lines each: what the simulator's laws must be able to tell.

A mutant replaces one method while :func:`tests.core.mutants.applied`; its docstring says what is wrong.
``world`` makes the fault that it needs more frequent, ``law`` names what is expected to notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import engine.loader
from engine.adapters.embedded.store import EmbeddedBoard
from engine.core.feed import FeedView
from engine.core.keychanges import KeyChanges
from engine.core.leaderboard import Leaderboard
from engine.core.loading import Load, Passed
from engine.core.topn import TopN
from engine.loader import Loader
from engine.publisher import Publisher
from engine.runtime import Engine
from engine.source_watch import SourceWatch
from tests.core.mutants import evidence, keychanges
from tests.core.mutants.mutant import Mutant, Original, applied
from tests.simulator import wrong_publishing as publishing
from tests.simulator.history import play
from tests.simulator.plan import Plan, draw
from tests.simulator.services import SimFeed


@dataclass(frozen=True)
class SimMutant(Mutant):
    """One wrong variant, and the laws of which one must catch it."""

    law: tuple[str, ...] = ()

    def plan(self, seed: int) -> Plan:
        """The history of a seed, with the faults that this variant needs."""
        return draw(seed, **self.world)


# ── loads ─────────────────────────────────────────────────────────────────────────────────────


def two_queries_at_a_time(run_if_wanted: Original) -> Original:
    """A query is sent whether or not the last one has been answered."""

    def wrong(self: Loader, topn: TopN) -> None:
        if self._task is not None:
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._task = None
        run_if_wanted(self, topn)

    return wrong


def merged_without_buffer(build: Original) -> Original:
    """The answer is taken as it is, whatever was delivered since."""

    def wrong(self: Load, size: int, reserve: int) -> Leaderboard:
        buffer, self._buffer = self._buffer, {}
        built: Leaderboard = build(self, size, reserve)
        self._buffer = buffer
        return built

    return wrong


def cut_load_lowers_the_floor(take_answer: Original) -> Original:
    """An answer that LIMIT has cut counts as the whole table."""

    def wrong(self: Load, *args: Any) -> None:
        take_answer(self, *args)
        self._floor = None

    return wrong


def merged_before_compared(compare: Original) -> Original:
    """The audit puts the answer on the board first, and then finds them equal."""

    def wrong(self: TopN, load: Load, passed: list[Passed], now_ms: float) -> None:
        if all(p is Passed.YES for p in passed):
            self.board.replace(load.build(self.board.size, self.board.reserve_size))
        compare(self, load, passed, now_ms)

    return wrong


def resync_without_load(resync: Original) -> Original:
    """After a jump in the feed the old board counts as loaded."""

    def wrong(self: TopN, now_ms: float, partitions: int, reason: str | None) -> None:
        known = None if reason is None else (self._loaded, self._settled)
        resync(self, now_ms, partitions, reason)
        if known is not None and len(known[1].passed) == partitions:
            self._loaded, self._settled = known

    return wrong


def dead_letters_forgiven(lose: Original) -> Original:
    """A message that cannot be read is no reason to doubt the board."""
    return lambda self, reason: None


def lagging_answer_taken(behind: Original) -> Original:
    """What has been delivered is not compared with where the log of the answering server ends."""
    return lambda self, *seen_and_said: None


def last_is_furthest(follow: Original) -> Original:
    """An answer has to have the last message that was delivered, and no other."""
    return lambda self, partition, event: None


# ── the feed ──────────────────────────────────────────────────────────────────────────────────


def stored_positions(seek_to_end: Original) -> Original:
    """A start goes on where the consumer group says it had stopped."""

    async def wrong(self: SimFeed) -> Any:
        positions = await seek_to_end(self)
        stored = self.topic.committed
        self._positions = {p: min(at, stored.get(p, at)) for p, at in positions.items()}
        return self.positions()

    return wrong


def missing_table_is_an_outage(missing_table: Original) -> Any:
    """A table that is not there is taken for a server that does not answer."""
    return type("NeverRaised", (Exception,), {})


SIGMA = "EXACT but not the top N of what was delivered"
TRACKED = "tracked is not what ranks above the floor"
CUT = "EXACT but never a state of the table"
SHOWN = "the EXACT board on show is not that of its positions"
MISMATCH = "an audit mismatch although nothing was lost"
AT_REST = "EXACT at rest and not the table"
NO_WAY_BACK = "no way back to EXACT"
BACK = "positions have gone back within an epoch"
LATE = "a write that its sender has given up was carried out"

TWO: dict[str, Any] = {"engines": 2}

MUTANTS = (
    SimMutant("commit before publish", Publisher, "_step", publishing.commit_before_publish, histories=20,
              world={"faults": {"store_away": 4, "store_slow": 4}},
              law=("a position was committed that was never published",)),
    SimMutant("evicted members stay", EmbeddedBoard, "publish", publishing.evicted_stay, histories=10,
              law=("the ZSET has more than N members", SHOWN)),
    SimMutant("owner checked after the write", EmbeddedBoard, "publish", publishing.owner_checked_afterwards,
              histories=40,
              world={**TWO, "faults": {"pause": 4, "restored": 4, "dump": 4}},
              law=("a refused write left something behind",)),
    SimMutant("lease renewed without the epoch", EmbeddedBoard, "heartbeat", publishing.lease_without_epoch,
              histories=20,
              world={**TWO, "faults": {"pause": 6}},
              law=("an engine that does not own the board has written",)),
    SimMutant("an older board after a newer one", EmbeddedBoard, "_in_order", publishing.older_after_newer,
              histories=40,
              world={"faults": {"reply_lost": 20}}, law=(BACK,)),
    SimMutant("a late write is carried out", EmbeddedBoard, "_in_time", publishing.late_is_carried_out, histories=20,
              world={"faults": {"store_slow": 6}}, law=(LATE, BACK)),
    SimMutant("first write not LOADING", EmbeddedBoard, "acquire", publishing.not_loading_at_first, histories=40,
              world={**TWO, "faults": {"pause": 4, "kill": 4}},
              law=("EXACT that its owner has not claimed",)),
    SimMutant("no rewrite after a restore", Publisher, "_acquire", publishing.no_rewrite_after_a_restore, histories=40,
              world={"faults": {"dump": 4, "restored": 4}}, law=(SHOWN, NO_WAY_BACK)),
    SimMutant("positions ahead of the board", Engine, "_board_state", publishing.positions_ahead, histories=30,
              law=("positions run ahead of what was applied",)),
    SimMutant("merged without the buffer", Load, "build", merged_without_buffer, histories=20,
              law=(TRACKED, MISMATCH)),
    SimMutant("floor lowered by a cut load", Load, "take_answer", cut_load_lowers_the_floor, histories=10,
              law=(TRACKED,)),
    SimMutant("merged before compared", TopN, "_compare", merged_before_compared, histories=100,
              world={"faults": {"silent_loss": 8, "audit": 8, "quiet": 12}},
              law=("a load changed an EXACT board and no mismatch was told",)),
    SimMutant("rewind not recognised", FeedView, "rewound", evidence.rewinds_unseen, histories=60,
              world={"faults": {"rewind": 6}, "protobuf": True}, law=(CUT,)),
    SimMutant("resync without a load", TopN, "resync", resync_without_load, histories=100,
              world={"faults": {"topic_recreated": 3, "expired": 3, "feed_slow": 3}}, law=(CUT, AT_REST, SIGMA)),
    SimMutant("dead letters forgiven", TopN, "lose", dead_letters_forgiven, histories=40,
              world={"faults": {"poison": 6}}, law=(CUT,)),
    SimMutant("a lagging answer is taken", SourceWatch, "behind", lagging_answer_taken, histories=20,
              world={"faults": {"lagging_query": 6}, "protobuf": True},
              law=("the answer of a server that lags was taken",)),
    SimMutant("the last message is the furthest", SourceWatch, "_follow", last_is_furthest, histories=60,
              world={"faults": {"lagging_query": 6, "rewind": 4, "resend": 4}, "protobuf": True},
              law=("the answer of a server that lags was taken",)),
    SimMutant("start at stored positions", SimFeed, "seek_to_end", stored_positions, histories=20,
              world={"faults": {"kill": 4}}, law=("a start does not read from the end of the log",)),
    SimMutant("no cure of key changes", KeyChanges, "arm", keychanges.no_cure, histories=60,
              world={"faults": {"move": 6}}, law=(CUT,)),
    SimMutant("two queries at a time", Loader, "run_if_wanted", two_queries_at_a_time, histories=10,
              law=("an engine asks the table twice at a time",)),
    SimMutant("standby for ever", Publisher, "_acquire", publishing.standby_for_ever, histories=20,
              world={**TWO, "faults": {"kill": 4, "silent_loss": 0, "rename_swap": 0}}, law=(NO_WAY_BACK,)),
    SimMutant("missing table is an outage", engine.loader, "MissingTable", missing_table_is_an_outage, histories=40,
              world={"faults": {"table_gone": 4}}, law=("EXACT although the table is known to be gone",)),
)  # fmt: skip


def caught_after(mutant: SimMutant) -> tuple[int, str] | None:
    """How many seeds it took, and the law; None: not within its histories."""
    with applied(mutant):
        for seed in range(mutant.histories):
            result = play(mutant.plan(seed))
            if result.law is not None:
                return seed + 1, result.law
    return None


def table() -> int:
    """Print the table of docs/exactness.md; 1 if a variant is not caught, or by no law of its own."""
    missed = 0
    print("| wrong engine | what is wrong | caught by | histories |\n|---|---|---|--:|")
    for mutant in MUTANTS:
        caught = caught_after(mutant)
        fits = caught is not None and caught[1] in mutant.law
        missed += not fits
        seeds, law = caught or (mutant.histories, "NOT CAUGHT")
        told = law if fits else f"{law} (unexpected)"
        print(f"| {mutant.name} | {mutant.fault} | {told} | {seeds} |", flush=True)
    return 1 if missed else 0
