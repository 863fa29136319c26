"""A way to a server that can be cut, led elsewhere, or made to hold a request back."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Way:
    """A TCP proxy to a port of this machine, in threads of its own.

    Args:
        port: where it leads to first.
    """

    def __init__(self, port: int) -> None:
        self.to = port
        """Where new connections are led; 0: nowhere."""
        self.keep = False
        """Hold the next request back and break its connection: see :meth:`deliver`."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._server.getsockname()[1]}/0"
        self._kept: list[tuple[socket.socket, bytes]] = []
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def lead(self, port: int) -> None:
        """Break what there is; from now on it leads there."""
        self.to = port
        self._break()

    def deliver(self) -> None:
        """Let through what was held back, as bytes that took a longer way."""
        for target, data in self._kept:
            target.sendall(data)

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._threads[0].join()
        self._break()
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()

    def _break(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._sockets.append(client)
                try:
                    server = socket.create_connection(("127.0.0.1", self.to or 1))
                except OSError:
                    client.shutdown(socket.SHUT_RDWR)
                    continue
                self._sockets.append(server)
                for ways in ((client, server, True), (server, client, False)):
                    thread = threading.Thread(target=self._hand_on, args=ways, daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _hand_on(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if asks and self.keep:
                    self._kept.append((target, data))
                    source.shutdown(socket.SHUT_RDWR)  # the client hears that its connection broke
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
