"""What all services have in common: start, wait until ready, stop, kill, pause, and a log."""

import contextlib
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

from tests.stack.errors import ServiceFailed
from tests.stack.ports import free_port
from tests.stack.waiting import wait_until

_GUARD = Path(__file__).with_name("guard.py")
_START_TRIES = 5
_LOG_TAIL_LINES = 40


class Service(ABC):
    """One server process, on a port and a folder of its own, watched by a guard (guard.py).

    `launch` and `wait_ready` are separate so that several services can start side by side; `start`
    does both, and takes another port if somebody else got the first one. After `stop` or `kill`,
    `start` (or `restart`) starts again on the same port with the same data.

    Not for use from two threads at once.
    """

    name: ClassVar[str]
    ready_timeout_s: ClassVar[float] = 60.0
    stop_timeout_s: ClassVar[float] = 15.0

    def __init__(self, directory: Path) -> None:
        """`directory` is created if missing, and is this service's alone."""
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.log_path = directory / f"{self.name}.log"
        self.port = 0
        self._choose_ports()
        self._guard: subprocess.Popen[bytes] | None = None
        self._owner_end: int | None = None
        self._pid: int | None = None
        self._log_start = 0
        self._prepared = False
        self._was_ready = False

    # What a service must say about itself.

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the command line; called at each launch, after `_prepare`."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Tell whether the service answers; must not block for long."""

    @abstractmethod
    def _prepare(self) -> None:
        """Write files and data before the first launch; again if the ports had to change."""

    def _choose_ports(self) -> None:
        """Set `port`; called again if somebody else took it before the first start."""
        self.port = free_port()

    # What can be done with a service.

    @property
    def pid(self) -> int:
        """The service's own process id (not its guard's)."""
        if self._pid is None:
            raise ServiceFailed(f"{self.name} is not running")
        return self._pid

    @property
    def alive(self) -> bool:
        """Whether the process exists; a paused one does."""
        return self._guard is not None and self._guard.poll() is None

    def start(self) -> Self:
        """Launch and wait until ready. Raises ServiceFailed with the end of the log."""
        for tries_left in reversed(range(_START_TRIES)):
            self.launch()
            try:
                self.wait_ready()
            except ServiceFailed:
                # Once it was ready its clients know the port: then a clash is an error.
                if not tries_left or self._was_ready or not self._port_was_taken():
                    raise
                self._choose_ports()
                self._prepared = False
            else:
                break
        return self

    def launch(self) -> None:
        """Start the process under its guard and return at once."""
        if self.alive:
            raise ServiceFailed(f"{self.name} runs already")
        if not self._prepared:
            self._prepare()
            self._prepared = True
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        owner_read, self._owner_end = os.pipe()
        status_read, status_write = os.pipe()
        try:
            with self.log_path.open("ab") as log:
                self._guard = subprocess.Popen(
                    [
                        *(sys.executable, "-I", "-S", str(_GUARD)),
                        *(str(owner_read), str(status_write), *self._command()),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._working_directory(),
                    env=self._environment(),
                    pass_fds=(owner_read, status_write),
                    start_new_session=True,
                )
        finally:
            os.close(owner_read)
            os.close(status_write)
        with os.fdopen(status_read) as status:
            answer = status.readline().strip()
        if not answer.isdigit():
            self._ended()
            raise ServiceFailed(f"{self.name} could not be started: {answer or 'guard died'}")
        self._pid = int(answer)

    def wait_ready(self, timeout_s: float | None = None) -> None:
        """Return when the service answers. Raises ServiceFailed, and leaves nothing running."""
        try:
            wait_until(
                self._ready_or_raise, timeout_s=timeout_s or self.ready_timeout_s, what="ready"
            )
        except (TimeoutError, ServiceFailed) as error:
            self.kill()
            raise ServiceFailed(f"{self.name}: {error}\n{self._log_tail()}") from error
        except BaseException:  # Ctrl-C too: what is not ready must not go on in the background
            self.kill()
            raise
        self._was_ready = True

    def stop(self) -> None:
        """End the service gracefully; kill it if that takes too long. Does nothing if it ended."""
        if not self.alive:
            self._ended()
            return
        self.resume()  # a paused process would not hear the request
        self._signal(signal.SIGTERM)
        try:
            self._wait_end(self.stop_timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the service with SIGKILL and return when it is gone. Does nothing if it ended."""
        if self.alive:
            self._signal(signal.SIGKILL)
            self._wait_end(10)
        self._ended()

    def restart(self) -> Self:
        """Start again on the same port and data; stops it gracefully first if it runs."""
        self.stop()
        return self.start()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nothing. Returns when it has stopped."""
        self._signal(signal.SIGSTOP)
        wait_until(self._is_paused, timeout_s=10, what=f"{self.name} paused")

    def resume(self) -> None:
        """SIGCONT, the end of `pause`."""
        self._signal(signal.SIGCONT)

    def check(self) -> None:
        """Raise ServiceFailed if the service has ended although nobody stopped it."""
        if self._pid is not None and not self.alive:
            assert self._guard is not None
            status = self._guard.returncode
            raise ServiceFailed(f"{self.name} ended with status {status}\n{self._log_tail()}")

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        """Start, and stop at the end of the `with` block."""
        try:
            yield self.start()
        finally:
            self.stop()

    def log_text(self) -> str:
        """Return what the service has logged since its last launch."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    # How it is done.

    def _working_directory(self) -> Path:
        return self.directory

    def _environment(self) -> dict[str, str]:
        # No locale, no proxy, no JVM or client options of whoever runs the tests.
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _ready_or_raise(self) -> bool:
        if not self.alive:
            assert self._guard is not None
            raise ServiceFailed(f"ended with status {self._guard.returncode} before it was ready")
        return self._is_ready()

    def _port_was_taken(self) -> bool:
        return "address already in use" in self.log_text().lower()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # it may end by itself at any moment
            os.kill(self.pid, number)

    def _is_paused(self) -> bool:
        # "PID (NAME) STATE ...", see proc(5)
        status = Path(f"/proc/{self.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def _wait_end(self, timeout_s: float) -> None:
        if self._guard is not None:
            self._guard.wait(timeout_s)
        self._ended()

    def _ended(self) -> None:
        self._pid = None
        if self._owner_end is not None:
            os.close(self._owner_end)
            self._owner_end = None
        if self._guard is not None:
            self._guard.wait()

    def _log_tail(self) -> str:
        lines = self.log_text().splitlines()[-_LOG_TAIL_LINES:]
        return "\n".join([f"--- the end of {self.log_path}:", *lines])
