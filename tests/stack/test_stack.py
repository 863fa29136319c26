"""The stack itself: changes arrive, services come back, nothing is left behind."""

import asyncio
import json
import socket
import ssl
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.stack.errors import ServiceFailed
from tests.stack.fixtures import PrivateStackFactory, WorldFactory
from tests.stack.jars import HERE
from tests.stack.tls import make_ca
from tests.stack.waiting import wait_until
from tests.stack.world import World

pytestmark = pytest.mark.service
ROOT = HERE.parents[1]


def like(world: World, row: int, likes: int) -> None:
    world.execute("UPDATE interactives SET like_cnt = %s WHERE id = %s", (likes, row))


def flat_likes(values: list[bytes | None]) -> list[tuple[str, str]]:
    """(id, like_cnt) of each row of JSON records, in order."""
    return [
        (row["id"], row["like_cnt"])
        for value in values
        if value
        for row in json.loads(value)["data"]
    ]


class TestChangesArrive:
    def test_as_json(self, world: WorldFactory) -> None:
        here = world(flat=True)
        like(here, 70, 500)
        (value,) = here.kafka.values(here.topic, 1)
        assert value is not None
        message = json.loads(value)
        assert (message["database"], message["table"]) == (here.database, "interactives")
        assert message["type"] == "UPDATE"
        assert flat_likes([value]) == [("70", "500")]

    def test_as_protobuf(self, world: WorldFactory) -> None:
        here = world(flat=False)
        like(here, 70, 500)
        (value,) = here.kafka.values(here.topic, 1)
        assert value is not None
        assert value.startswith(bytes.fromhex("1001 1807 2a"))

    def test_in_three_partitions(self, world: WorldFactory) -> None:
        here = world(partitions=3)
        here.execute("UPDATE interactives SET like_cnt = like_cnt + 1 WHERE like_cnt IS NOT NULL")
        values = here.kafka.values(here.topic, 3)
        assert len(values) == 3
        assert len(flat_likes(values)) == 40

    def test_two_worlds_do_not_see_each_other(self, world: WorldFactory) -> None:
        one, other = world(), world()
        like(one, 70, 500)
        like(other, 78, 451)
        assert flat_likes(one.kafka.values(one.topic, 1)) == [("70", "500")]
        assert flat_likes(other.kafka.values(other.topic, 1)) == [("78", "451")]


def test_sample_rows_and_settings(world: WorldFactory, tmp_path: Path) -> None:
    here = world(canal=False)
    assert [row[:4] for row in here.top(10)] == [
        (78, 450, 11, "et"),
        (58, 290, 7, "wq3"),
        (20, 108, 4, "c"),
        (60, 98, 7, "rt"),
        (72, 80, 8, "et"),
        (56, 80, 7, "wq2"),
        (62, 79, 7, "ry"),
        (64, 55, 7, "ry2"),
        (68, 54, 8, "a"),
        (70, 53, 8, "b"),
    ]
    written = here.write_settings(tmp_path / "topn.toml")
    assert tomllib.loads(written.read_text()) == here.settings()
    assert written.stat().st_mode & 0o077 == 0


class TestServicesComeBack:
    def test_canal_sends_what_happened_while_it_was_dead(self, world: WorldFactory) -> None:
        here = world()
        like(here, 70, 500)
        here.kafka.values(here.topic, 1)
        wait_until(lambda: here.canal.saved_position() is not None, timeout_s=10, what="saved")
        here.canal.kill()
        like(here, 70, 501)
        here.canal.restart()
        wait_until(
            lambda: ("70", "501") in flat_likes(here.kafka.values(here.topic, 1)),
            timeout_s=20,
            what="the change made while Canal was dead",
        )

    def test_canal_repeats_all_when_it_has_forgotten_its_position(
        self, world: WorldFactory
    ) -> None:
        here = world()
        like(here, 70, 500)
        here.kafka.values(here.topic, 1)
        here.canal.stop()
        here.canal.forget_position()
        here.canal.restart()
        assert flat_likes(here.kafka.values(here.topic, 2)) == [("70", "500")] * 2

    def test_database(self, world: WorldFactory, private_stack: PrivateStackFactory) -> None:
        here = world(on=private_stack(mysql=True))
        port, pid = here.mysql.port, here.mysql.pid
        like(here, 70, 500)
        here.mysql.kill()
        assert not psutil.pid_exists(pid)
        here.mysql.restart()
        assert here.mysql.port == port
        assert here.top(1)[0][:2] == (70, 500)
        like(here, 70, 501)
        # Canal tries to connect again every 10 s or so.
        wait_until(
            lambda: ("70", "501") in flat_likes(here.kafka.values(here.topic, 1, timeout_s=60)),
            timeout_s=60,
            what="the change made after the database came back",
        )

    def test_broker(self, world: WorldFactory, private_stack: PrivateStackFactory) -> None:
        here = world(on=private_stack(kafka=True))
        like(here, 70, 500)
        here.kafka.values(here.topic, 1)
        here.kafka.kill()
        like(here, 70, 501)
        here.kafka.restart()
        wait_until(
            lambda: ("70", "501") in flat_likes(here.kafka.values(here.topic, 1)),
            timeout_s=60,
            what="the change made while the broker was dead",
        )

    def test_store(self, private_stack: PrivateStackFactory) -> None:
        redis = private_stack(redis={"persistent": True}).redis
        with redis.client() as client:
            client.set("kept", "yes")
            wait_until(
                lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0,
                timeout_s=10,
                what="written",
            )
        redis.kill()
        redis.restart()
        with redis.client() as client:
            assert client.get("kept") == "yes"

    def test_a_paused_service_goes_on(self, private_stack: PrivateStackFactory) -> None:
        redis = private_stack(redis=True).redis
        redis.pause()
        assert psutil.Process(redis.pid).status() == psutil.STATUS_STOPPED
        redis.resume()
        with redis.client() as client:
            assert client.ping()

    def test_a_service_that_cannot_start_says_why(self, private_stack: PrivateStackFactory) -> None:
        with pytest.raises(ServiceFailed, match=r"redis: ended with status 1(.|\n)*no-such-line"):
            private_stack(redis={"options": ["no-such-line yes"]})


