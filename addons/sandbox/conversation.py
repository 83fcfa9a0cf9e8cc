"""The server's side of one SMTP conversation (RFC 5321), with PIPELINING, SIZE, 8BITMIME and enhanced status codes.

Lines and mails are bounded; whatever a client says, the conversation ends in order.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from typing import BinaryIO, Protocol

from .characters import Character, HangsUp

LARGEST_MAIL_BYTES = 50 * 1024 * 1024
_LONGEST_LINE = 8192
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>\r\n]{0,512})>", re.IGNORECASE)
_EXTENSIONS = ("PIPELINING", f"SIZE {LARGEST_MAIL_BYTES}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")


class Town(Protocol):
    """Who decides about recipients and takes the mails."""

    def behaviour(self, sender: str, recipient: str) -> Character:
        """How this recipient behaves towards this sender now."""
        ...

    def take(self, sender: str, recipient: str, raw: bytes) -> None: ...


class _Ended(Exception):
    """The connection is over."""


class Conversation:
    """One connection, from the greeting to the end."""

    def __init__(self, connection: socket.socket, town: Town) -> None:
        self._town = town
        self._reader: BinaryIO = connection.makefile("rb")
        self._writer: BinaryIO = connection.makefile("wb")
        self._sender: str | None = None
        self._recipients: list[tuple[str, Character]] = []
        self._commands: Mapping[str, Callable[[str], None]] = {
            "EHLO": self._ehlo,
            "HELO": lambda argument: self._say("250 sandbox.example"),
            "MAIL": self._mail,
            "RCPT": self._recipient,
            "DATA": self._data,
            "RSET": self._reset,
            "NOOP": lambda argument: self._say("250 2.0.0 Ok"),
            "VRFY": lambda argument: self._say("252 2.0.0 Try it and see"),
            "QUIT": self._quit,
        }

    def run(self) -> None:
        """Talk until either side ends; never raises for what the client or the network does."""
        try:
            self._say("220 sandbox.example ESMTP")
            while True:
                word, _, argument = self._line().partition(" ")
                command = self._commands.get(word.upper())
                if command is None:
                    self._say("500 5.5.1 Command not known")
                else:
                    command(argument.strip())
        except (_Ended, OSError):
            pass
        finally:
            for stream in (self._reader, self._writer):
                try:
                    stream.close()
                except OSError:
                    continue

    def _ehlo(self, argument: str) -> None:
        lines = ["sandbox.example", *_EXTENSIONS]
        marks = ["-"] * (len(lines) - 1) + [" "]
        self._say("\r\n".join(f"250{mark}{line}" for mark, line in zip(marks, lines, strict=True)))

    def _mail(self, argument: str) -> None:
        found = _PATH.match(argument)
        if found is None:
            self._say("501 5.5.4 Syntax: MAIL FROM:<address>")
            return
        self._sender, self._recipients = found[1], []
        self._say("250 2.1.0 Ok")

    def _recipient(self, argument: str) -> None:
        found = _PATH.match(argument)
        if self._sender is None or found is None or not found[1]:
            self._say("503 5.5.1 MAIL first" if self._sender is None else "501 5.5.4 Syntax: RCPT TO:<address>")
            return
        character = self._town.behaviour(self._sender, found[1])
        if character.hangs_up is HangsUp.AT_RECIPIENT:
            raise _Ended
        if character.refusal:
            self._say(character.refusal)
            if character.closes:
                raise _Ended
            return
        self._recipients.append((found[1], character))
        self._say("250 2.1.5 Ok")

    def _data(self, argument: str) -> None:
        if self._sender is None or not self._recipients:
            self._say("503 5.5.1 RCPT first")
            return
        self._say("354 End with a line that holds only a full stop")
        raw = self._body()
        sender, recipients = self._sender, self._recipients
        self._sender, self._recipients = None, []
        if raw is None:
            self._say("552 5.3.4 The message is too big")
            return
        if any(character.hangs_up is HangsUp.AFTER_BODY for _, character in recipients):
            raise _Ended
        for recipient, _ in recipients:
            self._town.take(sender, recipient, raw)
        self._say("250 2.0.0 Ok: taken")

    def _body(self) -> bytes | None:
        """The mail without its dots (RFC 5321 §4.5.2); None when it is too big."""
        lines: list[bytes] = []
        octets = 0
        while True:
            line = self._reader.readline(_LONGEST_LINE)
            if not line:
                raise _Ended
            if line in (b".\r\n", b".\n"):
                return b"".join(lines) if octets <= LARGEST_MAIL_BYTES else None
            octets += len(line)
            if octets <= LARGEST_MAIL_BYTES:
                lines.append(line[1:] if line.startswith(b".") else line)

    def _reset(self, argument: str) -> None:
        self._sender, self._recipients = None, []
        self._say("250 2.0.0 Ok")

    def _quit(self, argument: str) -> None:
        self._say("221 2.0.0 Bye")
        raise _Ended

    def _line(self) -> str:
        line = self._reader.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise _Ended
        return line.decode("utf-8", "replace").rstrip("\r\n")

    def _say(self, reply: str) -> None:
        self._writer.write(reply.encode() + b"\r\n")
        self._writer.flush()
