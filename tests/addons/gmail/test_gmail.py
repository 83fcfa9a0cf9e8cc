"""Google's mailboxes: what is filled in, what is refused, and tokens by a service account."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from mailloom.addons.gmail.service_accounts import ServiceAccounts, signed_statement
from mailloom.addons.gmail.settings import GmailImapSettings, GmailPop3Settings, GmailRelaySettings, GmailSettings
from mailloom.api import Account, Authentication, Security
from mailloom.api.network import place_of
from mailloom.api.sasl import access_token
from mailloom.errors import AuthenticationFailed, ConfigurationError, TemporaryFailure
from mailloom.flow.accounts import Accounts
from mailloom.store.accounts import Direction
from mailloom.testing.application import Clock, TemporaryApp, temporary_app
from mailloom.testing.oauth_provider import OAuthProvider

USER = "support@example.org"
PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


@pytest.fixture
def provider() -> Iterator[OAuthProvider]:
    with OAuthProvider() as provider:
        yield provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Iterator[TemporaryApp]:
    with temporary_app(addons=["gmail"], domain=None, clock=clock) as app:
        yield app


@pytest.fixture(scope="module")
def private_key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.fixture
def key(provider: OAuthProvider, private_key: str) -> str:
    parts = {
        "type": "service_account",
        "client_email": "robot@project.example.net",
        "private_key": private_key,
        "private_key_id": "1",
        "token_uri": f"{provider.url}/token",
    }
    return json.dumps(parts)


MakeAccount = Callable[..., Account[Any]]


@pytest.fixture
def account(app: TemporaryApp) -> MakeAccount:
    def make(kind: str = "gmail", direction: Direction = Direction.OUTGOING, **values: Any) -> Account[Any]:
        accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
        with app.write() as session:
            number = accounts.add(session, "support", kind, {"user": USER, **values}, direction=direction).id
        return app.account(number)

    return make


@pytest.mark.parametrize(
    ("model", "host", "security", "per_day"),
    [
        pytest.param(GmailSettings, "smtp.gmail.com", Security.TLS, 500, id="sending"),
        pytest.param(GmailRelaySettings, "smtp-relay.gmail.com", Security.STARTTLS, 10_000, id="relay"),
        pytest.param(GmailImapSettings, "imap.gmail.com", Security.TLS, None, id="IMAP"),
        pytest.param(GmailPop3Settings, "pop.gmail.com", Security.TLS, None, id="POP3"),
    ],
)
def test_what_google_wants_is_filled_in(model: Any, host: str, security: Security, per_day: int | None) -> None:
    settings = model(user=USER)
    assert (settings.host, settings.security, getattr(settings, "per_day", None)) == (host, security, per_day)
    provider = settings.oauth_provider()
    assert provider.authorize_url == "https://accounts.google.com/o/oauth2/v2/auth"
    assert provider.token_url == "https://oauth2.googleapis.com/token"
    assert provider.scope.split()[0] == "https://mail.google.com/"
    assert "access_type=offline" in provider.parameters
    assert place_of(settings, PORTS).host == host


def test_every_kind_says_what_its_fields_mean_and_has_defaults(app: TemporaryApp) -> None:
    kinds = {"gmail", "gmail_relay"}
    assert kinds <= set(app.registry.transports)
    assert {"gmail", "gmail_pop3"} <= set(app.registry.sources)
    for name in kinds:
        assert all(field.description for field in app.registry.transports[name].settings.model_fields.values())
    assert app.registry.transports["gmail"].capabilities.custom_mail_from is False
    assert app.registry.transports["gmail_relay"].capabilities.custom_mail_from is True


def test_blanks_of_an_app_password_do_not_matter(account: MakeAccount) -> None:
    settings = account(authentication="password", password="abcd efgh ijkl mnop").settings
    assert settings.password.get_secret_value() == "abcdefghijklmnop"


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        pytest.param("gmail", {"user": "support"}, "whole address", id="no address"),
        pytest.param(
            "gmail_relay",
            {"authentication": "password", "password": "x", "security": "none"},
            "only under TLS",
            id="relay",
        ),
    ],
)
def test_what_cannot_work_is_refused(account: MakeAccount, kind: str, values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        account(kind, **values)


def test_the_relay_may_go_without_a_login(account: MakeAccount) -> None:
    settings = account("gmail_relay", user="").settings
    assert settings.authentication is Authentication.NONE


# --- service accounts ---


def test_a_service_account_opens_the_mailbox_without_anybodys_consent(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, key: str, clock: Clock
) -> None:
    support = account("gmail", Direction.INCOMING, service_account_key=key)
    assert support.settings.needs_consent() is False
    token = access_token(support)
    assert provider.owner_of(token) == USER
    assert access_token(support) == token
    clock.time += timedelta(minutes=56)
    assert access_token(support) != token
    assert len(provider.granted) == 2


def test_a_token_of_a_service_account_that_was_refused_is_replaced(
    app: TemporaryApp, account: MakeAccount, key: str, clock: Clock
) -> None:
    support, source = account(service_account_key=key), ServiceAccounts(app)
    first = source.access_token(support)
    assert source.refused(support) is False
    clock.time += timedelta(minutes=2)
    assert source.refused(support) is True
    assert source.access_token(support) != first


def test_another_key_or_mailbox_is_not_given_the_token_of_the_last(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, key: str
) -> None:
    support, source = account(service_account_key=key), ServiceAccounts(app)
    source.access_token(support)
    sales = support.settings.model_copy(update={"user": "sales@example.org"})
    token = source.access_token(Account(id=support.id, name="support", kind="gmail", settings=sales))
    assert token is not None
    assert provider.owner_of(token) == "sales@example.org"


def test_the_statement_names_the_mailbox_ends_within_the_hour_and_is_signed(
    account: MakeAccount, key: str, clock: Clock
) -> None:
    statement, url = signed_statement(account(service_account_key=key), key, clock())
    head, payload, signature = statement.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "RS256"
    assert (claims["sub"], claims["scope"], claims["aud"]) == (USER, "https://mail.google.com/", url)
    assert claims["exp"] - claims["iat"] == 3600
    public = serialization.load_pem_private_key(json.loads(key)["private_key"].encode(), None).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(base64.urlsafe_b64decode(signature + "=="), f"{head}.{payload}".encode(), PKCS1v15(), SHA256())


@pytest.mark.parametrize("wrong", ["", "{", "[]", "{}", '{"client_email": "a", "private_key": "not a key"}'])
def test_a_key_that_is_none_is_not_repeated_in_the_error(app: TemporaryApp, account: MakeAccount, wrong: str) -> None:
    support = account(service_account_key=wrong or " ")
    with pytest.raises(ConfigurationError, match="no key of a service account") as caught:
        ServiceAccounts(app).access_token(support)
    assert "not a key" not in str(caught.value) + caught.value.remedy


@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param(
            (
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized",
            ),
            "may not act for people of this domain",
            id="no delegation",
        ),
        pytest.param(("invalid_grant", "Invalid JWT: Token must be a short-lived token"), "clocks differ", id="clock"),
    ],
)
def test_a_refusal_of_a_service_account_says_what_it_means(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, key: str, said: tuple[str, str], words: str
) -> None:
    provider.behaviour.error = said
    with pytest.raises(AuthenticationFailed, match=words):
        ServiceAccounts(app).access_token(account(service_account_key=key))


def test_google_may_be_away(app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, key: str) -> None:
    provider.behaviour.failures = 1
    with pytest.raises(TemporaryFailure, match="HTTP 500"):
        ServiceAccounts(app).access_token(account(service_account_key=key))
