"""A password comes from where it should, and goes nowhere that anybody could read it."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import pytest

from engine.assembly import make_engine
from engine.configuration import load_settings
from engine.errors import WrongSetting
from engine.setting_names import variable
from engine.settings import Settings
from tests.cli.conftest import Program

PASSWORD = "s3cr%t p@ss"
ENCODED = "s3cr%25t%20p%40ss"

URLS = {
    "table": "mysql://u{}@h:1/d",
    "store": "redis://u{}@h:1/2",
    "walkthrough": "mysql://u{}@h:1/d",
}
"""Section -> a URL of its kind, with a place for a password."""

WAYS = ("password", "password_file", "url")
PAIRS = [
    (section, *pair)
    for section in (*URLS, "feed")
    for pair in itertools.product(WAYS, WAYS)
    if section != "feed" or "url" not in pair  # brokers have no URL
]
"""(section, how a lower source gives a password, how a higher one does)."""

WALKTHROUGH = ("walkthrough.url=mysql://w@127.0.0.1:1/d", "table.score=like_cnt")
"""What the walkthrough needs beside the complete settings."""


def settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "settings.toml"
    file.write_text(text, "utf-8")
    return load_settings(file).settings


class TestWhereItComesFrom:
    @pytest.mark.parametrize("section", URLS)
    def test_out_of_the_url(self, tmp_path: Path, section: str) -> None:
        url = URLS[section].format(f":{ENCODED}")
        found = getattr(settings(tmp_path, f'[{section}]\nurl = "{url}"\n'), section)
        assert (found.secret(), found.url) == (PASSWORD, URLS[section].format(""))

    def test_out_of_a_url_without_a_user(self, tmp_path: Path) -> None:
        found = settings(tmp_path, f'[store]\nurl = "redis://:{ENCODED}@h/2"\n')
        assert (found.store.secret(), found.store.url) == (PASSWORD, "redis://h/2")

    @pytest.mark.parametrize("section", URLS)
    def test_one_of_its_own_goes_before_the_one_in_the_url(
        self, tmp_path: Path, section: str
    ) -> None:
        url = URLS[section].format(":old")
        text = f'[{section}]\nurl = "{url}"\npassword = "new"\n'
        found = getattr(settings(tmp_path, text), section)
        assert (found.secret(), found.url) == ("new", URLS[section].format(""))

    @pytest.mark.parametrize(("section", "below", "way"), PAIRS)
    def test_the_environment_s_goes_before_the_file_s_however_each_is_given(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, section: str, below: str, way: str
    ) -> None:
        def given(way: str, password: str) -> tuple[str, str]:
            if way == "url":
                return "url", URLS[section].format(f":{password}")
            name = f"sasl_{way}" if section == "feed" else way
            if way == "password":
                return name, password
            (tmp_path / password).write_text(f"{password}\n")
            return name, str(tmp_path / password)

        name, value = given(way, "higher")
        monkeypatch.setenv(variable(f"{section}.{name}"), value)
        name, value = given(below, "lower")
        found = settings(tmp_path, f'[{section}]\n{name} = "{value}"\n')
        assert getattr(found, section).secret() == "higher"

    def test_out_of_the_environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("TOPN_TABLE__PASSWORD", PASSWORD)
        monkeypatch.setenv("TOPN_FEED__SASL_PASSWORD", PASSWORD)
        monkeypatch.setenv("TOPN_WALKTHROUGH__PASSWORD", PASSWORD)
        found = settings(tmp_path, '[table]\npassword = "file"\n')
        assert found.table.secret() == found.feed.secret() == PASSWORD
        assert found.walkthrough.secret() == PASSWORD

    @pytest.mark.parametrize(
        "content",
        [
            PASSWORD,
            f"{PASSWORD}\n",
            f"{PASSWORD}\r\n",
            f"{PASSWORD}\nsecond line\n",
            f"\ufeff{PASSWORD}\n",
        ],
    )
    def test_out_of_the_first_line_of_a_file(self, content: str, tmp_path: Path) -> None:
        (tmp_path / "pw").write_bytes(content.encode())
        found = settings(tmp_path, f'[table]\npassword_file = "{tmp_path / "pw"}"\n')
        assert found.table.secret() == PASSWORD

    @pytest.mark.parametrize("blanks", [" in front", "behind ", "\x85of\x0bone\u2028line"])
    def test_a_file_s_line_is_taken_as_it_is(self, blanks: str, tmp_path: Path) -> None:
        (tmp_path / "pw").write_text(f"{blanks}\n", "utf-8")
        found = settings(tmp_path, f'[store]\npassword_file = "{tmp_path / "pw"}"\n')
        assert found.store.secret() == blanks

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, "cannot be read: No such file or directory"),
            (b"\xff\xfe", "cannot be read: not UTF-8 text"),
            (b"", "its first line is empty"),
            (b"\nsecond", "its first line is empty"),
        ],
    )
    @pytest.mark.parametrize(
        "setting",
        [
            "table.password_file",
            "store.password_file",
            "feed.sasl_password_file",
            "walkthrough.password_file",
        ],
    )
    def test_a_file_without_one_is_a_wrong_setting(
        self,
        topn: Program,
        complete: Path,
        tmp_path: Path,
        setting: str,
        content: bytes | None,
        said: str,
    ) -> None:
        file = tmp_path / "pw"
        if content is not None:
            file.write_bytes(content)
        command = ["run", "--headless"]
        if setting.startswith("walkthrough."):  # nothing else reads it
            command = ["walkthrough", "--write"]
            for text in WALKTHROUGH:
                command += ["--set", text]
        ended = topn("--config", str(complete), *command, "--set", f"{setting}={file}")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith(f"topn-tui: {setting} {file}")
        assert said in ended.err

    def test_a_folder_is_no_password_file(self, tmp_path: Path) -> None:
        found = settings(tmp_path, f'[table]\npassword_file = "{tmp_path}"\n')
        with pytest.raises(ValueError, match="Is a directory"):
            found.table.secret()


class TestWhereItDoesNotGo:
    @pytest.mark.parametrize("where", ["password", "url"])
    def test_into_what_is_shown(self, tmp_path: Path, topn: Program, where: str) -> None:
        file = tmp_path / "settings.toml"
        user = f"u:{ENCODED}" if where == "url" else "u"
        lines = [
            *("[table]", f'url = "mysql://{user}@h/d"'),
            *("[store]", f'url = "redis://{user}@h/0"'),
            *("[feed]", f'sasl_password = "{PASSWORD}"'),
            *("[walkthrough]", f'url = "mysql://{user}@h/d"', f'password_file = "{tmp_path}/pw"'),
        ]
        if where == "password":
            lines[2:2] = [f'password = "{PASSWORD}"']
        file.write_text("\n".join(lines))
        loaded = load_settings(file)
        shown = [
            topn("--config", str(file), "config", "--show").out,
            topn("--config", str(file), "run").err,
            *(repr(loaded), str(loaded.settings), loaded.model_dump_json()),
        ]
        for text in shown:
            assert "s3cr" not in text
            assert "p@ss" not in text
            assert "p%40ss" not in text
        assert "********" in shown[0]

    @pytest.mark.parametrize(
        "url",
        [
            "mysql://u:{}@h:port/d",
            "mysql://u:{}@h",
            "postgres://u:{}@h/d",
            "mysql://u:{}@/d",
            "mysql://u:{}@[::1/d",
            "mysql://u:{}/x@h/d",
            "mysql://u:1#{}@h/d",
            "mysql://u:1/{}@h/d",
            "mysql://u:1?{}@h/d",
            "mysql://u@h/d?password={}",
            "u:{}@h/d",
        ],
    )
    def test_into_the_complaint_about_its_url(self, tmp_path: Path, url: str) -> None:
        text = url.format("s3cret")
        redis = text.replace("mysql", "redis") + ("/x@" if text.endswith("@h") else "")
        for section, wrong in (("table", text), ("store", redis), ("walkthrough", text)):
            with pytest.raises(WrongSetting) as refused:
                settings(tmp_path, f'[{section}]\nurl = "{wrong}"\n')
            assert str(refused.value).startswith(f"{section}.url (from ")
            assert "s3cret" not in str(refused.value)

    @pytest.mark.parametrize("value", ["7", "true", '["s3cret"]', '{ s3cret = "s3cret" }'])
    @pytest.mark.parametrize("section", ["table", "walkthrough"])
    def test_into_the_complaint_about_itself(
        self, tmp_path: Path, section: str, value: str
    ) -> None:
        with pytest.raises(WrongSetting) as refused:
            settings(tmp_path, f"[{section}]\npassword = {value}\n")
        assert "s3cret" not in str(refused.value)
        assert str(refused.value).startswith(f"{section}.password (from ")

    @pytest.mark.parametrize(
        "setting",
        ["table.password", "feed.sasl_password", "store.password", "walkthrough.password"],
    )
    def test_onto_the_command_line(self, topn: Program, setting: str) -> None:
        ended = topn("run", "--headless", "--set", f"{setting}=hunter2")
        assert (ended.code, ended.out) == (2, "")
        assert "a secret on the command line is seen by everybody" in ended.err
        assert f"set {variable(setting)} or {setting}_file" in ended.err
        assert "hunter2" not in ended.err

    @pytest.mark.parametrize(
        "setting",
        [
            "table.url=mysql://u:hunter2@h/d",
            "walkthrough.url=mysql://u:hunter2@h/d",
            "store.url=redis://:hunter2@h/0",
            "store.url=rediss://u:hunter2@h/0",
        ],
    )
    def test_onto_the_command_line_inside_a_url(self, topn: Program, setting: str) -> None:
        ended = topn("config", "--show", "--set", setting)
        section = setting.partition(".")[0]
        assert (ended.code, ended.out) == (2, "")
        assert f"set {variable(f'{section}.password')} or {section}.password_file" in ended.err
        assert "hunter2" not in ended.err

    def test_a_url_without_a_password_may_be_a_flag(self, topn: Program) -> None:
        assert topn("config", "--show", "--set", "table.url=mysql://u@h:1/d").code == 0

    @pytest.mark.parametrize("typed", ["table.password", "table.password:hunter2", "hunter2"])
    def test_back_out_of_a_flag_written_wrongly(self, topn: Program, typed: str) -> None:
        ended = topn("config", "--show", "--set", typed)
        assert ended.code == 2
        assert "hunter2" not in ended.err


def test_the_kafka_driver_is_silent_about_its_requests(complete: Path) -> None:
    """One of them carries the SASL password; the driver writes all of them out at DEBUG."""
    make_engine(load_settings(complete).settings)
    conn = logging.getLogger("aiokafka.conn")
    record = conn.makeRecord(conn.name, logging.DEBUG, "f", 1, "hunter2", (), None)
    assert not conn.filter(record)
