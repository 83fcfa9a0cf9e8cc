"""A connection as a stream of lines and counted octets, for protocols in which both alternate (IMAP, POP3).

Faults of the network leave it as MailloomErrors with a remedy; after one, or after `close`, the stream is dead and says so. Deadlines are those of
`network_socket`; limits of length are the caller's with each call, because only he knows what may come.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Mapping

from mailloom.api.accounts import Security, ServerSettings
from mailloom.api.network import open_socket, place_of, start_tls
from mailloom.api.network_faults import Place, explain_network
from mailloom.api.network_socket import ProtocolViolation
from mailloom.errors import PermanentFailure, TemporaryFailure

_CHUNK_BYTES = 256 * 1024


class OctetStream:
    """One connected socket, buffered for reading. Not shared between threads."""

    def __init__(self, connected: socket.socket, place: Place) -> None:
        self._socket: socket.socket | None = connected
        self.place = place
        self._buffer = b""
        self._at = 0

    @property
    def dead(self) -> bool:
        return self._socket is None

    @property
    def encrypted(self) -> bool:
        return hasattr(self._socket, "getpeercert")

    def send(self, octets: bytes) -> None:
        try:
            self._alive().sendall(octets)
        except OSError as error:
            raise self._broken(error) from error

    def read_line(self, limit: int) -> bytes:
        """The next line without its CRLF or LF; ProtocolViolation when it is longer than `limit` octets."""
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            end = self._fill_to_line_end(limit)
        line = self._buffer[self._at : end]
        self._at = end + 1
        if len(line) > limit:
            raise self._too_long(line, limit)
        return line[:-1] if line.endswith(b"\r") else line

    def _fill_to_line_end(self, limit: int) -> int:
        pieces = [self._buffer[self._at :]]
        length = len(pieces[0])
        while True:
            octets = self._receive(_CHUNK_BYTES)
            pieces.append(octets)
            if (end := octets.find(b"\n")) >= 0:
                self._buffer, self._at = b"".join(pieces), 0
                return length + end
            length += len(octets)
            if length > limit:
                raise self._too_long(b"".join(pieces), limit)

    def read_exactly(self, count: int) -> bytes:
        """So many octets; the caller has bounded `count`."""
        at = self._at
        if len(self._buffer) - at >= count:
            self._at = at + count
            return self._buffer[at : at + count]
        pieces = [self._buffer[at:]]
        missing = count - len(pieces[0])
        self._buffer, self._at = b"", 0
        while missing > 0:
            octets = self._receive(max(_CHUNK_BYTES, min(missing, 4 * _CHUNK_BYTES)))
            if len(octets) > missing:
                self._buffer, self._at, octets = octets, missing, octets[:missing]
            pieces.append(octets)
            missing -= len(octets)
        return b"".join(pieces)

    def read_to(self, terminator: bytes, limit: int) -> bytes:
        """All up to `terminator`, which is taken too and not returned; ProtocolViolation beyond `limit` octets."""
        end = self._buffer.find(terminator, self._at)
        if end < 0:
            pieces = [self._buffer[self._at :]]
            length, tail = len(pieces[0]), pieces[0][1 - len(terminator) :]
            while True:
                octets = self._receive(_CHUNK_BYTES)
                pieces.append(octets)
                if (found := (tail + octets).find(terminator)) >= 0:
                    self._buffer, self._at = b"".join(pieces), 0
                    end = length - len(tail) + found
                    break
                length += len(octets)
                tail = (tail + octets)[1 - len(terminator) :]
                if length > limit:
                    raise self._too_long(b"", limit)
        octets = self._buffer[self._at : end]
        self._at = end + len(terminator)
        return octets

    def wait_readable(self, seconds: float) -> bool:
        """Whether something to read came within so many seconds; the end of the connection counts, reading then says so."""
        connected = self._alive()
        if self._at < len(self._buffer) or (hasattr(connected, "pending") and connected.pending()):
            return True
        poll = select.poll()
        poll.register(connected, select.POLLIN)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if poll.poll(min(left, 60) * 1000):
                return True
        return bool(poll.poll(0))

    def start_tls(self, settings: ServerSettings) -> None:
        """TLS from here on, after the server agreed to STARTTLS."""
        self._socket = start_tls(self.release(), settings, self.place)

    def release(self) -> socket.socket:
        """Hand the socket over for a TLS handshake; the stream is dead then.

        PermanentFailure when the server sent more before: it could have been anybody (CVE-2011-0411).
        """
        connected = self._alive()
        if self._at < len(self._buffer):
            self.abandon()
            raise PermanentFailure(
                f"{self.place}: something was slipped in before encryption began.",
                remedy="Somebody between us and the server, or a broken server; use the port for TLS from the start.",
            )
        self._socket = None
        return connected

    def resume(self, connected: socket.socket) -> None:
        """Go on with the socket that came out of the handshake."""
        self._socket = connected

    def abandon(self) -> None:
        """Close without a word; never raises."""
        connected, self._socket = self._socket, None
        self._buffer, self._at = b"", 0
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.close()

    def _receive(self, count: int) -> bytes:
        try:
            octets = self._alive().recv(count)
        except OSError as error:
            raise self._broken(error) from error
        if not octets:
            raise self._broken(ConnectionResetError("the server closed the connection"))
        return octets

    def _alive(self) -> socket.socket:
        if self._socket is None:
            raise TemporaryFailure(f"{self.place}: the connection is closed.", remedy="It is opened again next time.")
        return self._socket

    def _broken(self, error: OSError) -> Exception:
        self.abandon()
        return explain_network(error, self.place).error()

    def _too_long(self, line: bytes, limit: int) -> ProtocolViolation:
        self.abandon()
        shown = line[:60].decode("ascii", "backslashreplace")
        return ProtocolViolation(
            f"{self.place}: the server sent more than the {limit} bytes that may come here: {shown!r}…",
            remedy="Check that host and port belong to the right kind of mail server.",
        )


def open_stream(settings: ServerSettings, default_ports: Mapping[Security, int]) -> OctetStream:
    """Connect as the settings want it; STARTTLS remains the caller's to ask for."""
    return OctetStream(open_socket(settings, default_ports), place_of(settings, default_ports))
