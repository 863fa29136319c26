"""What the ports promise, kept by the embedded adapters."""

from __future__ import annotations

import asyncio
import sqlite3
import time

import pytest

from engine.adapters.embedded import ChangeLog, EmbeddedFeed, EmbeddedSource, EmbeddedTable, Wire
from engine.adapters.embedded.rows import TAIL, TAIL_MOST_LIKES, fields, start_rows
from engine.columns import ColumnKind
from engine.core.changes import Delete, Event, Kind, LogPosition, Upsert
from engine.core.evidence import is_newer
from engine.errors import NotOwner, PositionLost, WrongSetting
from engine.formats import make_decoder
from engine.sample import SAMPLE
from tests.adapters.boards import FIELDS, ranking, row, state
from tests.embedded.clock import ManualClock
from tests.embedded.conftest import Parts, parts

WIRES: list[Wire] = ["json", "protobuf"]


# ── feed ──────────────────────────────────────────────────────────────────────────────────────


async def read(feed: EmbeddedFeed, most: int = 100) -> list[bytes | None]:
    batch = await asyncio.wait_for(feed.next_batch(max_messages=most, timeout_ms=0), 1)
    return [message.value for message in batch]


async def test_a_feed_starts_at_the_end_and_reads_in_order(clock: ManualClock) -> None:
    log = ChangeLog(partitions=2)
    log.append(b"before", timestamp_ms=1)
    feed = EmbeddedFeed(log, clock)
    await feed.open()
    assert feed.positions() == {0: 1, 1: 0}
    for i in range(5):
        log.append(b"%d" % i, timestamp_ms=i, partition=i % 2)
    assert await read(feed, 2) == [b"0", b"2"]
    assert feed.positions() == {0: 3, 1: 0}
    assert await read(feed) == [b"4", b"1", b"3"]
    assert await feed.end_offsets() == feed.positions() == {0: 4, 1: 2}
    await feed.commit({0: 3})
    assert feed.committed == {0: 3}
    await feed.close()
    await feed.close()


async def test_a_poll_waits_for_a_message_or_its_time(clock: ManualClock) -> None:
    log = ChangeLog()
    feed = EmbeddedFeed(log, clock)
    await feed.open()
    poll = asyncio.create_task(feed.next_batch(max_messages=9, timeout_ms=100))
    await clock.advance(90)
    assert not poll.done()
    await clock.advance(20)
    assert list(await poll) == []
    poll = asyncio.create_task(feed.next_batch(max_messages=9, timeout_ms=100))
    await asyncio.sleep(0)
    log.append(b"x", timestamp_ms=7)
    (message,) = await asyncio.wait_for(poll, 1)
    assert (message.partition, message.offset, message.timestamp_ms) == (0, 0, 7)


async def test_a_log_that_was_made_anew_is_not_the_one_that_was_opened(clock: ManualClock) -> None:
    log = ChangeLog()
    feed = EmbeddedFeed(log, clock)
    await feed.open()
    log.recreate(partitions=3)
    with pytest.raises(PositionLost, match="made anew"):
        await feed.end_offsets()
    with pytest.raises(PositionLost):
        await read(feed)
    assert await feed.seek_to_end() == {0: 0, 1: 0, 2: 0}
    assert await read(feed) == []


async def test_what_a_log_no_longer_keeps_is_lost(clock: ManualClock) -> None:
    log = ChangeLog(kept=10)
    feed = EmbeddedFeed(log, clock)
    await feed.open()
    for _ in range(30):
        log.append(b"x", timestamp_ms=1)
    with pytest.raises(PositionLost, match="offset 0 is gone"):
        await read(feed)
    assert await feed.seek_to_end() == {0: 30}


# ── table and source ──────────────────────────────────────────────────────────────────────────


async def decoded(of: Parts) -> list[Event]:
    report = await of.source.describe()
    decoder = make_decoder(report.table)
    return [event for value in await read(of.feed, 1000) for event in decoder.decode(value)]


