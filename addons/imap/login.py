"""Greeting, STARTTLS, the choice of a mechanism and the login (RFC 3501 §6.2, RFC 4959 SASL-IR, RFC 4616, RFC 2195, RFC 7628)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mailloom.api import Account, Authentication, Security, sasl
from mailloom.api.network import place_of
from mailloom.api.network_stream import OctetStream
from mailloom.errors import ConfigurationError

from .conversation import CommandRefused, Conversation, String
from .faults import error_of, login_error
from .responses import Condition, StatusText
from .settings import PORTS

AccessToken = Callable[[Account[Any]], str]
"""Gives an OAuth 2 bearer token in place of the registered sources; raises AuthenticationFailed when the account must be connected again."""

Answer = Callable[[bytes], bytes]
"""SASL: the client's answer to a challenge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """A way to log in: SASL with `answer`, or the LOGIN command when `answer` is None. `initial` may ride with the command."""

    name: str
    answer: Answer | None = None
    initial: bool = True


def greet(stream: OctetStream) -> tuple[Conversation, StatusText]:
    conversation = Conversation(stream)
    greeting = conversation.greet()
    if not conversation.capabilities:
        conversation.run("CAPABILITY")
    return conversation, greeting


def ask_for_tls(conversation: Conversation) -> None:
    """Agree on STARTTLS; required once chosen, never "if offered". What was said before is forgotten by the caller (RFC 3501 §6.2.1)."""
    if not conversation.has("STARTTLS"):
        raise ConfigurationError(
            "The server does not offer STARTTLS.",
            remedy="Use TLS on port 993; if the server should offer it, something in between may be removing the offer.",
        )
    try:
        conversation.run("STARTTLS")
    except CommandRefused as refused:
        raise error_of("start TLS", refused.status) from refused


def prepare(stream: OctetStream, account: Account[Any]) -> tuple[Conversation, StatusText]:
    """Greeted and, where chosen, encrypted by STARTTLS; not logged in yet."""
    conversation, greeting = greet(stream)
    if account.settings.security is Security.STARTTLS:
        ask_for_tls(conversation)
        stream.start_tls(account.settings)
        conversation = Conversation(stream)
        conversation.run("CAPABILITY")
    return conversation, greeting


def choose_mechanism(conversation: Conversation, account: Account[Any], access_token: AccessToken | None) -> Mechanism:
    """The best that the server offers for the account's way to log in; ConfigurationError when there is none."""
    offers = [mechanism for mechanism in _wanted(account, access_token) if _offered(conversation, mechanism)]
    if account.settings.security is Security.NONE:
        # Without encryption the one that does not show the password goes first.
        offers.sort(key=lambda mechanism: mechanism.name != "CRAM-MD5")
    if not offers:
        ways = ", ".join(sorted(name for name in conversation.capabilities if name.startswith("AUTH="))) or "none"
        hint = " It wants encryption first." if conversation.has("LOGINDISABLED") else ""
        raise ConfigurationError(
            f"The server offers no way to log in that fits the account (it offers: {ways}).{hint}",
            remedy="Choose TLS or STARTTLS." if hint else "Choose another kind of authentication for this account.",
        )
    return offers[0]


def _offered(conversation: Conversation, mechanism: Mechanism) -> bool:
    if mechanism.answer is None:
        return not conversation.has("LOGINDISABLED")
    return conversation.has(f"AUTH={mechanism.name}")


def _wanted(account: Account[Any], access_token: AccessToken | None) -> list[Mechanism]:
    settings = account.settings
    user = settings.user.encode()
    if settings.authentication is Authentication.CERTIFICATE:
        return [Mechanism(name="EXTERNAL", answer=lambda _: user)]
    if settings.authentication is Authentication.OAUTH2:
        token = (access_token or sasl.access_token)(account)
        place = place_of(settings, PORTS)
        ways = sasl.XOAuth2(settings.user, token), sasl.OAuthBearer(settings.user, token, place.host, place.port)
        # A challenge after the token carries the reason of a refusal, and wants an answer before the refusal comes (RFC 7628 §3.2.3).
        return [Mechanism(name=way.name, answer=_once(way.initial() or b"", way.answer(b""))) for way in ways]
    password = _password(account)
    return [
        Mechanism(name="PLAIN", answer=lambda _: b"\0%s\0%s" % (user, password)),
        Mechanism(name="LOGIN command"),
        Mechanism(name="CRAM-MD5", answer=lambda challenge: _digest(user, password, challenge), initial=False),
    ]


def _once(first: bytes, afterwards: bytes) -> Answer:
    answers = iter([first])
    return lambda _: next(answers, afterwards)


def _digest(user: bytes, password: bytes, challenge: bytes) -> bytes:
    return user + b" " + hmac.new(password, challenge, hashlib.md5).hexdigest().encode()


def _password(account: Account[Any]) -> bytes:
    secret = account.settings.password
    password = secret.get_secret_value().encode() if secret is not None else b""
    if not account.settings.user or not password:
        raise ConfigurationError("The account has no user name or password.", remedy="Set both.")
    if b"\0" in password:
        raise ConfigurationError("The password contains a NUL character.", remedy="Correct it.")
    return password


def log_in(conversation: Conversation, account: Account[Any], mechanism: Mechanism) -> None:
    """Raises AuthenticationFailed when the server says no; the capabilities after login are known then."""
    conversation.capabilities, before = frozenset(), conversation.capabilities
    try:
        if mechanism.answer is None:
            conversation.capabilities = before
            conversation.run("LOGIN", String(account.settings.user.encode()), String(_password(account)))
            if conversation.capabilities == before:
                conversation.capabilities = frozenset()
        else:
            _authenticate(conversation, mechanism, mechanism.answer, at_once="SASL-IR" in before)
    except CommandRefused as refused:
        raise login_error(refused.status) from refused
    if not conversation.capabilities:
        conversation.run("CAPABILITY")


def _authenticate(conversation: Conversation, mechanism: Mechanism, answer: Answer, *, at_once: bool) -> None:
    words = [mechanism.name.encode()]
    if at_once and mechanism.initial:
        words.append(base64.b64encode(answer(b"")) or b"=")
    tag = conversation.send("AUTHENTICATE", *words)
    for _ in range(5):
        challenge = conversation.continuation_or_end(tag)
        if challenge is None:
            return
        try:
            decoded = base64.b64decode(challenge)
        except ValueError:
            decoded = b""
        conversation.stream.send(base64.b64encode(answer(decoded)) + b"\r\n")
    raise ConfigurationError(
        f"The server asks without end during {mechanism.name}.", remedy="Choose another kind of authentication."
    )


def enter(stream: OctetStream, account: Account[Any], access_token: AccessToken | None) -> Conversation:
    """From a fresh connection to a logged-in one."""
    conversation, greeting = prepare(stream, account)
    if account.settings.authentication is not Authentication.NONE:
        log_in(conversation, account, choose_mechanism(conversation, account, access_token))
    elif greeting.condition is not Condition.PREAUTH:
        raise ConfigurationError("The server wants a login.", remedy="Choose password authentication for this account.")
    introduce(conversation)
    return conversation


def introduce(conversation: Conversation) -> None:
    """Say who we are where the server wants to know (RFC 2971); a few refuse to open folders to strangers."""
    if conversation.has("ID"):
        try:
            conversation.run("ID", b'("name" "mailloom")')
        except CommandRefused:
            return
