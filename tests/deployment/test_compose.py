"""compose.yaml: what can be said of it without Docker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engine.assembly import make_engine
from engine.configuration import load_settings
from tests.deployment.files import COMPOSE, ROOT, compose, variables

# From the Compose specification (Apache licence 2.0, compose-spec.LICENSE), as check-jsonschema 0.39.0
# ships it.
SCHEMA = Path(__file__).with_name("compose-spec.json")
DOC = ROOT / "docs" / "deployment.md"
SERVICES = ("mysql", "kafka", "kafka-init", "canal", "redis")
ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {"TOPN_FLAT_MESSAGE": "false", "TOPN_PARTITIONS": "3", "TOPN_KAFKA_PORT": "29092"},
    dict.fromkeys(variables(), "7"),
]


@pytest.fixture(params=ENVIRONMENTS, ids=["defaults", "protobuf-3", "all-set"])
def stack(request: pytest.FixtureRequest) -> dict[str, Any]:
    return compose(request.param)


def test_it_is_what_the_specification_allows(stack: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator(schema).validate(stack)
    assert tuple(stack["services"]) == SERVICES


def test_the_schema_refuses_what_it_should() -> None:
    broken = compose()
    broken["services"]["mysql"]["healthcheck"]["retry"] = 3
    with pytest.raises(jsonschema.ValidationError, match="retry"):
        jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(broken)


def test_every_mounted_file_exists_and_every_volume_is_declared(stack: dict[str, Any]) -> None:
    named = set()
    for service in stack["services"].values():
        for volume in service.get("volumes", []):
            source, target, *mode = volume.split(":")
            assert target.startswith("/")
            if source.startswith("."):
                assert (ROOT / source).is_file(), source
                assert mode == ["ro"], volume
            else:
                named.add(source)
    assert named == set(stack["volumes"])
    assert (
        "canal-data:/home/admin/canal-server/conf/example" in stack["services"]["canal"]["volumes"]
    )


def test_images_are_pinned_and_ports_are_for_this_machine_only(stack: dict[str, Any]) -> None:
    for service in stack["services"].values():
        tag = service["image"].partition(":")[2]
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), service["image"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    images = {service["image"] for service in stack["services"].values()}
    assert {image.partition(":")[0] for image in images} == {
        "mysql",
        "apache/kafka",
        "canal/canal-server",
        "redis",
    }
    assert stack["services"]["mysql"]["image"].startswith("mysql:8.4.")
    assert stack["services"]["canal"]["image"].endswith(":v1.1.8")


def test_services_wait_for_those_that_they_need(stack: dict[str, Any]) -> None:
    services = stack["services"]
    for name, service in services.items():
        assert ("healthcheck" in service) == (name != "kafka-init")
        for needed, how in service.get("depends_on", {}).items():
            ends = needed == "kafka-init"
            expected = "service_completed_successfully" if ends else "service_healthy"
            assert how == {"condition": expected}
    assert set(services["canal"]["depends_on"]) == {"mysql", "kafka-init"}
    assert set(services["kafka-init"]["depends_on"]) == {"kafka"}


def test_one_setting_decides_the_format_and_one_the_partitions() -> None:
    def chosen(**environment: str) -> tuple[str, str, str, str]:
        services = compose(environment)["services"]
        canal = services["canal"]["environment"]
        return (
            canal["canal.mq.flatMessage"],
            canal["canal.mq.partitionsNum"],
            canal["canal.mq.partitionHash"],
            services["kafka-init"]["environment"]["TOPN_PARTITIONS"],
        )

    assert chosen() == ("true", "1", "", "1")
    assert chosen(TOPN_FLAT_MESSAGE="false") == ("false", "1", "", "1")
    assert chosen(TOPN_PARTITIONS="3") == ("true", "3", "webook.interactives:id", "3")


def test_every_password_can_be_set_and_its_default_is_documented() -> None:
    secret = {name for name in variables() if "PASSWORD" in name}
    assert len(secret) == 4
    changed = compose(dict.fromkeys(secret, "s3cr3t"))
    for name, service in changed["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("password|auth$", variable, re.IGNORECASE):
                assert value == "s3cr3t", (name, variable)
    for name in secret:
        (default,) = variables()[name]
        assert f"`{default}`" in DOC.read_text()
        assert name in COMPOSE.read_text().partition("services:")[0]


def test_every_variable_is_documented_and_has_one_default() -> None:
    documented = set(re.findall(r"`(TOPN_[A-Z_]+)`", DOC.read_text()))
    assert documented == set(variables())
    assert all(len(defaults) == 1 for defaults in variables().values())


def test_the_variables_do_not_disturb_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses variables that look like settings of its own and are not."""
    for name in variables():
        monkeypatch.setenv(name, "1")
    load_settings()


def test_the_documented_settings_fit_the_stack(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", DOC.read_text(), re.DOTALL)
    file = tmp_path / "topn.toml"
    file.write_text(text)
    settings = load_settings(file).settings
    make_engine(settings)
    services = compose()["services"]
    assert settings.table.secret() == services["mysql"]["environment"]["TOPN_READER_PASSWORD"]
    assert settings.store.secret() == services["redis"]["environment"]["REDISCLI_AUTH"]
    for service, address in (
        ("mysql", settings.table.url),
        ("kafka", settings.feed.bootstrap_servers),
        ("redis", settings.store.url),
    ):
        (port,) = services[service]["ports"]
        assert port.rpartition(":")[0] in str(address)
    host = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].rpartition("//")[2]
    assert host == settings.feed.bootstrap_servers
    assert f"make {settings.feed.topic} " in (ROOT / "canal/kafka/topics.sh").read_text()


@pytest.mark.parametrize("script", ["canal/mysql/3-accounts.sh", "canal/kafka/topics.sh"])
def test_the_scripts_are_shell(script: str) -> None:
    subprocess.run(["bash", "-n", ROOT / script], check=True)


@pytest.mark.parametrize(("has", "status"), [("3", 0), ("1", 1), ("5", 1)])
def test_topics_are_made_with_their_partitions_or_it_fails(
    tmp_path: Path, has: str, status: int
) -> None:
    program = tmp_path / "kafka-topics.sh"
    program.write_text(
        f'#!/bin/bash\necho "$*" >>{tmp_path}/calls\n'
        f'[[ $* == *--describe* ]] && printf "Topic: x\\tTopicId: y\\tPartitionCount: {has}\\tR: 1\\n"\n'
        "true\n"
    )
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / "canal/kafka/topics.sh"],
        env={**os.environ, "KAFKA_BIN": str(tmp_path), "TOPN_PARTITIONS": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert "--create --if-not-exists --topic webook_interactives --partitions 3" in calls[0]
    assert "--topic canal_other --partitions 1" in calls[1]
    if status:
        assert f"has {has} partitions, TOPN_PARTITIONS is 3" in done.stderr


def test_the_pages_name_no_unknown_setting() -> None:
    page = (ROOT / "docs" / "own-services.md").read_text()
    for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        for section, values in tomllib.loads(text).items():
            _known(section, values)


def _known(path: str, values: dict[str, Any]) -> None:
    from engine.setting_names import leaves

    names = {name for name, _ in leaves()}
    for name, value in values.items():
        if isinstance(value, dict):
            _known(f"{path}.{name}", value)
        else:
            assert f"{path}.{name}" in names
