"""Free TCP ports for services that must be told their port."""

import random
import socket
import threading
from pathlib import Path

_FIRST = 15000
_RANDOM = random.SystemRandom()
"""Not the seeded one: pytest-randomly gives each of several test processes the same numbers."""
_taken: set[int] = set()
_lock = threading.Lock()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, and that this process has not handed out.

    Ports are taken from *below* the kernel's range for outgoing connections. A port inside that
    range (what binding to port 0 gives) can be lost while its service is down: to any client's
    outgoing connection, even to the very client that tries to reconnect, which can end up connected
    to itself. Another process may still be faster; starting a service therefore retries on a clash.
    """
    with _lock:
        for _ in range(1000):
            port = _RANDOM.randrange(_FIRST, _outgoing_range_start())
            if port not in _taken and _can_bind(port):
                _taken.add(port)
                return port
    raise OSError(f"no free port of 127.0.0.1 between {_FIRST} and {_outgoing_range_start()}")


def _outgoing_range_start() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    except OSError:
        return 32768  # Linux's default
    return max(int(text.split()[0]), _FIRST + 1000)


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
