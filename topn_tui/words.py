"""Words that come as they are from the engine, as values of its enumerations, marked for the catalogue.

The screen looks them up by their value: ``t(load.why)``. A test compares them with the enumerations.
States of exactness and who publishes (EXACT, OWNER …) stay as they are in every language: they are
names that the log, Redis, ``topn-tui query`` and the documents have, and Chinese stands beside them.
"""

from __future__ import annotations

from topn_tui.language import mark

CAUSES = (
    mark("displaced"),
    mark("score fell"),
    mark("deleted"),
    mark("score became NULL"),
    mark("key changed"),
    mark("table cleared"),
    mark("a load says so"),
)
VERDICTS = (
    mark("entered"),
    mark("moved"),
    mark("same rank"),
    mark("left"),
    mark("below the bar"),
    mark("below the floor"),
    mark("superseded"),
    mark("ignored"),
    mark("dead letter"),
    mark("no effect"),
)
HEALTH = (
    mark("starting"),
    mark("up"),
    mark("away"),
    mark("troubled"),
    mark("stopped"),
)
LOADS = (
    mark("start"),
    mark("heal"),
    mark("table altered"),
    mark("refill"),
    mark("key change"),
    mark("verify"),
    mark("audit"),
)
PHASES = (
    mark("waiting"),
    mark("querying"),
    mark("held"),
    mark("swapped"),
    mark("equal"),
)
PASSED = (mark("yes"), mark("quiet"))
LEVELS = (mark("info"), mark("warning"), mark("error"))
FIELDS = (mark("key"), mark("op"), mark("verdict"), mark("cause"))
"""What `/` may ask of a row."""
PANELS = (mark("board"), mark("heap"), mark("events"), mark("evictions"), mark("pipeline"))
FOOTER = (mark("palette"),)
"""Textual's own key there."""
