"""docs/reference.md is what the program says of itself, and each picture stands alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import Field

from engine.setting_names import leaves, variable
from engine.settings import Section
from tests.docs.pages import ROOT, read
from tests.docs.reference import PAGE, PROGRAM, commands, kind, page, text
from tests.docs.screenshots import IMAGES, SHOTS, take
from tests.tui.drawing import greenwich
from topn_tui.cli import cli


def test_the_committed_reference_is_what_the_program_says() -> None:
    # Compared first: the difference of two pages is long and says less than this sentence.
    same = PAGE.read_text("utf-8") == page()
    assert same, "docs/reference.md is not what the program says any more: run `make docs`"


def test_the_reference_has_every_command_option_and_setting() -> None:
    written = read(PAGE)
    for context in commands(cli, PROGRAM):
        assert context.command_path in written.codes
    cells = {cell for table in written.tables for cell in table}
    for path, _ in leaves():
        assert f"`{path.rpartition('.')[2]}`" in cells
        assert variable(path) in written.codes
    options = {word for code in written.codes for word in re.findall(r"--[a-z-]+", code)}
    for context in commands(cli, PROGRAM):
        for of in context.command.params:
            assert {o for o in of.opts if o.startswith("--")} <= options


def test_a_setting_is_told_with_its_bounds_and_choices() -> None:
    class Some(Section):
        some_ms: int | None = Field(default=None, gt=0, le=5_000)
        name: str = Field(default="", max_length=20)

    assert kind(Some.model_fields["some_ms"]) == "integer, at least 1, at most 5,000"
    assert kind(Some.model_fields["name"]) == "text, at most 20 characters"
    assert kind(dict(leaves())["feed.format"]) == "`auto`, `canal-json`, `canal-protobuf`"


def test_a_sentence_with_signs_of_markup_stays_a_sentence() -> None:
    assert text("a <b> $pk$ [c] `d*e`") == r"a \<b> \$pk\$ \[c] `d*e`"


@pytest.mark.parametrize("name", SHOTS)
def test_a_picture_is_a_living_dashboard_and_fetches_nothing(name: str) -> None:
    drawing = (IMAGES / f"{name}.svg").read_text("utf-8")
    hosts = set(re.findall(r"https?://([^/\"'\s)]+)", drawing))
    assert hosts <= {"www.w3.org", "www.textualize.io"}  # a namespace, and who made the exporter
    assert "@font-face" not in drawing
    assert "url(http" not in drawing
    for word in SHOTS[name].shows:
        assert f">{word}<" in drawing, f"{word} is not on the picture: run `make screenshots`"


def test_both_readmes_show_every_picture_and_no_other_is_there() -> None:
    pictures = {str((IMAGES / f"{name}.svg").relative_to(ROOT)) for name in SHOTS}
    for name in ("README.md", "README.zh.md"):
        assert pictures <= set(read(Path(ROOT / name)).links), name
    assert {str(file.relative_to(ROOT)) for file in IMAGES.iterdir()} == pictures


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOTS)
async def test_a_picture_is_what_the_program_draws(name: str, tmp_path: Path) -> None:
    with greenwich():
        drawing = await take(SHOTS[name])
    now = tmp_path / f"{name}.svg"
    now.write_text(drawing, "utf-8")
    # Compared first: the difference of two drawings is long and says less than this sentence.
    same = drawing == (IMAGES / now.name).read_text("utf-8")
    assert same, f"{now} is what it looks like now: run `make screenshots`, and look"
