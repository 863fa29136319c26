"""The engine on services that are secured in every way, and what it says of each wrong setting."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.test_walkthrough import AFTER, boards, ids
from tests.pipeline.boards import query, wait_equal
from tests.pipeline.engines import HeadlessEngine, eventually, run_cli
from tests.stack.fixtures import WorldFactory
from tests.stack.stack import Stack
from tests.stack.tls import Authority, make_ca
from tests.stack.world import World, as_toml

pytestmark = pytest.mark.service

PASSWORD = "s3cret " + secrets.token_hex(6)
WRONG = "wr0ng-" + secrets.token_hex(6)
DOC = Path(__file__).parents[2] / "docs" / "own-services.md"

Settings = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Secured:
    """A world whose engine has only secured ways in, and what a client needs for them."""

    world: World
    settings: Settings
    other_ca: Path

    def changed(self, section: str, **values: Any) -> Settings:
        """The right settings but for these; `tls_…` is in the section's TLS settings."""
        found = {name: dict(section) for name, section in self.settings.items()}
        found[section] |= {k: v for k, v in values.items() if not k.startswith("tls_")}
        tls = {k.removeprefix("tls_"): v for k, v in values.items() if k.startswith("tls_")}
        found[f"{section}.tls"] |= tls
        if None in tls.values():
            found[f"{section}.tls"] = {
                name: value for name, value in found[f"{section}.tls"].items() if value is not None
            }
        return found


def redis_acl() -> str:
    """The ACL rules that the documentation tells people to set."""
    (rules,) = re.findall(r"^ACL SETUSER topn (.*) >PASSWORD$", DOC.read_text(), re.MULTILINE)
    return str(rules)


