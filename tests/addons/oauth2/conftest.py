"""A provider, an application with a clock that stands, and accounts that log in by OAuth 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from mailloom.api import Account
from mailloom.flow.accounts import Accounts
from mailloom.store.accounts import AccountRow, AccountState
from mailloom.testing.application import Clock, TemporaryApp, temporary_app
from mailloom.testing.oauth_provider import OAuthProvider

BASE = "https://mail.example.org"
MakeAccount = Callable[..., Account[Any]]


@pytest.fixture
def provider() -> Iterator[OAuthProvider]:
    with OAuthProvider() as provider:
        yield provider


@pytest.fixture
def clock() -> Clock:
    from mailloom.place import utc_now

    return Clock(utc_now())


@pytest.fixture
def app(clock: Clock) -> Iterator[TemporaryApp]:
    settings = {"core": {"base_url": BASE}}
    with temporary_app(addons=["oauth2", "smtp", "imap", "pop3"], domain=None, settings=settings, clock=clock) as app:
        yield app


def add_account(app: TemporaryApp, provider: OAuthProvider, name: str = "support", **changes: Any) -> Account[Any]:
    values = {"host": "mail.example.org", "user": "support@example.org", **provider.settings(), **changes}
    registry = app.registry
    accounts = Accounts(lambda: registry.transports, lambda: registry.sources, app.keys, app.now)
    with app.write() as session:
        row = accounts.add(session, name, "smtp", values)
        row.state = AccountState.CONFIRMED
        number = row.id
    return app.account(number)


@pytest.fixture
def account(app: TemporaryApp, provider: OAuthProvider) -> MakeAccount:
    """`account(oauth_login=…)`: a confirmed account whose tokens come from the provider."""
    return lambda name="support", **changes: add_account(app, provider, name, **changes)


@pytest.fixture
def state_of(app: TemporaryApp) -> Callable[[Account[Any]], AccountRow]:
    def look(account: Account[Any]) -> AccountRow:
        with app.read() as session:
            return session.get_one(AccountRow, account.id)

    return look


@pytest.fixture
def agree() -> Callable[[str], str]:
    """Open the provider's page in a browser, agree, and say at which address it ends."""

    def open_page(url: str) -> str:
        answer = httpx.get(url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    return open_page
