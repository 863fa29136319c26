"""The manual tests of the original write-up: SQL into a real server, answers from `topn-tui query`."""

from __future__ import annotations

import pytest

from tests.pipeline.boards import Row, ids, query, wait_equal
from tests.pipeline.engines import eventually, run_cli
from tests.pipeline.fixtures import EngineFactory
from tests.stack.fixtures import WorldFactory

pytestmark = pytest.mark.service

START: list[Row] = [
    (78, 450, 11, "et", 0),
    (58, 290, 7, "wq3", 0),
    (20, 108, 4, "c", 0),
    (60, 98, 7, "rt", 0),
    (72, 80, 8, "et", 0),
    (56, 80, 7, "wq2", 0),
    (62, 79, 7, "ry", 0),
    (64, 55, 7, "ry2", 0),
    (68, 54, 8, "a", 0),
    (70, 53, 8, "b", 0),
]


@pytest.mark.parametrize("flat", [True, False], ids=["flat", "protobuf"])
def test_the_five_steps_of_the_walkthrough(
    world: WorldFactory, engine_on: EngineFactory, flat: bool
) -> None:
    shop = world(flat=flat)
    engine = engine_on(shop)
    engine.wait_exact()

    # 1. Query: those ten in that order, 72 before 56 in the tie.
    assert query(engine.config) == (0, START, "")

    # 2. A row with fewer likes than the tenth: unchanged.
    shop.execute(
        "INSERT INTO interactives (id, biz_id, biz, read_cnt, like_cnt) VALUES (90, 9, 'z', 0, 5)"
    )
    engine.wait_for(lambda line: sum(line["positions"].values()) >= 1, "the event was read")
    assert query(engine.config) == (0, START, "")

    # 3. Insert 82 with 400 likes: second; 70 is gone.
    shop.execute(
        "INSERT INTO interactives (id, biz_id, biz, read_cnt, like_cnt) VALUES (82, 100, 'et', 0, 400)"
    )
    wait_equal(shop, engine)
    newcomer = (82, 400, 100, "et", 0)
    assert query(engine.config) == (0, [START[0], newcomer, *START[1:9]], "")

    # 4. Update 78 to 650 and 82 to 550: same members, new scores and order.
    shop.execute("UPDATE interactives SET like_cnt = 650 WHERE id = 78")
    shop.execute("UPDATE interactives SET like_cnt = 550 WHERE id = 82")
    wait_equal(shop, engine)
    code, rows, _ = query(engine.config)
    assert code == 0
    assert [row[:2] for row in rows] == [(78, 650), (82, 550), *(r[:2] for r in START[1:9])]

    # 5. Update 82 down to 10: 70 comes back as tenth. Delete 78: everything moves up.
    shop.execute("UPDATE interactives SET like_cnt = 10 WHERE id = 82")
    wait_equal(shop, engine)
    assert ids(query(engine.config)[1]) == [78, 58, 20, 60, 72, 56, 62, 64, 68, 70]
    shop.execute("DELETE FROM interactives WHERE id = 78")
    wait_equal(shop, engine)
    code, rows, _ = query(engine.config)
    assert (code, ids(rows)[:9]) == (0, [58, 20, 60, 72, 56, 62, 64, 68, 70])
    assert rows == list(shop.top())

    # 70 by 82, then 82 itself, then 78.
    last = engine.wait_for(lambda line: line["evicted"] == 3, "three rows have left the board")
    assert last["dead_letters"] == 0
    assert last["audit_mismatches"] == 0
    assert engine.stop() == 0
    code, rows, said = query(engine.config)
    assert code == 3
    assert "STOPPED" in said
    assert rows == list(shop.top())


def test_the_query_can_be_cut_and_shown_as_a_table(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world()
    engine = engine_on(shop)
    engine.wait_exact()
    assert query(engine.config, "--size", "3") == (0, START[:3], "")
    exact = run_cli("query", "--size", "1", config=engine.config).stdout
    assert exact == (
        '{"code":200,"msg":"查询成功","data":'
        '[{"id":78,"biz_id":11,"biz":"et","read_cnt":0,"like_cnt":450}]}\n'
    )
    table = run_cli("query", "--table", config=engine.config)
    assert table.returncode == 0
    assert table.stdout.splitlines()[0].split() == [
        "#",
        "id",
        "biz_id",
        "biz",
        "read_cnt",
        "like_cnt",
    ]
    assert table.stdout.splitlines()[1].split() == ["1", "78", "11", "et", "0", "450"]
    too_many = run_cli("query", "--size", "11", config=engine.config)
    assert too_many.returncode == 2
    assert "11" in too_many.stderr


def test_the_exit_codes_of_a_query_say_what_is_wrong(
    world: WorldFactory, engine_on: EngineFactory
) -> None:
    shop = world(canal=False)
    engine = engine_on(shop)
    engine.wait_exact()
    other = run_cli("query", "--set", "board.name=nobody", config=engine.config)
    assert (other.returncode, other.stdout) == (4, "")
    away = run_cli("query", "--set", "store.url=redis://127.0.0.1:1/0", config=engine.config)
    assert (away.returncode, away.stdout) == (5, "")
    assert "127.0.0.1:1" in away.stderr
    engine.kill()  # no clean stop: its EXACT must not outlive its lease
    eventually(lambda: query(engine.config)[0] == 3, "the dead engine's EXACT is not believed")
    assert "STALE" in query(engine.config)[2]
