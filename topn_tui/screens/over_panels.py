"""What is opened over the panels: they show through, tinted, and go on."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.color import Color
from textual.css.styles import RulesMap
from textual.geometry import Size
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual, VisualType


class OverPanels(ModalScreen[ScreenResultType]):
    """A modal screen that is drawn in half of the time Textual's takes.

    Textual tints what is below segment by segment, through a Rich console, whenever a line of it
    changes. That is most of what opening a help screen costs, and of each frame while it is open.
    """

    def render(self) -> VisualType:  # type: ignore[override]  # Textual's own returns a Visual, too
        below = super().render()
        if isinstance(below, BackgroundScreen):
            return _Tinted(below.screen, below.color)
        return below


class _Tinted(Visual):
    """A screen as it is now, in other colours and with nothing to click on."""

    def __init__(self, screen: Screen[object], color: Color) -> None:
        self._screen, self._color = screen, color

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._screen.size.height

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        lines = self._screen.size.height if height is None else height
        color = self._color
        return [
            Strip(
                [Segment(text, _tinted(of, color), control) for text, of, control in strip],
                strip.cell_length,
            )
            for strip in self._screen._compositor.render_strips(Size(width, lines))
        ]


@lru_cache(4096)
def _tinted(style: RichStyle | None, tint: Color) -> RichStyle:
    if style is None:
        return RichStyle.null()
    fore, back = (
        None if of is None else (Color.from_rich_color(of) + tint).rich_color
        for of in (style.color, style.bgcolor)
    )
    return style.clear_meta_and_links() + RichStyle.from_color(fore, back)
