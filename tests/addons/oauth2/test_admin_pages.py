"""Connecting an account from its page: what is missing is said, the browser must be at the public address, and no token is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.oauth2.models import OAuthTokens
from mailloom.api import Account
from mailloom.store.access import AuditEntry, Role
from mailloom.testing.application import TemporaryApp
from mailloom.testing.oauth_provider import OAuthProvider
from mailloom.testing.pages import Browser, browsing, sign_in

MakeAccount = Callable[..., Account[Any]]


@pytest.fixture
def browser(app: TemporaryApp) -> Iterator[Browser]:
    with browsing(app) as browser:
        yield browser


def _open_at(app: TemporaryApp, browser: Browser, address: str) -> None:
    """The names of cookies depend on whether the public address is encrypted, so the person signs in anew."""
    app.save_settings("core", {"base_url": address})
    browser.cookies.clear()
    sign_in(app, browser, Role.ADMIN)


def _has_tokens(app: TemporaryApp, account_id: int) -> bool:
    with app.read() as session:
        return session.get(OAuthTokens, account_id) is not None


def test_the_page_says_what_to_register_and_leads_to_the_provider(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, browser: Browser
) -> None:
    _open_at(app, browser, str(browser.base_url).rstrip("/"))
    support = account()
    page = browser.get(f"/admin/servers/{support.id}").text
    assert "Not connected yet." in page
    assert f"{str(browser.base_url).rstrip('/')}/email/oauth2/support/callback" in page
    leaving = browser.submit(f"/admin/oauth2/{support.id}/connect")
    assert leaving.status_code == 200
    assert f"{provider.url}/authorize?" in leaving.text
    assert "Path=/email/oauth2/support" in leaving.headers["set-cookie"]
    assert "HttpOnly" in leaving.headers["set-cookie"]
    with app.read() as session:
        assert session.scalars(select(AuditEntry.action)).all()[-1] == "account.connect"


def test_away_from_the_public_address_nothing_is_begun(account: MakeAccount, browser: Browser) -> None:
    refused = browser.submit(f"/admin/oauth2/{account().id}/connect")
    assert (refused.status_code, "another address than the public one" in refused.text) == (400, True)
    assert "set-cookie" not in refused.headers


def test_without_a_public_address_the_page_asks_for_it(
    app: TemporaryApp, account: MakeAccount, browser: Browser
) -> None:
    _open_at(app, browser, "")
    number = account().id
    assert "First enter the public address" in browser.get(f"/admin/servers/{number}").text
    assert browser.submit(f"/admin/oauth2/{number}/connect").status_code == 400


def test_an_application_signs_in_by_itself_and_is_forgotten_again(
    app: TemporaryApp, account: MakeAccount, browser: Browser
) -> None:
    number = account(oauth_grant="client_credentials").id
    assert "signs in by itself" in browser.get(f"/admin/servers/{number}").text
    assert browser.submit(f"/admin/oauth2/{number}/own").status_code == 303
    assert _has_tokens(app, number)
    page = browser.get(f"/admin/servers/{number}").text
    assert "Access token ends" in page
    assert "access-" not in page
    assert browser.submit(f"/admin/oauth2/{number}/disconnect").status_code == 303
    assert not _has_tokens(app, number)


def test_who_only_reads_connects_nothing(app: TemporaryApp, account: MakeAccount) -> None:
    number = account().id
    with browsing(app, Role.READ_ONLY) as reader:
        assert "/connect" not in reader.get(f"/admin/servers/{number}").text
        assert reader.submit(f"/admin/oauth2/{number}/connect").status_code == 403


@pytest.mark.parametrize("number", ["99", "99999999999999999999"])
def test_an_account_that_is_not_there_is_said_so(browser: Browser, number: str) -> None:
    assert browser.submit(f"/admin/oauth2/{number}/connect").status_code in (404, 409)
