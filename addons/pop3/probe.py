"""The steps of "Test connection" for POP3: after DNS, TCP and TLS the greeting, STLS, the mechanism, the login, STAT and UIDL."""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator
from dataclasses import replace

from mailloom.api import Account, AfterFetch, Security, Step
from mailloom.api.network import place_of
from mailloom.api.network_probe import probe_connection, probe_tls, timed
from mailloom.api.network_stream import OctetStream

from .conversation import CommandRefused, Conversation
from .faults import error_of
from .login import AccessToken, Mechanism, ask_for_tls, choose_mechanism, greet, log_in
from .settings import PORTS, Pop3Settings
from .source import count_and_size

_Greeted = tuple[Conversation, str]


def probe(account: Account[Pop3Settings], access_token: AccessToken | None) -> Iterator[Step]:
    connected = yield from probe_connection(account.settings, PORTS)
    if connected is None:
        return
    stream = OctetStream(connected, place_of(account.settings, PORTS))
    try:
        greeted = yield from _greeted(stream, account)
        if greeted is not None and (yield from _logged_in(*greeted, account, access_token)):
            yield from _mailbox(greeted[0], account)
    finally:
        stream.abandon()


def _greeted(stream: OctetStream, account: Account[Pop3Settings]) -> Generator[Step, None, _Greeted | None]:
    greeting = timed("greeting", lambda: greet(stream), lambda found: f"{found[1]}; offers {_listed(found[0])}")
    yield greeting.step
    if greeting.found is None or account.settings.security is not Security.STARTTLS:
        return greeting.found
    conversation, words = greeting.found
    agreed = timed("STARTTLS", lambda: _agreed(conversation, stream), lambda _: "agreed")
    yield _with_words(agreed.step, conversation)
    if agreed.found is None:
        return None
    encrypted = yield from probe_tls(agreed.found, account.settings, stream.place)
    if encrypted is None:
        return None
    stream.resume(encrypted)
    fresh = Conversation(stream)
    offered = timed("capabilities", fresh.ask_capabilities, lambda _: _listed(fresh))
    yield offered.step
    return (fresh, words) if offered.step.passed else None


def _agreed(conversation: Conversation, stream: OctetStream) -> socket.socket:
    ask_for_tls(conversation)
    return stream.release()


def _with_words(step: Step, conversation: Conversation) -> Step:
    """A failed step with the server's own words."""
    return step if step.passed or step.words else replace(step, words=conversation.last_refusal)


def _listed(conversation: Conversation) -> str:
    offers = [f"{name} {arguments}".strip() for name, arguments in sorted(conversation.capabilities.items())]
    return ", ".join(offers) or "nothing (no CAPA)"


def _logged_in(
    conversation: Conversation, greeting: str, account: Account[Pop3Settings], access_token: AccessToken | None
) -> Generator[Step, None, bool]:
    chosen = timed(
        "mechanism", lambda: choose_mechanism(conversation, greeting, account, access_token), lambda found: found.name
    )
    yield chosen.step
    mechanism: Mechanism | None = chosen.found
    if mechanism is None:
        return False
    login = timed("login", lambda: log_in(conversation, mechanism), lambda _: f"as {account.settings.user}")
    yield _with_words(login.step, conversation)
    return login.step.passed


def _mailbox(conversation: Conversation, account: Account[Pop3Settings]) -> Iterator[Step]:
    def look() -> str:
        try:
            found = count_and_size(conversation)
            conversation.send("UIDL")
            conversation.listing("UIDL")
        except CommandRefused as refused:
            if account.settings.after_fetch is AfterFetch.DELETE and refused.words and "STAT" not in str(refused):
                return f"{found}; no unique ids, so everything there counts as new"
            raise error_of("look into the mailbox", refused.words) from refused
        pipelined = "pipelining" if conversation.has("PIPELINING") else "no pipelining"
        return f"{found}, with unique ids, {pipelined}"

    yield _with_words(timed("mailbox", look).step, conversation)
