"""The steps of "Test connection" for SMTP: network, greeting, what is offered, login, and a sender and recipient tried without a mail.

The last step matters: some servers accept a login and refuse the sender, and a NOOP would not show it. It names the account's own address as
recipient and ends with RSET, so nothing is sent.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TypeVar

from mailloom.api import Account, FailureClass, Security, Step
from mailloom.api.network import connect, place_of, resolve
from mailloom.api.network_probe import Connected, probe_connection, probe_tls, timed
from mailloom.api.sasl import Mechanism, mechanisms_for
from mailloom.errors import ConfigurationError, MailloomError

from .conversation import Conversation
from .envelope import Unsendable, checked_path
from .explanations import explain
from .extensions import Extensions
from .faults import refusal
from .opening import ask_for_tls, choose_mechanisms, greet, log_in, say_hello
from .replies import Answer, text_of
from .settings import PORTS, SmtpSettings

T = TypeVar("T")


def probe(account: Account[SmtpSettings]) -> Iterator[Step]:
    """Each step when it is done; ends after the first that failed."""
    connected = yield from probe_connection(account.settings, PORTS)
    if connected is None:
        return
    test = _Test(account, connected)
    try:
        yield from test.steps()
    finally:
        test.close()


class _Test:
    """A test under way."""

    def __init__(self, account: Account[SmtpSettings], connected: Connected) -> None:
        self._account = account
        self._settings = account.settings
        self._place = place_of(account.settings, PORTS)
        self._conversation = Conversation(connected)

    def steps(self) -> Iterator[Step]:
        if (yield from self._step("greeting", lambda: greet(self._conversation, self._place), _said)) is None:
            return
        extensions = yield from self._step("capabilities", self._hello, _listed)
        if extensions is None:
            return
        if self._settings.security is Security.STARTTLS:
            extensions = yield from self._encrypted(extensions)
            if extensions is None:
                return
        mechanisms = yield from self._step(
            "mechanisms", lambda: self._chosen(extensions), lambda chosen: _named(chosen, extensions)
        )
        if mechanisms is None:
            return
        if mechanisms:
            found = yield from self._step(
                "login",
                lambda: log_in(self._conversation, extensions, mechanisms, self._place) or mechanisms[0],
                lambda mechanism: f"{self._settings.user or 'by certificate'} by {mechanism.name}",
            )
            if found is None:
                return
        yield from self._step("sender and recipient", lambda: self._try_envelope(extensions), str)

    def close(self) -> None:
        with contextlib.suppress(OSError, MailloomError):
            self._conversation.sock.settimeout(2)
            self._conversation.command(b"QUIT")
        with contextlib.suppress(OSError):
            self._conversation.close()

    def _step(self, name: str, action: Callable[[], T], detail: Callable[[T], str]) -> Generator[Step, None, T | None]:
        """A step with the server's last words when it failed."""
        before = self._conversation.last
        done = timed(name, action, detail)
        last = self._conversation.last
        step = done.step
        if not step.passed and last is not None and last is not before:
            step = replace(step, words=text_of(last.raw))
        yield step
        return done.found

    def _hello(self) -> Extensions:
        return say_hello(self._conversation, self._settings, self._place)

    def _encrypted(self, extensions: Extensions) -> Generator[Step, None, Extensions | None]:
        asked = yield from self._step(
            "STARTTLS", lambda: ask_for_tls(self._conversation, extensions, self._place), _said
        )
        if asked is None:
            return None
        wrapped = yield from probe_tls(self._conversation.sock, self._settings, self._place, self._second_connection)
        if wrapped is None:
            return None
        self._conversation = Conversation(wrapped)
        return (yield from self._step("capabilities", self._hello, _listed))

    def _second_connection(self) -> socket.socket:
        """Another connection, up to the handshake, to read a refused certificate."""
        conversation = Conversation(connect(resolve(self._place), self._place, self._settings.timeout_seconds))
        greet(conversation, self._place)
        extensions = say_hello(conversation, self._settings, self._place)
        ask_for_tls(conversation, extensions, self._place)
        return conversation.sock

    def _chosen(self, extensions: Extensions) -> list[Mechanism]:
        mechanisms = mechanisms_for(self._account, self._place.port)
        return list(choose_mechanisms(extensions, mechanisms, self._place))

    def _try_envelope(self, extensions: Extensions) -> str:
        address = self._own_address()
        if not address:
            return "not tried: the account names no address of its own; set default_from"
        try:
            path = checked_path(address, extensions)
        except Unsendable as fault:
            raise ConfigurationError(str(fault), remedy="Set default_from to the account's own address.") from fault
        sender = self._conversation.command(b"MAIL FROM:<" + path + b">")
        if not sender.accepted:
            raise refusal(sender, self._place, f"for the sender {address}")
        recipient = self._conversation.command(b"RCPT TO:<" + path + b">")
        self._conversation.command(b"RSET")
        if recipient.accepted:
            return f"{address} may send and receive ({_said(recipient)})"
        if _speaks_of_the_mailbox(recipient):
            return f"{address} may send; it takes no mail itself just now ({_said(recipient)})"
        self._conversation.last = recipient
        raise refusal(recipient, self._place, f"for the recipient {address}")

    def _own_address(self) -> str:
        """The address to test with: envelope sender, default From, or a user name that is an address; '' for none."""
        settings = self._settings
        candidates = (settings.envelope_sender, settings.default_from.rpartition("<")[2].rstrip("> "), settings.user)
        for candidate in candidates:
            if "@" in candidate:
                return candidate
        return ""


def _said(answer: Answer) -> str:
    return text_of(answer.raw).replace("\n", " / ")


def _listed(extensions: Extensions) -> str:
    size = f"; largest message {extensions.size / 1_000_000:.1f} MB" if extensions.size else ""
    return (", ".join(extensions.names) or "none") + size


def _named(mechanisms: list[Mechanism], extensions: Extensions) -> str:
    offered = ", ".join(extensions.mechanisms) or "none"
    return f"{mechanisms[0].name if mechanisms else 'no login'}; offered: {offered}"


def _speaks_of_the_mailbox(refused: Answer) -> bool:
    """The server relays for us, and only this mailbox is unknown, full or made to wait: no reason not to send."""
    explanation = explain(text_of(refused.raw))
    return explanation is not None and explanation.failure in (FailureClass.HARD, FailureClass.TEMPORARY)
