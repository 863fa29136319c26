"""Keys that the operator chose: they work, the screen tells them, and mistakes are told before it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.configuration import load_settings
from engine.errors import WrongSetting
from engine.key_settings import KeysSection
from engine.status import Verdict
from tests.tui.conftest import Operator, settled
from tests.tui.scripted import EVENTS, NOW_MS, ScriptedEngine, event
from topn_tui.app import Dashboard
from topn_tui.cli import make_app
from topn_tui.keys import KEYS, LIST_KEYS, OVER_KEYS, WORKLOAD_KEYS, panel_keys
from topn_tui.panels import PANELS
from topn_tui.remapping import DEFAULTS, keymap_of


def remapped(**keys: str) -> Dashboard:
    return Dashboard(
        ScriptedEngine(), keymap=keymap_of(KeysSection(**keys)), now_ms=lambda: NOW_MS, frame_s=3600
    )


async def test_a_remapped_key_acts_the_old_one_does_not_and_the_screen_tells_the_new_one() -> None:
    app = remapped(pause="p", quit="f10", back="f4", help="h", board="f6", palette="ctrl+b")
    async with app.run_test(size=(160, 60)) as pilot:
        operator = Operator(app, app._engine, pilot, [NOW_MS])  # type: ignore[arg-type]
        assert not app.paused
        await operator.press("space")
        assert not app.paused
        screen = await operator.press("p")
        assert app.paused
        footer = screen.splitlines()[-1]
        assert "p Pause" in footer
        assert "f10 Quit" in footer
        assert "^b" in footer
        await operator.press("ctrl+c")
        assert "f10 quits." in [of.message for of in app._notifications]
        await operator.press("f4")
        assert not app.paused
        helped = await operator.press("h")
        assert "f4 close" in helped
        assert "  p  " in helped
        await operator.press("h")
        assert len(app.screen_stack) == 1


async def test_texts_in_lists_name_the_keys_of_now() -> None:
    app = remapped(follow="z", top="f7", find="f3", back="f4")
    async with app.run_test(size=(120, 40)) as pilot:
        operator = Operator(app, app._engine, pilot, [NOW_MS])  # type: ignore[arg-type]
        await operator.press("3", "down")
        assert "z stops" in await operator.press("z")
        screen = await operator.press("f3", "x", "enter")
        assert "No row here is what f3 asks for; f3 and f4 show all." in screen
        await operator.press("f3", "f4")
        many = tuple(event(n, Verdict.BELOW_FLOOR, key=n, gap=1) for n in range(10, 60))
        screen = await operator.show(events=(*EVENTS, *many), events_total=59)
        assert "above, f7 follows" in await operator.press("end")


async def test_the_keys_within_a_detail_are_those_of_now() -> None:
    app = remapped(jump="z", copy_row="y", scroll_down="d")
    async with app.run_test(size=(120, 40)) as pilot:
        operator = Operator(app, app._engine, pilot, [NOW_MS])  # type: ignore[arg-type]
        screen = await operator.press("3", "down", "enter")
        assert "↑ ↓ scroll · z to the row · y copy · esc close" in screen
        await operator.press("y", "g")
        assert app.clipboard.startswith("UPDATE 82")
        assert len(app.screen_stack) == 2
        await operator.press("z")
        assert len(app.screen_stack) == 1
        assert app.marked == 82


async def test_each_panel_is_maximised_and_comes_back() -> None:
    app = remapped()
    async with app.run_test(size=(120, 40)) as pilot:
        for nth, name in enumerate(PANELS, 1):
            await pilot.press(str(nth), "m")
            await settled(pilot)
            assert app.screen.maximized is app.query_one(f"#{name}")
            await pilot.press("m")
            assert app.screen.maximized is None


async def test_beside_a_maximised_panel_stand_the_state_and_that_it_is_paused() -> None:
    app = remapped()
    async with app.run_test(size=(120, 40)) as pilot:
        operator = Operator(app, app._engine, pilot, [NOW_MS])  # type: ignore[arg-type]
        screen = await operator.press("3", "m", "space")
        assert app.screen.maximized is not None
        assert "EXACT" in screen
        assert "PAUSED" in screen


async def test_the_palette_has_each_action_once_with_its_key_of_now() -> None:
    app = remapped(find="f3")
    async with app.run_test(size=(120, 40)):
        commands = list(app.get_system_commands(app.screen))
        titles = [of.title for of in commands]
        assert len(titles) == len(set(titles))
        helps = {of.title: of.help for of in commands}
        assert helps["Find"].endswith("· f3")
        assert helps["Max"].endswith("· m")
        assert {"Ten on", "Oldest", "Board", "Pipeline"} <= set(titles)
        assert {"Step back", "Step on", "Back to live"} <= set(titles)
        assert "Back" not in titles


async def test_while_a_line_is_typed_the_footer_shows_the_keys_that_work_there() -> None:
    app = remapped(back="f4")
    async with app.run_test(size=(120, 40)) as pilot:
        operator = Operator(app, app._engine, pilot, [NOW_MS])  # type: ignore[arg-type]
        footer = (await operator.press("slash")).splitlines()[-1]
        assert "Keep" in footer
        assert "f4 Clear" in footer
        assert "Quit" not in footer
        assert "Quit" in (await operator.press("f4")).splitlines()[-1]


def test_every_key_of_the_app_and_its_lists_has_a_setting_with_the_same_default() -> None:
    bound = (*KEYS, *LIST_KEYS, *OVER_KEYS, *WORKLOAD_KEYS, *panel_keys(list(PANELS)))
    assert {of.id: of.key for of in bound}.items() <= DEFAULTS.items()


@pytest.mark.parametrize(
    ("wrong", "next_step"),
    [
        ({"pause": "q"}, "q is the key of keys.quit, too; choose another key"),
        ({"pause": "pagup"}, "did you mean pageup?"),
        ({"quit": ""}, "every action must have a key"),
        ({"back": "b"}, "a character, and needed where text is typed"),
        ({"audit": "ctrl+c"}, "keeps its meaning; choose another key"),
        ({"audit": "shift+x"}, "write 'X' without shift"),
    ],
)
def test_a_wrong_key_is_told_with_setting_value_and_next_step(
    wrong: dict[str, str], next_step: str
) -> None:
    with pytest.raises(WrongSetting) as told:
        keymap_of(KeysSection(**wrong))
    ((name, value),) = wrong.items()
    assert f"keys.{name} = {value!r}" in str(told.value)
    assert next_step in str(told.value)


def test_two_actions_may_swap_their_keys() -> None:
    assert keymap_of(KeysSection(audit="r", refill="a")) == {"refill": "a", "audit": "r"}


def test_the_file_is_checked_before_a_screen_opens(tmp_path: Path) -> None:
    file = tmp_path / "topn.toml"
    file.write_text('[keys]\npause = "no-key"\n')
    with pytest.raises(WrongSetting, match=r"keys.pause = 'no-key'"):
        make_app(load_settings(file).settings, observe=False, embedded="json")
    file.write_text('[keys]\npaus = "p"\n')
    with pytest.raises(WrongSetting, match=r"did you mean keys.pause\?"):
        load_settings(file)
