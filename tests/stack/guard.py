"""Run one service, and kill it when the process that wanted it is gone, however it went.

`python guard.py OWNER_FD STATUS_FD COMMAND...`, run as a file by `service.py`.

The owner holds the other end of the OWNER_FD pipe and never writes: the pipe ends when the owner
ends, also by SIGKILL. (PR_SET_PDEATHSIG would follow the *thread* that started the service, and is
lost when mariadbd changes its user.) Guard and service each have a session of their own, so that
Ctrl-C in a terminal reaches neither: only the owner decides when a service stops.

The service's process id, or "error: why", is written to STATUS_FD. The exit status is the service's,
128 + n if signal n killed it. Nothing but the standard library: it starts in 20 ms.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys


def main(owner_fd: int, status_fd: int, command: list[str]) -> int:
    """Start `command`, then wait for its end or the owner's, whichever is first."""
    try:
        service = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        os.write(status_fd, f"error: {error}\n".encode())
        return 127
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        # Nobody reads the id if the owner is gone already; the wait below notices that.
        with contextlib.suppress(BrokenPipeError):
            os.write(status_fd, f"{service.pid}\n".encode())
        os.close(status_fd)
        pidfd = os.pidfd_open(service.pid)
        poll = select.poll()
        poll.register(owner_fd, select.POLLIN | select.POLLHUP)
        poll.register(pidfd, select.POLLIN)
        poll.poll()
    finally:
        if service.poll() is None:
            os.killpg(service.pid, signal.SIGKILL)
    status = service.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
