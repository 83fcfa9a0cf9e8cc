"""One connection of the scripted SMTP server: commands in, scripted or usual replies out."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailloom.testing.smtp_script import NORMAL, AcceptedMail, Action, Drip, Drop, Raw, Say, Silence, Stage

if TYPE_CHECKING:
    from mailloom.testing.smtp_server import FakeSmtpServer


@dataclass(slots=True)
class _Envelope:
    sender: str | None = None
    mail_parameters: tuple[str, ...] = ()
    recipients: list[str] = field(default_factory=list)
    recipient_parameters: list[tuple[str, ...]] = field(default_factory=list)


class Ended(Exception):
    """This connection is over."""


class Dialogue:
    """One connection."""

    def __init__(self, server: FakeSmtpServer, connected: socket.socket, number: int) -> None:
        self._server = server
        self._socket = connected
        self._number = number
        self._buffer = b""
        self._encrypted = False
        self._user = ""
        self._envelope = _Envelope()
        self._mails = 0
        self._stages = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
            "QUIT": self._quit,
        }

    def run(self) -> None:
        if self._server.implicit_tls:
            self._wrap()
        if not self._act(Stage.CONNECT, "220 fake.example.test ESMTP"):
            raise Ended
        while True:
            line = self._line().decode("utf-8", "surrogateescape")
            self._server.heard(line)
            verb = line.split(" ", 1)[0].upper()
            self._stages.get(verb, self._unknown)(line)

    def close(self) -> None:
        self._server.forget(self._socket)
        self._socket.close()

    # --- bytes

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise Ended
        self._buffer += data

    def _wrap(self) -> None:
        plain = self._socket
        self._socket = self._server.tls_context().wrap_socket(plain, server_side=True)
        self._server.keep(self._socket)
        self._server.forget(plain)
        self._encrypted = True
        self._buffer = b""

    # --- the script

    def _act(self, stage: Stage, usual: str, recipient: str = "") -> bool:
        """Do what the script says, or say the usual; True when the stage succeeded."""
        success = False
        for action in self._server.next_action(stage, recipient) or (Say(usual),):
            success = self._do(action if action != NORMAL else Say(usual))
        return success

    def _do(self, action: Action) -> bool:
        if isinstance(action, Say):
            if action.delay:
                self._server.pause(action.delay)
            self._socket.sendall((action.text.replace("\n", action.line_end) + action.line_end).encode("utf-8"))
            return action.text[:1] in ("2", "3")
        if isinstance(action, Raw):
            self._socket.sendall(action.data)
        elif isinstance(action, Drip):
            for position in range(len(action.data)):
                self._socket.sendall(action.data[position : position + 1])
                if self._server.pause(action.seconds):
                    raise Ended
        elif isinstance(action, Silence):
            self._server.pause(60)
            raise Ended
        elif isinstance(action, Drop):
            if action.reset:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raise Ended
        return False

    # --- commands

    def _ehlo(self, line: str) -> None:
        offered = [*self._server.extensions]
        if self._server.certificate is not None and not self._encrypted:
            offered.append("STARTTLS")
        if self._server.users or self._server.tokens:
            offered.append("AUTH " + " ".join(self._server.mechanisms))
        lines = ["fake.example.test", *offered]
        self._act(Stage.EHLO, "\n".join(f"250-{text}" for text in lines[:-1]) + f"\n250 {lines[-1]}")
        self._envelope = _Envelope()

    def _helo(self, line: str) -> None:
        self._act(Stage.HELO, "250 fake.example.test")

    def _starttls(self, line: str) -> None:
        if self._server.certificate is None or self._encrypted:
            self._do(Say("502 5.5.1 no TLS here"))
        elif self._act(Stage.STARTTLS, "220 2.0.0 go ahead"):
            self._wrap()

    def _auth(self, line: str) -> None:
        actions = self._server.next_action(Stage.AUTH)
        if actions:
            for action in actions:
                self._do(action)
            return
        words = line.split(" ")
        mechanism = words[1].upper() if len(words) > 1 else ""
        try:
            user = self._login(mechanism, words[2] if len(words) > 2 else None)
        except (ValueError, binascii.Error):
            self._do(Say("501 5.5.2 cannot read that"))
            return
        if user is None:
            self._do(Say("535 5.7.8 authentication failed"))
        else:
            self._user = user
            self._do(Say("235 2.7.0 welcome"))

    def _login(self, mechanism: str, first: str | None) -> str | None:
        """The user who proved to be one; None for a wrong proof."""
        if mechanism == "PLAIN":
            _, user, password = (self._words(first) if first else self._ask(b"")).split("\0")
            return user if self._server.users.get(user) == password else None
        if mechanism == "LOGIN":
            user = self._words(first) if first else self._ask(b"Username:")
            return user if self._ask(b"Password:") == self._server.users.get(user) else None
        if mechanism == "CRAM-MD5":
            challenge = f"<{secrets.token_hex(8)}@fake.example.test>".encode()
            user, _, digest = self._ask(challenge).rpartition(" ")
            wanted = hmac.new(self._server.users.get(user, "").encode(), challenge, "md5").hexdigest()
            return user if user in self._server.users and digest == wanted else None
        if mechanism in ("XOAUTH2", "OAUTHBEARER"):
            return self._bearer(self._words(first) if first else self._ask(b""))
        if mechanism == "EXTERNAL":
            return "certificate"
        return None

    def _bearer(self, words: str) -> str | None:
        for user, token in self._server.tokens.items():
            if user in words and f"auth=Bearer {token}\1" in words:
                return user
        self._ask(b'{"status":"400","schemes":"Bearer"}')
        return None

    def _ask(self, challenge: bytes) -> str:
        self._do(Say("334 " + base64.b64encode(challenge).decode("ascii")))
        return self._words(self._line().decode("ascii"))

    def _words(self, encoded: str) -> str:
        return "" if encoded == "=" else base64.b64decode(encoded, validate=True).decode("utf-8")

    def _mail(self, line: str) -> None:
        limit = self._server.mails_per_connection
        if limit is not None and self._mails >= limit:
            self._do(Say("421 4.7.0 too many messages on this connection"))
            raise Ended
        if self._envelope.sender is not None:
            self._do(Say("503 5.5.1 nested MAIL"))
            return
        if self._act(Stage.MAIL, "250 2.1.0 Ok"):
            self._envelope = _Envelope()
            self._envelope.sender, self._envelope.mail_parameters = _path(line)

    def _rcpt(self, line: str) -> None:
        address, parameters = _path(line)
        if self._envelope.sender is None:
            self._do(Say("503 5.5.1 need MAIL first"))
        elif self._act(Stage.RCPT, "250 2.1.5 Ok", address):
            self._envelope.recipients.append(address)
            self._envelope.recipient_parameters.append(parameters)

    def _data(self, line: str) -> None:
        usual = "354 go on" if self._envelope.recipients else "554 5.5.1 no valid recipients"
        if self._act(Stage.DATA, usual):
            self._body()

    def _body(self) -> None:
        while not (self._buffer.startswith(b".\r\n") or b"\r\n.\r\n" in self._buffer):
            self._receive()
        if self._buffer.startswith(b".\r\n"):
            data, self._buffer = b"", self._buffer[3:]
        else:
            data, _, self._buffer = self._buffer.partition(b"\r\n.\r\n")
            data += b"\r\n"
        envelope, self._envelope = self._envelope, _Envelope()
        self._mails += 1
        usual = Say(f"250 2.0.0 Ok: queued as FAKE{len(self._server.mails) + 1}")
        actions = self._server.next_action(Stage.BODY) or (usual,)
        said = [action.text for action in actions if isinstance(action, Say)]
        # Kept before the answer, as a good server does; so a client that has the answer finds the mail.
        if said and said[0].startswith("2"):
            self._keep(envelope, data)
        for action in actions:
            self._do(usual if action == NORMAL else action)

    def _keep(self, envelope: _Envelope, data: bytes) -> None:
        self._server.accepted(
            AcceptedMail(
                sender=envelope.sender or "",
                recipients=tuple(envelope.recipients),
                data=_unstuffed(data),
                mail_parameters=envelope.mail_parameters,
                recipient_parameters=tuple(envelope.recipient_parameters),
                user=self._user,
                connection=self._number,
            )
        )

    def _rset(self, line: str) -> None:
        if self._act(Stage.RSET, "250 2.0.0 Ok"):
            self._envelope = _Envelope()

    def _noop(self, line: str) -> None:
        self._act(Stage.NOOP, "250 2.0.0 Ok")

    def _quit(self, line: str) -> None:
        self._act(Stage.QUIT, "221 2.0.0 bye")
        raise Ended

    def _unknown(self, line: str) -> None:
        self._do(Say("500 5.5.2 what?"))


def _path(line: str) -> tuple[str, tuple[str, ...]]:
    """The address between the angle brackets, and the parameters behind them."""
    _, _, rest = line.partition("<")
    address, _, parameters = rest.rpartition(">")
    return address, tuple(parameters.split())


def _unstuffed(data: bytes) -> bytes:
    data = data.replace(b"\r\n..", b"\r\n.")
    return data[1:] if data.startswith(b"..") else data
