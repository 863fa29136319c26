"""The past against recorded snapshots: every moment kept is the board as it was, whatever happened."""

from __future__ import annotations

import random
from itertools import pairwise

from engine.core.changes import BoardChange, Delete, Row, RowChange, Upsert
from engine.core.leaderboard import Leaderboard
from engine.core.rank import Key
from engine.past import After, Past, Recorder

HISTORIES = 60


class Watched:
    """A real leaderboard under a random history; each moment is recorded, and photographed."""

    def __init__(self, seed: int, *, moments_kept: int = 40, rows_kept: int = 200) -> None:
        self.random = random.Random(seed)
        self.board = Leaderboard(self.random.randint(1, 6), self.random.randint(0, 6), ranked=True)
        self.board.clear(floor=None)
        self.table: dict[Key, Row] = {}
        self.recorder = Recorder(moments_kept, rows_kept)
        self.photos: list[tuple[int, tuple[Row, ...]]] = []
        self.events = self.evicted = 0
        self.at_ms = 0
        self.after = After()

    def play(self, steps: int) -> None:
        for _ in range(steps):
            of = self.random.random()
            if of < 0.03:
                self.table.clear()
                self.board.clear(floor=None)
            elif of < 0.15 or self.board.short:
                self._load()
            else:
                self._batch()
            self._photograph()

    def _batch(self) -> None:
        batch: dict[Key, RowChange] = {}
        for _ in range(self.random.randint(1, 5)):
            key, score = self.random.randrange(20), self.random.randrange(30)
            self.events += 1
            if self.random.random() < 0.3:
                batch[key] = Delete(key)
                self.table.pop(key, None)
            else:
                batch[key] = Upsert(key, score)
                self.table[key] = Row(key, score)
        self.board.apply(batch)

    def _load(self) -> None:
        other = Leaderboard(self.board.size, self.board.reserve_size, ranked=True)
        other.clear(floor=None)
        other.apply({row.key: Upsert(row.key, row.score) for row in self.table.values()})
        other.take_change()
        self.board.replace(other)

    def _photograph(self) -> None:
        change = self.board.take_change()
        self.evicted += len(change.left)
        self.at_ms += self.random.choice((0, 7, 40, 150))
        after = After(
            floor=self.board.floor,
            events_total=self.events,
            evictions_total=self.evicted,
            spilled=len(self.photos),
        )
        told = self.random.random() < 0.6
        if not told and self.random.random() < 0.3:
            self.recorder.join(change, at_ms=self.at_ms)
        else:
            if self.recorder.is_open and told:
                self.recorder.finish(self.after)
            self.recorder.record(change, after, told=told, at_ms=self.at_ms)
        self.after = after
        self.photos.append((self.events, tuple(self.board.best(self.board.size))))


def test_every_moment_kept_shows_the_board_as_it_was_through_loads_and_truncates() -> None:
    seen = 0
    for seed in range(HISTORIES):
        watched = Watched(seed)
        watched.play(150)
        watched.recorder.finish(watched.after)
        past = watched.recorder.past()
        for index, moment in enumerate(past.moments):
            # `spilled` numbers the photographs here
            assert past.board(index) == watched.photos[moment.after.spilled][1], seed
            seen += 1
        assert past.moments[-1].after.spilled == len(watched.photos) - 1
    assert seen > HISTORIES * 10


def test_changes_belong_to_one_moment_each_without_gaps() -> None:
    for seed in range(HISTORIES):
        watched = Watched(seed)
        watched.play(100)
        moments = watched.recorder.past().moments
        for before, now in pairwise(moments):
            assert now.events_before == before.after.events_total, seed


def test_the_past_is_bounded_in_moments_and_in_rows() -> None:
    watched = Watched(3, moments_kept=10, rows_kept=12)
    most = 0
    for _ in range(200):
        watched.play(1)
        moments = watched.recorder.past().moments
        rows = sum(len(moment.rows) for moment in moments)
        assert rows == watched.recorder.rows
        assert rows <= 12 or len(moments) == 1
        most = max(most, len(moments))
    assert 1 < most <= 10


def test_a_past_once_taken_stays_as_it_is_while_the_recorder_goes_on() -> None:
    watched = Watched(5)
    watched.play(60)
    past = watched.recorder.past()
    boards = [past.board(i) for i in range(-1, len(past.moments))]
    watched.play(200)
    assert [past.board(i) for i in range(-1, len(past.moments))] == boards


def test_batches_without_verdicts_are_one_moment_for_a_tenth_of_a_second_at_most() -> None:
    recorder = Recorder()
    for at_ms in range(0, 250, 10):
        row = Row(at_ms, at_ms)
        number = at_ms // 10 + 1
        recorder.record(
            BoardChange(entered=(row,)),
            After(events_total=number),
            told=at_ms == 30,
            at_ms=at_ms,
        )
    moments = recorder.past().moments
    assert [moment.at_ms for moment in moments] == [20, 30, 130, 230, 240]
    assert [len(moment.rows) for moment in moments] == [3, 1, 10, 10, 1]
    assert [moment.events_before for moment in moments] == [0, 3, 4, 14, 24]


def test_moments_after_a_status_are_left_out_of_its_past() -> None:
    recorder = Recorder()
    for number in (1, 2, 3):
        after = After(events_total=number)
        recorder.record(BoardChange(), after, told=True, at_ms=number)
    past = recorder.past()
    assert past.until(2, 2).moments == past.moments[:2]
    assert past.until(3, 2).moments == past.moments[:2]
    assert past.until(3, 3) == past
    assert Past().until(1, 1) == Past()


def test_a_row_of_megabytes_is_kept_cut() -> None:
    recorder = Recorder()
    row = Row(1, 5, ("x" * 1_000_000,))
    recorder.record(BoardChange(entered=(row,)), After(), told=True, at_ms=1)
    assert len(str(recorder.past().board(0)[0].columns[0])) == 200
