"""Settings that do not fit the services: whose turn it is is said, and no password is.

Somebody can still mend all of these, so the engine waits. What can never work: test_unrankable.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from tests.pipeline.engines import HeadlessEngine, run_cli
from tests.pipeline.fixtures import EngineFactory
from tests.stack.fixtures import PrivateStackFactory, WorldFactory
from tests.stack.world import MONITOR_PASSWORD, READER_PASSWORD, World

pytestmark = pytest.mark.service

WRONG = "hunter2-wrong"
QUICK = {
    "TOPN_ENGINE__SETTLE_MS": "300",
    "TOPN_ENGINE__OVERLAP_MS": "50",
    "TOPN_LOG__LEVEL": "DEBUG",
    "TOPN_TABLE__CONNECT_TIMEOUT_MS": "1000",
    "TOPN_FEED__REQUEST_TIMEOUT_MS": "1000",
}


@pytest.fixture(scope="module")
def shop(module_world: WorldFactory) -> World:
    """One world for all tests of the module; each has a board and tables of its own."""
    return module_world(canal=False)


class Patient:
    """An engine that has something to wait for."""

    def __init__(self, engine: HeadlessEngine, log: Path) -> None:
        self.engine, self._log = engine, log
        self.arguments = " ".join(psutil.Process(engine.pid).cmdline())

    def waits(self, pattern: str) -> None:
        """It says this, once, as its reason to wait, and runs on."""
        said = self.engine.wait_notice(pattern)
        assert re.match(r"(warning|error): (MySQL|Kafka|Redis)", said)
        assert "; " in said  # what is the matter; whose turn it is
        self.engine.wait_for(
            lambda line: line["state"] != "EXACT" or line["publication"] != "OWNER", "it waits"
        )

    def everything_said(self) -> str:
        """All that anybody might read."""
        lines = [
            json.dumps(line, default=str) for line in [*self.engine.states, self.engine.latest]
        ]
        return "\n".join([self.arguments, *lines, *self.engine.errors, self._log.read_text()])


Start = Callable[..., Patient]


@pytest.fixture
def start(engine_on: EngineFactory, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts an engine with some settings otherwise; no password may ever be seen of it."""
    started: list[Patient] = []

    def run(world: World, changed: Mapping[str, str] | None = None, **choices: str) -> Patient:
        name = re.sub(r"\W+", "-", request.node.name)
        env = QUICK | {"TOPN_BOARD__NAME": f"{world.board}-{name}"} | dict(changed or {})
        engine = engine_on(world, env=env, **choices)
        started.append(Patient(engine, engine.config.with_suffix(".log")))
        return started[-1]

    yield run
    for patient in started:
        assert patient.engine.stop() == 0
        assert not any("Traceback" in line for line in patient.engine.errors)
        said = patient.everything_said()
        for secret in (WRONG, READER_PASSWORD, MONITOR_PASSWORD):
            assert secret not in said


