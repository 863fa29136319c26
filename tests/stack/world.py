"""One isolated world: a database with the table, its topic, its Canal, a board name."""

import itertools
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.stack.canal import Canal
from tests.stack.jars import HERE
from tests.stack.stack import Stack

TABLE = "interactives"
_SQL = HERE.parents[1] / "canal" / "mysql"
"""What compose.yaml loads into its database too."""
READER_PASSWORD = secrets.token_hex(12)
MONITOR_PASSWORD = secrets.token_hex(12)
_numbers = itertools.count(1)


class World:
    """Everything one test may change without another noticing, on services that others use too.

    Accounts of the database: `reader` may only SELECT in this database; `monitor` may also read the
    binlog's position (REPLICATION CLIENT); `execute` and `query` work as root.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        database: str | None = None,
        flat: bool = True,
        partitions: int = 1,
        rows: bool = True,
        bootstrap_servers: str | None = None,
        gtids: bool = False,
    ) -> None:
        """Make database, table, accounts and topic, and describe the Canal; it does not run yet.

        `rows` loads the sample rows *before* Canal's start position: they are in the table and not
        in the topic. `bootstrap_servers` is Canal's way to the broker, if it is not the direct one.
        `gtids`: Canal goes by GTIDs.
        """
        self.stack = stack
        self.mysql, self.kafka, self.redis = stack.mysql, stack.kafka, stack.redis
        self.database = database or f"webook_t{next(_numbers)}"
        self.table = TABLE
        self.topic = f"{self.database}_{TABLE}"
        self.board = f"{self.database}_board"
        self.mysql.execute(f"CREATE DATABASE `{self.database}`")
        self.execute((_SQL / "1-schema.sql").read_text())
        if rows:
            self.execute((_SQL / "2-rows.sql").read_text())
        select = f"SELECT ON `{self.database}`.*"
        self.mysql.create_account("reader", READER_PASSWORD, select)
        self.mysql.create_account("monitor", MONITOR_PASSWORD, select, "REPLICATION CLIENT ON *.*")
        if gtids:
            # Canal fails on MariaDB's first binlog file, which begins with an empty list of GTIDs.
            self.mysql.execute("FLUSH BINARY LOGS")
        # Before Canal, which would let the broker create it with its default partitions.
        self.kafka.create_topic(self.topic, partitions)
        self.canal = Canal(
            stack.directory / f"canal-{self.database}",
            self.mysql,
            self.kafka,
            database=self.database,
            flat=flat,
            partitions=partitions,
            bootstrap_servers=bootstrap_servers,
            gtids=gtids,
        )

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> int:
        """Run one or more statements in this database; return how many rows they changed."""
        return self.mysql.execute(sql, parameters, database=self.database)

    def query(self, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of one statement in this database."""
        return self.mysql.query(sql, parameters, database=self.database)

    def top(self, n: int = 10) -> list[tuple[Any, ...]]:
        """Return what a board of size `n` must show: (id, like_cnt, biz_id, biz, read_cnt), best first."""
        return self.query(
            f"SELECT id, like_cnt, biz_id, biz, read_cnt FROM {TABLE}"
            " WHERE like_cnt IS NOT NULL ORDER BY like_cnt DESC, id DESC LIMIT %s",
            (n,),
        )

    def settings(self, *, size: int = 10, account: str = "reader") -> dict[str, dict[str, Any]]:
        """Return topn-tui's settings for this world, as in its TOML file."""
        password = {"reader": READER_PASSWORD, "monitor": MONITOR_PASSWORD}[account]
        settings: dict[str, dict[str, Any]] = {
            "board": {"name": self.board, "size": size},
            "table": {
                "url": f"mysql://{account}@127.0.0.1:{self.mysql.port}/{self.database}",
                "password": password,
                "name": TABLE,
                "key": "id",
                "score": "like_cnt",
                "columns": ["biz_id", "biz", "read_cnt"],
            },
            "feed": {"bootstrap_servers": self.kafka.bootstrap_servers, "topic": self.topic},
            "store": {"url": self.redis.url()},
        }
        if self.redis.password:
            settings["store"]["password"] = self.redis.password
        return settings

    def write_settings(self, path: Path, **choices: Any) -> Path:
        """Write `settings(**choices)` to `path` as TOML, for its owner's eyes only."""
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(as_toml(self.settings(**choices)))
        return path

    def close(self) -> None:
        """Stop the Canal and remove database and topic, if their servers still run."""
        self.canal.kill()
        if self.mysql.alive:
            self.mysql.resume()
            self.mysql.execute(f"DROP DATABASE IF EXISTS `{self.database}`")
        if self.kafka.alive:
            self.kafka.resume()
            self.kafka.delete_topic(self.topic)


def as_toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Return settings as the text of a file; a section may be named `feed.tls`."""
    # JSON's strings, numbers and lists are TOML's too.
    lines: list[str] = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        lines.append("")
    return "\n".join(lines)
