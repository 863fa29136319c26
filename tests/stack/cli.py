"""`python -m tests.stack`: the services for a person."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from tests.stack.errors import StackError
from tests.stack.install import install
from tests.stack.jars import HERE
from tests.stack.service import Service
from tests.stack.stack import Stack
from tests.stack.workspace import workspace
from tests.stack.world import TABLE, World

_OUTPUT = HERE.parents[1] / "build" / "stack"
_LOOK_INTERVAL_S = 1.0
"""How often it is checked that all services still run."""


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit status."""
    signal.signal(signal.SIGTERM, _stop)
    options, command = _parse(arguments)
    try:
        if options.action == "install":
            install()
            return 0
        return _run(options, command)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # how a person ends it, once it has started
        return 0 if options.action == "run" and not command else 130


def _parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    own, command = list(arguments), []
    if "--" in own:
        split = own.index("--")
        own, command = own[:split], own[split + 1 :]
    parser = argparse.ArgumentParser(
        prog="python -m tests.stack",
        usage="%(prog)s [install | run] [OPTIONS] [-- COMMAND...]",
        description=(
            "MariaDB, Kafka, Canal and Redis on this machine, without Docker, with a sample table. "
            "Stops all of them on Ctrl-C, or when COMMAND ends; COMMAND finds the settings file "
            "in TOPN_CONFIG."
        ),
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=("install", "run"),
        default="run",
        help="install: only get what is missing (TOPN_NO_INSTALL=1: only say what); run: the default",
    )
    parser.add_argument("--protobuf", action="store_true", help="Canal writes protobuf, not JSON")
    parser.add_argument("--partitions", type=int, default=1, metavar="N", help="of the topic")
    parser.add_argument("--database", default="webook", help="its name; default webook")
    parser.add_argument(
        "--output", type=Path, default=_OUTPUT, help="folder for topn.toml; default build/stack"
    )
    return parser.parse_args(own), command


def _run(options: argparse.Namespace, command: list[str]) -> int:
    install()
    _say("starting MariaDB, Kafka and Redis, then Canal ...")
    with workspace() as directory:
        stack = Stack(directory)
        try:
            stack.start()
            world = World(
                stack,
                database=options.database,
                flat=not options.protobuf,
                partitions=options.partitions,
            )
            with world.canal.running():
                settings = _write_files(world, options.output)
                if command:
                    return _run_command(command, settings)
                _explain(world, options.output, directory)
                _wait([*stack.own, world.canal])
        finally:
            _say("stopping ...")
            stack.stop()
    return 0


def _write_files(world: World, folder: Path) -> Path:
    """Write topn.toml, and mysql.cnf for the mariadb client; both with passwords, mode 0600."""
    folder.mkdir(parents=True, exist_ok=True)
    client = folder / "mysql.cnf"
    client.touch(mode=0o600)
    client.chmod(0o600)
    client.write_text(
        "[client]\nhost = 127.0.0.1\nprotocol = tcp\n"
        f"port = {world.mysql.port}\nuser = root\npassword = {world.mysql.root_password}\n"
    )
    return world.write_settings(folder / "topn.toml")


def _run_command(command: list[str], settings: Path) -> int:
    """Run the command on this terminal and return its exit status."""
    try:
        child = subprocess.Popen(command, env=os.environ | {"TOPN_CONFIG": str(settings)})
    except OSError as error:
        raise StackError(f"cannot run {command[0]}: {error}") from error
    # Ctrl-C reaches the command too, which decides what it means.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        status = child.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, _stop)
    return status if status >= 0 else 128 - status


def _explain(world: World, folder: Path, directory: Path) -> None:
    config, client = (_shown(folder / name) for name in ("topn.toml", "mysql.cnf"))
    sql = f"mariadb --defaults-extra-file={client} {world.database}"
    floor = world.top(10)[-1][1]
    statements = {
        "outside the top": f"(900, 90, 'x', 0, {floor - 50})",
        "into the top": f"(901, 91, 'x', 0, {floor + 47})",
    }
    columns = "(id, biz_id, biz, read_cnt, like_cnt)"
    print(f"Ready: MariaDB {world.mysql.port}, Kafka {world.kafka.port}, Redis {world.redis.port}")
    print(f"Topic {world.topic}; logs and data in {directory}\n")
    print(f"The dashboard:   topn-tui --config {config}")
    print(f"The database:    {sql}\n")
    for what, values in statements.items():
        print(f'Insert {what}:\n  {sql} -e "INSERT INTO {TABLE} {columns} VALUES {values}"')
    print(f'Update in the top:\n  {sql} -e "UPDATE {TABLE} SET like_cnt = 300 WHERE id = 20"')
    print(f'Delete:\n  {sql} -e "DELETE FROM {TABLE} WHERE id = 901"\n')
    print("Ctrl-C stops all of it.", flush=True)


def _shown(path: Path) -> str:
    """A path as a person would type it: relative if it is below the current folder."""
    path = path.resolve()
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _wait(services: list[Service]) -> None:
    """Wait for Ctrl-C or SIGTERM, which raise; raise StackError if a service ends before."""
    never = threading.Event()
    while not never.wait(_LOOK_INTERVAL_S):
        for service in services:
            service.check()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(f"stack: {text}", file=sys.stderr, flush=True)