ELSEWHERE = {
    "MySQL, wrong password": (
        {"TOPN_TABLE__PASSWORD": WRONG},
        r"MySQL: \S+ refuses user 'reader' with this password; correct user and password",
    ),
    "MySQL, wrong user": (
        {"TOPN_TABLE__URL": "mysql://nobody:{wrong}@127.0.0.1:{mysql}/{database}"},
        r"MySQL: \S+ refuses user 'nobody' with this password; correct user and password",
    ),
    "MySQL, not there": (
        {"TOPN_TABLE__URL": "mysql://reader:{wrong}@127.0.0.1:1/d"},
        r"MySQL: 127\.0\.0\.1:1 refuses the connection: nothing listens there; start the service",
    ),
    "MySQL, unknown host": (
        {"TOPN_TABLE__URL": "mysql://reader@no-such-host.invalid/d"},
        r"MySQL: .*no-such-host\.invalid.*; ",
    ),
    "MySQL, another service": (
        {"TOPN_TABLE__URL": "mysql://reader@127.0.0.1:{redis}/d"},
        r"MySQL: 127\.0\.0\.1:{redis}.*; ",
    ),
    "MySQL, no such database": (
        {"TOPN_TABLE__URL": "mysql://reader@127.0.0.1:{mysql}/absent"},
        r"MySQL: user 'reader' may not read absent\.interactives, or .*; GRANT SELECT ON ",
    ),
    "Kafka, not there": (
        {"TOPN_FEED__BOOTSTRAP_SERVERS": "127.0.0.1:1"},
        r"Kafka: 127\.0\.0\.1:1 refuses the connection: nothing listens there; start the service",
    ),
    "Kafka, unknown host": (
        {"TOPN_FEED__BOOTSTRAP_SERVERS": "no-such-host.invalid:9092"},
        r"Kafka: .*no-such-host\.invalid.*; ",
    ),
    "Kafka, another service": (
        {"TOPN_FEED__BOOTSTRAP_SERVERS": "127.0.0.1:{mysql}"},
        r"Kafka: 127\.0\.0\.1:{mysql}.*; ",
    ),
    "Redis, not there": (
        {"TOPN_STORE__URL": "redis://:{wrong}@127.0.0.1:1/0"},
        r"Redis: 127\.0\.0\.1:1 refuses the connection: nothing listens there; start the service",
    ),
    "Redis, unknown host": (
        {"TOPN_STORE__URL": "redis://no-such-host.invalid/0"},
        r"Redis: .*no-such-host\.invalid.*; ",
    ),
    "Redis, no such database": (
        {"TOPN_STORE__URL": "redis://127.0.0.1:{redis}/999"},
        r"Redis: .*there is no database of this number; correct the number",
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_an_address_or_account_that_does_not_work_is_waited_for(
    shop: World, start: Start, case: str
) -> None:
    changed, pattern = ELSEWHERE[case]
    names = {
        "mysql": str(shop.mysql.port),
        "redis": str(shop.redis.port),
        "database": shop.database,
        "wrong": WRONG,
    }
    for name, value in names.items():
        changed = {k: v.replace(f"{{{name}}}", value) for k, v in changed.items()}
        pattern = pattern.replace(f"{{{name}}}", value)
    start(shop, changed).waits(pattern)


def test_a_topic_that_is_missing_is_waited_for_and_not_made(shop: World, start: Start) -> None:
    topic = f"{shop.database}_later"
    patient = start(shop, {"TOPN_FEED__TOPIC": topic})
    patient.waits(rf"Kafka: .*topic '{topic}'.*; ")
    shop.kafka.create_topic(topic)  # an error if it were there
    patient.engine.wait_exact()
    shop.kafka.delete_topic(topic)


def test_a_table_that_is_missing_is_waited_for(shop: World, start: Start) -> None:
    patient = start(shop, {"TOPN_TABLE__NAME": "later"})
    patient.waits(rf"MySQL: there is no table {shop.database}\.later; create it, or correct")
    shop.execute("CREATE TABLE later LIKE interactives")
    line = patient.engine.wait_exact()
    assert line["tracked"] == 0


def test_an_account_that_may_not_read_the_table_is_waited_for(
    world: WorldFactory, start: Start
) -> None:
    shop = world(canal=False)
    shop.execute(f"REVOKE SELECT ON `{shop.database}`.* FROM reader@'%'")
    patient = start(shop)
    patient.waits(rf"MySQL: user 'reader' may not read {shop.database}\.interactives.*GRANT SELECT")
    shop.execute(f"GRANT SELECT ON `{shop.database}`.* TO reader@'%'")
    patient.engine.wait_exact()


@pytest.mark.parametrize("kind", ["string", "zset"])
def test_somebody_else_s_key_of_our_name_is_left_alone(
    shop: World, start: Start, kind: str
) -> None:
    board = f"{shop.board}-{kind}"
    key = f"topn:{{{board}}}"
    with shop.redis.client() as redis:
        if kind == "string":
            redis.set(key, "theirs")
        else:
            redis.zadd(key, {"theirs": 1})
        patient = start(shop, {"TOPN_BOARD__NAME": board})
        patient.waits(
            rf"Redis.*key {re.escape(key)} is a {kind} that this board did not write; "
            "rename or delete it, or give the board another name"
        )
        assert redis.type(key) == kind
        assert (redis.get(key) if kind == "string" else redis.zrange(key, 0, -1)) in (
            "theirs",
            ["theirs"],
        )
        query = ("query", "--set", f"board.name={board}")
        assert run_cli(*query, config=patient.engine.config).returncode in (3, 4)
        redis.delete(key)
        patient.engine.wait_exact()
        assert redis.zcard(key) == 10


def test_a_read_only_replica_is_not_published_to(
    shop: World, start: Start, private_stack: PrivateStackFactory
) -> None:
    port = shop.redis.port
    replica = private_stack(redis={"options": [f"replicaof 127.0.0.1 {port}"]}).redis
    patient = start(shop, {"TOPN_STORE__URL": replica.url()})
    patient.waits(r"Redis.*this server is a read-only replica; point the setting to the primary")


def test_the_password_of_redis(
    shop: World, start: Start, private_stack: PrivateStackFactory, tmp_path: Path
) -> None:
    redis = private_stack(redis={"password": "right-one"}).redis
    address = {"TOPN_STORE__URL": redis.url()}
    start(shop, address).waits(r"Redis: .*asks for a password and none is set; set the password")
    wrong = address | {"TOPN_STORE__PASSWORD": WRONG}
    patient = start(shop, wrong)
    patient.waits(r"Redis: .*refuses this.*password; correct")
    asked = run_cli("query", config=patient.engine.config, env=wrong)
    assert (asked.returncode, asked.stdout) == (5, "")
    assert WRONG not in asked.stderr
    (tmp_path / "password").write_text("right-one\r\n")
    file = address | {"TOPN_STORE__PASSWORD_FILE": str(tmp_path / "password")}
    right = start(shop, file)
    right.engine.wait_exact()
    assert run_cli("query", config=right.engine.config, env=file).returncode == 4  # its own name
    assert "right-one" not in right.everything_said()


def test_the_password_of_kafka(
    world: WorldFactory, start: Start, private_stack: PrivateStackFactory
) -> None:
    stack = private_stack(kafka={"users": {"app": "right-one"}})
    shop = world(on=stack, canal=False)
    account = {
        "TOPN_FEED__BOOTSTRAP_SERVERS": f"127.0.0.1:{stack.kafka.sasl_port}",
        "TOPN_FEED__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "TOPN_FEED__SASL_USERNAME": "app",
        "TOPN_FEED__SASL_PASSWORD": WRONG,
    }
    for mechanism in ("PLAIN", "SCRAM-SHA-512"):
        wrong = account | {"TOPN_FEED__SASL_MECHANISM": mechanism}
        start(shop, wrong).waits(
            rf"Kafka: .*refuses this user name and password \(SASL {mechanism}\); correct them"
        )
        right = start(shop, wrong | {"TOPN_FEED__SASL_PASSWORD": "right-one"}, account="monitor")
        right.engine.wait_for(lambda line: line["state"] == "EXACT", "it reads the topic")
        assert "right-one" not in right.everything_said()
    address = {"TOPN_FEED__BOOTSTRAP_SERVERS": account["TOPN_FEED__BOOTSTRAP_SERVERS"]}
    start(shop, address).waits(r"Kafka: .*closed the connection.*; it probably asks for SASL")
