"""Commands and answers on one POP3 connection (RFC 1939 §3, RFC 2449 CAPA), over a stream with deadlines.

Commands may be sent ahead of the answers where the server announces PIPELINING; answers come in order. Every answer is bounded in length.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailloom.api.network_stream import OctetStream
from mailloom.errors import ConfigurationError, PermanentFailure, TemporaryFailure

LINE_LIMIT_BYTES = 8192
LISTING_LIMIT_BYTES = 64 * 1024 * 1024
"""Of UIDL and LIST: a good million of messages."""
_END = b"\r\n.\r\n"


class CommandRefused(PermanentFailure):
    """The server answered -ERR; the connection goes on."""

    def __init__(self, command: str, words: str) -> None:
        super().__init__(f"The server refused {command}: {words}")
        self.words = words


class Conversation:
    """One connection. Not shared between threads."""

    def __init__(self, stream: OctetStream) -> None:
        self.stream = stream
        self.capabilities: dict[str, str] = {}
        """Name to arguments, upper case; empty when the server does not know CAPA."""
        self.last_refusal = ""
        """The server's words when it last said -ERR."""

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    def greet(self) -> str:
        """The words of the greeting; PermanentFailure when it is not POP3's."""
        line = self.stream.read_line(LINE_LIMIT_BYTES)
        if line.startswith(b"-ERR"):
            raise TemporaryFailure(f"The server turns us away: {_text(line)}", remedy="It is tried again later.")
        if not line.startswith(b"+OK"):
            raise PermanentFailure(
                f"This is no POP3 server; it greets with {_text(line)[:200]!r}.",
                remedy="Check the port: 995 with TLS or 110 with STARTTLS are usual for POP3.",
            )
        return _text(line[3:])

    def send(self, *commands: str) -> None:
        """Write commands at once; their answers are read one by one."""
        lines = []
        for command in commands:
            if not command.isprintable():
                raise ConfigurationError(
                    "A POP3 command cannot contain control characters.", remedy="Correct user name and password."
                )
            lines.append(command.encode() + b"\r\n")
        self.stream.send(b"".join(lines))

    def run(self, command: str) -> str:
        """Send and read a one-line answer; CommandRefused names only the command's first word."""
        self.send(command)
        return self.answer(command)

    def answer(self, command: str) -> str:
        """The words of a one-line +OK."""
        line = self.stream.read_line(LINE_LIMIT_BYTES)
        if line.startswith(b"+OK"):
            return _text(line[3:])
        raise self._refusal(command, line)

    def answer_or_challenge(self, command: str) -> bytes | None:
        """During AUTH: the text after `+ `, or None for +OK. A `+ ` is never success, whatever follows it."""
        line = self.stream.read_line(LINE_LIMIT_BYTES)
        if line.startswith(b"+OK"):
            return None
        if line == b"+" or line.startswith(b"+ "):
            return line[2:]
        raise self._refusal(command, line)

    def body(self, command: str, limit: int) -> bytes:
        """A multi-line answer without its first line and its final dot; dots are unstuffed, the last line has its CRLF."""
        first = self.stream.read_exactly(1)
        if first != b"+":
            raise self._refusal(command, first + self.stream.read_line(LINE_LIMIT_BYTES))
        status, _, octets = self.stream.read_to(_END, limit + LINE_LIMIT_BYTES).partition(b"\r\n")
        if not status.startswith(b"OK"):
            raise self._garbled(b"+" + status)
        if octets.startswith(b".."):
            octets = octets[1:]
        octets = octets.replace(b"\r\n..", b"\r\n.")
        return octets + b"\r\n" if octets else b""

    def listing(self, command: str) -> Sequence[tuple[int, str]]:
        """Lines of UIDL or LIST as (message number, rest); what does not fit is left out."""
        entries = []
        for line in self.body(command, LISTING_LIMIT_BYTES).split(b"\r\n"):
            number, _, rest = line.partition(b" ")
            if number.isdigit() and len(number) < 10 and rest.strip():
                entries.append((int(number), rest.strip().decode("utf-8", "surrogateescape")))
        return entries

    def ask_capabilities(self) -> None:
        """CAPA (RFC 2449); a server that does not know it has none."""
        self.capabilities = {}
        self.send("CAPA")
        try:
            lines = self.body("CAPA", LINE_LIMIT_BYTES * 4).split(b"\r\n")
        except CommandRefused:
            return
        for line in lines:
            name, _, arguments = _text(line).upper().partition(" ")
            if name:
                self.capabilities[name] = arguments

    def _refusal(self, command: str, line: bytes) -> Exception:
        if line.startswith(b"-ERR"):
            self.last_refusal = _text(line)
            return CommandRefused(command.partition(" ")[0], _text(line))
        return self._garbled(line)

    def _garbled(self, line: bytes) -> TemporaryFailure:
        self.stream.abandon()
        return TemporaryFailure(
            f"The server's answer is not POP3: {_text(line)[:120]!r}.",
            remedy="Something between us and the server may be changing the traffic; it is tried again later.",
        )


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()
