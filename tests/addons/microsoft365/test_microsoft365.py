"""Microsoft's mailboxes: endpoints and scopes of each sort of directory, limits, and the end of passwords."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailloom.addons.microsoft365.checking import look
from mailloom.addons.microsoft365.settings import (
    Microsoft365ImapSettings,
    Microsoft365Pop3Settings,
    Microsoft365Settings,
)
from mailloom.addons.oauth2.connecting import begin, connect_application, finish, response_of
from mailloom.api import Account, Severity
from mailloom.api.sasl import access_token
from mailloom.errors import ConfigurationError
from mailloom.flow.accounts import Accounts
from mailloom.store.accounts import Direction
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.oauth_provider import OAuthProvider
from mailloom.testing.smtp_server import FakeSmtpServer

USER = "support@example.org"
MakeAccount = Callable[..., Account[Any]]


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    with temporary_app(addons=["microsoft365"], domain=None) as app:
        yield app


@pytest.fixture
def account(app: TemporaryApp) -> MakeAccount:
    def make(
        kind: str = "microsoft365", direction: Direction = Direction.OUTGOING, name: str = "support", **values: Any
    ) -> Account[Any]:
        accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
        with app.write() as session:
            number = accounts.add(session, name, kind, {"user": USER, **values}, direction=direction).id
        return app.account(number)

    return make


@pytest.mark.parametrize(
    ("model", "host", "permission"),
    [
        pytest.param(Microsoft365Settings, "smtp.office365.com", "SMTP.Send", id="sending"),
        pytest.param(Microsoft365ImapSettings, "outlook.office365.com", "IMAP.AccessAsUser.All", id="IMAP"),
        pytest.param(Microsoft365Pop3Settings, "outlook.office365.com", "POP.AccessAsUser.All", id="POP3"),
    ],
)
@pytest.mark.parametrize("tenant", ["organizations", "common", "example.org", "11111111-2222-3333-4444-555555555555"])
def test_endpoints_and_scopes_follow_the_directory_and_the_protocol(
    model: Any, host: str, permission: str, tenant: str
) -> None:
    settings = model(user=USER, tenant=tenant)
    provider = settings.oauth_provider()
    assert settings.host == host
    assert provider.authorize_url == f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"
    assert provider.token_url == f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
    assert provider.device_url == f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode"
    assert provider.scope.split() == [
        f"https://outlook.office.com/{permission}", "offline_access", "openid", "email", "profile"
    ]  # fmt: skip


def test_people_have_a_server_and_endpoints_of_their_own() -> None:
    settings = Microsoft365Settings.model_validate({"user": "ann@example.com", "tenant": "consumers"})
    assert settings.host == "smtp-mail.outlook.com"
    assert "/consumers/" in settings.oauth_provider().token_url
    given = {"user": "ann@example.com", "tenant": "consumers", "host": "smtp.example.net"}
    assert Microsoft365Settings.model_validate(given).host == "smtp.example.net"


def test_an_application_asks_for_what_it_was_given() -> None:
    settings = Microsoft365Settings.model_validate(
        {"user": USER, "tenant": "example.org", "oauth_grant": "client_credentials"}
    )
    assert settings.oauth_provider().scope == "https://outlook.office365.com/.default"
    assert settings.needs_consent() is False


def test_addresses_that_were_entered_stand() -> None:
    url = "https://login.example.net/token"
    settings = Microsoft365Settings.model_validate({"user": USER, "oauth_token_url": url, "oauth_scope": "x"})
    assert (settings.oauth_provider().token_url, settings.oauth_provider().scope) == (url, "x")


@pytest.mark.parametrize(
    ("kind", "direction", "values", "words"),
    [
        pytest.param("microsoft365", "outgoing", {"user": "support"}, "whole address", id="no address"),
        pytest.param("microsoft365", "outgoing", {"tenant": "a/b"}, "tenant", id="a path for a tenant"),
        pytest.param("microsoft365", "outgoing", {"authentication": "none"}, "takes oauth2", id="no login"),
        pytest.param(
            "microsoft365", "outgoing", {"oauth_grant": "client_credentials"}, "directory's own", id="whose directory"
        ),
        pytest.param(
            "microsoft365",
            "outgoing",
            {"tenant": "consumers", "authentication": "password"},
            "no passwords",
            id="people",
        ),
        pytest.param("microsoft365", "incoming", {"authentication": "password"}, "no passwords", id="IMAP"),
        pytest.param("microsoft365_pop3", "incoming", {"authentication": "password"}, "no passwords", id="POP3"),
    ],
)
def test_what_cannot_work_is_refused(
    account: MakeAccount, kind: str, direction: str, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        account(kind, Direction(direction), **values)


def test_limits_of_a_mailbox_are_filled_in_and_can_be_changed(account: MakeAccount) -> None:
    settings = account().settings
    assert (settings.max_connections, settings.per_minute, settings.per_day) == (3, 30, 10_000)
    assert account(name="small", per_day=100).settings.per_day == 100


def test_a_person_with_rights_opens_a_shared_mailbox(app: TemporaryApp, account: MakeAccount) -> None:
    import httpx

    with OAuthProvider() as provider:
        provider.address = "ann@example.org"
        shared = account(oauth_login="ann@example.org", **_endpoints(provider))
        begun = begin(app, shared, terminal=True)
        answer = httpx.get(begun.url).headers["location"]
        assert finish(app, shared, response_of(answer), cookie=None).signed_in_as == "ann@example.org"
        assert provider.owner_of(access_token(shared)) == "ann@example.org"


def test_an_application_gets_its_own_token(app: TemporaryApp, account: MakeAccount) -> None:
    with OAuthProvider() as provider:
        support = account(oauth_grant="client_credentials", tenant="example.org", **_endpoints(provider))
        shown = connect_application(app, support)
        assert shown.scopes == ("https://outlook.office365.com/.default",)
        assert provider.owner_of(access_token(support)) is not None


def _endpoints(provider: OAuthProvider) -> dict[str, Any]:
    known = provider.settings()
    return {name: known[name] for name in known if name not in ("oauth_scope", "authentication")}


def test_the_timetable_is_told_while_a_password_is_used(app: TemporaryApp, account: MakeAccount) -> None:
    with FakeSmtpServer(users={USER: "secret"}) as server:
        place = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        old = account(authentication="password", password="secret", **place)
        steps = list(app.registry.transports["microsoft365"].probe(old))
    assert [step.passed for step in steps] == [True] * len(steps)
    assert "MC786329" in steps[-1].detail
    account(name="new")
    [finding] = look(app)
    assert (finding.subject, finding.severity) == ("account support", Severity.WARNING)


def test_the_timetable_is_not_told_after_a_failure(app: TemporaryApp, account: MakeAccount) -> None:
    with FakeSmtpServer(users={USER: "secret"}) as server:
        place = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        old = account(authentication="password", password="wrong", **place)
        steps = list(app.registry.transports["microsoft365"].probe(old))
    assert not steps[-1].passed
    assert all("MC786329" not in step.detail for step in steps)
