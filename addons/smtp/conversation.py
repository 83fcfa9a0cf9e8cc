"""Commands and replies on one connection (RFC 5321 §4.1–4.2); what they mean is known elsewhere.

Replies are read leniently where harmless (bare LF, missing text, differing codes in one reply: the last counts) and otherwise refused:
a line that is no reply ends the conversation with ProtocolViolation. Lines, lines per reply and bytes per reply are bounded.
"""

from __future__ import annotations

import socket
from typing import Final

from mailloom.api.network_socket import LineReader, ProtocolViolation

from .replies import Answer, text_of

_MOST_LINES: Final = 500
_CHUNK: Final = 262144


class SendBroken(OSError):
    """Writing failed after `sent` bytes of this piece had gone to the system."""

    def __init__(self, cause: OSError, sent: int) -> None:
        super().__init__(*cause.args)
        self.cause = cause
        self.sent = sent


class Conversation:
    """One connection. `last` is the newest reply read, for messages about what went wrong."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._reader = LineReader(sock)
        self.last: Answer | None = None

    @property
    def unread(self) -> bytes:
        """What the server said beyond the last reply."""
        return self._reader.pending

    def write(self, data: bytes) -> None:
        """Raises SendBroken, which knows how much had gone."""
        sent = 0
        try:
            if len(data) <= _CHUNK:
                sent = self.sock.send(data)
            if sent < len(data):
                view = memoryview(data)
                while sent < len(data):
                    sent += self.sock.send(view[sent : sent + _CHUNK])
        except OSError as error:
            raise SendBroken(error, sent) from error

    def command(self, line: bytes) -> Answer:
        """Say one command (without its line end) and read the reply."""
        self.write(line + b"\r\n")
        return self.answer()

    def answer(self) -> Answer:
        """The next reply. Raises OSError (time-out, closed) or ProtocolViolation."""
        line = self._reader.line()
        code = _code(line)
        if line[3:4] == b"-":
            line, code = self._rest(line)
        self.last = Answer(code, line)
        return self.last

    def _rest(self, first: bytes) -> tuple[bytes, int]:
        lines = [first]
        while lines[-1][3:4] == b"-":
            if len(lines) >= _MOST_LINES:
                raise ProtocolViolation(
                    f"The server sent a reply of more than {_MOST_LINES} lines.",
                    remedy="Check that this is a mail server.",
                )
            line = self._reader.line()
            _code(line)
            lines.append(line)
        return b"\n".join(lines), _code(lines[-1])

    def close(self) -> None:
        self.sock.close()


def _code(line: bytes) -> int:
    digits = line[:3]
    if len(digits) == 3 and digits.isdigit() and b"2" <= digits < b"6" and line[3:4] in (b" ", b"-", b""):
        return int(digits)
    raise ProtocolViolation(
        f"The server said {text_of(line[:80])!r}, which is no SMTP reply.",
        remedy="Check host and port; a firewall or virus scanner between may also do this.",
    )
