"""`topn-tui` with nothing configured, as a person sees it; and what it refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.errors import WrongSetting
from engine.runtime_api import Workload
from engine.sample import SAMPLE
from engine.settings import Settings
from engine.view_settings import ViewSection
from tests.tui.screen import Screen
from topn_tui.app import Dashboard
from topn_tui.cli import make_app

pytestmark = pytest.mark.slow

NOTHING = Settings.model_construct()


def screen(app: Dashboard) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def until(pilot: Pilot[None], what: str) -> str:
    """The screen, once it shows this."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    for _ in range(200):
        if what in screen(app):
            break
        await pilot.pause(0.02)
    assert what in screen(app)
    return screen(app)


def on_screen(wire: str | None = None) -> tuple[Dashboard, Workload]:
    app = make_app(NOTHING, observe=False, embedded=wire)  # type: ignore[arg-type]
    assert app._workload is not None
    return app, app._workload


@pytest.mark.parametrize("wire", [None, "protobuf"])
async def test_the_whole_path_on_one_screen(wire: str | None) -> None:
    app, workload = on_screen(wire)
    async with app.run_test(size=(140, 45)) as pilot:
        shown = await until(pilot, "EXACT")
        assert "EMBEDDED" in shown
        assert "webook.interactives" in shown
        await pilot.press("x")
        assert workload.paused
        before = workload.rate_per_s
        await pilot.press("+")
        assert workload.rate_per_s > before
        await pilot.press("-", "-")
        assert workload.rate_per_s < before
        await by_keys(Screen(app, pilot))
        await pilot.press("q")
    assert app.return_code == 0


@pytest.mark.parametrize(
    ("view", "begins"),
    [
        ({"production": "true"}, " ‼ PRODUCTION ‼  "),
        ({"environment": "prod-eu"}, " ‼ PRODUCTION ‼ prod-eu "),
    ],
    ids=str,
)
async def test_who_calls_the_place_production_sees_it_on_the_embedded_pipeline_too(
    view: dict[str, str], begins: str
) -> None:
    settings = Settings.model_construct(view=ViewSection(**view))  # type: ignore[arg-type]
    app = make_app(settings, observe=False, embedded=None)
    async with app.run_test(size=(80, 24)) as pilot:
        header = (await until(pilot, "EXACT")).splitlines()[0]
        assert header.startswith(begins)
        assert header.rstrip().endswith("EMBEDDED")
        await pilot.press("q")


async def test_the_name_of_a_place_stands_beside_embedded() -> None:
    settings = Settings.model_construct(view=ViewSection(environment="staging"))
    app = make_app(settings, observe=False, embedded=None)
    async with app.run_test(size=(80, 24)) as pilot:
        header = (await until(pilot, "EXACT")).splitlines()[0]
        assert re.search(r" staging +EMBEDDED +$", header)
        await pilot.press("q")


async def by_keys(screen: Screen) -> None:
    """The manual tests by keys: what is drawn of each in board, heap and evictions."""

    def likes() -> dict[str, int]:
        return {str(row.key): row.score for row in screen.app.status.board}

    def bar_to_beat() -> str:
        tenth = screen.board_ids()[-1]
        return f"{likes()[tenth]}·{tenth}"

    def heap_shows(root: str) -> bool:
        """At the root, and in words below the tree."""
        lines = screen.lines("heap")
        return lines[1].strip("│ ") == root and any(f"bar to beat  {root}" in at for at in lines)

    await screen.pilot.press("i")
    await screen.sees_text("900001", "events")
    before, gone = screen.board_ids(), screen.lines("evictions")
    assert len(before) == 10
    assert "900001" not in before
    await screen.sees("the tenth at the root", lambda: heap_shows(bar_to_beat()))

    await screen.pilot.press("t")
    after = [before[0], "900002", *before[1:9]]
    await screen.sees("it is second, the tenth is gone", lambda: screen.board_ids() == after)
    await screen.sees_text("entered at 2", "events")
    line = await screen.sees_text(f"displaced by 900002 ({likes()['900002']})", "evictions")
    assert re.search(rf" {before[9]} +\d+ #10 ", line)
    assert line not in gone
    await screen.sees("the new tenth at the root", lambda: heap_shows(bar_to_beat()))
    await screen.sees_text(f"{likes()['900002']}·900002", "heap")

    gone = screen.lines("evictions")
    await screen.pilot.press("u")
    first = ["900002", before[0], *before[1:9]]
    await screen.sees("it is first", lambda: screen.board_ids() == first)
    await screen.sees_text("moved 2 → 1", "events")
    await screen.sees_text(f"{likes()['900002']}·900002", "heap")
    assert screen.lines("evictions") == gone, "nobody has left"
    await screen.sees_text("● EXACT")

    await screen.pilot.press("0")
    start = [str(row.id) for row in SAMPLE[:10]]
    await screen.sees("the start rows again", lambda: screen.board_ids() == start)
    await screen.sees("70 at the root", lambda: heap_shows("53·70"))


