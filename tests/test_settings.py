"""Where settings come from, which source wins, and what is said of a wrong one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.configuration import Loaded, default_file, load_settings
from engine.errors import WrongSetting
from engine.setting_names import leaves, variable
from engine.settings import Settings, TableSection

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("TOPN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def toml(tmp_path: Path) -> Write:
    """Writes a settings file."""

    def write(text: str) -> Path:
        file = tmp_path / "topn.toml"
        file.write_text(text, "utf-8")
        return file

    return write


def refusal(file: Path | None = None, **flags: str) -> str:
    """The one sentence with which these settings are refused."""
    with pytest.raises(WrongSetting) as refused:
        load_settings(file, {name.replace("__", "."): value for name, value in flags.items()})
    said = str(refused.value)
    assert "\n" not in said
    return said


class TestSources:
    def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(
        self, toml: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = toml("[board]\nsize = 3\nreserve = 4\nname = 'f'\n")
        monkeypatch.setenv("TOPN_BOARD__SIZE", "5")
        monkeypatch.setenv("TOPN_BOARD__RESERVE", "6")
        loaded = load_settings(file, {"board.size": "7"})
        board = loaded.settings.board
        assert (board.size, board.reserve, board.name) == (7, 6, "f")
        origins = [loaded.origins[f"board.{name}"] for name in ("size", "reserve", "name")]
        assert origins == ["flag", "environment", "file"]
        assert loaded.origins["table.key"] == "default"

    def test_every_setting_can_be_set_from_every_source(
        self, toml: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        default = load_settings().settings
        paths = [path for path, _ in leaves()]
        assert len(paths) == len(set(paths)) > 50
        for path in paths:
            value = OTHER.get(path) or _other(_value(default, path))
            by_flag = load_settings(None, {path: value})
            with monkeypatch.context() as environment:
                environment.setenv(variable(path), value)
                by_environment = load_settings()
            by_file = load_settings(
                toml(f"[{path.rpartition('.')[0]}]\n{path.rpartition('.')[2]} = {value!r}")
            )
            for loaded, origin in (
                (by_flag, "flag"),
                (by_environment, "environment"),
                (by_file, "file"),
            ):
                assert loaded.origins[path] == origin
                assert _value(loaded.settings, path) == _value(by_flag.settings, path)
                assert _value(loaded.settings, path) != _value(default, path), path

    def test_a_file_is_named_by_the_caller_or_topn_config_or_lies_in_the_config_home(
        self, toml: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        default_file().parent.mkdir(parents=True)
        assert default_file() == tmp_path / "xdg" / "topn-tui" / "topn.toml"
        default_file().write_text("[board]\nsize = 1\n")
        by_default = load_settings()
        assert (by_default.settings.board.size, by_default.file) == (1, default_file())
        by_variable = tmp_path / "variable.toml"
        by_variable.write_text("[board]\nsize = 2\n")
        monkeypatch.setenv("TOPN_CONFIG", str(by_variable))
        assert load_settings().settings.board.size == 2
        assert load_settings(toml("[board]\nsize = 3\n")).settings.board.size == 3

    def test_the_working_directory_is_not_looked_into(
        self, toml: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        toml("[board]\nsize = 3\n")
        monkeypatch.chdir(tmp_path)
        assert load_settings().settings.board.size == 10
        assert load_settings().file is None

    def test_sections_merge_over_all_sources(
        self, toml: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = toml("[table]\nname = 'a'\nscore = 's'\n[table.tls]\nenabled = true\n")
        monkeypatch.setenv("TOPN_TABLE__TLS__CA_FILE", "/ca.pem")
        monkeypatch.setenv("topn_table__key", "k")
        table = load_settings(file, {"table.score": "t"}).settings.table
        assert (table.name, table.key, table.score) == ("a", "k", "t")
        assert (table.tls.enabled, table.tls.ca_file) == (True, Path("/ca.pem"))

    @pytest.mark.parametrize("text", ["a, b", "[a,b]", '["a", "b"]', "['a','b']", " a,,b, "])
    def test_columns_may_be_written_as_names_or_as_a_list(
        self, text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert load_settings(None, {"table.columns": text}).settings.table.columns == ("a", "b")
        monkeypatch.setenv("TOPN_TABLE__COLUMNS", text)
        assert load_settings().settings.table.columns == ("a", "b")

    def test_a_home_folder_is_worked_out_and_an_empty_name_is_no_file(
        self, toml: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", "/home/ada")
        file = toml("[table.tls]\nca_file = '~/ca.pem'\n[log]\nfile = ''\n")
        settings = load_settings(file).settings
        assert settings.table.tls.ca_file == Path("/home/ada/ca.pem")
        assert settings.log.file is None
        assert "no such user" in refusal(log__file="~nobody-of-this-name/x.log")

    def test_a_byte_order_mark_is_no_mistake(self, toml: Write) -> None:
        assert load_settings(toml("\ufeff[board]\nsize = 3\n")).settings.board.size == 3


class TestDefaults:
    def test_the_reserve_follows_the_size(self) -> None:
        assert load_settings().settings.reserve == 32
        assert load_settings(None, {"board.size": "100"}).settings.reserve == 100
        assert load_settings(None, {"board.reserve": "0"}).settings.reserve == 0

    def test_board_and_group_are_called_after_the_table(self) -> None:
        settings = load_settings(None, {"table.name": "likes"}).settings
        assert (settings.board_name, settings.group_id) == ("likes", "topn-tui-likes")

    def test_what_is_missing_is_named(self) -> None:
        assert load_settings().settings.missing() == [
            "table.url",
            "table.name",
            "table.score",
            "feed.bootstrap_servers",
            "feed.topic",
            "store.url",
        ]


class TestUnknownNames:
    def test_in_the_file(self, toml: Write) -> None:
        file = toml("[board]\nsise = 3\n")
        assert refusal(file) == f"{file}: there is no setting board.sise; did you mean board.size?"

    def test_of_a_section(self, toml: Write) -> None:
        assert "no setting tabel; did you mean table?" in refusal(toml("[tabel]\nname = 'x'\n"))

    def test_in_the_wrong_section(self, toml: Write) -> None:
        said = refusal(toml("[board]\naudit_interval_s = 1\n"))
        assert said.endswith("did you mean engine.audit_interval_s?")

    def test_that_are_like_nothing(self, toml: Write) -> None:
        assert "`topn-tui config` shows all there are" in refusal(toml("zzz = 1\n"))

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("TOPN_BOARD__SISE", "TOPN_BOARD__SIZE"),
            ("TOPN_BOARD_SIZE", "TOPN_BOARD__SIZE"),
            ("TOPN_TABEL__NAME", "TOPN_TABLE__NAME"),
            ("TOPN_TABLE__TLS__CAFILE", "TOPN_TABLE__TLS__CA_FILE"),
            ("topn_store__ulr", "TOPN_STORE__URL"),
        ],
    )
    def test_in_the_environment(
        self, name: str, meant: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "1")
        assert refusal() == (f"the environment: there is no setting {name}; did you mean {meant}?")

    @pytest.mark.parametrize("name", ["TOPN_PORT_6379_TCP", "TOPN_SERVICE_HOST", "TOPN_NO_INSTALL"])
    def test_variables_of_others_are_left_alone(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "1")
        assert isinstance(load_settings(), Loaded)

    def test_on_the_command_line(self) -> None:
        said = refusal(table__nam="x")
        assert said == "the command line: there is no setting table.nam; did you mean table.name?"
        assert "did you mean table.name?" in refusal(table__name="x", table__name__y="z")
        assert "table is a section" in refusal(table="x")


class TestWrongValues:
    @pytest.mark.parametrize(
        ("path", "value", "said"),
        [
            ("board.size", "0", "board.size = '0'"),
            ("board.size", "many", "write a whole number, at least 1"),
            ("board.name", "a b", "becomes a Redis key"),
            ("board.name", "a{b}", "becomes a Redis key"),
            ("feed.format", "avro", "'canal-json'"),
            ("feed.security_protocol", "TLS", "'SASL_SSL'"),
            ("engine.settle_ms", "-1", "write a whole number, at least 1"),
            ("log.level", "LOUD", "'WARNING'"),
            ("table.url", "postgres://h/d", "write mysql://user@host:3306/database"),
            ("table.url", "mysql://h", "the database is missing"),
            ("table.url", "mysql://h:port/d", "host and port"),
            ("table.url", "mysql://h/d?charset=utf8", "nothing is read behind the ?"),
            ("store.url", "localhost:6379", "write redis://host:6379/0"),
            ("store.url", "redis://h:99999/0", "host and port"),
        ],
    )
    def test_the_setting_its_source_and_the_next_step_are_named(
        self, path: str, value: str, said: str
    ) -> None:
        sentence = refusal(**{path.replace(".", "__"): value})
        assert sentence.startswith(path)
        assert "(from a flag)" in sentence
        assert said in sentence

    def test_the_source_is_named(self, toml: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        file = toml("[board]\nsize = 'x'\n")
        assert f"board.size = 'x' (from {file})" in refusal(file)
        monkeypatch.setenv("TOPN_BOARD__SIZE", "y")
        assert "board.size = 'y' (from the environment)" in refusal(file)

    def test_further_ones_are_counted(self) -> None:
        assert refusal(board__size="x", board__reserve="y").endswith("(and 1 more)")

    def test_a_section_in_the_environment_must_be_json(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOPN_BOARD", '{"size": 4}')
        assert load_settings().settings.board.size == 4
        monkeypatch.setenv("TOPN_BOARD", "{size")
        assert "board" in refusal()

    def test_a_file_that_is_missing_a_folder_not_toml_or_not_text(
        self, toml: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "--config: no file" in refusal(tmp_path / "absent.toml")
        assert f"--config: {tmp_path} is a folder; name the settings file" in refusal(tmp_path)
        assert "cannot be read: File name too long" in refusal(tmp_path / ("x" * 300))
        assert "is not TOML" in refusal(toml("size: 3"))
        binary = tmp_path / "binary.toml"
        binary.write_bytes(b"\xff\xfe")
        assert "not UTF-8 text" in refusal(binary)
        monkeypatch.setenv("TOPN_CONFIG", str(tmp_path / "absent.toml"))
        assert "TOPN_CONFIG: no file" in refusal()

    def test_settings_do_not_change(self) -> None:
        settings = load_settings().settings
        with pytest.raises(ValueError, match="frozen"):
            settings.board.size = 3
        with pytest.raises(ValueError, match="frozen"):
            settings.table = TableSection()


OTHER = {
    "view.language": "zh",
    "view.production": "true",
    "view.ascii": "true",
    "table.url": "mysql://u@h:1/d",
    "walkthrough.url": "mysql://u@h:1/d",
    "store.url": "redis://h:1/2",
    "feed.format": "canal-json",
    "feed.security_protocol": "SSL",
    "feed.sasl_mechanism": "SCRAM-SHA-256",
    "log.level": "DEBUG",
}
"""Values for those settings that do not take just any."""


def _value(settings: Settings, dotted: str) -> object:
    value: object = settings
    for part in dotted.split("."):
        value = getattr(value, part)
    return value


def _other(value: object) -> str:
    """Another value of the same type, as text."""
    if isinstance(value, bool):
        return str(not value).lower()
    return str(value + 1) if isinstance(value, int) else "7"