@pytest.mark.parametrize("wire", WIRES)
async def test_each_write_is_what_a_binlog_has_of_it(wire: Wire) -> None:
    of = parts(wire)
    await of.feed.open()
    of.table.insert([fields(900, 900, "et", 7), fields(901, 901, "a", None)])
    of.table.update({900: {"like_cnt": 8}, 901: {"like_cnt": None}, 77777: {"like_cnt": 1}})
    of.table.update({900: {"like_cnt": 8}})  # changes nothing, so nothing is logged
    of.table.update({900: {"id": 902}})
    of.table.delete([902, 77777])
    of.table.delete([77777])
    of.table.truncate()
    events = await decoded(of)
    assert [(e.kind, e.op, len(e.changes)) for e in events] == [
        (Kind.ROWS, "INSERT", 2),
        (Kind.ROWS, "UPDATE", 1),
        (Kind.ROWS, "UPDATE", 1),
        (Kind.ROWS, "DELETE", 1),
        (Kind.CLEAR, "TRUNCATE", 0),
    ]
    assert events[0].changes[1] == Upsert(901, None, (901, "a", 0))
    assert events[1].changes == (Upsert(900, 8, (900, "et", 0), None, 7),)
    assert events[2].changes == (Upsert(902, 8, (900, "et", 0), 900, 8),)
    assert events[3].changes == (Delete(902, 8),)
    assert [e.gtid for e in events] == [f"0-1-{i}" for i in range(1, 6)]
    assert of.table.count == 0


@pytest.mark.parametrize(("wire", "messages"), [("json", 3), ("protobuf", 1)])
async def test_a_transaction_is_one_batch(wire: Wire, messages: int) -> None:
    of = parts(wire)
    await of.feed.open()
    with of.table.transaction():
        for likes in (1, 2, 3):
            of.table.update({78: {"like_cnt": likes}})
    assert await of.feed.end_offsets() == {0: messages}
    events = await decoded(of)
    assert {e.gtid for e in events} == {"0-1-1"}
    assert {e.batch for e in events} == ({1} if wire == "json" else {None})


def test_a_second_row_of_the_same_thing_is_refused() -> None:
    of = parts()
    with pytest.raises(sqlite3.IntegrityError):
        of.table.insert([fields(900, 11, "et", 1)])  # biz_id and biz of row 78


async def test_the_table_begins_with_the_sample_and_a_tail(clock: ManualClock) -> None:
    of = parts()
    report = await of.source.describe()
    assert report.table.field_names == ("id", "biz_id", "biz", "read_cnt", "like_cnt")
    assert report.table.score.kind is ColumnKind.INTEGER
    answer = await of.source.best_rows(41)
    assert [(r.key, r.score) for r in answer.rows[:10]] == [
        (78, 450), (58, 290), (20, 108), (60, 98), (72, 80), (56, 80), (62, 79), (64, 55),
        (68, 54), (70, 53),
    ]  # fmt: skip
    assert answer.rows[0].columns == (11, "et", 0)
    assert [r.rank_key for r in answer.rows] == sorted(
        [r.rank_key for r in answer.rows], reverse=True
    )
    assert start_rows(3) == start_rows(3) != start_rows(4)


@pytest.mark.parametrize("seed", range(5))
def test_the_tail_ranks_below_all_of_the_sample_that_it_can(seed: int) -> None:
    rows = start_rows(seed)
    sample, tail = rows[: len(SAMPLE)], rows[len(SAMPLE) :]
    assert sample == [row._asdict() for row in SAMPLE]
    assert len(tail) == TAIL >= 500
    ranked = [row for row in rows if row["like_cnt"] is not None]
    ranked.sort(key=lambda row: (row["like_cnt"], row["id"]), reverse=True)
    best = sorted(sample, key=lambda row: (row["like_cnt"] or 0, row["id"]), reverse=True)[:38]
    assert ranked[:38] == best
    assert [row["like_cnt"] for row in sample if row not in best] == [1, 0, None]
    assert {row["like_cnt"] for row in tail} == {0, 1, TAIL_MOST_LIKES}


@pytest.mark.parametrize("wire", WIRES)
async def test_an_answer_is_passed_by_the_first_write_after_it_and_by_none_before(
    wire: Wire,
) -> None:
    of = parts(wire)
    await of.feed.open()
    of.table.update({78: {"like_cnt": 1}})
    answer = await of.source.best_rows(5)
    of.table.update({78: {"like_cnt": 2}})
    before, after = await decoded(of)
    assert not is_newer(before, answer)
    assert is_newer(after, answer)
    if wire == "protobuf":
        assert (
            after.position
            == answer.position
            == LogPosition(1, of.table.position.offset - 120, "mariadb-bin")
        )


async def test_a_column_that_is_not_there_is_a_wrong_setting() -> None:
    of = parts()
    source = EmbeddedSource(of.table, of.clock, score="likes")
    with pytest.raises(WrongSetting, match="no column 'likes'; it has id, biz_id"):
        await source.describe()


