"""Commands and replies on one connection (RFC 5321 §4.1–4.2); what they mean is known elsewhere.

Replies are read leniently where harmless (bare LF, missing text, differing codes in one reply: the last counts) and otherwise refused:
a line that is no reply ends the conversation with ProtocolViolation. Lines, lines per reply and bytes per reply are bounded.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from mailloom.api.network_socket import LineReader, ProtocolViolation

from .replies import Answer, text_of

_MOST_LINES: Final = 500
_MOST_KNOWN: Final = 50
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
        self._decrypted: Callable[[], int] | None = getattr(sock, "pending", None)
        self._known: dict[bytes, Answer] = {}
        """The first replies, of which most come again and again."""
        self.last: Answer | None = None

    @property
    def unread(self) -> bytes:
        """What the server said beyond the last reply."""
        return self._reader.pending

    @property
    def quiet(self) -> bool:
        """Whether nothing unread lies here, in the reader or within TLS: for the next reply the server must say something."""
        return not self._reader.holds_line and (self._decrypted is None or not self._decrypted())

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
        answer = self._known.get(line)
        if answer is None:
            answer = self._parsed(line)
        self.last = answer
        return answer

    def _parsed(self, line: bytes) -> Answer:
        code = _LAST.get(line[:4])
        if code is None:
            line, code = self._rest(line)
        answer = Answer(code, line)
        if len(self._known) < _MOST_KNOWN:
            self._known[line] = answer
        return answer

    def _rest(self, first: bytes) -> tuple[bytes, int]:
        """The other lines of a reply of several."""
        lines = [first]
        while (code := _LAST.get(lines[-1][:4])) is None:
            if lines[-1][:4] not in _MORE:
                raise _no_reply(lines[-1])
            if len(lines) >= _MOST_LINES:
                raise ProtocolViolation(
                    f"The server sent a reply of more than {_MOST_LINES} lines.",
                    remedy="Check that this is a mail server.",
                )
            lines.append(self._reader.line())
        return b"\n".join(lines), code

    def close(self) -> None:
        self.sock.close()


_LAST: Final = {b"%d%b" % (code, end): code for code in range(200, 600) for end in (b" ", b"")}
"""How the last line of a reply begins; some servers leave out the space with the text."""
_MORE: Final = frozenset(b"%d-" % code for code in range(200, 600))


def _no_reply(line: bytes) -> ProtocolViolation:
    return ProtocolViolation(
        f"The server said {text_of(line[:80])!r}, which is no SMTP reply.",
        remedy="Check host and port; a firewall or virus scanner between may also do this.",
    )
