"""How the dashboard shows things: the settings of ``[view]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.setting_section import Section


def _word(value: object) -> object:
    """TOML's true and false as the words that they are."""
    return str(value).lower() if isinstance(value, bool | str) else value


Switch = Annotated[Literal["auto", "true", "false"], BeforeValidator(_word)]
"""On, off, or as the program finds best."""


class ViewSection(Section):
    """How the dashboard shows things, and what it says of the place it looks at."""

    environment: str = Field(default="", max_length=20)
    """What this pipeline is to people, e.g. production or staging; shown on the dashboard."""
    production: Switch = "auto"
    """Says PRODUCTION on a red header; auto: where environment begins with prod, live or 生产."""
    theme: str = "topn-dark"
    """topn-dark, topn-light, or one of Textual's, such as nord; the palette's Theme command lists all."""
    ascii: Switch = "auto"
    """Draw lines, signs and bars in ASCII; auto: where the locale, or the terminal's encoding, is not UTF-8."""
    language: Literal["auto", "en", "zh"] = "auto"
    """Chinese only where the terminal's encoding has it; auto: where LC_ALL, LC_MESSAGES or LANG is (zh_CN.UTF-8)."""
