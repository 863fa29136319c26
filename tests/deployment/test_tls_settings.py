"""TLS settings that contradict themselves are refused before anything is connected."""

from __future__ import annotations

import re
import ssl

import pytest

from engine.adapters.tls import tls_context
from engine.assembly import make_board_reader, make_engine
from engine.configuration import load_settings
from engine.errors import WrongSetting

WHOLE = {
    "table.url": "mysql://u@h/d",
    "table.name": "t",
    "table.score": "s",
    "feed.bootstrap_servers": "h:1",
    "feed.topic": "d_t",
    "store.url": "redis://h",
}


@pytest.mark.parametrize("section", ["table", "feed", "store"])
@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file", "server_name"])
def test_tls_settings_without_tls_are_refused(section: str, name: str) -> None:
    """Who wrote them believes to be encrypted."""
    settings = load_settings(None, {**WHOLE, f"{section}.tls.{name}": "x"}).settings
    turns = {
        "table": "set table.tls.enabled to true",
        "feed": "set feed.security_protocol to SSL or SASL_SSL",
        "store": "set store.tls.enabled to true, or write rediss://",
    }
    said = f"{section}.tls.{name} is set, but TLS is not switched on: {turns[section]}"
    with pytest.raises(WrongSetting, match=re.escape(said)):
        make_engine(settings)
    if section == "store":
        with pytest.raises(WrongSetting, match=re.escape(said)):
            make_board_reader(settings)


def test_a_kafka_that_should_speak_tls_and_has_no_protocol_for_it() -> None:
    settings = load_settings(None, {**WHOLE, "feed.tls.enabled": "true"}).settings
    with pytest.raises(WrongSetting, match=r"set feed\.security_protocol"):
        make_engine(settings)


def test_a_sasl_user_without_sasl() -> None:
    settings = load_settings(None, {**WHOLE, "feed.sasl_username": "u"}).settings
    with pytest.raises(WrongSetting, match="set it to SASL_SSL or SASL_PLAINTEXT"):
        make_engine(settings)


def test_the_server_is_asked_for_the_name_that_is_set() -> None:
    context = tls_context("Kafka", server_name="db.example.org")
    assert _asked(context) == "db.example.org"
    assert _asked(tls_context("Kafka")) == "dialled.example.org"
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def _asked(context: ssl.SSLContext) -> str | None:
    made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="dialled.example.org")
    name = made.server_hostname
    return None if name is None else str(name)


def test_the_place_has_a_name() -> None:
    assert load_settings().settings.view.environment == ""
    named = load_settings(None, {"view.environment": "production"})
    assert named.settings.view.environment == "production"
