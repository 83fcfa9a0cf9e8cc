"""From a fresh connection to one that takes mail: greeting, EHLO, STARTTLS, login. Each step is a function, so that a test can show them.

Rules: STARTTLS once chosen is required; what the server said before the handshake counts for nothing after it (RFC 3207 §4.2), and words
that came with the reply to STARTTLS end the connection (CVE-2011-0411). One mechanism is tried, the next only when the server says that it
does not know the first (RFC 4954 code 504): wrong passwords tried twice lock accounts.
"""

from __future__ import annotations

import base64
import binascii
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from mailloom.api import Account, Security, ServerSettings
from mailloom.api.network import open_socket, place_of, start_tls
from mailloom.api.network_faults import Place
from mailloom.api.network_socket import ProtocolViolation
from mailloom.api.sasl import Mechanism, mechanisms_for
from mailloom.errors import ConfigurationError

from .conversation import Conversation
from .extensions import Extensions, extensions_of
from .faults import interruption, refusal
from .replies import Answer
from .settings import PORTS, SmtpSettings

_NOT_KNOWN = frozenset({500, 502, 504})
_LONGEST_EXCHANGE = 10
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A connection that takes mail."""

    conversation: Conversation
    extensions: Extensions
    place: Place


def open_session(account: Account[SmtpSettings]) -> Session:
    """All steps at once. Raises AuthenticationFailed, TemporaryFailure, PermanentFailure or ConfigurationError."""
    settings = account.settings
    place = place_of(settings, PORTS)
    mechanisms = mechanisms_for(account, place.port)
    conversation = Conversation(open_socket(settings, PORTS))
    try:
        greet(conversation, place)
        extensions = say_hello(conversation, settings, place)
        if settings.security is Security.STARTTLS:
            conversation = encrypt(conversation, extensions, settings, place)
            extensions = say_hello(conversation, settings, place)
        log_in(conversation, extensions, mechanisms, place)
    except BaseException:
        conversation.close()
        raise
    return Session(conversation=conversation, extensions=extensions, place=place)


def greet(conversation: Conversation, place: Place) -> Answer:
    """Wait for the server's first words."""
    answer = _during("greeting", place, conversation.answer)
    if answer.code != 220:
        raise refusal(answer, place, "at the greeting")
    return answer


def say_hello(conversation: Conversation, settings: ServerSettings, place: Place) -> Extensions:
    """EHLO, and HELO where that is not known."""
    name = hello_name(settings, conversation.sock).encode("ascii")
    answer = _during("EHLO", place, lambda: conversation.command(b"EHLO " + name))
    if answer.accepted:
        return extensions_of(answer)
    if answer.code not in _NOT_KNOWN:
        raise refusal(answer, place, "at EHLO")
    answer = _during("HELO", place, lambda: conversation.command(b"HELO " + name))
    if not answer.accepted:
        raise refusal(answer, place, "at HELO")
    return Extensions()


def hello_name(settings: ServerSettings, sock: socket.socket) -> str:
    """The name this machine says; without a full one its address as a literal (RFC 5321 §4.1.3)."""
    name = settings.domain.strip() or socket.gethostname()
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if name and all(part and part.replace("-", "").replace("_", "").isalnum() for part in name.split(".")):
        if settings.domain or "." in name:
            return name
    elif settings.domain:
        raise ConfigurationError(
            f"{settings.domain!r} is no name for this machine.", remedy="Set domain to a host name, or leave it blank."
        )
    address = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def encrypt(conversation: Conversation, extensions: Extensions, settings: ServerSettings, place: Place) -> Conversation:
    """STARTTLS (RFC 3207); a new conversation, because nothing of the old one may be believed."""
    ask_for_tls(conversation, extensions, place)
    return Conversation(start_tls(conversation.sock, settings, place))


def ask_for_tls(conversation: Conversation, extensions: Extensions, place: Place) -> Answer:
    """The command; afterwards the connection is ready for the handshake."""
    if not extensions.starttls:
        raise ConfigurationError(
            f"{place}: the server does not offer STARTTLS, and without it nothing is sent.",
            remedy="Check the port; if the server does offer it elsewhere, something between removes it. Or choose TLS (port 465).",
        )
    answer = _during("STARTTLS", place, lambda: conversation.command(b"STARTTLS"))
    if answer.code != 220:
        raise refusal(answer, place, "at STARTTLS")
    if conversation.unread:
        raise ProtocolViolation(
            f"{place}: words came in the clear behind the reply to STARTTLS; somebody may have put them there.",
            remedy="Find out what stands between this machine and the server.",
        )
    return answer


def choose_mechanisms(extensions: Extensions, mechanisms: Sequence[Mechanism], place: Place) -> Sequence[Mechanism]:
    """Those that the server offers, best first; empty when the account does not log in."""
    chosen = [mechanism for mechanism in mechanisms if mechanism.name in extensions.mechanisms]
    # A server that asks for a client certificate has seen it; EXTERNAL is said only where it is offered.
    if chosen or not mechanisms or [mechanism.name for mechanism in mechanisms] == ["EXTERNAL"]:
        return chosen
    offered = ", ".join(extensions.mechanisms)
    wanted = ", ".join(mechanism.name for mechanism in mechanisms)
    raise ConfigurationError(
        f"{place}: the server offers {f'only {offered}' if offered else 'no login'}; the account can do {wanted}.",
        remedy="Choose STARTTLS or TLS, another port (587, 465), or another authentication.",
    )


def log_in(
    conversation: Conversation, extensions: Extensions, mechanisms: Sequence[Mechanism], place: Place
) -> Mechanism | None:
    """The mechanism that was accepted; None when there was nothing to do."""
    answer = None
    for mechanism in choose_mechanisms(extensions, mechanisms, place):
        answer = _during("login", place, partial(authenticate, conversation, mechanism, place))
        if answer.accepted:
            return mechanism
        if answer.code not in _NOT_KNOWN:
            break
    if answer is not None:
        raise refusal(answer, place, "at login")
    return None


def authenticate(conversation: Conversation, mechanism: Mechanism, place: Place) -> Answer:
    """AUTH (RFC 4954 §4) to its last reply."""
    first = mechanism.initial()
    line = b"AUTH " + mechanism.name.encode("ascii")
    if first is not None:
        line += b" " + (base64.b64encode(first) or b"=")
    answer = conversation.command(line)
    for _ in range(_LONGEST_EXCHANGE):
        if answer.code != 334:
            return answer
        answer = conversation.command(base64.b64encode(mechanism.answer(_challenge(answer, place))))
    raise ProtocolViolation(f"{place}: the login does not come to an end.", remedy="See the server's log.")


def _challenge(answer: Answer, place: Place) -> bytes:
    try:
        return base64.b64decode(answer.raw[4:].strip())
    except binascii.Error as error:
        raise ProtocolViolation(
            f"{place}: the login challenge is no base64.", remedy="See the server's log."
        ) from error


def _during(what: str, place: Place, action: Callable[[], T]) -> T:
    try:
        return action()
    except (OSError, ProtocolViolation) as error:
        raise interruption(error, place, what) from error