async def test_a_dashboard_of_real_services_has_no_keys_that_write() -> None:
    app, _ = on_screen()
    real = Dashboard(app._engine)
    async with real.run_test(size=(140, 45)) as pilot:
        await pilot.press("x", "i", "t", "u", "+", "0")
        assert not [key for key in real.active_bindings if key in ("i", "t", "u", "x", "plus")]
        await pilot.press("question_mark")
        await pilot.pause(0.1)
        assert "more traffic" not in screen(real)
        await pilot.press("escape", "q")


@pytest.mark.parametrize("observe", [False, True])
def test_some_addresses_set_and_others_not(observe: bool) -> None:
    settings = Settings.model_construct(
        table=NOTHING.table.model_copy(update={"url": "mysql://a@h/b", "name": "t", "score": "s"})
    )
    with pytest.raises(WrongSetting, match=r"not set: feed\.bootstrap_servers, feed\.topic, store"):
        make_app(settings, observe=observe, embedded=None)


def test_observing_nothing_is_a_mistake_not_a_demonstration() -> None:
    with pytest.raises(WrongSetting, match=r"not set: table\.url"):
        make_app(NOTHING, observe=True, embedded=None)


@pytest.mark.parametrize("headless", [(), ("--headless",)])
def test_there_is_nothing_to_observe_in_an_embedded_pipeline(
    tmp_path: Path, headless: tuple[str, ...]
) -> None:
    code, out, err = program(tmp_path, "run", "--embedded", "--observe", *headless)
    assert (code, out) == (2, "")
    assert err.startswith("topn-tui: --observe with --embedded: nobody else publishes")
    assert "leave one of the two out" in err


def program(tmp_path: Path, *arguments: str, **extra: str) -> tuple[int, str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TOPN_", "XDG_"))}
    answer = subprocess.run(
        [sys.executable, "-m", "topn_tui", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        env=kept | {"HOME": str(tmp_path)} | extra,
        check=False,
    )
    return answer.returncode, answer.stdout, answer.stderr


def test_exit_codes(tmp_path: Path) -> None:
    code, out, err = program(tmp_path, TOPN_STORE__URL="redis://127.0.0.1:1/0")
    assert (code, out) == (2, "")
    assert err.startswith("topn-tui: not set: table.url, table.name, table.score, feed.")
    assert "store.url" not in err
    code, _, err = program(tmp_path, "--embedded=xml")
    assert code == 2
    assert "'json', 'protobuf'" in err
    code, _, err = program(tmp_path)
    assert code == 2
    assert "needs a terminal" in err


def test_headless_only_when_asked(tmp_path: Path) -> None:
    code, _, err = program(tmp_path, "run", "--headless")
    assert code == 2
    assert "not set: table.url" in err
    with subprocess.Popen(
        [sys.executable, "-m", "topn_tui", "run", "--headless", "--embedded=protobuf"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"state":"EXACT"' in line:
                break
        process.terminate()
        rest = process.stdout.read()
    assert process.returncode == 0
    assert '"publication":"STOPPED"' in rest
