"""Wrong engines and wrong stores, a few lines each: what the simulator's laws must be able to tell.

A mutant replaces one method while :func:`tests.core.mutants.applied`; its docstring says what is wrong.
``world`` makes the fault that it needs more frequent, ``law`` names what is expected to notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.adapters.embedded.store import EmbeddedBoard
from engine.core.changes import Answer, Row
from engine.core.feed import FeedView
from engine.core.keychanges import KeyChanges
from engine.core.leaderboard import Leaderboard
from engine.core.loading import Load, Passed
from engine.core.rank import Key
from engine.core.topn import TopN
from engine.loader import Loader
from engine.ports import Acquired, BoardState
from engine.publisher import Publisher
from engine.runtime import Engine
from engine.source_watch import SourceWatch
from engine.status import Publication
from tests.core.mutants import evidence, keychanges
from tests.core.mutants.mutant import Mutant, Original, applied
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


# ── publishing ────────────────────────────────────────────────────────────────────────────────


def commit_before_publish(step: Original) -> Original:
    """Positions are committed before the board at them is in the store."""

    async def wrong(self: Publisher) -> Any:
        if self.is_owner:
            self._committed(self._snapshot()[0].positions)
        return await step(self)

    return wrong


def evicted_stay(publish: Original) -> Original:
    """A publish puts in who entered and leaves in who left."""

    async def wrong(
        self: EmbeddedBoard,
        state: BoardState,
        *,
        entered: Sequence[Row],
        left: Sequence[Key],
        moved: Sequence[Row],
    ) -> int:
        stored = self._mine(state.size - len(entered) + len(left))
        self._put(stored, (*entered, *moved), state)
        return self._told(stored, state, changed=True)

    return wrong


def owner_checked_afterwards(publish: Original) -> Original:
    """The rows are written, and then it is looked whose board this is."""

    async def wrong(self: EmbeddedBoard, state: BoardState, **rows: Any) -> Any:
        stored = self._store.boards.get(self._name)
        if stored is not None:
            self._put(stored, (*rows["entered"], *rows["moved"]), state)
        return await publish(self, state, **rows)

    return wrong


def lease_without_epoch(heartbeat: Original) -> Original:
    """The lease is renewed by whoever asks."""

    async def wrong(self: EmbeddedBoard, state: BoardState) -> Any:
        stored = self._store.boards.get(self._name)
        if stored is None:
            return await heartbeat(self, state)
        return self._told(stored, state, changed=False)

    return wrong


def older_after_newer(in_order: Original) -> Original:
    """A write that was overtaken by a newer one is carried out all the same."""
    return lambda self, stored: None


def late_is_carried_out(in_time: Original) -> Original:
    """A request that a slow server gets to when nobody waits for it any more is carried out."""
    return lambda self: None


def not_loading_at_first(acquire: Original) -> Original:
    """The new owner leaves the state of the last one standing."""

    async def wrong(self: EmbeddedBoard, **options: Any) -> Acquired:
        stored = self._store.boards.get(self._name)
        state = stored.meta.get("state") if stored is not None else None
        acquired: Acquired = await acquire(self, **options)
        if acquired.owned and stored is not None and state is not None:
            stored.meta["state"] = state
        return acquired

    return wrong


def no_rewrite_after_a_restore(acquire: Original) -> Original:
    """Who has owned the board before goes on with differences after acquiring it again."""

    async def wrong(self: Publisher) -> Any:
        before, owned = self._epoch > 0, await acquire(self)
        self._whole = self._whole and not (owned and before)
        return owned

    return wrong


def two_queries_at_a_time(run_if_wanted: Original) -> Original:
    """A query is sent whether or not the last one has been answered."""

    def wrong(self: Loader, topn: TopN) -> None:
        if self._task is not None:
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._task = None
        run_if_wanted(self, topn)

    return wrong


def standby_for_ever(acquire: Original) -> Original:
    """Who has once found the board taken never looks again."""

    async def wrong(self: Publisher) -> Any:
        if self.standing.publication is Publication.STANDBY:
            return False
        return await acquire(self)

    return wrong


def positions_ahead(board_state: Original) -> Original:
    """What the feed has handed out is published as followed."""

    def wrong(self: Engine, claim: Any) -> BoardState:
        return msgspec.structs.replace(
            board_state(self, claim), positions=dict(self._feed.positions())
        )

    return wrong


# ── loads ─────────────────────────────────────────────────────────────────────────────────────


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

    def wrong(self: Load, answer: Answer, tracked_limit: int) -> None:
        take_answer(self, answer, tracked_limit)
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
    return lambda self, seen, answer: None


# ── the feed ──────────────────────────────────────────────────────────────────────────────────


def stored_positions(seek_to_end: Original) -> Original:
    """A start goes on where the consumer group says it had stopped."""

    async def wrong(self: SimFeed) -> Any:
        positions = await seek_to_end(self)
        stored = self.topic.committed
        self._positions = {p: min(at, stored.get(p, at)) for p, at in positions.items()}
        return self.positions()

    return wrong


SIGMA = "EXACT but not the top N of what was delivered"
TRACKED = "tracked is not what ranks above the floor"
CUT = "EXACT but never a state of the table"
SHOWN = "the EXACT board on show is not that of its positions"
AT_REST = "EXACT at rest and not the table"
NO_WAY_BACK = "no way back to EXACT"
BACK = "positions have gone back within an epoch"
LATE = "a write that its sender has given up was carried out"

TWO: dict[str, Any] = {"engines": 2}

MUTANTS = (
    SimMutant("commit before publish", Publisher, "_step", commit_before_publish, histories=20,
              world={"faults": {"store_away": 4, "store_slow": 4}},
              law=("a position was committed that was never published",)),
    SimMutant("evicted members stay", EmbeddedBoard, "publish", evicted_stay, histories=10,
              law=("the ZSET has more than N members", SHOWN)),
    SimMutant("owner checked after the write", EmbeddedBoard, "publish", owner_checked_afterwards, histories=40,
              world={**TWO, "faults": {"pause": 4, "restored": 4, "dump": 4}},
              law=("a refused write left something behind",)),
    SimMutant("lease renewed without the epoch", EmbeddedBoard, "heartbeat", lease_without_epoch, histories=20,
              world={**TWO, "faults": {"pause": 6}},
              law=("an engine that does not own the board has written",)),
    SimMutant("an older board after a newer one", EmbeddedBoard, "_in_order", older_after_newer, histories=60,
              world={"faults": {"store_slow": 10, "reply_lost": 10}}, law=(BACK,)),
    SimMutant("a late write is carried out", EmbeddedBoard, "_in_time", late_is_carried_out, histories=20,
              world={"faults": {"store_slow": 6}}, law=(LATE, BACK)),
    SimMutant("first write not LOADING", EmbeddedBoard, "acquire", not_loading_at_first, histories=40,
              world={**TWO, "faults": {"pause": 4, "kill": 4}},
              law=("EXACT that its owner has not claimed",)),
    SimMutant("no rewrite after a restore", Publisher, "_acquire", no_rewrite_after_a_restore, histories=40,
              world={"faults": {"dump": 4, "restored": 4}}, law=(SHOWN, NO_WAY_BACK)),
    SimMutant("positions ahead of the board", Engine, "_board_state", positions_ahead, histories=30,
              law=("positions run ahead of what was applied",)),
    SimMutant("merged without the buffer", Load, "build", merged_without_buffer, histories=20,
              law=(TRACKED, "an audit mismatch although nothing was lost")),
    SimMutant("floor lowered by a cut load", Load, "take_answer", cut_load_lowers_the_floor, histories=10,
              law=(TRACKED,)),
    SimMutant("merged before compared", TopN, "_compare", merged_before_compared, histories=60,
              world={"faults": {"silent_loss": 8, "audit": 8, "quiet": 12}},
              law=("a load changed an EXACT board and no mismatch was told",)),
    SimMutant("rewind not recognised", FeedView, "rewound", evidence.rewinds_unseen, histories=60,
              world={"faults": {"rewind": 6}, "protobuf": True}, law=(CUT,)),
    SimMutant("resync without a load", TopN, "resync", resync_without_load, histories=40,
              world={"faults": {"topic_recreated": 3, "expired": 3, "feed_slow": 3}}, law=(CUT, AT_REST, SIGMA)),
    SimMutant("dead letters forgiven", TopN, "lose", dead_letters_forgiven, histories=40,
              world={"faults": {"poison": 6}}, law=(CUT,)),
    SimMutant("a lagging answer is taken", SourceWatch, "behind", lagging_answer_taken, histories=20,
              world={"faults": {"lagging_query": 6}, "protobuf": True},
              law=("the answer of a server that lags was taken",)),
    SimMutant("start at stored positions", SimFeed, "seek_to_end", stored_positions, histories=20,
              world={"faults": {"kill": 4}}, law=("a start does not read from the end of the log",)),
    SimMutant("no cure of key changes", KeyChanges, "arm", keychanges.no_cure, histories=60,
              world={"faults": {"move": 6}}, law=(CUT,)),
    SimMutant("two queries at a time", Loader, "run_if_wanted", two_queries_at_a_time, histories=10,
              law=("an engine asks the table twice at a time",)),
    SimMutant("standby for ever", Publisher, "_acquire", standby_for_ever, histories=20,
              world={**TWO, "faults": {"kill": 4, "silent_loss": 0, "rename_swap": 0}}, law=(NO_WAY_BACK,)),
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
    """Print which law catches each mutant; 1 if one is not caught, or by no law of its own."""
    missed = 0
    for mutant in MUTANTS:
        caught = caught_after(mutant)
        fits = caught is not None and caught[1] in mutant.law
        missed += not fits
        seeds, law = caught or (mutant.histories, "NOT CAUGHT")
        print(
            f"{mutant.name:34} {seeds:4} seeds   {law}{'' if fits else '   (unexpected)'}",
            flush=True,
        )
    return 1 if missed else 0
