"""A MariaDB server that writes the binlog Canal needs."""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CLIENT, ER

from tests.stack.errors import ServiceFailed
from tests.stack.programs import require
from tests.stack.service import Service
from tests.stack.templates import copy_mariadb_template, server_user
from tests.stack.tls import Authority

CANAL_GRANTS = "SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.*"
"""All that Canal needs."""


class MariaDB(Service):
    """MariaDB on a fresh data folder; `root` and `canal` can log in over TCP, with own passwords.

    What it does with the disk is safe against SIGKILL of the server, not against a power cut.
    """

    name: ClassVar[str] = "mariadb"

    def __init__(
        self,
        directory: Path,
        *,
        options: Sequence[str] = (),
        authority: Authority | None = None,
        certificate_hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
    ) -> None:
        """`options` come last on the command line of mariadbd, so they win.

        `authority` lets clients speak TLS on the same port, with a certificate of that authority for
        `certificate_hosts`; an account that is to show one of its own is made with REQUIRE X509.
        """
        super().__init__(directory)
        self._authority = authority
        self._certificate_hosts = certificate_hosts
        self.root_password = secrets.token_hex(12)
        self.canal_password = secrets.token_hex(12)
        self._options = list(options)
        self._data = directory / "data"
        self._init_file = directory / "init.sql"

    def _prepare(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        copy_mariadb_template(self._data)
        # Run at each start before the first connection is let in; each statement on one line.
        # Not in the binlog: it would reach everybody who reads that from its start.
        self._init_file.touch(mode=0o600)
        self._init_file.write_text(
            "SET sql_log_bin = 0;\n"
            # Those of a fresh data folder have no password, or would win over '%'.
            "DELETE FROM mysql.global_priv WHERE User IN ('', 'root');\n"
            "FLUSH PRIVILEGES;\n"
            f"CREATE OR REPLACE USER root@'%' IDENTIFIED BY '{self.root_password}';\n"
            "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n"
            f"CREATE OR REPLACE USER canal@'%' IDENTIFIED BY '{self.canal_password}';\n"
            f"GRANT {CANAL_GRANTS} TO canal@'%';\n"
        )
        if self._authority:
            self._authority.issue(self.directory / "server", hosts=self._certificate_hosts)
        if server_user():
            if self._authority:
                shutil.chown(self.directory / "server.key", "mysql")
            shutil.chown(self._init_file, "mysql")
            shutil.chown(self.directory, "mysql")  # it puts its socket here

    def _command(self) -> list[str]:
        return [
            *(require("mariadbd"), "--no-defaults", *server_user()),
            *(f"--datadir={self._data}", f"--socket={self.directory / 'socket'}"),
            *(f"--pid-file={self.directory / 'pid'}", f"--init-file={self._init_file}"),
            *(f"--port={self.port}", "--bind-address=127.0.0.1"),
            # Accounts are for '%' only; without names the anonymous account never matches.
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            # The binlog, as the README asks of a production server.
            *("--server-id=1", "--log-bin=mariadb-bin", "--binlog-format=ROW"),
            *("--binlog-row-image=FULL", "--binlog-row-metadata=FULL"),
            # Else each statement is sent as text too, past Canal's table filter.
            "--binlog-annotate-row-events=OFF",
            "--log-bin-compress=OFF",  # Canal cannot read compressed events
            # Small and quick. Write to the operating system at each commit, flush later.
            *("--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M"),
            *("--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0"),
            *("--performance-schema=OFF", "--innodb-buffer-pool-dump-at-shutdown=OFF"),
            *self._tls_options(),
            *self._options,
        ]

    def _tls_options(self) -> list[str]:
        if self._authority is None:
            return []
        return [
            f"--ssl-cert={self.directory / 'server.pem'}",
            f"--ssl-key={self.directory / 'server.key'}",
            f"--ssl-ca={self._readable_authority()}",
        ]

    def _readable_authority(self) -> Path:
        """The authority's certificate where the server's user can read it."""
        assert self._authority is not None
        copy = self.directory / "ca.pem"
        shutil.copy(self._authority.certificate, copy)
        copy.chmod(0o644)
        return copy

    def _is_ready(self) -> bool:
        # Its log first: on a taken port somebody else would answer, or keep us waiting.
        if "ready for connections" not in self.log_text():
            return False
        try:
            self.connect(read_timeout_s=2).close()
        except pymysql.err.OperationalError as error:
            if error.args[0] == ER.ACCESS_DENIED_ERROR:  # waiting would not help
                raise ServiceFailed(f"the accounts were not made: {error}") from error
            return False
        return True

    def connect(
        self, *, database: str | None = None, read_timeout_s: float = 60
    ) -> "Connection[Any]":
        """Return a new connection as `root`, in autocommit mode; the caller closes it.

        `read_timeout_s`: a paused server raises OperationalError, instead of hanging the test.
        """
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            password=self.root_password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=5,
            read_timeout=read_timeout_s,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )

    def execute(
        self, sql: str, parameters: Sequence[Any] | None = None, *, database: str | None = None
    ) -> int:
        """Run one or more statements as `root`; return how many rows all of them changed."""
        with self.connect(database=database) as connection, connection.cursor() as cursor:
            changed: int = cursor.execute(sql, parameters)
            while cursor.nextset():
                changed += cursor.rowcount
            return changed

    def query(
        self, sql: str, parameters: Sequence[Any] | None = None, *, database: str | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, run as `root`."""
        with self.connect(database=database) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def create_account(self, user: str, password: str, *grants: str) -> None:
        """Make `user` (for any host) with this password and grants, say `SELECT ON db.*`.

        An account that exists keeps its grants and gets these too.
        """
        self.execute(
            f"CREATE USER IF NOT EXISTS `{user}`@'%%'; ALTER USER `{user}`@'%%' IDENTIFIED BY %s",
            (password,),
        )
        for grant in grants:
            self.execute(f"GRANT {grant} TO `{user}`@'%'")

    def binlog_position(self) -> tuple[str, int]:
        """Return file and offset of the binlog's end."""
        ((file, position, *_),) = self.query("SHOW MASTER STATUS")
        return str(file), int(position)

    def gtids(self) -> str:
        """Return the last GTID of each domain in the binlog."""
        ((found,),) = self.query("SELECT @@global.gtid_binlog_pos")
        return str(found)
