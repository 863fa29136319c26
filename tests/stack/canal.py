"""A Canal: reads one database's binlog from MariaDB and writes its changes into Kafka."""

import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tests.stack.jars import HERE, jar_folder
from tests.stack.java import java_command
from tests.stack.kafka_broker import KafkaBroker
from tests.stack.mariadb import MariaDB
from tests.stack.service import Service

_PROJECT_FILES = HERE.parents[1] / "canal"
_DESTINATION = "example"

WHY: Mapping[str, str] = {
    "kafka.bootstrap.servers": "the address of this run's broker",
    "canal.instance.master.address": "the address of this run's database",
    "canal.instance.dbUsername": "the account of this run",
    "canal.instance.dbPassword": "its password, made for this run",
    "canal.instance.filter.regex": "each test has a database of its own",
    "canal.instance.mysql.slaveId": "many Canals read one server, and each needs an id of its own",
    "canal.mq.topic": "what belongs to no table must not mix with another test's",
    "canal.instance.master.journal.name": "nothing between the schema and Canal's start may be lost",
    "canal.instance.master.position": "the same",
    "canal.instance.gtidon": "one test has messages that carry GTIDs",
    "canal.instance.master.gtid": "where such a Canal begins: nothing may be lost there either",
    "canal.mq.flatMessage": "tests choose JSON or protobuf",
    "canal.mq.partitionsNum": "tests choose how many partitions",
    "canal.mq.partitionHash": "and with several, by what rows are spread: the database's name is in it",
    "canal.instance.global.spring.xml": (
        "Maven has no launcher of Canal, and so not its Spring files; instance.xml wires the same"
    ),
    "canal.instance.tsdb.enable": (
        "the table history needs an H2 database, left out here: tests must not ALTER a table while "
        "Canal is down"
    ),
}
"""All that a Canal of the tests may have otherwise than the project's files, and the reason."""

_slave_ids = itertools.count(2001)


class Canal(Service):
    """A Canal that runs with the project's own `canal/*.properties`, as in production.

    `kill` and `restart` keep the position it has saved (once a second): what came later is sent
    again. It listens on no port: `port` is 0.
    """

    name: ClassVar[str] = "canal"

    def __init__(
        self,
        directory: Path,
        mariadb: MariaDB,
        kafka: KafkaBroker,
        *,
        database: str,
        table_regex: str = "interactives",
        flat: bool = True,
        partitions: int = 1,
        partition_hash: str | None = None,
        position: tuple[str, int] | None = None,
        bootstrap_servers: str | None = None,
        gtids: bool = False,
    ) -> None:
        """Describe a Canal; nothing runs yet.

        The topic of a table is `<database>_<table>`, both in lower case; it must exist with its
        number of partitions, or the broker creates it with its default number. With `partitions`
        over 1 the rows are spread by the column `id`, or by `partition_hash` (Canal's syntax).
        `position` (binlog file, offset) is where the first start begins: the binlog's end *now* if
        not given. `bootstrap_servers` is another way to the broker, say through a proxy.
        With `gtids` it goes by GTIDs, and each message carries one.
        """
        super().__init__(directory)
        self.database = database
        self._mariadb = mariadb
        self._kafka = kafka
        self._table_regex = table_regex
        self._flat = flat
        self._partitions = partitions
        self._partition_hash = partition_hash or f"{database}.interactives:id"
        self._position: tuple[str, int] | None = position or mariadb.binlog_position()
        self._bootstrap_servers = bootstrap_servers
        self._gtids = mariadb.gtids() if gtids else None
        self._slave_id = next(_slave_ids)
        # The layout of a Canal server: it runs in bin/ and looks for ../conf.
        self._bin, self._conf = directory / "bin", directory / "conf"
        self._arguments = directory / "java.arguments"

    def overrides(self) -> dict[str, str]:
        """Return all that differs from the project's files, as system properties; they win.

        The reason of each is in WHY.
        """
        options = {
            "kafka.bootstrap.servers": self._bootstrap_servers or self._kafka.bootstrap_servers,
            "canal.instance.master.address": f"127.0.0.1:{self._mariadb.port}",
            "canal.instance.dbUsername": "canal",
            "canal.instance.dbPassword": self._mariadb.canal_password,
            "canal.instance.filter.regex": rf"{self.database}\.{self._table_regex}",
            "canal.instance.mysql.slaveId": str(self._slave_id),
            "canal.mq.topic": f"{self.database}_other",
            "canal.mq.flatMessage": str(self._flat).lower(),
            "canal.instance.global.spring.xml": "classpath:instance.xml",
            "canal.instance.tsdb.enable": "false",
        }
        if self._position:
            file, offset = self._position
            options["canal.instance.master.journal.name"] = file
            options["canal.instance.master.position"] = str(offset)
        if self._gtids is not None:
            options["canal.instance.gtidon"] = "true"
            options["canal.instance.master.gtid"] = self._gtids
        if self._partitions > 1:
            options["canal.mq.partitionsNum"] = str(self._partitions)
            options["canal.mq.partitionHash"] = self._partition_hash
        return options

    def saved_position(self) -> str | None:
        """Return Canal's own record of how far it got (JSON), or None if it has none yet."""
        meta = self._conf / _DESTINATION / "meta.dat"
        return meta.read_text() if meta.exists() else None

    def forget_position(self) -> None:
        """Make the next start begin where the first one began. Canal must not run."""
        (self._conf / _DESTINATION / "meta.dat").unlink(missing_ok=True)

    def begin_at_the_end(self) -> None:
        """Have a start without a saved position begin wherever the binlog ends at that moment.

        That is what a Canal does whose settings name no position.
        """
        self._position = None

    def _choose_ports(self) -> None:
        self.port = 0

    def _prepare(self) -> None:
        self._bin.mkdir(exist_ok=True)
        (self._conf / _DESTINATION).mkdir(parents=True, exist_ok=True)
        shutil.copy(_PROJECT_FILES / "canal.properties", self._conf)
        shutil.copy(_PROJECT_FILES / "instance.properties", self._conf / _DESTINATION)
        shutil.copy(_PROJECT_FILES / "logback.xml", self._conf)
        shutil.copy(HERE / "canal" / "instance.xml", self._conf)

    def _command(self) -> list[str]:
        # A file, not arguments: there is a password in it.
        self._arguments.touch(mode=0o600)
        options = [f"-D{name}={value}" for name, value in self.overrides().items()]
        self._arguments.write_text("\n".join(_quoted(option) for option in options) + "\n")
        jars = jar_folder()
        return [
            *java_command(heap_mb=128),
            f"@{self._arguments}",
            *("-DappName=otter-canal", f"-Dcanal.conf={self._conf / 'canal.properties'}"),
            # Canal takes the first folder of the class path for its configuration.
            *("-cp", f"{self._conf}:{jars / 'classes'}:{jars / 'canal'}/*", "CanalMain"),
        ]

    def _working_directory(self) -> Path:
        return self._bin

    def _is_ready(self) -> bool:
        return "find start position successfully" in self.log_text()


def _quoted(option: str) -> str:
    """Write an option as Java's argument files want it."""
    return '"' + option.replace("\\", "\\\\").replace('"', '\\"') + '"'
