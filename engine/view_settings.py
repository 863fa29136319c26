"""How the dashboard shows things: the settings of ``[view]``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.setting_section import Section


class ViewSection(Section):
    """How the dashboard shows things, and what it says of the place it looks at."""

    environment: str = Field(default="", max_length=20)
    """What this pipeline is to people, e.g. production or staging; shown on the dashboard."""
    language: Literal["auto", "en", "zh"] = "auto"
    """The dashboard's: English or Chinese; auto: Chinese where LC_ALL, LC_MESSAGES or LANG is (zh_CN.UTF-8)."""
