"""The one place that picks adapters: settings in, an engine (or a reader, a replay, …) out."""

from engine.assembly.embedded import EmbeddedPipeline, embedded_pipeline, make_embedded_engine
from engine.assembly.replays import make_replay
from engine.assembly.services import (
    check_services,
    make_board_reader,
    make_dead_letter_file,
    make_engine,
    nothing_configured,
)
from engine.assembly.walkthroughs import (
    make_embedded_walkthrough,
    make_walkthrough,
    offer_walk,
)

__all__ = [
    "EmbeddedPipeline",
    "check_services",
    "embedded_pipeline",
    "make_board_reader",
    "make_dead_letter_file",
    "make_embedded_engine",
    "make_embedded_walkthrough",
    "make_engine",
    "make_replay",
    "make_walkthrough",
    "nothing_configured",
    "offer_walk",
]
