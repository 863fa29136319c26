"""`make chaos SECONDS=n [SEED=s]`: chaos for a person."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.report import report
from tests.chaos.run import Figures, Run, stack_for_chaos
from tests.chaos.schedule import Shape
from tests.chaos.shapes import LONG
from tests.stack.install import install
from tests.stack.jars import HERE
from tests.stack.workspace import workspace

ROUND_S = 25.0
TURN_S = 150.0
"""How long one kind of pipeline has its turn at most."""

_OUTPUT = HERE.parents[1] / "build" / "chaos"


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Random SQL on real services while engines, Canal, broker, Redis and database are "
        "killed; an independent consumer judges each board that is called EXACT.",
    )
    parser.add_argument("--seconds", type=float, default=300.0, help="of traffic; default 300")
    parser.add_argument(
        "--seed", type=int, default=None, help="what will happen; default: by chance"
    )
    parser.add_argument("--shape", type=int, default=None, help="only this of the shapes, from 0")
    parser.add_argument(
        "--mutant", default="", help="run this wrong variant of tests/core/mutants.py: to be caught"
    )
    options = parser.parse_args()
    os.environ["TOPN_CHAOS_MUTANT"] = options.mutant
    seed = random.randrange(10**6) if options.seed is None else options.seed
    shapes = LONG if options.shape is None else (LONG[options.shape],)
    install()
    _say(f"seed {seed}")
    folder = _OUTPUT / f"{time.strftime('%Y%m%d-%H%M%S')}-seed-{seed}"
    total = _play(seed, shapes, options.seconds, folder)
    for line in report(total):
        _say(line)
    if not total.mismatches and not total.excuses:
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    for mismatch in total.mismatches[:5]:
        _say(mismatch)
    _say(f"seed {seed}; logs and story are kept in {folder}")
    return 1


def _play(seed: int, shapes: Sequence[Shape], seconds: float, folder: Path) -> Figures:
    turns = max(len(shapes), round(seconds / TURN_S))
    total = Figures()
    with workspace() as directory:
        for turn in range(turns):
            if total.mismatches:
                break
            name, shape = f"turn-{turn + 1}", shapes[turn % len(shapes)]
            place = directory / name
            place.mkdir()
            place.chmod(0o711)  # as the workspace: the database server's user must get in
            stack = stack_for_chaos(place, persistent_redis=shape.persistent_redis)
            try:
                stack.start()
                run = Run(stack, shape, folder / name, say=_say)
                total.add(run.play(seed + turn, seconds=seconds / turns, round_s=ROUND_S))
            finally:
                stack.stop()
                for service in stack.own:
                    shutil.copy(service.log_path, folder / name)
    return total


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
