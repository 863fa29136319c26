"""The data folder of a fresh database: slow to make, so made once, cached, and copied."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.stack.cache import build_once, fingerprint
from tests.stack.errors import StackError
from tests.stack.programs import require


def server_user() -> list[str]:
    """Return mariadbd's --user option: it refuses to run as root."""
    return ["--user=mysql"] if os.geteuid() == 0 else []


def mariadb_template() -> Path:
    """Return a data folder as mariadb-install-db makes it, for this version of the server."""
    version = subprocess.run(
        [require("mariadbd"), "--no-defaults", "--version"], capture_output=True, check=True
    )
    owner = " ".join(server_user()).encode()  # who can read the files depends on it
    return build_once("mariadb-" + fingerprint(version.stdout, owner), _install_mariadb)


def copy_mariadb_template(target: Path) -> None:
    """Make `target` a fresh data folder that belongs to the user that mariadbd will run as."""
    # cp knows sparse files and copy-on-write, shutil does not.
    subprocess.run(
        ["cp", "-a", "--sparse=always", "--reflink=auto", mariadb_template() / "data", target],
        check=True,
    )


def _install_mariadb(folder: Path) -> None:
    # In a place of its own: the server's user may not be allowed into the cache (a home folder).
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if server_user():
            shutil.chown(place, "mysql")
        done = subprocess.run(
            [
                *(require("mariadb-install-db"), "--no-defaults", *server_user()),
                *(f"--datadir={place / 'data'}", "--auth-root-authentication-method=normal"),
                # Small files: quick to copy, quick to open.
                *("--skip-test-db", "--innodb-log-file-size=16M"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StackError(f"mariadb-install-db failed:\n{done.stdout}{done.stderr}")
        subprocess.run(["cp", "-a", "--sparse=always", place / "data", folder], check=True)
