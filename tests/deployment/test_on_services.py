"""What of the deployment can be run on the tests' services is run."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pymysql
import pytest
from redis import AuthenticationError, Redis
from redis import ConnectionError as RedisConnectionError

from tests.deployment.files import ROOT, compose
from tests.stack.canal import Canal
from tests.stack.fixtures import PrivateStackFactory, WorldFactory
from tests.stack.ports import free_port
from tests.stack.programs import require
from tests.stack.waiting import wait_until

pytestmark = pytest.mark.service

CHOSEN_BY_COMPOSE = ("canal.mq.flatMessage", "canal.mq.partitionsNum", "canal.mq.partitionHash")


class CanalOfCompose(Canal):
    """Takes format and partitions from the variables of compose.yaml."""

    def __init__(self, *arguments: object, variables: dict[str, str], **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        environment = compose(variables)["services"]["canal"]["environment"]
        self.chosen = {name: str(environment[name]) for name in CHOSEN_BY_COMPOSE}

    def overrides(self) -> dict[str, str]:
        return {k: v for k, v in super().overrides().items() if k not in CHOSEN_BY_COMPOSE}

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self.chosen


@pytest.mark.parametrize(
    ("variables", "partitions"),
    [({}, 1), ({"TOPN_FLAT_MESSAGE": "false", "TOPN_PARTITIONS": "3"}, 3)],
    ids=["defaults", "protobuf-3"],
)
def test_a_real_canal_obeys_the_variables_of_compose(
    private_stack: PrivateStackFactory,
    world: WorldFactory,
    variables: dict[str, str],
    partitions: int,
) -> None:
    # The partition hash of compose.yaml names the database.
    here = world(
        on=private_stack(mysql=True, kafka=True),
        database="webook",
        partitions=partitions,
        canal=False,
    )
    canal = CanalOfCompose(
        here.stack.directory / "canal-of-compose",
        here.mysql,
        here.kafka,
        database="webook",
        variables=variables,
    )
    with canal.running():
        here.execute("UPDATE interactives SET like_cnt = like_cnt + 1 WHERE like_cnt IS NOT NULL")
        values = here.kafka.values("webook_interactives", partitions)
    # One record a partition: of one statement, and of one batch.
    assert len(values) == partitions
    for value in values:
        assert value is not None
        if "TOPN_FLAT_MESSAGE" in variables:
            assert value.startswith(bytes.fromhex("1001 1807 2a"))
        else:
            assert len(json.loads(value)["data"]) == 40


def test_the_accounts_have_what_they_need_and_no_more(
    private_stack: PrivateStackFactory, tmp_path: Path
) -> None:
    """The script on MariaDB: `mysql` there is told host and port, which the image does not need."""
    mysql = private_stack(mysql=True).mysql
    mysql.execute("CREATE DATABASE webook")
    for file in ("1-schema.sql", "2-rows.sql"):
        mysql.execute((ROOT / "canal/mysql" / file).read_text(), database="webook")
    mysql.execute("DROP USER canal@'%'")
    program = tmp_path / "mysql"
    # MariaDB has another word for the same: IDENTIFIED VIA plugin USING PASSWORD('…').
    program.write_text(
        "#!/bin/bash\n"
        'sed -E "s/WITH mysql_native_password BY (.*);/VIA mysql_native_password USING PASSWORD(\\1);/" |\n'
        f'exec mariadb --no-defaults --host=127.0.0.1 --port={mysql.port} "$@"\n'
    )
    program.chmod(0o755)
    passwords = {"canal": r"a'b\c", "reader": 'pa"ss $w'}
    subprocess.run(
        ["bash", ROOT / "canal/mysql/3-accounts.sh"],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "MYSQL_ROOT_PASSWORD": mysql.root_password,
            "TOPN_CANAL_PASSWORD": passwords["canal"],
            "TOPN_READER_PASSWORD": passwords["reader"],
        },
        check=True,
    )

    # The health check sees whether all of this is done.
    (_, check) = compose()["services"]["mysql"]["healthcheck"]["test"]
    for password, healthy in ((passwords["reader"], True), ("another", False)):
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", check],
            env={"PATH": path, "TOPN_READER_PASSWORD": password},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        assert (done.returncode == 0) is healthy

    def ask(user: str, statement: str) -> int:
        with (
            pymysql.connect(
                host="127.0.0.1", port=mysql.port, user=user, password=passwords[user]
            ) as connection,
            connection.cursor() as cursor,
        ):
            return int(cursor.execute(statement))

    assert ask("reader", "SELECT * FROM webook.interactives") == 41
    assert ask("reader", "SHOW MASTER STATUS") == 1
    assert ask("canal", "SHOW MASTER STATUS") == 1
    assert ask("canal", "SELECT * FROM webook.interactives") == 41
    for user in passwords:
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            ask(user, "DELETE FROM webook.interactives")
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        ask("reader", "SELECT * FROM mysql.global_priv")


def test_redis_takes_its_password_from_standard_input(
    stack_directory: Path, tmp_path: Path
) -> None:
    """The command of compose.yaml; a stand-in for the image's entry point chooses port and folder."""
    password, port = "pa ss#word", free_port()
    program = tmp_path / "docker-entrypoint.sh"
    program.write_text(f'#!/bin/sh\nexec "$@" --port {port} --dir {tmp_path}\n')
    program.chmod(0o755)
    redis = compose({"TOPN_REDIS_PASSWORD": password})["services"]["redis"]
    path = f"{tmp_path}:{Path(require('redis-server')).parent}:{os.environ['PATH']}"
    with subprocess.Popen(
        redis["command"], env={"PATH": path, **redis["environment"]}, stdout=subprocess.DEVNULL
    ) as server:
        client = Redis(port=port, password=password)
        try:
            wait_until(lambda: _answers(client), timeout_s=10, what="redis answers")
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            with Redis(port=port) as stranger, pytest.raises(AuthenticationError):
                stranger.ping()
            arguments = Path(f"/proc/{server.pid}/cmdline").read_bytes()
            assert password.encode() not in arguments
        finally:
            client.close()
            server.terminate()


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisConnectionError:
        return False


def test_tests_and_compose_load_the_same_table() -> None:
    mounted = compose()["services"]["mysql"]["volumes"]
    world = (ROOT / "tests/stack/world.py").read_text()
    for name in ("1-schema.sql", "2-rows.sql"):
        assert f"./canal/mysql/{name}:/docker-entrypoint-initdb.d/{name}:ro" in mounted
        assert f'_SQL / "{name}"' in world
    assert "KEY ix_like_cnt_id (like_cnt, id)" in (ROOT / "canal/mysql/1-schema.sql").read_text()
