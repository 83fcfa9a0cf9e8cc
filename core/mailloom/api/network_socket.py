"""Sockets on which one slow or hostile server cannot hold a worker, and the reading of lines from them.

A plain socket's time-out starts anew with every byte. Here an exchange (all that is read until something is sent again) has one time-out
in all, extended only by the bytes that came at `SLOWEST_PACE`: a server that drips a byte a minute runs out of time, one that sends a large
message over a thin line does not. Only time spent waiting counts, so a connection that lies idle in our hands loses nothing.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Any

from mailloom.errors import TemporaryFailure

SLOWEST_PACE = 1000
"""Bytes per second by which a transfer must go on to be given more time than the time-out."""

_CHUNK = 65536
_TOO_LATE = "the server did not answer in time"


class ProtocolViolation(TemporaryFailure):
    """The server said what its protocol does not allow; the conversation cannot go on. The words are in the message, shortened."""


class _Paced:
    """Time-outs for whole exchanges, mixed in before a socket class. `settimeout` sets the exchange's time-out in seconds: None waits for
    ever, 0 does not wait.

    The system is asked to wake us after a `_tick`, which is at most that time-out; whether more waiting is allowed is decided here. So a
    longer time-out for one exchange costs no system call.
    """

    _patience: float | None = None
    _tick: float | None = None
    _waited = 0.0
    _received = 0

    def settimeout(self, value: float | None, /) -> None:
        self._patience = value
        if not value or not self._tick or value < self._tick:
            self._set_tick(value)

    def setblocking(self, flag: bool, /) -> None:
        self.settimeout(None if flag else 0.0)

    def gettimeout(self) -> float | None:
        return self._patience

    def _set_tick(self, seconds: float | None) -> None:
        self._tick = seconds
        super().settimeout(seconds)  # type: ignore[misc]  # the socket class behind the mixin

    def recv(self, bufsize: int = _CHUNK, flags: int = 0, /) -> bytes:
        data: bytes = self._patiently(super().recv, bufsize, flags)  # type: ignore[misc]  # as above
        self._received += len(data)
        return data

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        count: int = self._patiently(super().recv_into, buffer, nbytes or 0, flags)  # type: ignore[misc]  # as above
        self._received += count
        return count

    def send(self, data: Any, flags: int = 0, /) -> int:
        self._waited = 0.0
        self._received = 0
        if self._patience and self._tick and self._tick < 0.5 * self._patience:
            self._set_tick(self._patience)
        count: int = self._patiently(super().send, data, flags)  # type: ignore[misc]  # as above
        self._waited = 0.0
        return count

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """In pieces, each with the time-out of its own: what gets a large body through a thin line."""
        view = memoryview(data).cast("B")
        sent = 0
        while sent < len(view):
            sent += self.send(view[sent : sent + _CHUNK], flags)

    def _patiently(self, action: Callable[..., Any], *arguments: Any) -> Any:
        silent = 0.0
        while True:
            if self._waited:
                self._check_patience()
            started = time.monotonic()
            try:
                result = action(*arguments)
            except (TimeoutError, BlockingIOError):
                if not self._patience:
                    raise
                # Never nothing, so that the check above is made.
                waited = max(time.monotonic() - started, 0.001)
                self._waited += waited
                silent += waited
                # Time earned by what came quickly is for what comes slowly, not for silence.
                if silent >= self._patience:
                    raise TimeoutError(_TOO_LATE) from None
            else:
                self._waited += time.monotonic() - started
                return result

    def _check_patience(self) -> None:
        """Raise TimeoutError when the exchange has taken all its time; wake earlier when little is left."""
        if self._patience:
            left = self._patience + self._received / SLOWEST_PACE - self._waited
            if left <= 0.002:
                raise TimeoutError(_TOO_LATE)
            if self._tick is None or left < 0.9 * self._tick:
                self._set_tick(left)


class PacedSocket(_Paced, socket.socket):
    """A TCP socket with time-outs for whole exchanges.

    The waiting is left to the kernel (SO_RCVTIMEO): Python's own time-outs ask `poll` before each read and write, which costs a system
    call and a turn of the interpreter lock each time.
    """

    def _set_tick(self, seconds: float | None) -> None:
        self._tick = seconds
        socket.socket.settimeout(self, None if seconds else seconds)
        if seconds != 0:
            whole, fraction = divmod(seconds or 0.0, 1)
            packed = _TIMEVAL.pack(int(whole), int(fraction * 1e6) + (1 if seconds and seconds < 1e-6 else 0))
            self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, packed)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, packed)


_TIMEVAL = struct.Struct("@ll")


class PacedTLSSocket(_Paced, ssl.SSLSocket):
    """The same over TLS, with Python's time-outs; made by contexts whose `sslsocket_class` it is."""


class LineReader:
    """Lines from a socket, ended by CRLF or a bare LF, at most `longest` bytes each."""

    def __init__(self, sock: socket.socket, longest: int = 8192) -> None:
        self._sock = sock
        self._longest = longest
        self._lines: list[bytes] = []
        """Complete lines, the next one last."""
        self._rest = b""

    @property
    def pending(self) -> bytes:
        """What has come and was not asked for yet; before a TLS handshake there must be nothing (CVE-2011-0411)."""
        return b"".join(line + b"\r\n" for line in reversed(self._lines)) + self._rest

    @property
    def holds_line(self) -> bool:
        """Whether the next line is here already."""
        return bool(self._lines)

    def line(self) -> bytes:
        """The next line without its end. Raises ConnectionResetError at the end of the stream, ProtocolViolation when it is too long."""
        if not self._lines:
            self._fill()
        line = self._lines.pop()
        if len(line) > self._longest:
            raise self._too_long(line)
        return line

    def _fill(self) -> None:
        """Read until at least one line is complete."""
        pieces = [self._rest] if self._rest else []
        length = len(self._rest)
        while True:
            data = self._sock.recv(_CHUNK)
            if not data:
                self._rest = b"".join(pieces)
                raise ConnectionResetError("the server closed the connection")
            pieces.append(data)
            if b"\n" in data:
                break
            length += len(data)
            if length > self._longest:
                raise self._too_long(b"".join(pieces))
        whole = b"".join(pieces) if len(pieces) > 1 else data
        lines = whole.replace(b"\r\n", b"\n").split(b"\n")
        self._rest = lines.pop()
        lines.reverse()
        self._lines = lines

    def _too_long(self, line: bytes) -> ProtocolViolation:
        shown = line[:60].decode("ascii", "backslashreplace")
        return ProtocolViolation(
            f"The server sent a line of more than {self._longest} bytes: {shown!r}…",
            remedy="Check that host and port belong to a mail server.",
        )
