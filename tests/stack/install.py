"""Say what the stack lacks, and install it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.stack import jars
from tests.stack.cache import cache_lock
from tests.stack.errors import StackError, StackIncomplete
from tests.stack.kafka_storage import kafka_template
from tests.stack.programs import BUILD_TOOLS, SERVERS, find, java
from tests.stack.templates import mariadb_template

_APT_SCRIPT = Path(__file__).with_name("apt_install.sh")
_HOW = "run `python -m tests.stack install`"


def missing_packages() -> dict[str, str]:
    """Return the programs that are not there, each with the Debian package that has it."""
    wanted = dict(SERVERS) if jars.are_built() else SERVERS | BUILD_TOOLS
    lacking = {program: package for program, package in wanted.items() if find(program) is None}
    if java() is None:
        lacking["java (17 or later)"] = "default-jdk-headless"
    return lacking


def missing() -> list[str]:
    """Return one sentence for each thing that is missing, with how to get it; [] if all is there."""
    lines = [
        f"{program} is missing: {_HOW}, or install the Debian package {package}"
        for program, package in missing_packages().items()
    ]
    if not jars.are_built():
        lines.append(f"the jars of Kafka and Canal are missing: {_HOW} (needs Maven and a network)")
    return lines


def install() -> None:
    """Install what is missing, with a word on stderr for each step. Quick if nothing is missing.

    Raises StackIncomplete if it may not (TOPN_NO_INSTALL=1, not root and no sudo), StackError if a
    step fails.
    """
    if missing() and os.environ.get("TOPN_NO_INSTALL") == "1":
        raise StackIncomplete("\n".join(["TOPN_NO_INSTALL=1 is set, and:", *missing()]))
    with cache_lock("install"):
        _install_packages()
        if not jars.are_built():
            _say("fetching the jars of Kafka and Canal with Maven into the cache (once, ~70 MB)")
        jars.jar_folder()
        kafka_template()
        mariadb_template()


def _install_packages() -> None:
    lacking = missing_packages()
    if not lacking:
        return
    packages = sorted(set(lacking.values()))
    what = f"{', '.join(packages)} (for {', '.join(sorted(lacking))})"
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if find("apt-get") is None or (as_root and find("sudo") is None):
        raise StackIncomplete(f"cannot install {what}: that needs apt-get and root or sudo")
    _say(f"installing the Debian packages {what}; their services are not started")
    done = subprocess.run(
        [*as_root, "sh", str(_APT_SCRIPT), *packages],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"installing {what} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _say(text: str) -> None:
    sys.stderr.write(f"stack: {text}\n")
    sys.stderr.flush()
