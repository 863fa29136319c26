"""The screens that are pinned: each layout, each theme, each state, as people have looked at them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from tests.tui.pictures import FOLDER, PICTURES, draw

_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


@pytest.mark.parametrize("name", PICTURES)
async def test_the_screen_looks_as_it_was_pinned(name: str, tmp_path: Path) -> None:
    pinned, drawing = (FOLDER / f"{name}.svg").read_text("utf-8"), await draw(PICTURES[name])
    now = tmp_path / f"{name}.svg"
    now.write_text(drawing, "utf-8")
    told = f"{now} is what it looks like now; `make snapshots` pins it"
    assert text_of(drawing) == text_of(pinned), told
    same = drawing == pinned
    assert same, f"the same text in other places or colours: {told}"


def text_of(drawing: str) -> list[str]:
    return [unescape(of).replace("\xa0", " ") for of in _TEXT.findall(drawing)]


def test_every_pinned_screen_is_drawn_and_none_fetches_anything() -> None:
    files = {file.stem: file.read_text("utf-8") for file in FOLDER.glob("*.svg")}
    assert set(files) == set(PICTURES)
    assert not [name for name, drawing in files.items() if "url(" in drawing.replace("url(#", "")]
