"""English and Chinese: chosen, complete, and fitting."""

from __future__ import annotations

import ast
import re
from gettext import NullTranslations
from pathlib import Path

import pytest

from engine.configuration import load_settings
from engine.core.changes import Cause, Verdict
from engine.core.loading import Passed, Phase, Why
from engine.errors import WrongSetting
from engine.status import (
    Health,
)
from engine.told import Told, listed, told, told_n
from tests.docs import messages
from tests.tui.conftest import settled
from tests.tui.speaking import speaking
from topn_tui import language, words
from topn_tui.appearance import appearance_of
from topn_tui.cli import make_app
from topn_tui.language import language_of, t, tn

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"{.*?}")


# ── choosing ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("setting", "environment", "expected"),
    [
        ("auto", {}, "en"),
        ("auto", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("auto", {"LANG": "zh_TW.Big5"}, "zh"),
        ("auto", {"LANG": "C.UTF-8"}, "en"),
        ("auto", {"LANG": "de_DE.UTF-8"}, "en"),
        ("auto", {"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ("auto", {"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ("auto", {"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ("auto", {"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ("en", {"LC_ALL": "zh_CN.UTF-8"}, "en"),
        ("zh", {"LC_ALL": "en_GB.UTF-8"}, "zh"),
    ],
)
def test_the_setting_goes_before_lc_all_before_lc_messages_before_lang(
    setting: str, environment: dict[str, str], expected: str
) -> None:
    assert language_of(setting, environment) == expected


@pytest.mark.parametrize(
    ("setting", "encoding", "expected"),
    [
        ("auto", "ascii", "en"),
        ("auto", "gb2312", "zh"),
        ("auto", "utf-8", "zh"),
        ("zh", "gb2312", "zh"),
        ("zh", "ascii", "en"),
    ],
)
def test_where_a_terminal_has_no_chinese_characters_it_is_english(
    setting: str, encoding: str, expected: str
) -> None:
    assert language_of(setting, {"LANG": "zh_CN"}, encoding=encoding) == expected


def test_the_language_is_a_setting_and_a_wrong_one_names_the_right_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings(None).settings.view.language == "auto"
    monkeypatch.setenv("TOPN_VIEW__LANGUAGE", "zh")
    assert load_settings(None).settings.view.language == "zh"
    monkeypatch.setenv("TOPN_VIEW__LANGUAGE", "Klingon")
    with pytest.raises(WrongSetting, match=r"view.language = 'Klingon'.* 'auto', 'en' or 'zh'"):
        load_settings(None)


# ── looking up ────────────────────────────────────────────────────────────────────────────────


class Wrong(NullTranslations):
    """A catalogue that somebody spoilt."""

    def gettext(self, message: str) -> str:
        return "{nobody} {0} {rows:%} {"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1)


def test_a_translation_that_does_not_fit_its_values_is_shown_in_english() -> None:
    with speaking(Wrong()):
        assert t("{rows:,} rows", rows=1200) == "1,200 rows"
        assert tn("{n} row", "{n} rows", 2) == "2 rows"
        assert t(told("{rows:,} rows", rows=1200)) == "1,200 rows"


def test_values_that_fit_no_template_show_the_template_and_nobody_fails() -> None:
    assert t("{rows} rows", other=1) == "{rows} rows"
    assert t("{rows:,} rows", rows=None) == "{rows:,} rows"


def test_braces_in_a_value_or_in_a_text_without_values_are_only_braces() -> None:
    assert t("{what}", what="{secret} {0}") == "{secret} {0}"
    assert t("a {b") == "a {b"
    assert t("") == ""


def test_what_the_engine_told_is_english_for_all_but_the_screen() -> None:
    reason = told("partition {partitions} has not yet passed the last load", partitions="1, 2")
    notice = told("{service}: {reason}", service="Kafka", reason=reason)
    assert notice == "Kafka: partition 1, 2 has not yet passed the last load"
    with speaking("zh"):
        assert t(notice) == "Kafka：分区 1, 2 尚未越过最近一次加载"
        assert t(listed([told("{name} is missing", name=7), "x"])) == "缺少 7, x"
        assert f"{notice}" == str(notice) == notice
    assert [told_n("{n} row", "{n} rows", n) for n in (1, 2)] == ["1 row", "2 rows"]


# ── complete ──────────────────────────────────────────────────────────────────────────────────


def test_every_text_in_the_code_has_chinese_with_the_same_places_and_nothing_is_left_over() -> None:
    code, catalogue = messages.in_code(), messages.in_catalogue()
    in_code = {message.id for message in code if message.id}
    translated = {message.id: message.string for message in catalogue if message.id}
    hint = "; write the Chinese into topn_tui.po, then `make messages`"
    assert sorted(map(str, in_code - translated.keys())) == [], "not in the catalogue" + hint
    assert sorted(map(str, translated.keys() - in_code)) == [], "no longer in the code" + hint
    assert sorted(str(id_) for id_, text in translated.items() if not text) == [], "empty" + hint
    for id_, text in translated.items():
        ids = (id_,) if isinstance(id_, str) else id_
        for said in (text,) if isinstance(text, str) else text:
            assert sorted(PLACE.findall(said)) == sorted(PLACE.findall(ids[-1])), id_


def test_the_compiled_catalogue_is_that_of_the_text_file() -> None:
    assert messages.MO.read_bytes() == messages.mo_bytes(), "run `make messages`"
    assert messages.PO.read_text("utf-8") == messages.po_text(messages.up_to_date())


def test_only_whole_texts_are_looked_up_never_ones_put_together() -> None:
    """An f-string has no place in a catalogue: its values are filled in before it is looked up."""
    for file in [*(ROOT / "topn_tui").rglob("*.py"), *(ROOT / "engine").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in messages.KEYWORDS
            ):
                bad = [of for of in node.args if isinstance(of, ast.JoinedStr | ast.BinOp)]
                assert not bad, f"{file}:{node.lineno}"


TELLS = {
    *("notify", "_notify", "Claim", "Reason"),
    *("ServiceAway", "PositionLost", "StoreRefused", "NotKept"),
}
"""Calls whose texts come to the screen, from the engine too."""


def test_nothing_is_told_to_people_that_no_catalogue_could_have() -> None:
    """Most of what an engine says it says in trouble, which no tour of the screens meets."""
    plain = []
    for file in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "topn_tui").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in TELLS:
                plain += [f"{file.name}:{of.lineno}" for of in node.args if _is_sentence(of)]
    assert plain == []


def _is_sentence(of: ast.expr) -> bool:
    if isinstance(of, ast.Constant):
        return isinstance(of.value, str) and " " in of.value
    return isinstance(of, ast.JoinedStr)


def test_all_words_of_the_engines_enumerations_are_marked() -> None:
    assert set(words.CAUSES) == set(Cause)
    assert set(words.VERDICTS) == set(Verdict)
    assert set(words.HEALTH) == set(Health)
    assert set(words.LOADS) == set(Why)
    assert set(words.PHASES) == {*Phase, "swapped", "equal"}
    assert len(words.PASSED) == len(Passed) - 1  # the third is a dash


def test_telling_is_a_string_that_can_be_copied() -> None:
    one = told("{rows:,} rows", rows=3)
    assert isinstance(one, Told)
    assert one.upper() == "3 ROWS"
    assert language.t(one) == "3 rows"


def test_the_program_starts_in_the_language_of_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for locale, board in (("zh_CN.UTF-8", "榜单"), ("en_GB.UTF-8", "Board")):
        monkeypatch.setenv("LC_ALL", locale)
        with speaking("en"):
            make_app(load_settings(None).settings, observe=False, embedded="json")
            assert t("Board") == board


async def test_chinese_that_was_asked_for_and_cannot_be_shown_is_english_with_the_reason() -> None:
    settings = load_settings(None, {"view.language": "zh"}).settings
    look = appearance_of(settings.view, {"LC_ALL": "C"}, "utf-8", coerced=False)
    with speaking("en"):
        app = make_app(settings, observe=False, embedded="json", appearance=look)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            screen = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            assert "Board" in screen
            assert "??" not in screen
            (said,) = app.said
            assert said.level == "warning"
            assert "encoding, ascii, has no Chinese; set a UTF-8 locale" in said.text
    with speaking("en"):
        utf8 = appearance_of(settings.view, {"LC_ALL": "C.UTF-8"}, "utf-8", coerced=False)
        assert not make_app(settings, observe=False, embedded="json", appearance=utf8)._remark
