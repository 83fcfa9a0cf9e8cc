"""A server that answers line by line as a test tells it to: for what real servers never do."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

Answer = bytes | float | None
"""Octets to send, seconds to sleep, or None to close the connection."""
Script = Callable[[bytes], Answer | list[Answer]]
"""What to do about one line (without its CRLF)."""


class ScriptedServer:
    """Serves each connection in a thread of its own. `lines` are those received, of all connections."""

    def __init__(self, script: Script, greeting: Answer | list[Answer]) -> None:
        self.lines: list[bytes] = []
        self._script = script
        self._greeting = greeting
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connected, _ = self._listening.accept()
                thread = threading.Thread(target=self._serve, args=(connected,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connected: socket.socket) -> None:
        with connected, contextlib.suppress(OSError):
            if not self._say(connected, self._greeting):
                return
            with connected.makefile("rb") as reading:
                while line := reading.readline():
                    line = line.rstrip(b"\r\n")
                    self.lines.append(line)
                    if not self._say(connected, self._script(line)):
                        return

    def _say(self, connected: socket.socket, answers: Answer | list[Answer]) -> bool:
        for answer in answers if isinstance(answers, list) else [answers]:
            if answer is None:
                connected.shutdown(socket.SHUT_RDWR)
                return False
            if isinstance(answer, float):
                time.sleep(answer)
            else:
                connected.sendall(answer)
        return True

    def stop(self) -> None:
        # A blocked accept() is woken by nothing but a connection.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._listening.close()


@pytest.fixture
def scripted() -> Iterator[Callable[[Script, Answer | list[Answer]], ScriptedServer]]:
    """`scripted(script, greeting)` starts a server; all are stopped afterwards."""
    servers: list[ScriptedServer] = []

    def start(script: Script, greeting: Answer | list[Answer]) -> ScriptedServer:
        servers.append(ScriptedServer(script, greeting))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
