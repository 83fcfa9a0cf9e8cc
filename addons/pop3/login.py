"""Greeting, STLS, the choice of a mechanism and the login (RFC 1939 §7, RFC 2595 §4, RFC 5034 AUTH)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mailloom.api import Account, Authentication, Security, sasl
from mailloom.api.network import place_of
from mailloom.api.network_stream import OctetStream
from mailloom.errors import ConfigurationError

from .conversation import CommandRefused, Conversation
from .faults import error_of, login_error
from .settings import PORTS

AccessToken = Callable[[Account[Any]], str]
"""Gives an OAuth 2 bearer token in place of the registered sources; raises AuthenticationFailed when the account must be connected again."""

_TIMESTAMP = re.compile(r"<[^<>\s]{1,200}@[^<>\s]{1,200}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    name: str
    run: Callable[[Conversation], None]
    """Raises CommandRefused when the server says no."""


def prepare(stream: OctetStream, account: Account[Any]) -> tuple[Conversation, str]:
    """Greeted and, where chosen, encrypted by STLS; the greeting's words with it."""
    conversation, greeting = greet(stream)
    if account.settings.security is Security.STARTTLS:
        ask_for_tls(conversation)
        stream.start_tls(account.settings)
        conversation = Conversation(stream)
        conversation.ask_capabilities()
    return conversation, greeting


def greet(stream: OctetStream) -> tuple[Conversation, str]:
    conversation = Conversation(stream)
    greeting = conversation.greet()
    conversation.ask_capabilities()
    return conversation, greeting


def ask_for_tls(conversation: Conversation) -> None:
    """Agree on STLS; required once chosen, never "if offered"."""
    if not conversation.has("STLS"):
        raise ConfigurationError(
            "The server does not offer STARTTLS (STLS).",
            remedy="Use TLS on port 995; if the server should offer it, something in between may be removing the offer.",
        )
    try:
        conversation.run("STLS")
    except CommandRefused as refused:
        raise error_of("start TLS", refused.words) from refused


def choose_mechanism(
    conversation: Conversation, greeting: str, account: Account[Any], access_token: AccessToken | None
) -> Mechanism:
    """The best that the server offers for the account's way to log in; ConfigurationError when there is none."""
    settings = account.settings
    offers = conversation.capabilities.get("SASL", "").split()
    user = settings.user.encode()
    if settings.authentication is Authentication.CERTIFICATE:
        return _sasl("EXTERNAL", user)
    if settings.authentication is Authentication.OAUTH2:
        token = (access_token or sasl.access_token)(account)
        place = place_of(settings, PORTS)
        ways = sasl.XOAuth2(settings.user, token), sasl.OAuthBearer(settings.user, token, place.host, place.port)
        # Two big providers take XOAUTH2 without saying that they do.
        way = ways["OAUTHBEARER" in offers and "XOAUTH2" not in offers]
        return _sasl(way.name, way.initial() or b"", way.answer(b""))
    if settings.authentication is Authentication.NONE:
        raise ConfigurationError("POP3 always wants a login.", remedy="Choose password authentication.")
    password = _password(account)
    timestamp = _TIMESTAMP.search(greeting)
    if settings.security is Security.NONE and timestamp is not None:
        # Without encryption the one that does not show the password goes first.
        return Mechanism(name="APOP", run=lambda talk: _apop(talk, settings.user, timestamp[0], password))
    if "PLAIN" in offers:
        return _sasl("PLAIN", b"\0%s\0%s" % (user, password.encode()))
    return Mechanism(name="USER and PASS", run=lambda talk: _user_and_pass(talk, settings.user, password))


def _password(account: Account[Any]) -> str:
    secret = account.settings.password
    password: str = secret.get_secret_value() if secret is not None else ""
    if not account.settings.user or not password:
        raise ConfigurationError("The account has no user name or password.", remedy="Set both.")
    if "\0" in password:
        raise ConfigurationError("The password contains a NUL character.", remedy="Correct it.")
    return password


def _user_and_pass(conversation: Conversation, user: str, password: str) -> None:
    conversation.run(f"USER {user}")
    conversation.run(f"PASS {password}")


def _apop(conversation: Conversation, user: str, timestamp: str, password: str) -> None:
    digest = hashlib.md5((timestamp + password).encode(), usedforsecurity=False).hexdigest()
    conversation.run(f"APOP {user} {digest}")


def _sasl(name: str, answer: bytes, afterwards: bytes = b"") -> Mechanism:
    return Mechanism(name=name, run=lambda conversation: _authenticate(conversation, name, answer, afterwards))


def _authenticate(conversation: Conversation, name: str, answer: bytes, afterwards: bytes) -> None:
    """The answer goes on a line of its own: some servers limit the command line, and two big providers want it so."""
    conversation.send(f"AUTH {name}")
    command = f"AUTH {name}"
    if conversation.answer_or_challenge(command) is None:
        return
    conversation.stream.send(base64.b64encode(answer) + b"\r\n")
    # A refused bearer token is explained in a challenge first, which wants an answer before the -ERR comes (RFC 7628 §3.2.3).
    for _ in range(3):
        if conversation.answer_or_challenge(command) is None:
            return
        conversation.stream.send(base64.b64encode(afterwards) + b"\r\n")
    raise ConfigurationError(
        f"The server asks without end during {name}.", remedy="Choose another kind of authentication."
    )


def log_in(conversation: Conversation, mechanism: Mechanism) -> None:
    """Raises AuthenticationFailed when the server says no; the capabilities after login are known then."""
    try:
        mechanism.run(conversation)
    except CommandRefused as refused:
        raise login_error(refused.words) from refused
    conversation.ask_capabilities()


def enter(stream: OctetStream, account: Account[Any], access_token: AccessToken | None) -> Conversation:
    """From a fresh connection to a logged-in one."""
    conversation, greeting = prepare(stream, account)
    log_in(conversation, choose_mechanism(conversation, greeting, account, access_token))
    return conversation
