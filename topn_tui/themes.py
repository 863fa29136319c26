"""Our two themes, dark and light, and which theme a setting names.

Colours after Okabe and Ito (jfly.uni-koeln.de/color), made lighter or darker until text has a contrast of
4.5 on every background it stands on, and well, warning and bad differ for every kind of colour vision.
Both are held to that by tests/tui/test_themes.py.
"""

from __future__ import annotations

import difflib

from textual.theme import BUILTIN_THEMES, Theme

from engine.errors import WrongSetting


def _theme(
    name: str,
    *,
    dark: bool,
    ground: tuple[str, str, str, str],
    states: tuple[str, str, str],
    name_colour: str,
    accent: str,
    primary: str,
    followed: str,
    border: str,
    alarm: str,
) -> Theme:
    """A theme whose colours of text are exactly those given; Textual would tint them towards white.

    Args:
        name: what the setting and the palette call it.
        dark: light text on dark ground.
        ground: text, background, surface (what opens over the panels), panel (header and footer).
        states: well, warning, bad.
        name_colour: of keys and titles.
        accent: of what has the focus, and of headings.
        primary: mixed into the background of the row under the cursor.
        followed: mixed into that of a row that is followed, and around its panel.
        border: around a panel that has not the focus.
        alarm: the ground of the header in production.
    """
    foreground, background, surface, panel = ground
    good, warn, bad = states
    muted = f"{foreground} 70%"
    return Theme(
        name=name,
        dark=dark,
        primary=primary,
        secondary=followed,
        warning=warn,
        error=alarm,
        success=good,
        accent=accent,
        foreground=foreground,
        background=background,
        surface=surface,
        panel=panel,
        variables={
            "text-primary": name_colour,
            "text-secondary": name_colour,
            "text-success": good,
            "text-warning": warn,
            "text-error": bad,
            "text-accent": accent,
            "text-muted": muted,
            "block-cursor-foreground": foreground,
            "block-cursor-background": f"{primary} 45%",
            "input-selection-background": f"{primary} 45%",
            "footer-key-foreground": accent,
            "panel-lighten-2": border,
            "scrollbar": border,
            "scrollbar-background": panel,
        },
    )


DARK = _theme(
    "topn-dark",
    dark=True,
    ground=("#e4e8ec", "#0f141a", "#161c23", "#1b232c"),
    states=("#2bb88d", "#f0e442", "#ff7043"),
    name_colour="#56b4e9",
    accent="#dfa6c8",
    primary="#0072b2",
    followed="#009e73",
    border="#445261",
    alarm="#b3261e",
)
LIGHT = _theme(
    "topn-light",
    dark=False,
    ground=("#1b2026", "#fbfaf7", "#f3f4f4", "#eceef1"),
    states=("#006a6a", "#7d5300", "#96002c"),
    name_colour="#00538a",
    accent="#803468",
    primary="#7cc4ee",
    followed="#2bb88d",
    border="#a3abb4",
    alarm="#b3261e",
)
OURS = (DARK, LIGHT)
DEFAULT = DARK.name


def checked_theme(name: str) -> str:
    """The name, if there is such a theme.

    Raises:
        WrongSetting: there is none; says which may have been meant, or all.
    """
    names = [*(theme.name for theme in OURS), *BUILTIN_THEMES]
    if name in names:
        return name
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
    raise WrongSetting(f"view.theme = {name!r:.80}: there is no such theme; {hint}")
