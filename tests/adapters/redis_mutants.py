"""Wrong variants of the scripts that run inside Redis: what the tests of the store must notice.

As a plugin of pytest (``-p tests.adapters.redis_mutants``) it spoils the tests that it names, and only
those: each is run once for each mutant that it must catch, with that mutant's script in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import engine.adapters.redis
from engine.adapters.redis_scripts import ACQUIRE, WRITE

_SCRIPTS = {"ACQUIRE": ACQUIRE, "WRITE": WRITE}


@dataclass(frozen=True)
class RedisMutant:
    """A script with one piece of its text replaced."""

    name: str
    fault: str
    """What is wrong, in a sentence."""
    caught_by: str
    """The test, as ``file::test``."""
    script: str
    """Which: a name in :mod:`engine.adapters.redis`."""
    old: str
    """Occurs once in it."""
    new: str

    @property
    def text(self) -> str:
        """The wrong script.

        Raises:
            ValueError: what is to be replaced is not there, or not once.
        """
        right = _SCRIPTS[self.script]
        if right.count(self.old) != 1:
            raise ValueError(
                f"{self.name}: {self.script} has {self.old!r} {right.count(self.old)} times"
            )
        return right.replace(self.old, self.new)


FENCED = "test_redis_owner.py::test_an_expired_lease_is_taken_and_its_holder_fenced"
REFUSAL = "local refusal = wrong_type() or too_late() or not_owner(owner, epoch)"
PUT = "each('ZADD', board, score_first, score_last); each('HSET', rows, row_first, row_last)"
RENEW = "redis.call('HSET', meta, 'updated_at_ms', whole(since), 'lease_ms', lease_ms)"

MUTANTS = (
    RedisMutant(
        "evicted members stay",
        "A publish puts in who entered and leaves in who left.",
        "test_redis_board.py::test_readers_never_see_a_member_too_many_or_too_few",
        "WRITE",
        "each('ZREM', board, left_first, left_last)\n",
        "",
    ),
    RedisMutant(
        "owner checked after the write",
        "The rows are written, and then it is looked whose board this is.",
        FENCED,
        "WRITE",
        REFUSAL,
        f"{PUT}\n{REFUSAL}",
    ),
    RedisMutant(
        "lease renewed without the epoch",
        "The lease is renewed by whoever asks.",
        FENCED,
        "WRITE",
        REFUSAL,
        f"if mode == 'heartbeat' then {RENEW}; return {{'OK', '1', whole(now)}} end\n{REFUSAL}",
    ),
    RedisMutant(
        "first write not LOADING",
        "The new owner leaves the state of the last one standing.",
        FENCED,
        "ACQUIRE",
        "'state', 'LOADING',",
        "'state', field('state'),",
    ),
    RedisMutant(
        "an older board after a newer one",
        "A write that was overtaken by a newer one is carried out all the same.",
        "test_redis_late.py::test_an_older_board_cannot_come_after_a_newer_one",
        "WRITE",
        "if request <= (number('request') or 0) then",
        "if false then",
    ),
    RedisMutant(
        "a late write is carried out",
        "A request that a slow server gets to when nobody waits for it any more is carried out.",
        "test_redis_late.py::test_a_write_that_waited_in_a_hung_server_is_not_carried_out",
        "WRITE",
        REFUSAL,
        "local refusal = wrong_type() or not_owner(owner, epoch)",
    ),
    RedisMutant(
        "lease from the carrying out",
        "A lease runs from when a slow server got to it, not from when it was asked for.",
        "test_redis_late.py::test_a_slow_server_does_not_lengthen_the_lease",
        "WRITE",
        "'updated_at_ms', whole(since)",
        "'updated_at_ms', whole(now)",
    ),
    RedisMutant(
        "a difference onto any board",
        "A publish does not look whether the store holds the board that it differs from.",
        "test_redis_board.py::test_a_difference_is_not_written_onto_another_board",
        "WRITE",
        "if mode ~= 'rewrite' and stored ~= last_version then",
        "if false then",
    ),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each of the tests once for each mutant that it must catch."""
    test = f"{metafunc.module.__name__.rpartition('.')[2]}.py::{metafunc.function.__name__}"
    mine = [mutant for mutant in MUTANTS if mutant.caught_by == test]
    if mine:
        metafunc.parametrize("spoiled", mine, ids=[m.name for m in mine], indirect=True)


@pytest.fixture(autouse=True)
def spoiled(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script is the mutant's."""
    monkeypatch.setattr(engine.adapters.redis, request.param.script, request.param.text)
