"""Commands and answers on one IMAP connection (RFC 3501 §2.2, §7), over a stream with deadlines.

Rules it keeps. Answers are matched by tag, also when commands overlap. Untagged responses that nobody asked for are noted (news of mail,
capabilities) or passed over. Lines, literals and the sum of what one command may bring are bounded, because deadlines alone do not stop a server
that sends for ever. After a fault of the connection nothing more is sent on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from mailloom.api.network_stream import OctetStream
from mailloom.errors import PermanentFailure, TemporaryFailure

from .responses import Condition, Response, StatusText, literal_size, read_status
from .words import quotable, quoted

LINE_LIMIT_BYTES = 64 * 1024
LONG_LINE_LIMIT_BYTES = 32 * 1024 * 1024
"""Of a SEARCH answer: three million messages in one line."""
CHATTER_BYTES = 1024 * 1024
"""What one command may bring besides what was asked for."""


@dataclass(frozen=True, slots=True)
class String:
    """An argument that must be quoted or sent as a literal."""

    octets: bytes


Word = bytes | String


class CommandRefused(PermanentFailure):
    """The server answered NO or BAD; the connection goes on."""

    def __init__(self, command: str, status: StatusText) -> None:
        super().__init__(f"The server refused {command}: {status.line}")
        self.status = status


class Conversation:
    """One connection after its greeting. Not shared between threads."""

    def __init__(self, stream: OctetStream) -> None:
        self.stream = stream
        self.capabilities: frozenset[str] = frozenset()
        self.exists = 0
        """Messages in the selected folder, as last heard."""
        self.news = False
        """More messages than before were announced since the flag was last cleared."""
        self.closing = False
        self.last_refusal = ""
        """The server's words when it last said NO or BAD."""
        self._numbers = itertools.count(1)
        self._names: dict[bytes, str] = {}
        self._settled: dict[bytes, StatusText] = {}

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    def greet(self) -> StatusText:
        """Read the greeting (RFC 3501 §7.1); PermanentFailure when it is not IMAP's."""
        line = self.stream.read_line(LINE_LIMIT_BYTES)
        status = read_status(line[2:]) if line.startswith(b"* ") else None
        if status is None:
            shown = line[:200].decode("utf-8", "replace")
            raise PermanentFailure(
                f"This is no IMAP server; it greets with {shown!r}.",
                remedy="Check the port: 993 with TLS or 143 with STARTTLS are usual for IMAP.",
            )
        if status.condition is Condition.BYE:
            raise TemporaryFailure(f"The server turns us away: {status.line}", remedy="It is tried again later.")
        self._note_status(status)
        return status

    def send(self, command: str, *words: Word) -> bytes:
        """Write a command; returns its tag. Waits only where a literal needs the server's leave (RFC 3501 §4.3, RFC 7888)."""
        tag = b"M%d" % next(self._numbers)
        self._names[tag] = command
        line = bytearray(tag + b" " + command.encode("ascii"))
        for word in words:
            line += b" "
            if isinstance(word, bytes):
                line += word
            elif quotable(word.octets):
                line += quoted(word.octets)
            elif self.has("LITERAL+"):
                line += b"{%d+}\r\n" % len(word.octets) + word.octets
            else:
                self.stream.send(bytes(line) + b"{%d}\r\n" % len(word.octets))
                self.await_continuation(tag)
                line = bytearray(word.octets)
        self.stream.send(bytes(line) + b"\r\n")
        return tag

    def await_continuation(self, tag: bytes) -> bytes:
        """The text of the server's `+`; CommandRefused when it answers the command instead."""
        text = self.continuation_or_end(tag)
        if text is None:
            raise self._garbled(b"OK before the command was complete")
        return text

    def continuation_or_end(self, tag: bytes) -> bytes | None:
        """The text of the server's `+`, or None when the command `tag` ended well instead; CommandRefused when it ended badly."""
        for _ in range(1000):
            response = self.read(LINE_LIMIT_BYTES, CHATTER_BYTES)
            if response.tag == b"+":
                return response.text
            if response.tag == tag:
                self._settled[tag] = self._status(response)
                self._end(tag)
                return None
            self.note(response)
        raise self._ended("The server sends much, but not the answer.")

    def _end(self, tag: bytes) -> None:
        status, name = self._settled.pop(tag), self._names.pop(tag)
        self._note_status(status)
        if status.condition is not Condition.OK:
            self.last_refusal = status.line
            raise CommandRefused(name, status)

    def run(self, command: str, *words: Word, line_limit: int = LINE_LIMIT_BYTES) -> list[Response]:
        """Send and wait; the untagged responses. CommandRefused on NO and BAD."""
        return list(self.answers(self.send(command, *words), line_limit=line_limit, budget=line_limit + CHATTER_BYTES))

    def answers(
        self, tag: bytes, *, budget: int = CHATTER_BYTES, line_limit: int = LINE_LIMIT_BYTES
    ) -> Iterator[Response]:
        """Untagged responses until the command `tag` is settled; at most `budget` octets."""
        while tag not in self._settled:
            response = self.read(line_limit, budget)
            if budget < 0:
                raise self._ended("The server sends much that nobody asked for.")
            budget -= sum(map(len, response.pieces)) + 8
            if response.tag in self._names:
                self._settled[response.tag] = self._status(response)
            elif response.tag == b"*":
                self.note(response)
                yield response
            else:
                raise self._garbled(response.tag + b" " + response.text)
        self._end(tag)

    def read(self, line_limit: int, budget: int) -> Response:
        """The next response whatever it is, not yet noted."""
        line = self.stream.read_line(line_limit)
        tag, space, first = line.partition(b" ")
        if tag == b"+":
            return Response(tag=tag, pieces=(first,))
        if not space or len(tag) > 16:
            raise self._garbled(line)
        size = literal_size(first)
        if size is None:
            return Response(tag=tag, pieces=(first,))
        pieces, left = [first], budget
        while size is not None:
            left -= size + len(pieces[-1])
            if left < 0 or len(pieces) > 2000:
                raise self._ended(f"The server sends more than was asked for: {size} octets at once.")
            pieces.append(self.stream.read_exactly(size))
            pieces.append(self.stream.read_line(line_limit))
            size = literal_size(pieces[-1])
        return Response(tag=tag, pieces=tuple(pieces))

    def note(self, response: Response) -> None:
        """Remember what an untagged response tells besides the answer."""
        name = response.name
        if name == b"FETCH":
            return
        if name == b"EXISTS" and response.number is not None:
            self.news = self.news or response.number > self.exists
            self.exists = response.number
        elif name == b"EXPUNGE":
            self.exists = max(0, self.exists - 1)
        elif name == b"CAPABILITY":
            self._note_capabilities(response.text.decode("ascii", "replace").partition(" ")[2])
        elif name in (b"OK", b"BYE", b"PREAUTH") and (status := read_status(response.text)) is not None:
            self._note_status(status)
            if status.condition is Condition.BYE and not self.closing:
                raise self._ended(f"The server ended the connection: {status.words or 'BYE'}")

    def _note_status(self, status: StatusText) -> None:
        if status.code == "CAPABILITY":
            self._note_capabilities(status.argument)

    def _note_capabilities(self, text: str) -> None:
        self.capabilities = frozenset(text.upper().split())

    def _status(self, response: Response) -> StatusText:
        status = read_status(response.text)
        if status is None or status.condition in (Condition.BYE, Condition.PREAUTH):
            raise self._garbled(response.text)
        return status

    def _garbled(self, line: bytes) -> TemporaryFailure:
        self.stream.abandon()
        shown = line[:120].decode("utf-8", "replace")
        return TemporaryFailure(
            f"The server's answer is not IMAP: {shown!r}.",
            remedy="Something between us and the server may be changing the traffic; it is tried again later.",
        )

    def _ended(self, sentence: str) -> TemporaryFailure:
        self.stream.abandon()
        return TemporaryFailure(sentence, remedy="It is tried again later.")
