"""Logins with tokens of the provider: IMAP and POP3 at a real Dovecot that asks the provider whose they are, SMTP at a scripted server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from imapclient import IMAPClient

from mailloom.addons.imap import ImapKind
from mailloom.addons.oauth2.connecting import begin, finish, response_of
from mailloom.addons.pop3 import Pop3Kind
from mailloom.addons.smtp.kind import SmtpKind
from mailloom.api import Account
from mailloom.errors import AuthenticationFailed
from mailloom.flow.accounts import Accounts
from mailloom.flow.fetching import Fetching
from mailloom.store.accounts import AccountState, Direction
from mailloom.testing.application import Clock, TemporaryApp
from mailloom.testing.oauth_provider import OAuthProvider
from mailloom.testing.smtp_server import FakeSmtpServer
from servers.dovecot import Dovecot, reason_missing

Agree = Callable[[str], str]
USER = "support@example.org"
KINDS: dict[str, Any] = {"imap": ImapKind, "pop3": Pop3Kind, "smtp": SmtpKind}


@pytest.fixture(scope="module")
def shared_provider() -> Iterator[OAuthProvider]:
    with OAuthProvider() as provider:
        yield provider


@pytest.fixture
def provider(shared_provider: OAuthProvider) -> OAuthProvider:
    """The one that Dovecot asks, well-behaved again."""
    shared_provider.behaviour = type(shared_provider.behaviour)()
    return shared_provider


@pytest.fixture(scope="module")
def server(shared_provider: OAuthProvider) -> Iterator[Dovecot]:
    if reason := reason_missing():
        pytest.skip(reason)
    server = Dovecot(introspection=f"{shared_provider.url}/introspect")
    yield server
    server.stop()


@pytest.fixture
def connected(app: TemporaryApp, agree: Agree, provider: OAuthProvider) -> Callable[..., Account[Any]]:
    """`connected("imap", port=…)`: an account for whose mailbox somebody has agreed."""

    def make(kind: str, **values: Any) -> Account[Any]:
        direction = Direction.OUTGOING if kind == "smtp" else Direction.INCOMING
        accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
        place = {"host": "localhost", "security": "none", "user": USER, "timeout_seconds": 10}
        with app.write() as session:
            given = {**place, **provider.settings(), **values}
            number = accounts.add(session, kind, kind, given, direction=direction).id
        value = app.account(number)
        finish(app, value, response_of(agree(begin(app, value, terminal=True).url)), cookie=None)
        return value

    return make


MAIL = b"From: ann@example.com\r\nTo: support@example.org\r\nSubject: Hello\r\n\r\nHello\r\n"


@pytest.mark.dovecot
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_mailbox_is_read_with_a_token(kind: str, server: Dovecot, connected: Callable[..., Account[Any]]) -> None:
    account = connected(kind, port=getattr(server, kind))
    with IMAPClient(server.host, server.imap, ssl=False) as other:
        other.login(USER, server.password)
        other.append("INBOX", MAIL)
    source = KINDS[kind]().open(account)
    assert [fetched.raw for fetched in source.fetch({}, 10)][-1] == MAIL
    source.close()


@pytest.mark.dovecot
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_the_steps_of_a_test_name_the_mechanism(
    kind: str, server: Dovecot, connected: Callable[..., Account[Any]]
) -> None:
    steps = list(KINDS[kind]().probe(connected(kind, port=getattr(server, kind))))
    assert all(step.passed for step in steps), steps
    assert any("XOAUTH2" in step.detail for step in steps)


@pytest.mark.dovecot
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_token_that_the_server_refuses_early_is_replaced(
    kind: str, server: Dovecot, connected: Callable[..., Account[Any]], provider: OAuthProvider, clock: Clock
) -> None:
    account = connected(kind, port=getattr(server, kind))
    clock.time += timedelta(minutes=5)
    provider.end_access_tokens()
    KINDS[kind]().open(account).close()


@pytest.mark.dovecot
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_refused_token_ends_in_a_refusal_and_not_in_silence(
    kind: str, server: Dovecot, connected: Callable[..., Account[Any]], provider: OAuthProvider
) -> None:
    account = connected(kind, port=getattr(server, kind))
    provider.revoke()
    with pytest.raises(AuthenticationFailed):
        KINDS[kind]().open(account)


@pytest.fixture(scope="module")
def bearer_only(shared_provider: OAuthProvider) -> Iterator[Dovecot]:
    if reason := reason_missing():
        pytest.skip(reason)
    url = f"{shared_provider.url}/introspect"
    server = Dovecot(introspection=url, extra="auth_mechanisms = plain oauthbearer")
    yield server
    server.stop()


@pytest.mark.dovecot
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_oauthbearer_is_spoken_where_nothing_else_is(
    kind: str, bearer_only: Dovecot, connected: Callable[..., Account[Any]], provider: OAuthProvider
) -> None:
    account = connected(kind, port=getattr(bearer_only, kind))
    KINDS[kind]().open(account).close()
    provider.revoke()
    with pytest.raises(AuthenticationFailed):
        KINDS[kind]().open(account)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_mail_is_sent_with_a_token_and_with_the_next_one(
    mechanism: str,
    app: TemporaryApp,
    connected: Callable[..., Account[Any]],
    provider: OAuthProvider,
    clock: Clock,
) -> None:
    from mailloom.api.sasl import access_token

    with FakeSmtpServer(tokens={USER: "not yet"}, mechanisms=[mechanism]) as server:
        account = connected("smtp", port=server.port)
        server.tokens[USER] = access_token(account)
        SmtpKind().open(account).close()
        clock.time += timedelta(hours=2)
        fresh = access_token(account)
        assert fresh != server.tokens[USER]
        with pytest.raises(AuthenticationFailed):
            SmtpKind().open(account)
        server.tokens[USER] = fresh
        SmtpKind().open(account).close()


@pytest.mark.dovecot
def test_a_dead_consent_pauses_the_account_and_a_new_one_with_a_test_starts_it_again(
    app: TemporaryApp,
    server: Dovecot,
    agree: Agree,
    connected: Callable[..., Account[Any]],
    provider: OAuthProvider,
    clock: Clock,
) -> None:
    account = connected("imap", port=server.imap)
    accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
    with app.write() as session:
        accounts.tested(session, account.name, passed=True)
    fetching = Fetching(app.database, lambda: app.registry.sources, app.keys, app.now)
    assert fetching.fetch_account(account.id).error == ""
    provider.revoke()
    clock.time += timedelta(hours=2)
    report = fetching.fetch_account(account.id)
    assert "the consent was withdrawn or has expired" in report.error
    assert "mailloom accounts connect imap" in report.remedy
    with app.read() as session:
        assert accounts.find(session, account.name).state is AccountState.PAUSED
    provider.behaviour.clock_ahead_seconds = 7200
    finish(app, account, response_of(agree(begin(app, account, terminal=True).url)), cookie=None)
    with app.write() as session:
        passed = all(step.passed for step in ImapKind().probe(account))
        assert accounts.tested(session, account.name, passed=passed).state is AccountState.CONFIRMED
    assert fetching.fetch_account(account.id).error == ""
