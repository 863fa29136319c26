"""Canal's two files, and what the tests' Canal has otherwise."""

from __future__ import annotations

import re

from tests.deployment.files import (
    CANAL_PROPERTIES,
    INSTANCE_PROPERTIES,
    MOUNTED_INSTANCE,
    ROOT,
    compose,
    offered,
    properties,
)
from tests.stack.canal import WHY

SERVER, INSTANCE = properties(CANAL_PROPERTIES), properties(INSTANCE_PROPERTIES)


def test_no_setting_is_there_twice() -> None:
    """Of two lines the last one wins, silently."""
    for found in (SERVER, INSTANCE):
        assert [key for key, values in found.items() if len(values) > 1] == []
    assert not SERVER.keys() & INSTANCE.keys()
    assert SERVER["canal.mq.flatMessage"] == ["true"]


def test_the_settings_that_exactness_rests_on() -> None:
    assert SERVER["canal.serverMode"] == ["kafka"]
    assert SERVER["kafka.acks"] == ["all"]
    assert SERVER["canal.auto.reset.latest.pos.mode"] == ["false"]
    assert SERVER["canal.instance.global.spring.xml"] == ["classpath:spring/file-instance.xml"]
    assert SERVER["canal.instance.filter.query.ddl"] == ["false"]
    assert SERVER["canal.instance.binlog.image"] == ["FULL"]
    # One backslash is what the regular expression needs, and what is left of two.
    assert INSTANCE["canal.mq.dynamicTopic"] == [r".*\..*"]
    assert INSTANCE["canal.instance.filter.regex"] == [r"webook\.interactives"]
    assert INSTANCE["canal.mq.topic"] != ["webook_interactives"]


def test_the_tests_override_only_what_they_explain() -> None:
    named = SERVER.keys() | INSTANCE.keys() | offered(INSTANCE_PROPERTIES)
    assert set(WHY) <= named
    source = (ROOT / "tests/stack/canal.py").read_text()
    body = source[source.index("def overrides") : source.index("def saved_position")]
    assert set(re.findall(r'"((?:canal|kafka)\.[\w.]+)"', body)) == set(WHY)
    page = (ROOT / "docs" / "deployment.md").read_text()
    assert all(f"| `{key}` | {reason} |" in page for key, reason in WHY.items())


def test_compose_sets_only_what_the_files_have() -> None:
    canal = compose()["services"]["canal"]
    named = SERVER.keys() | INSTANCE.keys() | offered(INSTANCE_PROPERTIES)
    assert {name for name in canal["environment"] if name != "TZ"} <= named
    assert f"./canal/instance.properties:{MOUNTED_INSTANCE}:ro" in canal["volumes"]


def test_addresses_are_those_of_the_containers() -> None:
    assert SERVER["kafka.bootstrap.servers"] == ["kafka:9092"]
    assert INSTANCE["canal.instance.master.address"] == ["mysql:3306"]
    services = compose()["services"]
    assert {"kafka", "mysql"} <= set(services)
    assert "INTERNAL://kafka:9092" in services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