def mysql_grants(world: World) -> list[str]:
    """The grants of the engine's account in the documentation, for this world's database."""
    found = re.findall(r"^GRANT (.*) TO 'topn'@'%';$", DOC.read_text(), re.MULTILINE)
    assert len(found) == 2
    return [
        grant.replace("webook.interactives", f"`{world.database}`.`{world.table}`")
        for grant in found
    ]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_ca(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def locked_stack(stack_directory: Path, authority: Authority) -> Iterator[Stack]:
    """All three behind TLS with certificates for `localhost` alone, and passwords."""
    folder = Path(tempfile.mkdtemp(prefix="secure-", dir=stack_directory))
    folder.chmod(0o711)
    tls: dict[str, Any] = {"authority": authority, "certificate_hosts": ("localhost",)}
    user = f"user topn {redis_acl()} #{_sha256(PASSWORD)}"
    stack = Stack(
        folder,
        mysql=tls,
        kafka=tls | {"users": {"topn": PASSWORD}, "secure": True},
        redis=tls | {"options": [user]},
    )
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def secured(
    module_world: WorldFactory,
    locked_stack: Stack,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Secured:
    world = module_world(on=locked_stack)
    world.mysql.create_account("topn", PASSWORD, *mysql_grants(world))
    world.execute("ALTER USER topn@'%' REQUIRE X509")
    folder = tmp_path_factory.mktemp("client")
    authority.issue(folder / "client", hosts=("client",))
    tls = {
        "ca_file": str(authority.certificate),
        "cert_file": str(folder / "client.pem"),
        "key_file": str(folder / "client.key"),
    }
    plain = world.settings()
    return Secured(
        world=world,
        settings={
            "board": plain["board"],
            "table": plain["table"]
            | {"url": f"mysql://topn@localhost:{world.mysql.port}/{world.database}"}
            | {"password": PASSWORD},
            "table.tls": {"enabled": True, **tls},
            "feed": plain["feed"]
            | {"bootstrap_servers": f"localhost:{world.kafka.secure_port}"}
            | {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512"}
            | {"sasl_username": "topn", "sasl_password": PASSWORD},
            "feed.tls": tls,
            "store": {
                "url": f"rediss://topn@localhost:{world.redis.tls_port}/0",
                "password": PASSWORD,
            },
            "store.tls": tls,
            "view": {"environment": "production"},
        },
        other_ca=make_ca(folder / "other").certificate,
    )


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    engines: list[HeadlessEngine] = []

    def start(settings: Settings) -> HeadlessEngine:
        engines.append(HeadlessEngine(written(settings, tmp_path)))
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()
        log = engine.config.with_suffix(".log")
        said = "\n".join([*engine.errors, log.read_text() if log.exists() else ""])
        for password in (PASSWORD, WRONG):
            assert password not in said


def written(settings: Settings, folder: Path) -> Path:
    config = folder / "topn.toml"
    config.touch(mode=0o600)
    config.write_text(as_toml(settings))
    return config


def test_exact_on_secured_services(secured: Secured, run: Any) -> None:
    world = secured.world
    engine = run(secured.settings)
    engine.wait_exact()
    world.execute("UPDATE interactives SET like_cnt = 500 WHERE id = 70")
    engine.wait_for(lambda line: line["state"] == "EXACT" and line["positions"], "it reads on")
    assert wait_equal(world, engine)[0][:2] == (70, 500)
    code, rows, errors = query(engine.config)
    assert (code, rows[0][0], errors) == (0, 70, "")
    assert engine.stop() == 0, engine.story()
    # With these grants it may do all that it tries: nothing is refused.
    assert not [line for line in engine.errors if "may not" in line or "refuse" in line]


def test_by_address_with_the_name_in_the_certificate(secured: Secured, run: Any) -> None:
    world = secured.world
    settings = secured.changed(
        "table",
        url=f"mysql://topn@127.0.0.1:{world.mysql.port}/{world.database}",
        tls_server_name="localhost",
    )
    settings["feed"]["bootstrap_servers"] = f"127.0.0.1:{world.kafka.secure_port}"
    settings["store"]["url"] = f"rediss://topn@127.0.0.1:{world.redis.tls_port}/0"
    for section in ("feed.tls", "store.tls"):
        settings[section] = settings[section] | {"server_name": "localhost"}
    engine = run(settings)
    engine.wait_exact()
    assert engine.stop() == 0


def test_exact_with_scram_sha_256(secured: Secured, run: Any) -> None:
    engine = run(secured.changed("feed", sasl_mechanism="SCRAM-SHA-256"))
    engine.wait_exact()
    assert engine.stop() == 0
    assert not [line for line in engine.errors if "Kafka" in line]


SERVICES = {"table": "MySQL", "feed": "Kafka", "store": "Redis"}
NO_CERTIFICATE = {"tls_cert_file": None, "tls_key_file": None}


@pytest.mark.parametrize(
    ("section", "wrong", "reason"),
    [
        ("table", {"password": WRONG}, "refuses user 'topn' with this password"),
        (
            "feed",
            {"sasl_password": WRONG},
            "refuses this user name and password .SASL SCRAM-SHA-512",
        ),
        (
            "feed",
            {"sasl_password": WRONG, "sasl_mechanism": "SCRAM-SHA-256"},
            "refuses this user name and password .SASL SCRAM-SHA-256",
        ),
        ("store", {"password": WRONG}, "it refuses this user name and password"),
        *((section, {"tls_ca_file": "OTHER"}, "is not trusted") for section in SERVICES),
        *((section, {"host": "127.0.0.1"}, "is made for another name") for section in SERVICES),
        # MySQL says no more than that; so the sentence names this possibility.
        ("table", NO_CERTIFICATE, "REQUIRE X509 is refused like this too"),
        ("feed", NO_CERTIFICATE, "refuses our certificate, or our having none"),
        ("store", NO_CERTIFICATE, "refuses our certificate, or our having none"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_wrong_setting_gives_its_true_reason(
    secured: Secured, run: Any, section: str, wrong: dict[str, Any], reason: str
) -> None:
    engine = run(secured.changed(section, **_worked_out(secured, section, wrong)))
    where = "localhost" if "host" not in wrong else wrong["host"].replace(".", r"\.")
    said = engine.wait_notice(rf"^warning: {SERVICES[section]}: .*{reason}")
    assert re.search(rf"{where}:\d+", said) or section == "store", said
    others = [name for name in SERVICES.values() if name != SERVICES[section]]
    assert not [e for e in engine.errors if e.startswith(tuple(f"warning: {o}:" for o in others))]
    assert engine.latest.get("state") != "EXACT"
    assert engine.stop() in (0, 1)


def _worked_out(secured: Secured, section: str, wrong: dict[str, Any]) -> dict[str, Any]:
    if wrong.get("tls_ca_file") == "OTHER":
        return {"tls_ca_file": str(secured.other_ca)}
    if "host" in wrong:
        name = "bootstrap_servers" if section == "feed" else "url"
        right = secured.settings[section][name]
        return {name: right.replace("localhost", wrong["host"])}
    return wrong


@pytest.mark.parametrize(
    ("section", "wrong", "said"),
    [
        ("table", {"tls_enabled": False}, "table.tls.ca_file is set, but TLS is not switched on"),
        ("feed", {"security_protocol": "PLAINTEXT"}, "feed.tls.ca_file is set, but TLS is not"),
        ("feed", {"tls_ca_file": "/nowhere.pem"}, "there is no file /nowhere.pem"),
        ("store", {"url": "redis://localhost:1/0"}, "store.tls.ca_file is set, but TLS is not"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    secured: Secured, tmp_path: Path, section: str, wrong: dict[str, Any], said: str
) -> None:
    config = written(secured.changed(section, **wrong), tmp_path)
    done = run_cli("run", "--headless", config=config)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_the_settings_are_shown_without_passwords(secured: Secured, tmp_path: Path) -> None:
    config = written(secured.settings, tmp_path)
    done = run_cli("config", "--show", config=config)
    assert done.returncode == 0
    assert "production" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


def test_a_redis_user_without_the_rights_is_told_which(secured: Secured, run: Any) -> None:
    with secured.world.redis.client() as client:
        client.execute_command("ACL", "SETUSER", "poor", "on", f">{PASSWORD}", "~other:*", "+@all")
    port = secured.world.redis.tls_port
    engine = run(secured.changed("store", url=f"rediss://poor@localhost:{port}/0"))
    said = eventually(
        lambda: next((e for e in engine.errors if "the user may not do this" in e), None),
        "it says what it may not",
        context=engine.story,
    )
    assert "keys topn:*" in said


def with_writer(secured: Secured, **tls: Any) -> Settings:
    """The right settings, and an account that may write and must show a certificate."""
    world = secured.world
    rights = f"SELECT, INSERT, UPDATE, DELETE ON `{world.database}`.*"
    world.mysql.create_account("writer", PASSWORD, rights)
    world.execute("ALTER USER writer@'%' REQUIRE X509")
    world.execute("UPDATE interactives SET like_cnt = 53 WHERE id = 70")  # the start rows again
    right = secured.settings["table.tls"]
    return secured.settings | {
        "walkthrough": {
            "url": f"mysql://writer@localhost:{world.mysql.port}/{world.database}",
            "password": PASSWORD,
        },
        "walkthrough.tls": {name: value for name, value in (right | tls).items() if value},
    }


def test_the_walkthrough_writes_over_tls(secured: Secured, tmp_path: Path) -> None:
    settings = with_writer(secured)
    before = secured.world.query("SELECT * FROM interactives ORDER BY id")
    done = run_cli("walkthrough", "--write", config=written(settings, tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert [ids(board) for board in boards(done.stdout)] == AFTER
    assert secured.world.query("SELECT * FROM interactives ORDER BY id") == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ca_file": "OTHER"}, "is not trusted"),
        ({"server_name": "other.example.org"}, "is made for another name"),
        ({"cert_file": None, "key_file": None}, "REQUIRE X509 is refused like this too"),
        ({"enabled": False}, "walkthrough.tls.ca_file is set, but TLS is not switched on"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_wrong_tls_of_the_walkthrough_s_account_gives_its_true_reason(
    secured: Secured, tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    if "ca_file" in wrong:
        wrong = {"ca_file": str(secured.other_ca)}
    settings = with_writer(secured, **wrong)
    before = secured.world.query("SELECT * FROM interactives ORDER BY id")
    done = run_cli("walkthrough", "--write", config=written(settings, tmp_path))
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert secured.world.query("SELECT * FROM interactives ORDER BY id") == before


def _sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()
