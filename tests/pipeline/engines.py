"""The product as its users run it: `topn-tui run --headless` and `topn-tui query` as processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-m", "topn_tui")
PATIENCE_S = 30.0
"""How long a condition may take to come true before a test fails; usually it takes far less."""

Line = dict[str, Any]


def eventually(
    condition: Callable[[], Any],
    what: str,
    *,
    timeout_s: float = PATIENCE_S,
    context: Callable[[], object] = lambda: "",
) -> Any:
    """Wait until the condition is true; what it returned. Looks every 50 ms."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}\n{context()}")
        time.sleep(0.05)


def run_cli(
    *arguments: str, config: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(config, env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


class HeadlessEngine:
    """One `topn-tui run --headless`, its lines read as they come.

    Args:
        config: the settings file.
        arguments: further options.
        program: what is run with them.
    """

    def __init__(
        self,
        config: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.config = config
        self.started_s = time.monotonic()
        self.states: list[Line] = []
        self.latest: Line = {}
        self.errors: list[str] = []
        self._process = subprocess.Popen(
            [*program, "run", "--headless", *arguments],
            env=environment(config, env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self._readers = [
            threading.Thread(target=self._read_lines, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait_for(
        self, condition: Callable[[Line], object], what: str, *, timeout_s: float = PATIENCE_S
    ) -> Line:
        """Wait until the newest line fulfils the condition."""

        def fulfilled() -> bool:
            ended = self._process.poll()
            assert ended is None, f"the engine ended ({ended}): {self.story()}"
            return bool(self.latest and condition(self.latest))

        eventually(fulfilled, what, timeout_s=timeout_s, context=self.story)
        return self.latest

    def wait_exact(self, *, timeout_s: float = PATIENCE_S) -> Line:
        """Wait until it claims EXACT and publishes."""
        return self.wait_for(
            lambda line: line["state"] == "EXACT" and line["publication"] == "OWNER",
            "EXACT as OWNER",
            timeout_s=timeout_s,
        )

    def wait_notice(self, pattern: str, *, timeout_s: float = PATIENCE_S) -> str:
        """Wait for a notice on stderr that the regular expression finds something in."""
        found = eventually(
            lambda: next((e for e in self.errors if re.search(pattern, e)), None),
            f"a notice like {pattern!r}",
            timeout_s=timeout_s,
            context=self.story,
        )
        return str(found)

    def story(self) -> str:
        """What it said, for a failing test."""
        states = [(s["state"], s["reason"], s["publication"]) for s in self.states[-12:]]
        return f"states {states}\nlatest {self.latest}\nstderr {self.errors[-8:]}"

    def stop(self, *, signum: int = signal.SIGTERM, timeout_s: float = 10) -> int:
        """End it cleanly; its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signum)
        code = self._process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        return code

    def wait_end(self, *, timeout_s: float = PATIENCE_S) -> int:
        """Wait until it ends by itself; its exit code."""
        code = self._process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        return code

    def kill(self) -> None:
        """SIGKILL: no clean stop."""
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Whatever state it is in, it is gone afterwards."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(5)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            line = json.loads(text, parse_float=Decimal)
            if line["kind"] == "state":
                self.states.append(line)
            self.latest = line

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for text in self._process.stderr:
            self.errors.append(text.rstrip("\n"))


def environment(config: Path | None, env: Mapping[str, str] | None = None) -> dict[str, str]:
    chosen = {**os.environ, **(env or {}), "PYTHONWARNINGS": "default"}
    if config is not None:
        chosen["TOPN_CONFIG"] = str(config)
        chosen.setdefault("TOPN_LOG__FILE", str(config.with_suffix(".log")))
        chosen.setdefault("TOPN_DEAD_LETTERS__FILE", str(config.with_suffix(".dead.jsonl")))
    return chosen
