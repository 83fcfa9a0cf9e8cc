"""What a stranger can do to the sign-in: try passwords, send much, learn names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailloom.access.users import add_user, find_user, set_password, sign_in_key
from mailloom.store.access import Role
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing, sign_in

PASSWORD = "four words in a row"
BEHIND_A_PROXY = {"core": {"trusted_proxies": ["127.0.0.1"]}}


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    with temporary_app(addons=[], domain=None, settings=BEHIND_A_PROXY) as app:
        with app.write() as session:
            add_user(session, "ann", Role.ADMIN, app.now(), email="ann@example.com", password=PASSWORD)
        yield app


@pytest.fixture
def stranger(app: TemporaryApp) -> Iterator[Browser]:
    with browsing(app, None) as browser:
        yield browser


def _sign_in(browser: Browser, name: str, password: str, client: str = "") -> int:
    headers = {"X-Forwarded-For": client} if client else {}
    return browser.post("/admin/login", data={"name": name, "password": password}, headers=headers).status_code


@pytest.mark.parametrize(
    "spelling",
    ["{n}<ann@example.com>", "ann@example.com{dots}", '"ann"@example.com', "ANN@EXAMPLE.COM", "<ann@example.com>", " ann@example.com"],
)  # fmt: skip
def test_all_ways_of_writing_an_address_are_one_name(spelling: str) -> None:
    assert sign_in_key(spelling.format(n=1, dots=".")) == "ann@example.com"


def test_tries_are_counted_by_name_however_it_is_written_and_wherever_they_come_from(stranger: Browser) -> None:
    answers = [_sign_in(stranger, f"{n}<ann@example.com>", "wrong", f"192.0.2.{n}") for n in range(12)]
    assert answers == [422] * 10 + [429] * 2
    assert _sign_in(stranger, "ann@example.com", PASSWORD, "192.0.2.99") == 429


def test_an_address_that_a_client_claims_by_itself_is_not_believed(app: TemporaryApp) -> None:
    app.save_settings("core", {"trusted_proxies": []})
    with browsing(app, None) as stranger:
        answers = [_sign_in(stranger, f"user{n}", "wrong", f"192.0.2.{n}") for n in range(22)]
    assert answers == [422] * 20 + [429] * 2


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in pieces"])
def test_who_is_not_signed_in_sends_short_forms_only(stranger: Browser, announced: bool) -> None:
    body = b"&" * 50_000
    content = body if announced else iter([body])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert stranger.post("/admin/login", content=content, headers=headers).status_code == 413
    assert _sign_in(stranger, "ann", PASSWORD) == 303


def test_a_session_that_was_got_hold_of_does_not_find_the_password(app: TemporaryApp) -> None:
    with browsing(app, Role.OPERATOR) as browser:
        with app.write() as session:
            set_password(session, find_user(session, "test-operator"), PASSWORD)
        sign_in(app, browser, Role.OPERATOR)
        tries = [browser.submit("/admin/profile/password", {"current": f"{n}", "new": "x" * 20}) for n in range(11)]
    assert [answer.status_code for answer in tries] == [422] * 10 + [429]
