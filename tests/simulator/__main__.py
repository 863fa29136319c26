"""``python -m tests.simulator``: one history again, or many of them.

--seed S        play that history; if a promise is broken, make it short and tell its story
--seconds N     play as many as there is time for, on all cores
--first S       the first seed of them
--alone         each fault by itself, with what readers see and how long until EXACT again
--mutants       wrong engines: which law catches each, and after how many seeds
"""

from __future__ import annotations

import argparse
import secrets

from tests.simulator.history import Result, play
from tests.simulator.plan import Plan, draw
from tests.simulator.shrink import shrunk
from tests.simulator.tally import play_for


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--mutants", action="store_true")
    given = parser.parse_args()
    if given.mutants:
        from tests.simulator.mutants import table

        return table()
    if given.alone:
        from tests.simulator.alone import table as alone

        for line in alone():
            print(line, flush=True)
        return 0
    if given.seed is not None:
        return again(given.seed)
    first = secrets.randbelow(10**9) if given.first is None else given.first
    tally = play_for(given.seconds, first=first)
    print(tally)
    for seed in list(tally.failed)[:3]:
        print(f"\nagain: python -m tests.simulator --seed {seed}")
    return 1 if tally.failed else 0


def again(seed: int) -> int:
    plan = draw(seed)
    result = play(plan)
    if result.law is None:
        tell(plan, result)
        print(f"seed {seed}: every promise was kept")
        return 0
    short, how = shrunk(plan, result.law)
    tell(short, how)
    print(f"seed {seed}: {how.wrong}\n({len(plan.steps)} steps, shrunk to {len(short.steps)})")
    return 1


def tell(plan: Plan, result: Result) -> None:
    print(
        f"{plan.shape}\n{plan.engines} engines, {'protobuf' if plan.protobuf else 'JSON'}, "
        f"buffer {plan.buffer_rows} rows, resync lag {plan.resync_lag}"
    )
    print("\n".join(result.story))


if __name__ == "__main__":
    raise SystemExit(main())
