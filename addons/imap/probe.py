"""The steps of "Test connection" for IMAP: after DNS, TCP and TLS the greeting, STARTTLS, the mechanism, the login and each folder."""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator
from dataclasses import replace

from mailloom.api import Account, Authentication, Security, Step
from mailloom.api.network import place_of
from mailloom.api.network_probe import probe_connection, probe_tls, timed
from mailloom.api.network_stream import OctetStream
from mailloom.errors import ConfigurationError, MailloomError

from .conversation import Conversation
from .login import AccessToken, Mechanism, ask_for_tls, choose_mechanism, greet, introduce, log_in
from .mailbox import Mailbox
from .responses import StatusText
from .settings import PORTS, ImapSettings

_TELLING = ("IDLE", "MOVE", "UIDPLUS", "ESEARCH")


def probe(account: Account[ImapSettings], access_token: AccessToken | None) -> Iterator[Step]:
    connected = yield from probe_connection(account.settings, PORTS)
    if connected is None:
        return
    stream = OctetStream(connected, place_of(account.settings, PORTS))
    try:
        conversation = yield from _greeted(stream, account)
        if conversation is not None and (yield from _logged_in(conversation, account, access_token)):
            yield from _folders(conversation, account)
    finally:
        stream.abandon()


def _greeted(stream: OctetStream, account: Account[ImapSettings]) -> Generator[Step, None, Conversation | None]:
    greeting = timed("greeting", lambda: greet(stream), _greeting_detail)
    yield greeting.step
    if greeting.found is None:
        return None
    conversation = greeting.found[0]
    if account.settings.security is not Security.STARTTLS:
        return conversation
    agreed = timed("STARTTLS", lambda: _agreed(conversation, stream), lambda _: "agreed")
    yield _with_words(agreed.step, conversation)
    if agreed.found is None:
        return None
    encrypted = yield from probe_tls(agreed.found, account.settings, stream.place)
    if encrypted is None:
        return None
    stream.resume(encrypted)
    fresh = Conversation(stream)
    offered = timed("capabilities", lambda: fresh.run("CAPABILITY"), lambda _: _listed(fresh))
    yield offered.step
    return fresh if offered.step.passed else None


def _agreed(conversation: Conversation, stream: OctetStream) -> socket.socket:
    ask_for_tls(conversation)
    return stream.release()


def _greeting_detail(greeted: tuple[Conversation, StatusText]) -> str:
    conversation, status = greeted
    return f"{status.words or status.condition}; offers {_listed(conversation)}"


def _with_words(step: Step, conversation: Conversation) -> Step:
    """A failed step with the server's own words."""
    return step if step.passed or step.words else replace(step, words=conversation.last_refusal)


def _listed(conversation: Conversation) -> str:
    return " ".join(sorted(conversation.capabilities)) or "nothing"


def _logged_in(
    conversation: Conversation, account: Account[ImapSettings], access_token: AccessToken | None
) -> Generator[Step, None, bool]:
    if account.settings.authentication is Authentication.NONE:
        return True
    chosen = timed("mechanism", lambda: choose_mechanism(conversation, account, access_token), _chosen)
    yield chosen.step
    mechanism = chosen.found
    if mechanism is None:
        return False

    def enter() -> str:
        log_in(conversation, account, mechanism)
        introduce(conversation)
        able = [name for name in _TELLING if conversation.has(name)]
        lacking = [name for name in _TELLING if not conversation.has(name)]
        return f"as {account.settings.user}; offers {', '.join(able) or 'none of the extensions we use'}" + (
            f"; lacks {', '.join(lacking)}" if lacking else ""
        )

    login = timed("login", enter)
    yield _with_words(login.step, conversation)
    return login.step.passed


def _chosen(mechanism: Mechanism) -> str:
    return mechanism.name


def _folders(conversation: Conversation, account: Account[ImapSettings]) -> Iterator[Step]:
    mailbox = Mailbox(conversation, writable=False)
    for name in account.settings.folders:

        def look(name: str = name) -> str:
            try:
                mailbox.open(name)
            except ConfigurationError as error:
                words = conversation.last_refusal
                better = _with_folders(error, mailbox)
                conversation.last_refusal = words
                raise better from error
            return f"{conversation.exists} messages"

        step = timed(f"folder {name}", look).step
        yield _with_words(step, conversation)
        if not step.passed:
            return


def _with_folders(error: MailloomError, mailbox: Mailbox) -> MailloomError:
    names = mailbox.folders()
    shown = ", ".join(repr(name) for name in names[:20]) + ("…" if len(names) > 20 else "")
    return ConfigurationError(str(error), remedy=f"The mailbox has these folders: {shown or 'none'}.")