async def test_a_load_of_a_large_table_does_not_hold_up_the_loop() -> None:
    log, clock = ChangeLog(), ManualClock()
    table = EmbeddedTable(log, clock, rows=[fields(i, i, "a", i % 9999) for i in range(100_000)])
    source = EmbeddedSource(table, clock)
    started = time.perf_counter()
    answer = await source.best_rows(21)
    assert len(answer.rows) == 21
    assert time.perf_counter() - started < 0.02  # 0.1 ms usually; an index is used


def test_a_log_file_ends_and_another_begins() -> None:
    of = parts()
    of.table._offset = 64 * 2**20
    of.table.update({78: {"like_cnt": 2}})
    assert of.table.position.number == 2


# ── store ─────────────────────────────────────────────────────────────────────────────────────


async def test_one_owner_at_a_time() -> None:
    of = parts()
    one, two = of.board("one"), of.board("two")
    assert await one.read() is None
    first = await one.acquire(at_least_epoch=0)
    assert (first.owned, first.epoch, first.owner) == (True, 1, "one")
    held = await two.acquire(at_least_epoch=7)
    assert (held.owned, held.owner, held.epoch, held.free_in_ms) == (False, "one", 1, 1000)
    await of.clock.advance(999)
    assert not (await two.acquire(at_least_epoch=0)).owned
    await of.clock.advance(1)
    assert (await two.acquire(at_least_epoch=7)).epoch == 8
    with pytest.raises(NotOwner) as refused:
        await one.rewrite(state(0), [])
    assert (refused.value.owner, refused.value.epoch) == ("two", 8)
    with pytest.raises(ValueError, match="for reading"):
        await of.board().acquire(at_least_epoch=0)


async def test_differences_make_the_board_and_versions_grow() -> None:
    of = parts()
    board = of.board("one")
    await board.acquire(at_least_epoch=0)
    assert await board.rewrite(state(2), [row(1, 10), row(2, 20)]) == 2
    version = await board.publish(state(2), entered=[row(3, 30)], left=[1], moved=[row(2, 40)])
    assert version == 3
    assert ranking(await board.read()) == [(2, 40), (3, 30)]
    assert await board.heartbeat(state(2)) == 3
    assert await board.heartbeat(state(2, "CATCHING_UP")) == 4
    stored = await of.board().read()
    assert stored is not None
    assert stored.meta["state"] == "CATCHING_UP"
    assert stored.meta["fields"] == '["id","title","score"]'
    assert FIELDS == ("id", "title", "score")
    assert await board.differences([row(2, 40), row(3, 30)]) == ()
    assert await board.differences([row(2, 41), row(4, 1)]) != ()
    with pytest.raises(NotOwner) as refused:  # it does not hold the board this follows
        await board.publish(state(9), entered=[row(5, 5)], left=[], moved=[])
    assert (refused.value.owner, refused.value.epoch) == ("", 1)
    assert ranking(await board.read()) == [(2, 40), (3, 30)]


async def test_acquiring_takes_back_what_the_last_owner_claimed() -> None:
    of = parts()
    one, two = of.board("one"), of.board("two")
    await one.acquire(at_least_epoch=0)
    await one.rewrite(state(1), [row(1, 1)])
    await of.clock.advance(5000)
    await two.acquire(at_least_epoch=0)
    stored = await two.read()
    assert stored is not None
    assert (stored.meta["state"], stored.meta["owner"], stored.meta["version"]) == (
        "LOADING",
        "two",
        "3",
    )
    assert await two.heartbeat(state(0, "LOADING")) >= 3  # the members are still the last owner's
    assert ranking(await two.read()) == [(1, 1)]
    assert await one.acquire(at_least_epoch=0) is not None
    await one.release(state(1))  # not ours: nothing happens
    stored = await two.read()
    assert stored is not None
    assert stored.meta["owner"] == "two"


async def test_a_release_frees_the_lease_and_a_flush_forgets_the_owner() -> None:
    of = parts()
    one, two = of.board("one"), of.board("two")
    await one.acquire(at_least_epoch=0)
    await one.rewrite(state(1), [row(1, 1)])
    await one.release(state(1))
    stored = await one.read()
    assert stored is not None
    assert (stored.meta["state"], stored.meta["owner"]) == ("STOPPED", "")
    assert (await two.acquire(at_least_epoch=0)).owned
    of.store.flush()
    with pytest.raises(NotOwner) as refused:
        await two.heartbeat(state(1))
    assert (refused.value.owner, refused.value.epoch) == ("", 0)
    assert await two.differences([]) == ("the whole board is gone",)
    assert (await two.acquire(at_least_epoch=2)).epoch == 3
