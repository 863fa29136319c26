"""The data folder of a fresh broker."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.stack.cache import build_once
from tests.stack.errors import ServiceFailed
from tests.stack.jars import HERE, jar_folder
from tests.stack.java import java_command

_CLUSTER_ID = "dG9wbi10dWktc3RhY2stMQ"
"""22 characters of base64; the same for all, so that all can start from one template."""


def kafka_java(main_class: str) -> list[str]:
    """Return the command line that runs a class of Kafka."""
    log4j = f"-Dlog4j2.configurationFile={HERE / 'kafka' / 'log4j2.xml'}"
    class_path = f"{jar_folder() / 'kafka'}/*"
    return [*java_command(heap_mb=256), log4j, "-cp", class_path, main_class]


def make_storage(data: Path, properties: Path, users: Mapping[str, str]) -> None:
    """Fill `data`, which `properties` name as log.dirs; SCRAM passwords are kept in there.

    Without users it is a copy of a template, which spares the start of a JVM.
    """
    if users:
        _format(properties, users)
    else:
        shutil.copytree(kafka_template() / "data", data)


def kafka_template() -> Path:
    """Return the folder of a fresh broker without users, from the cache."""
    return build_once("kafka-" + jar_folder().name, _build_template)


def _build_template(folder: Path) -> None:
    properties = folder / "server.properties"
    properties.write_text(
        "process.roles=broker,controller\n"
        "node.id=1\n"
        # Neither address becomes part of the data.
        "controller.quorum.voters=1@127.0.0.1:9093\n"
        "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n"
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
        "controller.listener.names=CONTROLLER\n"
        f"log.dirs={folder / 'data'}\n"
    )
    _format(properties, {})


def _format(properties: Path, users: Mapping[str, str]) -> None:
    scram = [
        f"{mechanism}=[name={name},password={word}]"
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for name, word in users.items()
    ]
    done = subprocess.run(
        [
            *kafka_java("kafka.tools.StorageTool"),
            *("format", "-t", _CLUSTER_ID, "-c", str(properties)),
            *(part for entry in scram for part in ("--add-scram", entry)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServiceFailed(f"kafka: format failed:\n{done.stdout}{done.stderr}")
