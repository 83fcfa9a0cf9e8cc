"""The consent in a browser: bound to the first one that opened it, over after one answer, and silent about tokens."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from mailloom.addons.oauth2.connecting import begin
from mailloom.addons.oauth2.renewing import Tokens
from mailloom.api import Account
from mailloom.errors import ConfigurationError
from mailloom.testing.application import TemporaryApp
from mailloom.testing.oauth_provider import OAuthProvider
from mailloom.web.serving import WebService

MakeAccount = Callable[..., Account[Any]]
Agree = Callable[[str], str]
BASE = "https://mail.example.org"


@pytest.fixture
def served(app: TemporaryApp) -> Iterator[str]:
    """Where the web face answers in truth; the world knows it as https://mail.example.org."""
    service = WebService("127.0.0.1", 0)
    service.start(app)
    yield f"http://127.0.0.1:{service.port}"
    service.stop(5)


class Browser:
    """Keeps cookies as the web face sets them, and goes to it instead of the public name."""

    def __init__(self, served: str) -> None:
        self.served = served
        self.cookie = ""
        self.set_cookie = ""

    def get(self, url: str) -> httpx.Response:
        assert url.startswith(BASE)
        answer = httpx.get(self.served + url.removeprefix(BASE), headers={"Cookie": self.cookie} if self.cookie else {})
        if "set-cookie" in answer.headers:
            self.set_cookie = answer.headers["set-cookie"]
            self.cookie = self.set_cookie.split(";")[0]
        return answer


@pytest.fixture
def browser(served: str) -> Browser:
    return Browser(served)


def link(answer: httpx.Response) -> str:
    found = re.search(r'href="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return html.unescape(found[1])


def test_a_consent_in_one_browser(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, browser: Browser
) -> None:
    support = account()
    invitation = browser.get(begin(app, support, terminal=False).url)
    assert invitation.status_code == 200
    assert "You will sign in at 127.0.0.1 as support@example.org." in invitation.text
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/email/oauth2/support"):
        assert attribute in browser.set_cookie
    answer = agree(link(invitation))
    assert answer.startswith(f"{BASE}/email/oauth2/support/callback?code=")
    done = browser.get(answer)
    assert done.status_code == 200
    assert "Signed in as support@example.org." in done.text
    assert "UTC; it is renewed by itself." in done.text
    assert "mail, openid, email" in done.text
    token = Tokens(app).access_token(support)
    assert token is not None
    assert token not in done.text
    assert "access-" not in done.text
    assert "refresh-" not in done.text
    again = browser.get(answer)
    assert (again.status_code, "This attempt is over" in again.text) == (400, True)


def test_a_link_belongs_to_the_first_browser_that_opened_it(
    app: TemporaryApp, account: MakeAccount, browser: Browser, served: str
) -> None:
    url = begin(app, account(), terminal=False).url
    assert browser.get(url).status_code == 200
    assert browser.get(url).status_code == 200, "the same browser may look again"
    stranger = Browser(served).get(url)
    assert (stranger.status_code, "another browser" in stranger.text) == (400, True)


def test_an_answer_that_another_browser_brings_is_refused_and_does_no_harm(
    app: TemporaryApp, account: MakeAccount, agree: Agree, browser: Browser, served: str
) -> None:
    support = account()
    answer = agree(link(browser.get(begin(app, support, terminal=False).url)))
    forged = Browser(served)
    forged.cookie = "mailloom_oauth2=guess"
    for stranger in (Browser(served), forged):
        refused = stranger.get(answer)
        assert (refused.status_code, "belongs to another browser" in refused.text) == (400, True)
    assert browser.get(answer).status_code == 200


def test_an_answer_for_the_terminal_is_not_used_up_by_the_page(
    app: TemporaryApp, account: MakeAccount, agree: Agree, browser: Browser
) -> None:
    from mailloom.addons.oauth2.connecting import finish, response_of

    support = account()
    answer = agree(begin(app, support, terminal=True).url)
    page = browser.get(answer)
    assert (page.status_code, "Go back to the terminal" in page.text) == (200, True)
    assert browser.set_cookie == ""
    assert finish(app, support, response_of(answer), cookie=None).account == "support"


def test_a_refusal_is_shown_with_what_helps(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, browser: Browser
) -> None:
    provider.behaviour.refuse_consent = True
    answer = agree(link(browser.get(begin(app, account(), terminal=False).url)))
    page = browser.get(answer)
    assert page.status_code == 400
    assert "the person did not agree" in page.text
    assert "mailloom accounts connect support" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/email/oauth2/support/connect",
        "/email/oauth2/support/connect?ticket=abc",
        "/email/oauth2/nobody/connect?ticket=abc",
        "/email/oauth2/support/callback",
        "/email/oauth2/support/callback?code=x&state=<script>alert(1)</script>",
        "/email/oauth2/nobody/callback?code=x&state=y",
        "/email/oauth2/support/callback?error=access_denied&state=y&error_description=<script>alert(1)</script>",
    ],
)
def test_strangers_learn_nothing(account: MakeAccount, browser: Browser, path: str) -> None:
    account()
    answer = browser.get(BASE + path)
    assert answer.status_code == 400
    assert "<script" not in answer.text
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_without_a_public_address_there_is_no_browser_to_come_back_to(app: TemporaryApp, account: MakeAccount) -> None:
    app.save_settings("core", {"base_url": ""})
    support = account()
    with pytest.raises(ConfigurationError, match="no public address"):
        begin(app, support, terminal=False)
    assert begin(app, support, terminal=True).redirect_uri.startswith("http://localhost:8025/")


@pytest.mark.parametrize("path", ["connect?ticket=abc", "callback?code=x&state=y", "callback"])
def test_strangers_learn_no_names_of_accounts(account: MakeAccount, browser: Browser, path: str) -> None:
    account()
    said = [
        browser.get(f"{BASE}/email/oauth2/{name}/{path}").text.partition("Back to")[0] for name in ("support", "nobody")
    ]
    assert said[0] == said[1]
