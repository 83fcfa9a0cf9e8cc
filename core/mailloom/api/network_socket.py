"""Sockets on which one slow or hostile server cannot hold a worker, and the reading of lines from them.

A plain socket's time-out starts anew with every byte. Here an exchange (all that is read until something is sent again) has one time-out
in all, extended only by the bytes that came at `SLOWEST_PACE`: a server that drips a byte a minute runs out of time, one that sends a large
message over a thin line does not. Only time spent waiting counts, so a connection that lies idle in our hands loses nothing.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from mailloom.errors import TemporaryFailure

SLOWEST_PACE = 1000
"""Bytes per second by which a transfer must go on to be given more time than the time-out."""

_CHUNK = 65536


class ProtocolViolation(TemporaryFailure):
    """The server said what its protocol does not allow; the conversation cannot go on. The words are in the message, shortened."""


class _Paced:
    """Time-outs for whole exchanges, mixed in before a socket class. `settimeout` sets the exchange's time-out in seconds, None for none."""

    _patience: float | None = None
    _waited = 0.0
    _received = 0
    _shortened = False

    def settimeout(self, value: float | None, /) -> None:
        self._patience = value
        self._shortened = False
        super().settimeout(value)  # type: ignore[misc]  # the socket class behind the mixin

    def recv(self, bufsize: int = _CHUNK, flags: int = 0, /) -> bytes:
        started = self._started()
        data: bytes = super().recv(bufsize, flags)  # type: ignore[misc]  # as above
        self._account(started, len(data))
        return data

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        started = self._started()
        count: int = super().recv_into(buffer, nbytes or 0, flags)  # type: ignore[misc]  # as above
        self._account(started, count)
        return count

    def send(self, data: Any, flags: int = 0, /) -> int:
        self._new_exchange()
        count: int = super().send(data, flags)  # type: ignore[misc]  # as above
        return count

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """In pieces, each with the time-out of its own: what gets a large body through a thin line."""
        view = memoryview(data).cast("B")
        sent = 0
        while sent < len(view):
            sent += self.send(view[sent : sent + _CHUNK], flags)

    def _new_exchange(self) -> None:
        self._waited = 0.0
        self._received = 0
        if self._shortened:
            self.settimeout(self._patience)

    def _started(self) -> float:
        now = time.monotonic()
        if self._patience and self._waited > 0.1 * self._patience:
            left = self._patience + self._received / SLOWEST_PACE - self._waited
            if left <= 0:
                raise TimeoutError("the server answers too slowly")
            self._shortened = True
            super().settimeout(min(left, self._patience))  # type: ignore[misc]  # as above
        return now

    def _account(self, started: float, count: int) -> None:
        self._waited += time.monotonic() - started
        self._received += count


class PacedSocket(_Paced, socket.socket):
    """A TCP socket with time-outs for whole exchanges."""


class PacedTLSSocket(_Paced, ssl.SSLSocket):
    """The same over TLS; made by contexts whose `sslsocket_class` it is."""


class LineReader:
    """Lines from a socket, ended by CRLF or a bare LF, at most `longest` bytes each."""

    def __init__(self, sock: socket.socket, longest: int = 8192) -> None:
        self._sock = sock
        self._longest = longest
        self._buffer = b""
        self._at = 0

    @property
    def pending(self) -> bytes:
        """What has come and was not asked for yet; before a TLS handshake there must be nothing (CVE-2011-0411)."""
        return self._buffer[self._at :]

    def line(self) -> bytes:
        """The next line without its end. Raises ConnectionResetError at the end of the stream, ProtocolViolation when it is too long."""
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            end = self._fill()
        line = self._buffer[self._at : end]
        self._at = end + 1
        if len(line) > self._longest:
            raise self._too_long(line)
        return line[:-1] if line.endswith(b"\r") else line

    def _fill(self) -> int:
        """Read until a line end is there; its position."""
        pieces = [self._buffer[self._at :]]
        length = len(pieces[0])
        self._at = 0
        while True:
            data = self._sock.recv(_CHUNK)
            if not data:
                self._buffer = b"".join(pieces)
                raise ConnectionResetError("the server closed the connection")
            pieces.append(data)
            if (end := data.find(b"\n")) >= 0:
                self._buffer = b"".join(pieces)
                return length + end
            length += len(data)
            if length > self._longest:
                raise self._too_long(b"".join(pieces))

    def _too_long(self, line: bytes) -> ProtocolViolation:
        shown = line[:60].decode("ascii", "backslashreplace")
        return ProtocolViolation(
            f"The server sent a line of more than {self._longest} bytes: {shown!r}…",
            remedy="Check that host and port belong to a mail server.",
        )
