"""Where the programs are, and which are missing."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.stack.errors import StackIncomplete

_SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/sbin")
"""Debian puts servers here, and not on the PATH of everybody."""

_OLDEST_JAVA = 17
"""What a Kafka 4 broker needs."""

SERVERS = {
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "mariadb": "mariadb-client",
    "redis-server": "redis-server",
    "openssl": "openssl",  # makes their certificates
    "tmux": "tmux",
}
"""Program -> the Debian package that has it."""

BUILD_TOOLS = {"mvn": "maven", "javac": "default-jdk-headless"}
"""Needed only to fill the jar cache."""


def find(program: str) -> Path | None:
    """Return the program's path, or None."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS])
    found = shutil.which(program, path=path)
    return Path(found) if found else None


def require(program: str) -> str:
    """Return the program's path as text, for a command line; raise StackIncomplete if missing."""
    found = find(program)
    if found is None:
        raise StackIncomplete(f"{program} is missing: run `python -m tests.stack install`")
    return str(found)


def java() -> Path | None:
    """Return a java that is new enough for the broker, or None."""
    found = find("java")
    return found if found and _java_version(found) >= _OLDEST_JAVA else None


@cache
def _java_version(program: Path) -> int:
    shown = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    number = re.search(r'version "(\d+)', shown.stderr)
    return int(number.group(1)) if number else 0