class TestSecuredListeners:
    def test_sasl_and_tls(self, private_stack: PrivateStackFactory, tmp_path: Path) -> None:
        authority = make_ca(tmp_path)
        kafka = private_stack(kafka={"users": {"app": "app-secret"}, "authority": authority}).kafka
        trust = ssl.create_default_context(cafile=authority.certificate)
        ways: list[dict[str, Any]] = [
            {"port": kafka.tls_port, "security_protocol": "SSL", "ssl_context": trust},
            *(
                {
                    "port": kafka.sasl_port,
                    "security_protocol": "SASL_PLAINTEXT",
                    "sasl_mechanism": mechanism,
                    "sasl_plain_username": "app",
                    "sasl_plain_password": "app-secret",
                }
                for mechanism in ("PLAIN", "SCRAM-SHA-512")
            ),
        ]
        for way in ways:
            asyncio.run(_can_connect(**way))


async def _can_connect(*, port: int, **options: Any) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", **options)
    await client.start()
    await client.list_topics()
    await client.close()


_OWNER = """
import sys, time
from pathlib import Path
from typing import Any
from tests.stack.stack import Stack
from tests.stack.world import World

stack = Stack(Path(sys.argv[1]))
stack.start()
world = World(stack)
world.canal.start()
services = [stack.mysql, stack.kafka, stack.redis, world.canal]
stack.kafka.pause()
print(*[service.pid for service in services], *[service._guard.pid for service in services])
sys.stdout.flush()
time.sleep(600)
"""


def test_nothing_survives_an_owner_that_is_killed(stack_directory: Path) -> None:
    folder = stack_directory / "killed-owner"
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 8
        assert all(psutil.pid_exists(pid) for pid in pids)
        owner.kill()
    wait_until(
        lambda: not any(psutil.pid_exists(pid) for pid in pids), timeout_s=10, what="all gone"
    )


class TestInstall:
    """With an empty PATH and an empty cache, and not allowed to install."""

    def run(self, tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "tests.stack", *arguments],
            cwd=ROOT,
            env={
                "PATH": str(tmp_path),
                "TOPN_STACK_CACHE": str(tmp_path / "cache"),
                "TOPN_NO_INSTALL": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def test_says_what_is_missing(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, "install")
        assert done.returncode == 1
        assert "redis-server is missing" in done.stderr
        assert "Debian package default-jdk-headless" in done.stderr
        assert "jars of Kafka and Canal are missing" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_run_says_so_too(self, tmp_path: Path) -> None:
        assert "redis-server is missing" in self.run(tmp_path, "--", "true").stderr


class TestCommandLine:
    def test_runs_a_command_on_the_services_and_stops_them(self, stack_directory: Path) -> None:
        show = "import os; print(open(os.environ['TOPN_CONFIG']).read()); raise SystemExit(7)"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.stack", "--output", str(stack_directory / "cli")),
                *("--", sys.executable, "-c", show),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 7
        settings = tomllib.loads(done.stdout)
        assert settings["feed"]["topic"] == "webook_interactives"
        port = int(settings["store"]["url"].removeprefix("redis://127.0.0.1:").split("/")[0])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
