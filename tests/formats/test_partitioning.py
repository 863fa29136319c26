"""Canal's partition hash: known vectors of Java's, what a real Canal did, and settings that cannot be."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import replace

import pytest

from engine.core.changes import Kind
from engine.errors import WrongSetting
from engine.formats import make_decoder
from engine.formats.partitioning import canal_partition, java_hash, make_placer
from tests.formats.recordings import INTERACTIVES, SAMPLES, column, table

WITH_PRIMARY_KEY = replace(INTERACTIVES, primary_key=("id",))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        ("1", 49),
        ("webook", -791792969),
        ("polygenelubricants", -(2**31)),
        ("\0", 0),
        ("文章", 837177),
        ("a😀b", 57849694),  # a surrogate pair: Java counts its two halves
    ],
)
def test_strings_hash_as_in_java(text: str, value: int) -> None:
    """By Java 17."""
    assert java_hash(text) == value


IN_WEBOOK = {"1": 0, "2": 1, "3": 2, "10": 0, "100": 1, "999": 2, "12345": 1, "9007199254740993": 2}
WITHOUT = {"1": 1, "2": 2, "3": 0, "10": 1, "100": 1, "999": 0, "polygenelubricants": 2}


def test_rows_are_placed_as_by_canal() -> None:
    """Vectors made with Canal's own code (1.1.8, MQMessageUtils) on three partitions."""
    for key, partition in (IN_WEBOOK | {"": 2}).items():
        assert canal_partition((key,), 3, database="webook") == partition
    for key, partition in WITHOUT.items():
        assert canal_partition((key,), 3, database=None) == partition
    assert canal_partition((None,), 3, database="webook") == 2
    # Each column is XORed in: two equal ones leave no trace.
    assert canal_partition(("7", "7"), 3, database="webook") == 2
    assert canal_partition(("1", "2"), 5, database=None) == (49 ^ 50) % 5


@pytest.mark.parametrize("setting", ["id", "$pk$"])
def test_every_row_that_a_real_canal_spread_over_three_partitions_is_where_it_belongs(
    setting: str,
) -> None:
    place = make_placer(WITH_PRIMARY_KEY, setting)
    decode = make_decoder(INTERACTIVES).decode
    found: Counter[int] = Counter()
    for line in (SAMPLES / "real-canal/flat_part3.jsonl").read_text().splitlines():
        record = json.loads(line)
        for event in decode(base64.b64decode(record["value_base64"])):
            if event.kind is Kind.ROWS:
                for change in event.changes:
                    assert place(change.key, 3) == record["partition"], change
                    found[record["partition"]] += 1
    assert found.total() == 331
    assert set(found) == {0, 1, 2}


def test_the_topics_partitions_count_unless_the_setting_says_another_number() -> None:
    follows = make_placer(INTERACTIVES, "id", database_hash=False)
    assert [follows(50, n) for n in (1, 2, 3, 7)] == [java_hash("50") % n for n in (1, 2, 3, 7)]
    fixed = make_placer(INTERACTIVES, "id", partitions=3)
    assert [fixed(3, n) for n in (1, 3, 7)] == [2, 2, 2]


def test_a_hash_by_anything_but_the_key_is_refused_with_the_way_out() -> None:
    cases = {
        "biz": "'biz', and the key column is id: ",
        "id^biz": "'id^biz', and the key column is id: ",
        "": "'', and",
        "$pk$": r"'$pk$' (there is none), and",
        "ID": "'ID', and the column's name is id: with flat messages",
    }
    for setting, words in cases.items():
        with pytest.raises(WrongSetting) as raised:
            make_placer(INTERACTIVES, setting)
        assert words in str(raised.value)
    other = replace(table(key=column("biz", "varchar(128)")), primary_key=("id",))
    with pytest.raises(WrongSetting, match=r"canal\.mq\.partitionHash=webook\.interactives:biz"):
        make_placer(other, "$pk$")
